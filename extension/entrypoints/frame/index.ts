// The content script's entry point, in every frame of every page the person opens. So it does next to nothing until it is
// spoken to: the engine (speaker.ts and all of page/) is in the same file, but is evaluated only when it is needed.
// It is built as a plain script and named in the manifest by wxt.config.ts, because WXT's own wrapper of content scripts
// tells every page of itself by an event.

import { defineUnlistedScript } from "wxt/utils/define-unlisted-script";
import { isFor } from "../../wire/address";
import { hearNonces } from "../../wire/frame_nonce";
import type { Speaker } from "./speaker";

/** What one injected script leaves for the next one in the same document. */
interface Resident {
  /** True as long as its extension is there to be spoken to. */
  isAlive(): boolean;
  dispose(): void;
}

/** All scripts of this extension in a document share one isolated world, which no page can look into. */
const world = globalThis as typeof globalThis & { tabwireResident?: Resident };

export default defineUnlistedScript(() => {
  const before = world.tabwireResident;
  // Two injections of the same extension can meet; the first one knows the ids that were given out.
  if (before?.isAlive() === true) return;
  // An orphan: its extension was updated or reloaded, so nothing reaches it any more.
  before?.dispose();
  world.tabwireResident = reside();
});

function reside(): Resident {
  const over = new AbortController();
  const isAlive = (): boolean => chrome.runtime?.id !== undefined;
  let waking: Promise<Speaker> | undefined;
  const wake = (): Promise<Speaker> => {
    waking ??= import("./speaker").then(({ Speaker }) => new Speaker(isAlive, dispose));
    return waking;
  };
  const listener = (message: unknown, _: unknown, respond: (reply: unknown) => void): true | undefined => {
    if (!isFor(message, "frame", "frame")) return undefined;
    wake().then((speaker) => speaker.answer(message).then(respond));
    return true;
  };
  chrome.runtime.onMessage.addListener(listener);
  const stopHearing = hearNonces((nonce) => void wake().then((speaker) => speaker.reportNonce(nonce)));
  wakeForContextMenu(wake, over.signal);
  const dispose = (): void => {
    over.abort();
    stopHearing();
    // The orphan's connection to Chrome is gone, and with it this call.
    if (isAlive()) chrome.runtime.onMessage.removeListener(listener);
    waking?.then((speaker) => speaker.dispose());
  };
  return { isAlive, dispose };
}

/**
 * The engine remembers what a context menu was opened on, so it has to be awake before the menu's event comes: what
 * leads to that event is an event of its own, and what is evaluated lazily is ready before the next one.
 */
function wakeForContextMenu(wake: () => Promise<Speaker>, signal: AbortSignal): void {
  const options = { capture: true, passive: true, signal };
  const onPointer = (event: PointerEvent): void => {
    if (event.isTrusted && (event.button === 2 || event.ctrlKey)) void wake();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.isTrusted && (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey))) void wake();
  };
  window.addEventListener("pointerdown", onPointer, options);
  window.addEventListener("keydown", onKey, options);
}
