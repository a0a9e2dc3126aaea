// Puts the engine's second file (entrypoints/extras) into a document whose engine asks for it. Which document that is, is
// told by Chrome and not by who asks: nobody can have it put anywhere else.

import { isFor } from "../../wire/address";
import { messageOf } from "../errors";
import { isContentScript } from "../senders";

/** What the engine rarely needs. */
export const EXTRAS_SCRIPT = "extras.js";

/** Registers with Chrome. Must be called while the worker's script is first evaluated. */
export function listenForExtras(): void {
  chrome.runtime.onMessage.addListener((message: unknown, sender, respond: (isThere: boolean) => void) => {
    if (!isFor(message, "background", "extras") || !isContentScript(sender)) return undefined;
    put(sender).then(respond);
    return true;
  });
}

/** Puts it into the document of the sender. Answers whether it is there. */
async function put({ tab, documentId }: chrome.runtime.MessageSender): Promise<boolean> {
  if (tab?.id === undefined || documentId === undefined) return false;
  const target = { tabId: tab.id, documentIds: [documentId] };
  try {
    await chrome.scripting.executeScript({ target, files: [EXTRAS_SCRIPT], injectImmediately: true });
    return true;
  } catch (thrown) {
    console.warn("Tabwire: a document's second script could not be put in", messageOf(thrown));
    return false;
  }
}
