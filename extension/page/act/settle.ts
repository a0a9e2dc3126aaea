// Waits for a page to come to rest after an action: mutations quiet, busy marks gone; with a cap, and at once when the
// document is being left, because the answer has to be out before this script is gone. Nothing happens: it returns after
// a few dozen milliseconds. Images and frames are not waited for.

import { type Sleep, sleeping } from "../clock";
import { isElement } from "../dom";
import { queryAll } from "../native";
import { type Effects, type Snapshot, snapshot } from "./effects";

/** A page that has reacted is at rest after so many milliseconds without a further change. */
const QUIET = 100;
/** A page that has not reacted at all is left after so many. */
const GRACE = 50;
/** Nobody waits longer than this. */
const CAP = 2000;
/** Changes of style alone are animation after this, and no longer put off the rest. */
const STYLE_COUNTS = 300;

const BUSY = '[aria-busy="true"]';

interface NavigateEventLike extends Event {
  readonly hashChange?: boolean;
  readonly downloadRequest?: string | null;
  readonly destination?: { readonly url: string; readonly sameDocument: boolean };
}

/** Watches a document from its construction until `stop`. */
export class Watch {
  private readonly roots: readonly (Document | ShadowRoot)[];
  private readonly element: Element | null;
  private readonly before: Snapshot;
  private readonly busyBefore: number;
  private readonly observer: MutationObserver;
  private readonly begun = performance.now();
  private lastChange = 0;
  private changes = 0;
  private touched = new WeakSet<Node>();
  private leaving = false;
  private destination = "";
  private sleeping: Sleep | null = null;
  private stopped = false;

  constructor(roots: readonly (Document | ShadowRoot)[], element: Element | null) {
    this.roots = roots;
    this.element = element;
    this.before = snapshot(element);
    this.busyBefore = this.busy();
    this.observer = new MutationObserver((records) => this.take(records));
    const what = { subtree: true, childList: true, characterData: true, attributes: true };
    for (const root of roots) this.observer.observe(root, what);
    window.addEventListener("pagehide", this.leave);
    window.addEventListener("beforeunload", this.leave);
    navigation()?.addEventListener("navigate", this.navigate);
  }

  /** Ends the watching. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.observer.disconnect();
    window.removeEventListener("pagehide", this.leave);
    window.removeEventListener("beforeunload", this.leave);
    navigation()?.removeEventListener("navigate", this.navigate);
  }

  /** How many nodes were added, removed or changed so far. */
  count(): number {
    this.take(this.observer.takeRecords());
    return this.changes;
  }

  /** Whether the document has begun to be left. */
  get isLeaving(): boolean {
    return this.leaving;
  }

  /** Waits for rest, at most `limit` milliseconds and never longer than the cap. Tells what happened. */
  async settle(limit: number): Promise<Effects> {
    const from = performance.now();
    const until = from + Math.min(CAP, limit);
    let stillChanging = false;
    for (;;) {
      const now = performance.now();
      const wait = this.restIn(from, now);
      if (this.leaving || wait <= 0) break;
      if (now >= until) {
        stillChanging = true;
        break;
      }
      this.sleeping = sleeping(Math.min(wait, until - now));
      await this.sleeping.done;
      this.take(this.observer.takeRecords());
    }
    return this.effects(stillChanging, performance.now() - from);
  }

  /** In how many milliseconds the page is at rest, if nothing more happens. */
  private restIn(from: number, now: number): number {
    if (this.changes === 0) return from + GRACE - now;
    const quiet = Math.max(this.lastChange, from) + QUIET - now;
    if (quiet > 0) return quiet;
    return this.busy() > this.busyBefore ? QUIET / 2 : 0;
  }

  private busy(): number {
    let count = 0;
    for (const root of this.roots) count += queryAll(root, BUSY).length;
    return count;
  }

  private effects(stillChanging: boolean, waited: number): Effects {
    const changes = this.count();
    const after = snapshot(this.element?.isConnected === true ? this.element : null);
    const before = this.before;
    const gone = this.element !== null && !this.element.isConnected;
    return {
      domChanges: changes,
      stillChanging,
      leaving: this.leaving,
      destination: this.destination,
      newUrl: after.url === before.url ? "" : after.url,
      otherChange: gone || after.active !== before.active || after.scroll !== before.scroll || after.own !== before.own,
      settleUs: Math.round(waited * 1000),
    };
  }

  private readonly leave = (): void => {
    this.leaving = true;
    this.sleeping?.wake();
  };

  private readonly navigate = (event: Event): void => {
    const to = event as NavigateEventLike;
    if (to.destination === undefined || to.destination.sameDocument || to.hashChange === true) return;
    // Whoever intercepts or prevents it does so in a listener of this same event, so it is looked at afterwards.
    queueMicrotask(() => {
      if (event.defaultPrevented) return;
      if (typeof to.downloadRequest === "string") return;
      this.destination = to.destination?.url ?? "";
    });
  };

  private take(records: readonly MutationRecord[]): void {
    if (records.length === 0) return;
    const now = performance.now();
    const early = now - this.begun < STYLE_COUNTS;
    for (const record of records) {
      if (record.type === "childList") {
        this.changes += sizeOf(record.addedNodes) + sizeOf(record.removedNodes);
        this.lastChange = now;
        continue;
      }
      if (!this.touched.has(record.target)) {
        this.touched.add(record.target);
        this.changes++;
      }
      if (early || record.attributeName !== "style") this.lastChange = now;
    }
  }
}

function navigation(): EventTarget | undefined {
  return (window as { navigation?: EventTarget }).navigation;
}

function sizeOf(nodes: NodeList): number {
  let count = 0;
  for (const node of nodes) count += 1 + (isElement(node) ? queryAll(node, "*").length : 0);
  return count;
}

/** Waits until nothing has changed for so many milliseconds, or the limit passes. Tells whether it was quiet. */
export async function waitForQuiet(
  roots: readonly (Document | ShadowRoot)[],
  quiet: number,
  limit: number,
): Promise<boolean> {
  let last = performance.now();
  const until = last + limit;
  const observer = new MutationObserver((records) => {
    if (records.some((record) => record.attributeName !== "style")) last = performance.now();
  });
  for (const root of roots) {
    observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
  }
  try {
    for (;;) {
      const now = performance.now();
      const rest = last + quiet - now;
      if (rest <= 0) return true;
      if (now + rest > until + 1) return false;
      await sleeping(rest).done;
    }
  } finally {
    observer.disconnect();
  }
}
