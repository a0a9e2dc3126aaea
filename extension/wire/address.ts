// For whom a message between the parts of the extension is. Apart from the wrapping itself (envelope.ts), so that the
// content script can look at an address, and wrap what it says, without loading protobuf.

/**
 * Which conversation an envelope belongs to: "pipe" (service worker and offscreen document), "frame" (content script), "extras"
 * (a content script asks for its second file), "panel".
 */
export type Conversation = "pipe" | "frame" | "extras" | "panel";

/** Who is to take it. Every part of the extension hears every runtime message, so each looks here first. */
export type Recipient = "background" | "offscreen" | "frame";

/** One message on its way. */
export interface Envelope {
  readonly to: Recipient;
  readonly conversation: Conversation;
  /** base64 of the binary protobuf message; for content scripts, the message as a plain object (wire/plain.ts). */
  readonly body: string | object;
  /** The elements of a document's state as base64 of their binary form (element_writer.ts), left out of the body. */
  readonly elements?: string;
}

/** Tells an envelope for this recipient and conversation from anything else that arrives. */
export function isFor(value: unknown, to: Recipient, conversation: Conversation): value is Envelope {
  if (typeof value !== "object" || value === null) return false;
  const { to: recipient, conversation: name, body } = value as Partial<Envelope>;
  if (recipient !== to || name !== conversation) return false;
  return name === "frame" ? typeof body === "object" && body !== null : typeof body === "string";
}
