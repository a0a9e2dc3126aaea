// The page engine's entry point: put into a document by the service worker when it first asks it for something. Wires the
// engine to the extension's messages, and to the resident that has been there since the document began.

import type { FrameRequest } from "@gen/tabwire/v1/extension_pb";
import { defineUnlistedScript } from "wxt/utils/define-unlisted-script";
import { PageEngine } from "../../page/engine";
import { type Envelope, isFor } from "../../wire/address";
import { type Resident, resident } from "../frame/resident";

export default defineUnlistedScript(() => {
  const home = resident();
  if (home.hasEngine) return;
  home.hasEngine = true;
  speakFor(home);
});

function speakFor(home: Resident): void {
  const engine = new PageEngine({ menu: home.menu, bornAt: home.since, onEvent: (event) => home.report(event) });
  const listener = (message: unknown, _: unknown, respond: (reply: Envelope) => void): true | undefined => {
    if (!isFor(message, "frame", "frame")) return undefined;
    // Only this extension's own service worker can have sent it, and it sends nothing else.
    engine.handle(message.body as FrameRequest).then((reply) => {
      respond({ to: "background", conversation: "frame", body: reply });
    });
    return true;
  };
  chrome.runtime.onMessage.addListener(listener);
  home.atEnd(() => {
    engine.dispose();
    // The orphan's connection to Chrome is gone, and with it this call.
    if (home.isAlive()) chrome.runtime.onMessage.removeListener(listener);
  });
}
