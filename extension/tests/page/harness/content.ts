// The content script of the small extension in which tests/e2e_page runs the page engine: a real isolated world, real
// messages, and nothing of the product but the engine. The test speaks to it through the extension's service worker.

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import { type FrameEvent, FrameEventSchema, FrameReplySchema, FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { PageEngine } from "../../../page/engine";
import { hearNonces } from "../../../wire/frame_nonce";

interface Ask {
  /** base64 of a FrameRequest. */
  readonly request?: string;
  /** Hand over the events so far. */
  readonly events?: true;
}

const events: string[] = [];
const keep = (event: FrameEvent): void => {
  events.push(base64Encode(toBinary(FrameEventSchema, event)));
};
const engine = new PageEngine({ onEvent: keep });
hearNonces((nonce) => keep(create(FrameEventSchema, { kind: { case: "nonce", value: { nonce } } })));

chrome.runtime.onMessage.addListener((ask: Ask, _, respond: (answer: unknown) => void) => {
  if (ask.events === true) {
    respond(events.splice(0));
    return undefined;
  }
  if (ask.request === undefined) return undefined;
  engine.handle(fromBinary(FrameRequestSchema, base64Decode(ask.request))).then((reply) => {
    respond(base64Encode(toBinary(FrameReplySchema, reply)));
  });
  return true;
});
