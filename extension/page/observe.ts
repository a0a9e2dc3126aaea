// Reports that the document changed by itself, once it has come to rest. Works only between `start` and `stop`; changes
// that an action of this engine causes are reported with that action instead.

import { StateCause } from "@gen/tabwire/v1/state_pb";
import { type Sleep, sleeping } from "./clock";
import { isElement, shadowRootOf, shadowRootsBelow } from "./dom";
import { firstElementOf } from "./native";

/** A change is reported when nothing has changed for so many milliseconds, or at the latest after the cap. */
const QUIET = 250;
const CAP = 2000;

/** Attributes that change what a page means. Style alone is animation. */
const ATTRIBUTES = (
  "alt aria-busy aria-checked aria-current aria-disabled aria-expanded aria-hidden aria-label aria-pressed aria-selected " +
  "class contenteditable disabled hidden href inert open placeholder readonly role selected src title type value"
).split(" ");

/** Watches one document. */
export class Observer {
  private readonly report: (cause: StateCause, changes: number) => void;
  private observer: MutationObserver | null = null;
  private changes = 0;
  private last = 0;
  private waiting: Sleep | null = null;
  private pauses = 0;

  constructor(report: (cause: StateCause, changes: number) => void) {
    this.report = report;
  }

  /** Begins to report. */
  start(): void {
    if (this.observer !== null) return;
    this.observer = new MutationObserver((records) => this.take(records));
    this.watch(document);
    for (const root of shadowRootsBelow(document)) this.watch(root);
  }

  /** Ends the reporting. */
  stop(): void {
    this.observer?.disconnect();
    this.observer = null;
    this.waiting?.wake();
    this.changes = 0;
  }

  /** Leaves out what happens until the returned function is called: an action reports it itself. */
  pause(): () => void {
    this.take(this.observer?.takeRecords() ?? []);
    this.pauses++;
    return () => {
      this.take(this.observer?.takeRecords() ?? []);
      this.pauses--;
    };
  }

  private watch(root: Document | ShadowRoot): void {
    this.observer?.observe(root, { subtree: true, childList: true, characterData: true, attributeFilter: ATTRIBUTES });
  }

  private take(records: readonly MutationRecord[]): void {
    for (const record of records) {
      for (const node of record.addedNodes) this.follow(node);
    }
    if (records.length === 0 || this.pauses > 0) return;
    this.changes += records.length;
    this.last = performance.now();
    if (this.waiting === null) void this.rest();
  }

  /** New nodes may bring shadow roots, which are observed each for itself. */
  private follow(node: Node): void {
    if (!isElement(node)) return;
    if (shadowRootOf(node) === null && firstElementOf(node) === null) return;
    for (const root of shadowRootsBelow(node)) this.watch(root);
  }

  private async rest(): Promise<void> {
    const until = performance.now() + CAP;
    while (this.observer !== null) {
      const now = performance.now();
      const wait = Math.min(this.last + QUIET, until) - now;
      if (wait <= 0) break;
      this.waiting = sleeping(wait);
      await this.waiting.done;
    }
    this.waiting = null;
    if (this.observer === null || this.changes === 0) return;
    const changes = this.changes;
    this.changes = 0;
    this.report(StateCause.MUTATION, changes);
  }
}
