// Keeps messages within what the server takes. A result that is too large is made to fit: what was done is told in any case
// (shorten.ts), what was only asked for becomes an error that says so. The command gets its answer, and the link goes on.

import { create, fromBinary } from "@bufbuild/protobuf";
import type { EncodedResult } from "@gen/tabwire/v1/extension_pb";
import {
  type CommandResult,
  CommandResultSchema,
  StateUpdateSchema,
  type Uplink,
  UplinkSchema,
} from "@gen/tabwire/v1/link_pb";
import { type Outgoing, outgoing, outgoingResult } from "./outgoing";
import { shortened, tooLarge } from "./shorten";

/** What the frame around a message may add to it. */
const ENVELOPE_BYTES = 256;

/** The message, or what takes its place if it is larger than `maxBytes`; 0 means no limit. */
export function fitting(uplink: Uplink, maxBytes: number): Outgoing {
  const message = outgoing(uplink);
  if (fits(message, maxBytes)) return message;
  const { body } = uplink;
  switch (body.case) {
    case "commandResult":
      return smaller(body.value, message.size, maxBytes);
    case "stateUpdate": {
      const { tabId, cause, tab } = body.value;
      const value = create(StateUpdateSchema, { tabId, cause, ...(tab === undefined ? {} : { tab }) });
      return outgoing(create(UplinkSchema, { body: { case: "stateUpdate", value } }));
    }
    default:
      return message;
  }
}

/** The answer, or what takes its place. */
export function fittingResult(result: EncodedResult, maxBytes: number): Outgoing {
  const message = outgoingResult(result);
  if (fits(message, maxBytes)) return message;
  return smaller(fromBinary(CommandResultSchema, result.commandResult), message.size, maxBytes);
}

function fits(message: Outgoing, maxBytes: number): boolean {
  if (maxBytes === 0 || message.size + ENVELOPE_BYTES <= maxBytes) return true;
  console.warn(`Tabwire: a message of ${message.size} bytes is larger than the ${maxBytes} that the server takes`);
  return false;
}

function smaller(result: CommandResult, size: number, maxBytes: number): Outgoing {
  const { outcome } = result;
  const room = maxBytes - 2 * ENVELOPE_BYTES;
  const value = create(CommandResultSchema, {
    ...result,
    outcome: { case: "errorInfo", value: tooLarge("The answer", size, maxBytes) },
  });
  if (outcome.case === "actionResult") {
    value.outcome = { case: "actionResult", value: shortened(outcome.value, room, maxBytes) };
  }
  return outgoing(create(UplinkSchema, { body: { case: "commandResult", value } }));
}
