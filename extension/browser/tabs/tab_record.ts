// What the service worker has to remember about a tab between its lives: which slot each frame has, how far the
// revision has grown, where the keyboard focus was, and which nonce belongs to which frame. Kept in
// chrome.storage.session with a copy in memory.

import { SESSION } from "../store";

/** What is remembered about one tab. Plain data, stored as it is. */
export interface TabRecord {
  /** Chrome's id of the main frame's document that the rest belongs to. */
  mainDocument: string;
  /** Slot by frame id. The main frame has slot 0. */
  slots: Record<string, number>;
  nextSlot: number;
  /** The last revision that was told. */
  revision: number;
  /** What that revision stood for: the documents and their own revisions. */
  signature: string;
  /** The slot of the frame that had the keyboard focus last. */
  activeSlot: number;
  /** True if the main document did not answer last time (a dialog, most likely), so that it is not waited for long. */
  isSilent: boolean;
  /** Frame id by the nonce that the frame's parent posted into it. */
  nonces: Record<string, number>;
}

/** A frame as far as slots are concerned. */
export interface SlotFrame {
  readonly frameId: number;
  readonly documentId: string;
}

/** A record of a tab that nothing is known about. */
export function emptyRecord(): TabRecord {
  return {
    mainDocument: "",
    slots: { 0: 0 },
    nextSlot: 1,
    revision: 0,
    signature: "",
    activeSlot: 0,
    isSilent: false,
    nonces: {},
  };
}

/**
 * Gives every frame its slot: the one it has, or the next free one. A new main document starts all anew. True if anything
 * has changed that ids of elements depend on, so that the record has to be saved before they are told.
 */
export function assignSlots(record: TabRecord, frames: readonly SlotFrame[]): boolean {
  let hasChanged = false;
  const main = frames.find((frame) => frame.frameId === 0);
  if (main !== undefined && main.documentId !== record.mainDocument) {
    // Nonces may have arrived from the new document's children already, so they outlive the change. And no revision is
    // told twice for different states.
    const { nonces, revision } = record;
    Object.assign(record, { ...emptyRecord(), mainDocument: main.documentId, nonces, revision });
    hasChanged = true;
  }
  for (const frame of frames) {
    if (record.slots[frame.frameId] === undefined) {
      record.slots[frame.frameId] = record.nextSlot;
      record.nextSlot += 1;
      hasChanged = true;
    }
  }
  const alive = new Set(frames.map((frame) => frame.frameId));
  for (const [nonce, frameId] of Object.entries(record.nonces)) {
    if (!alive.has(frameId)) delete record.nonces[nonce];
  }
  return hasChanged;
}

/**
 * The revision for what was perceived: the same as long as nothing changed, else a higher one. It is taken from the clock,
 * so that a life of the service worker whose predecessor could not save its last one does not tell it again.
 */
export function advanceRevision(record: TabRecord, signature: string, now = Date.now()): number {
  if (signature !== record.signature) {
    record.signature = signature;
    record.revision = Math.max(record.revision + 1, now);
  }
  return record.revision;
}

/** The frame that has a slot; undefined if none has. */
export function frameOfSlot(record: TabRecord, slot: number): number | undefined {
  for (const [frameId, taken] of Object.entries(record.slots)) {
    if (taken === slot) return Number(frameId);
  }
  return undefined;
}

/** Keeps the records. One authority: all reading and writing of them goes through here. */
export class TabRecords {
  readonly #area: chrome.storage.StorageArea;
  readonly #records = new Map<number, Promise<TabRecord>>();

  constructor(area: chrome.storage.StorageArea) {
    this.#area = area;
  }

  /** The record of a tab. Change it in place, then call `save`. */
  get(tabId: number): Promise<TabRecord> {
    let record = this.#records.get(tabId);
    if (record === undefined) {
      record = this.#load(tabId);
      this.#records.set(tabId, record);
    }
    return record;
  }

  async #load(tabId: number): Promise<TabRecord> {
    const key = SESSION.tab + tabId;
    const stored = (await this.#area.get(key))[key] as Partial<TabRecord> | undefined;
    return { ...emptyRecord(), ...stored };
  }

  /** Writes the record of a tab in a while: nothing that is told depends on it. */
  saveSoon(tabId: number): void {
    this.save(tabId).catch((thrown: unknown) => console.error("Tabwire: what is known of a tab was not kept", thrown));
  }

  /** Writes the record of a tab. */
  async save(tabId: number): Promise<void> {
    const record = await this.get(tabId);
    await this.#area.set({ [SESSION.tab + tabId]: record });
  }

  /** Remembers which frame a nonce was posted into. */
  async learnNonce(tabId: number, nonce: string, frameId: number): Promise<void> {
    const record = await this.get(tabId);
    if (record.nonces[nonce] === frameId) return;
    for (const [known, owner] of Object.entries(record.nonces)) {
      if (owner === frameId) delete record.nonces[known];
    }
    record.nonces[nonce] = frameId;
    await this.save(tabId);
  }

  /** Forgets a tab that is closed. */
  async forget(tabId: number): Promise<void> {
    this.#records.delete(tabId);
    await this.#area.remove(SESSION.tab + tabId);
  }
}
