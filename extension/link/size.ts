// Keeps messages within what the server takes. A result that is too large becomes an error that says so: the command gets
// its answer, and the link goes on.

import { create } from "@bufbuild/protobuf";
import { ComponentOrigin, ErrorCode, ErrorDetailsSchema, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import type { EncodedResult } from "@gen/tabwire/v1/extension_pb";
import { CommandResultSchema, StateUpdateSchema, type Uplink, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import { type Outgoing, outgoing, outgoingResult } from "./outgoing";

/** What the frame around a message may add to it. */
const ENVELOPE_BYTES = 256;

/** The message, or what takes its place if it is larger than `maxBytes`; 0 means no limit. */
export function fitting(uplink: Uplink, maxBytes: number): Outgoing {
  const message = outgoing(uplink);
  if (fits(message, maxBytes)) return message;
  const { body } = uplink;
  switch (body.case) {
    case "commandResult":
      return refusal(body.value, message.size, maxBytes);
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
  return fits(message, maxBytes) ? message : refusal(result, message.size, maxBytes);
}

function fits(message: Outgoing, maxBytes: number): boolean {
  if (maxBytes === 0 || message.size + ENVELOPE_BYTES <= maxBytes) return true;
  console.warn(`Tabwire: a message of ${message.size} bytes is larger than the ${maxBytes} that the server takes`);
  return false;
}

function refusal(of: { commandId: string; epoch: bigint }, size: number, maxBytes: number): Outgoing {
  const { commandId, epoch } = of;
  const outcome = { case: "errorInfo", value: tooLarge(size, maxBytes) } as const;
  const value = create(CommandResultSchema, { commandId, epoch, outcome });
  return outgoing(create(UplinkSchema, { body: { case: "commandResult", value } }));
}

function tooLarge(size: number, maxBytes: number) {
  return create(ErrorInfoSchema, {
    errorCode: ErrorCode.RESOURCE_EXHAUSTED,
    message: `The answer has ${size} bytes, more than the ${maxBytes} that the server takes.`,
    remedy: "Ask for less, for example by a lower limit of elements.",
    componentOrigin: ComponentOrigin.OFFSCREEN,
    details: create(ErrorDetailsSchema, {
      kind: { case: "limit", value: { name: "max_message_bytes", limit: BigInt(maxBytes) } },
    }),
  });
}
