// Tells who sent a runtime message. Every part of the extension hears every runtime message, and content scripts live
// in processes that a hostile page may have taken over, so what a message may ask for depends on where it came from.

type Sender = chrome.runtime.MessageSender;

/** The offscreen document's file. */
export const OFFSCREEN_PAGE = "offscreen.html";

/** The service worker's file. */
export const WORKER_SCRIPT = "background.js";

/** True if one of the extension's own pages sent it: the offscreen document, or the side panel (also open in a tab). */
export function isOwnPage(sender: Sender): boolean {
  return sender.id === chrome.runtime.id && pathOf(sender) !== undefined;
}

/** True if the offscreen document sent it. */
export function isOffscreen(sender: Sender): boolean {
  return isOwnPage(sender) && pathOf(sender) === OFFSCREEN_PAGE;
}

/** True if the service worker sent it. */
export function isServiceWorker(sender: Sender): boolean {
  return sender.id === chrome.runtime.id && sender.tab === undefined && pathOf(sender) === WORKER_SCRIPT;
}

/** True if a content script sent it, in a tab. */
export function isContentScript(sender: Sender): boolean {
  return sender.id === chrome.runtime.id && sender.tab?.id !== undefined && pathOf(sender) === undefined;
}

/** The path of the sender's page inside the extension; undefined if it is no page of the extension. */
function pathOf(sender: Sender): string | undefined {
  const root = chrome.runtime.getURL("");
  const url = sender.url ?? "";
  return url.startsWith(root) ? url.slice(root.length).split(/[?#]/, 1)[0] : undefined;
}
