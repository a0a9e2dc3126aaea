// The page engine's entry point: put into a document by the service worker when it first asks it for something. Wires the
// engine to the extension's messages, and to the resident that has been there since the document began. What is rarely needed
// is a file of its own (entrypoints/extras), asked for when it comes to it.

import { shared } from "virtual:tabwire-shared";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import type { FrameRequest } from "@gen/tabwire/v1/extension_pb";
import { defineUnlistedScript } from "wxt/utils/define-unlisted-script";
import { PageEngine } from "../../page/engine";
import { PageError } from "../../page/errors";
import type { Extras } from "../../page/extras";
import { type Envelope, isFor } from "../../wire/address";
import { replyEnvelope } from "../../wire/told_reply";
import { type Resident, resident } from "../frame/resident";

export default defineUnlistedScript(() => {
  const home = resident();
  if (home.hasEngine) return;
  home.hasEngine = true;
  home.shared = shared;
  speakFor(home);
});

function speakFor(home: Resident): void {
  const engine = new PageEngine({
    menu: home.menu,
    bornAt: home.since,
    onEvent: (event) => home.report(event),
    extras: () => extrasOf(home),
  });
  const listener = (message: unknown, _: unknown, respond: (reply: Envelope) => void): true | undefined => {
    if (!isFor(message, "frame", "frame")) return undefined;
    // Only this extension's own service worker can have sent it, and it sends nothing else.
    engine.handle(message.body as FrameRequest).then((reply) => respond(replyEnvelope(reply)));
    return true;
  };
  chrome.runtime.onMessage.addListener(listener);
  home.atEnd(() => {
    engine.dispose();
    // The orphan's connection to Chrome is gone, and with it this call.
    if (home.isAlive()) chrome.runtime.onMessage.removeListener(listener);
  });
}

/** What is rarely needed; put into the document by the service worker if it is not there yet. */
async function extrasOf(home: Resident): Promise<Extras> {
  if (home.extras !== null) return home.extras;
  const asked: Envelope = { to: "background", conversation: "extras", body: "" };
  const isThere: unknown = await chrome.runtime.sendMessage(asked).catch(() => false);
  if (isThere === true && home.extras !== null) return home.extras;
  throw new PageError(
    ErrorCode.COMMUNICATION_ERROR_WITH_TARGET,
    "A part of this document's script could not be loaded.",
    {
      retryable: true,
      remedy: "Try again; if it stays so, reload the page.",
    },
  );
}
