// Keeps messages within what the server takes. A result that is too large becomes an error that says so: the command gets
// its answer, and the link goes on.

import { create, toBinary } from "@bufbuild/protobuf";
import { ComponentOrigin, ErrorCode, ErrorDetailsSchema, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import { CommandResultSchema, StateUpdateSchema, type Uplink, UplinkSchema } from "@gen/tabwire/v1/link_pb";

/** What the frame around a message may add to it. */
const ENVELOPE_BYTES = 256;

/** The message, or what takes its place if it is larger than `maxBytes`; 0 means no limit. */
export function fitting(uplink: Uplink, maxBytes: number): Uplink {
  if (maxBytes === 0) return uplink;
  const size = toBinary(UplinkSchema, uplink).length;
  if (size + ENVELOPE_BYTES <= maxBytes) return uplink;
  console.warn(`Tabwire: a message of ${size} bytes is larger than the ${maxBytes} that the server takes`);
  const { body } = uplink;
  switch (body.case) {
    case "commandResult": {
      const { commandId, epoch } = body.value;
      const value = create(CommandResultSchema, {
        commandId,
        epoch,
        outcome: { case: "errorInfo", value: tooLarge(size, maxBytes) },
      });
      return create(UplinkSchema, { body: { case: "commandResult", value } });
    }
    case "stateUpdate": {
      const { tabId, cause, tab } = body.value;
      const value = create(StateUpdateSchema, { tabId, cause, ...(tab === undefined ? {} : { tab }) });
      return create(UplinkSchema, { body: { case: "stateUpdate", value } });
    }
    default:
      return uplink;
  }
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
