// Watches a document while an action runs: what changes, what is opened, whether the document is being left, what keeps a
// form from being sent. When it has come to rest is told by settle.ts, and what it all means by effects.ts.

import { isElement } from "../dom";
import { queryAll } from "../native";
import { BusyMarks } from "./busy";
import { Openings } from "./opened";
import { PutOff } from "./put_off";
import { isTicking, Tickers } from "./ticking";

/** Changes of style alone are animation after so many milliseconds, and no longer put off the rest. */
const STYLE_COUNTS = 300;
/** So many shadow roots are watched besides those around the element. */
const ROOTS = 400;

interface NavigateEventLike extends Event {
  readonly hashChange?: boolean;
  readonly downloadRequest?: string | null;
  readonly destination?: { readonly url: string; readonly sameDocument: boolean };
}

const WHAT = {
  subtree: true,
  childList: true,
  characterData: true,
  attributes: true,
  attributeOldValue: true,
} as const;

/** Watches from its construction until `stop`. */
export class Watch {
  readonly begun = performance.now();
  readonly busy = new BusyMarks();
  readonly putOff = new PutOff();
  readonly openings: Openings;
  /** When the page changed last, not counting what changes by itself; 0 if it did not. */
  lastChange = 0;
  /** The longest pause between two changes, or between the beginning and the first one. */
  longestPause = 0;
  /** Where the document is going to, if it said so. */
  destination = "";
  /** The field that kept a form from being sent. */
  invalid: Element | null = null;

  private readonly observer: MutationObserver;
  private readonly tickers = new Tickers();
  private readonly counts = new Map<Node, { count: number; last: number }>();
  private readonly over = new AbortController();
  /** Resolved when the document begins to be left. */
  readonly departure: Promise<void>;
  private depart: () => void = () => undefined;
  private left = false;
  private dispatching = true;
  private reacting = true;

  constructor(roots: readonly (Document | ShadowRoot)[], isNew: (element: Element) => boolean) {
    this.openings = new Openings(isNew);
    this.departure = new Promise((resolve) => {
      this.depart = resolve;
    });
    this.observer = new MutationObserver((records) => this.take(records));
    for (const root of roots.slice(0, ROOTS)) this.observer.observe(root, WHAT);
    const options = { capture: true, signal: this.over.signal };
    window.addEventListener("pagehide", this.leave, options);
    window.addEventListener("beforeunload", this.leave, options);
    window.addEventListener("beforetoggle", this.toggle, options);
    window.addEventListener("invalid", this.refuse, options);
    window.addEventListener("submit", this.sent, options);
    navigation()?.addEventListener("navigate", this.navigate, { signal: this.over.signal });
  }

  /** Ends the watching. */
  stop(): void {
    this.over.abort();
    this.observer.disconnect();
  }

  /** How many nodes were added, removed or changed so far, without what changes by itself. */
  get changes(): number {
    this.catchUp();
    let sum = 0;
    for (const { count } of this.counts.values()) sum += count;
    return sum;
  }

  /** Whether the document has begun to be left. */
  get isLeaving(): boolean {
    return this.left;
  }

  /** To be called when all events have been dispatched: from then on what is known to tick is no answer to them. */
  endDispatch(): void {
    this.catchUp();
    this.dispatching = false;
  }

  /** To be called when what the action set off at once is over: what comes from then on is late, or ticks. */
  endReaction(): void {
    this.catchUp();
    this.reacting = false;
  }

  /** Takes in what has changed and was not told yet. */
  catchUp(): void {
    this.take(this.observer.takeRecords());
  }

  private readonly leave = (event: Event): void => {
    // A page may be asked whether it objects to being left without being left.
    if (!event.isTrusted) return;
    this.left = true;
    this.depart();
  };

  private readonly toggle = (event: Event): void => {
    const element = event.composedPath()[0];
    if (isElement(element as Node))
      this.openings.toggled(element as Element, (event as ToggleEvent).newState === "open");
  };

  private readonly refuse = (event: Event): void => {
    const element = event.composedPath()[0];
    if (isElement(element as Node)) this.invalid ??= element as Element;
  };

  private readonly sent = (): void => {
    this.invalid = null;
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

  private take(all: readonly MutationRecord[]): void {
    // What ticks anyhow says nothing about the action, unless it changes in the very turn of it.
    const records = this.dispatching ? all : all.filter((record) => !isTicking(record.target));
    if (records.length === 0) return;
    const now = performance.now();
    let counts = false;
    for (const record of records) counts = this.count(record, now) || counts;
    this.busy.note(records);
    this.openings.note(records);
    if (!this.reacting) this.forget(this.tickers.note(records, now));
    if (!counts) return;
    const gap = now - Math.max(this.lastChange, this.begun);
    if (!this.reacting && gap > this.longestPause) this.longestPause = gap;
    this.lastChange = now;
  }

  /** Counts one change. Answers whether it puts off the rest. */
  private count(record: MutationRecord, now: number): boolean {
    const node = record.target;
    const known = this.counts.get(node);
    const size = record.type === "childList" ? sizeOf(record.addedNodes) + sizeOf(record.removedNodes) : known ? 0 : 1;
    const puts = record.attributeName !== "style" || now - this.begun < STYLE_COUNTS;
    if (known === undefined) this.counts.set(node, { count: size, last: puts ? now : 0 });
    else {
      known.count += size;
      if (puts) known.last = now;
    }
    return puts;
  }

  /** Takes back what was counted for nodes that turned out to change by themselves. */
  private forget(nodes: readonly Node[]): void {
    if (nodes.length === 0) return;
    for (const node of nodes) this.counts.delete(node);
    let last = 0;
    for (const entry of this.counts.values()) last = Math.max(last, entry.last);
    this.lastChange = last;
    this.longestPause = 0;
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
