// How the parts of the extension carry protobuf messages through chrome.runtime and chrome.tabs messaging, which knows
// JSON only: as base64 of the binary form, in an envelope that says for whom it is. What the messages mean is declared in
// proto/tabwire/v1/extension.proto; who answers what is told by the modules that listen.

import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";

/** Which conversation an envelope belongs to: "pipe" (service worker and offscreen document), "frame" (content script), "panel". */
export type Conversation = "pipe" | "frame" | "panel";

/** Who is to take it. Every part of the extension hears every runtime message, so each looks here first. */
export type Recipient = "background" | "offscreen" | "frame";

/** One message on its way. */
export interface Envelope {
  readonly to: Recipient;
  readonly conversation: Conversation;
  /** base64 of the binary protobuf message. */
  readonly body: string;
}

/** Wraps a message. */
export function seal<Desc extends DescMessage>(
  to: Recipient,
  conversation: Conversation,
  schema: Desc,
  message: MessageShape<Desc>,
): Envelope {
  return { to, conversation, body: base64Encode(toBinary(schema, message)) };
}

/** Unwraps a message. Throws if the body is not a message of this schema. */
export function unseal<Desc extends DescMessage>(schema: Desc, envelope: Envelope): MessageShape<Desc> {
  return fromBinary(schema, base64Decode(envelope.body));
}

/** Tells an envelope for this recipient and conversation from anything else that arrives. */
export function isFor(value: unknown, to: Recipient, conversation: Conversation): value is Envelope {
  if (typeof value !== "object" || value === null) return false;
  const envelope = value as Partial<Envelope>;
  return envelope.to === to && envelope.conversation === conversation && typeof envelope.body === "string";
}
