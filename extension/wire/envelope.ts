// How the parts of the extension carry protobuf messages through chrome.runtime and chrome.tabs messaging, which knows
// JSON only: as base64 of the binary form, in an envelope that says for whom it is. Content scripts are spoken to in plain
// objects instead (plain.ts). What the messages mean is declared in proto/tabwire/v1/extension.proto; who answers what is
// told by the modules that listen.

import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { Conversation, Envelope, Recipient } from "./address";
import { base64Decode, base64Encode } from "./base64";
import { fromPlain, NotPlain, toPlain } from "./plain";

export { type Conversation, type Envelope, isFor, type Recipient } from "./address";

/** Wraps a message. */
export function seal<Desc extends DescMessage>(
  to: Recipient,
  conversation: Conversation,
  schema: Desc,
  message: MessageShape<Desc>,
): Envelope {
  const body = conversation === "frame" ? toPlain(schema, message) : base64Encode(toBinary(schema, message));
  return { to, conversation, body };
}

/** Unwraps a message. Throws if the body is not a message of this schema, in the form of this conversation. */
export function unseal<Desc extends DescMessage>(schema: Desc, envelope: Envelope): MessageShape<Desc> {
  const { body, conversation } = envelope;
  // The binary form may hold fields that are not declared, so it is never taken from a page's process.
  if (conversation === "frame") return fromPlain(schema, body);
  if (typeof body !== "string") throw new NotPlain(`a message for ${envelope.to} is no text`);
  return fromBinary(schema, base64Decode(body));
}
