// What is in every document all the time, so that it has to be next to nothing: hears the nonce of the parent document, and
// remembers what a context menu was opened on. The engine joins it when a document is first asked for something.

import type { FrameEvent } from "@gen/tabwire/v1/extension_pb";
import { ContextMenuMemory } from "../../page/context_menu";
import type { Extras } from "../../page/extras";
import type { Envelope } from "../../wire/address";
import { hearNonces } from "../../wire/frame_nonce";

/** The same nonce is reported again only after so long, in case the service worker has lost it. */
const NONCE_AGAIN_MS = 10_000;

/** All scripts of this extension in a document share one isolated world, which no page can look into. */
const world = globalThis as typeof globalThis & { tabwireResident?: Resident };

/** What lives in a document. */
export class Resident {
  readonly menu = new ContextMenuMemory();
  /** When it moved in, in milliseconds of the browser's clock. */
  readonly since = Date.now();
  /** Whether the engine has joined. */
  hasEngine = false;
  /** The engine's modules that its second file works with too (vite.shared.ts). */
  shared: readonly unknown[] = [];
  /** What is in that second file, once it has joined. */
  extras: Extras | null = null;
  readonly #atEnd: (() => void)[] = [];
  #nonce = { value: "", at: 0 };

  constructor() {
    this.atEnd(hearNonces((nonce) => this.#reportNonce(nonce)));
    this.atEnd(() => this.menu.dispose());
  }

  /** True as long as its extension is there to be spoken to. */
  isAlive(): boolean {
    return chrome.runtime?.id !== undefined;
  }

  /** Does something when it has to go. */
  atEnd(end: () => void): void {
    this.#atEnd.push(end);
  }

  /** Ends all that was begun. */
  dispose(): void {
    for (const end of this.#atEnd.splice(0)) end();
  }

  /** Tells the service worker something unasked. */
  report(event: FrameEvent): void {
    if (!this.isAlive()) {
      this.dispose();
      return;
    }
    const envelope: Envelope = { to: "background", conversation: "frame", body: event };
    chrome.runtime.sendMessage(envelope).catch(() => {
      // The service worker answers nothing to a report; and if the extension was just updated, nobody is there.
    });
  }

  #reportNonce(nonce: string): void {
    const now = performance.now();
    if (nonce === this.#nonce.value && now - this.#nonce.at < NONCE_AGAIN_MS) return;
    this.#nonce = { value: nonce, at: now };
    const kind = { case: "nonce", value: { $typeName: "tabwire.v1.FrameNonce", nonce } } as const;
    this.report({ $typeName: "tabwire.v1.FrameEvent", kind });
  }
}

/** The resident of this document: the one that is there, or a new one if there is none or it belongs to an extension that
 * was updated or reloaded since. */
export function resident(): Resident {
  const before = world.tabwireResident;
  // Two injections of the same extension can meet; the first one knows the ids that were given out.
  if (before?.isAlive() === true) return before;
  before?.dispose();
  world.tabwireResident = new Resident();
  return world.tabwireResident;
}
