// How a document's answer travels: as a plain object, but its elements, which may be thousands, in their binary form. So
// neither end has to build them one by one where they are only passed on. This is the page's side; the other one is in
// browser/tabs/frames.ts.

import type { FrameReply } from "@gen/tabwire/v1/extension_pb";
import type { Envelope } from "./address";
import { base64Encode } from "./base64";
import { writeElements } from "./element_writer";

/** Wraps an answer to the service worker. The answer is left as it is. */
export function replyEnvelope(reply: FrameReply): Envelope {
  const { kind } = reply;
  const envelope: Envelope = { to: "background", conversation: "frame", body: reply };
  if (kind.case !== "state") return envelope;
  const start = performance.now();
  const elements = base64Encode(writeElements(kind.value.elements));
  const inPageUs = kind.value.inPageUs + Math.round((performance.now() - start) * 1000);
  const value = { ...kind.value, elements: [], inPageUs };
  return { ...envelope, body: { ...reply, kind: { case: "state", value } }, elements };
}
