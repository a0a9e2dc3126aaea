// Watches one tab while something is done in it, and can say afterwards what happened: did it go elsewhere, did a frame
// of it, did it open tabs or start downloads. It only collects; what it means is decided by the actions.

import { pause } from "../clock";
import type { TabEvent, TabEvents } from "./tab_events";

/** A download that began while the tab was watched. */
export interface SeenDownload {
  readonly id: number;
  readonly fileName: string;
  readonly urls: readonly string[];
  readonly referrer: string;
}

/** What happened to one frame. */
interface FrameFate {
  /** Where it set out for and has not arrived yet. */
  underway: string | undefined;
  /** The last document it arrived at. */
  arrived: { url: string; documentId: string } | undefined;
  /** Chrome's reason why it did not arrive. */
  error: string | undefined;
  parsed: boolean;
}

/** One watch over one tab. `close` it when done. */
export class TabWatch {
  readonly openedTabIds = new Set<number>();
  readonly downloads: SeenDownload[] = [];
  /** The address it moved to within its document. */
  movedTo: string | undefined;
  closed = false;
  readonly #frames = new Map<number, FrameFate>();
  readonly #waiting = new Set<() => void>();
  readonly #stop: () => void;

  constructor(
    events: TabEvents,
    readonly tabId: number,
  ) {
    this.#stop = events.subscribe((event) => this.#hear(event));
  }

  /** Hears what happened before the watch began. */
  catchUp(events: readonly TabEvent[]): void {
    for (const event of events) this.#hear(event);
  }

  #hear(event: TabEvent): void {
    if (event.kind === "download" || event.tabId === this.tabId) this.#take(event);
  }

  /** What happened to a frame; the main one if none is named. */
  frame(frameId = 0): Readonly<FrameFate> {
    return this.#frames.get(frameId) ?? { underway: undefined, arrived: undefined, error: undefined, parsed: false };
  }

  /** True if any frame, or the given one, is on its way to another document. */
  isUnderway(frameId = 0): boolean {
    return this.frame(frameId).underway !== undefined;
  }

  /** True while a document inside of the main one is on its way or being parsed. */
  areChildrenLoading(): boolean {
    for (const [frameId, fate] of this.#frames) {
      if (frameId !== 0 && (fate.underway !== undefined || (fate.arrived !== undefined && !fate.parsed))) return true;
    }
    return false;
  }

  /** Waits until the predicate holds, which is looked at after every event. False if the time is up first. */
  async until(predicate: () => boolean, deadline: number, signal: AbortSignal): Promise<boolean> {
    while (!predicate()) {
      signal.throwIfAborted();
      const left = deadline - Date.now();
      if (left <= 0) return false;
      await this.#nextEvent(left, signal);
    }
    return true;
  }

  /** Ends the watch. */
  close(): void {
    this.#stop();
    this.#wake();
  }

  async #nextEvent(millis: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    let wake: (() => void) | undefined;
    const event = new Promise<void>((resolve) => {
      wake = resolve;
      this.#waiting.add(resolve);
    });
    try {
      await Promise.race([event, pause(millis, AbortSignal.any([signal, over.signal]))]);
    } finally {
      if (wake !== undefined) this.#waiting.delete(wake);
      over.abort();
    }
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #fate(frameId: number): FrameFate {
    let fate = this.#frames.get(frameId);
    if (fate === undefined) {
      fate = { underway: undefined, arrived: undefined, error: undefined, parsed: false };
      this.#frames.set(frameId, fate);
    }
    return fate;
  }

  #take(event: TabEvent): void {
    switch (event.kind) {
      case "setOut":
        Object.assign(this.#fate(event.frameId), { underway: event.url, error: undefined });
        break;
      case "committed":
        // With the main document all documents inside of it are gone.
        if (event.frameId === 0) this.#frames.clear();
        Object.assign(this.#fate(event.frameId), {
          underway: undefined,
          error: undefined,
          arrived: { url: event.url, documentId: event.documentId },
          parsed: false,
        });
        break;
      case "failed":
        // A way that was set out on before the watch began is broken off by the one that is watched: no fate of this one.
        if (event.error === "net::ERR_ABORTED" && !this.isUnderway(event.frameId)) break;
        Object.assign(this.#fate(event.frameId), { underway: undefined, error: event.error });
        break;
      case "moved":
        if (event.frameId === 0) this.movedTo = event.url;
        break;
      case "parsed":
      case "loaded":
        this.#fate(event.frameId).parsed = true;
        break;
      case "spawned":
        this.openedTabIds.add(event.openedTabId);
        break;
      case "closed":
        this.closed = true;
        break;
      case "download":
        this.downloads.push(event);
        break;
      default:
        break;
    }
    this.#wake();
  }
}
