// The content script of the small extension in which tests/e2e_page runs the page engine: a real isolated world, real
// messages, and nothing of the product but the engine. The test speaks to it through the extension's service worker, in
// binary; what the product's service worker does to the messages on their way is done here.

import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import {
  FrameEventSchema,
  FrameReplySchema,
  type FrameRequest,
  FrameRequestSchema,
} from "@gen/tabwire/v1/extension_pb";
import * as rare from "../../../page/act/rare";
import { ContextMenuMemory } from "../../../page/context_menu";
import { PageEngine } from "../../../page/engine";
import { Perceiver } from "../../../page/perceive/state";
import type { Registry } from "../../../page/registry";
import { hearNonces } from "../../../wire/frame_nonce";
import { fromPlain, toPlain } from "../../../wire/plain";

interface Ask {
  /** base64 of a FrameRequest. */
  readonly request?: string;
  /** Also tell the state as an engine takes it that knows nothing from before, at the same moment. */
  readonly fresh?: true;
  /** Hand over the events so far. */
  readonly events?: true;
}

/** What Chrome makes of an object on its way. */
function carried(value: object): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

const events: string[] = [];
const keep = (event: object): void => {
  events.push(base64Encode(toBinary(FrameEventSchema, fromPlain(FrameEventSchema, carried(event)))));
};
const engine = new PageEngine({
  menu: new ContextMenuMemory(),
  bornAt: Date.now(),
  onEvent: keep,
  extras: async () => rare,
});
hearNonces((nonce) => keep({ kind: { case: "nonce", value: { nonce } } }));

function packed(reply: object): string {
  return base64Encode(toBinary(FrameReplySchema, fromPlain(FrameReplySchema, carried(reply))));
}

/** A state by an engine without a memory. The elements' numbers are the same, so that all else can be compared. */
function stateAnew({ kind }: FrameRequest): object {
  if (kind.case !== "perceive" || kind.value.options === undefined) throw new Error("not a request for a state");
  const { registry } = engine as unknown as { registry: Registry };
  return { kind: { case: "state", value: new Perceiver(registry).take(kind.value.options) } };
}

chrome.runtime.onMessage.addListener((ask: Ask, _, respond: (answer: unknown) => void) => {
  if (ask.events === true) {
    respond(events.splice(0));
    return undefined;
  }
  if (ask.request === undefined) return undefined;
  const request = carried(toPlain(FrameRequestSchema, fromBinary(FrameRequestSchema, base64Decode(ask.request))));
  const answer = engine.handle(request as FrameRequest);
  const fresh = ask.fresh === true ? packed(stateAnew(request as FrameRequest)) : null;
  answer.then((reply) => respond(fresh === null ? packed(reply) : [packed(reply), fresh]));
  return true;
});
