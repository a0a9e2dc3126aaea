// Messages on their way to the server, with their sizes, so that none is encoded more often than once. An answer that the
// service worker has encoded already goes up as it is: it is put into its message as a field that nobody here looks into.

import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { EncodedResult } from "@gen/tabwire/v1/extension_pb";
import { type Uplink, UplinkSchema } from "@gen/tabwire/v1/link_pb";

/** A message and its size in bytes, without its numbers. */
export interface Outgoing {
  readonly uplink: Uplink;
  readonly size: number;
}

/** A message of this document's own making. */
export function outgoing(uplink: Uplink): Outgoing {
  const bare = create(UplinkSchema, { body: uplink.body });
  return { uplink: bare, size: toBinary(UplinkSchema, bare).length };
}

/** An answer that is encoded already. */
export function outgoingResult(result: EncodedResult): Outgoing {
  const uplink = create(UplinkSchema);
  const no = UplinkSchema.field.commandResult.number;
  const data = new BinaryWriter().bytes(result.commandResult).finish();
  uplink.$unknown = [{ no, wireType: WireType.LengthDelimited, data }];
  return { uplink, size: data.length + 1 };
}

/** The message's bytes, without its numbers. */
export function bytesOf(message: Outgoing): Uint8Array {
  return toBinary(UplinkSchema, message.uplink);
}

/** The message with its number. */
export function numbered(message: Outgoing, seq: number): Outgoing {
  return { uplink: { ...message.uplink, seq: BigInt(seq) }, size: message.size };
}
