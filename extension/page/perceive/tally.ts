// Gathers what a walk finds, and counts what it leaves out and where that lies.

import { isSection } from "./context";
import type { Interest } from "./hints";
import type { Mark, Passed, Segment } from "./index_memory";
import { Watch, type Watched } from "./index_watch";
import type { Findings, Item, Scope } from "./item";
import { Kind } from "./kind";
import type { Outside } from "./outside";
import { OWN_PART } from "./run";
import { Omissions } from "./sections";
import type { Box } from "./visibility";

/** What a walk has found so far. */
export class Tally {
  /** Headings that were come to, and not remembered. */
  readonly headings: Element[] = [];
  private readonly items: Item[] = [];
  /** Where in `items` those are that were come to, and not remembered. */
  private fresh: number[] = [];
  private controls = 0;
  private readonly omissions = new Omissions();
  private readonly roots: ShadowRoot[] = [];
  private readonly frames: Element[] = [];
  private readonly watched: Watched[] = [];
  private readonly hosts: Watched[] = [];
  /** What lies outside of the region. */
  private readonly passed: Passed[] = [];
  private readonly start: Element;
  private lefts = 0;
  private above = 0;
  private below = 0;
  private beside = 0;

  constructor(start: Element) {
    this.start = start;
  }

  /** A candidate, in reading order. */
  add(item: Item): void {
    this.fresh.push(this.items.length);
    this.items.push(item);
    if (item.kind === Kind.Frame) this.frames.push(item.element);
    if (item.kind === Kind.Control) this.controls++;
  }

  addRoot(root: ShadowRoot): void {
    this.roots.push(root);
  }

  watch(watched: Watched): void {
    (watched.why === Watch.Host ? this.hosts : this.watched).push(watched);
  }

  /** How much there is so far. */
  mark(): Mark {
    const { items, fresh, roots, frames, watched, hosts, passed, controls, lefts } = this;
    return {
      items: items.length,
      fresh: fresh.length,
      roots: roots.length,
      frames: frames.length,
      watched: watched.length,
      hosts: hosts.length,
      passed: passed.length,
      controls,
      lefts,
    };
  }

  /**
   * Has a segment remember what was found since the mark, unless something has to be looked at each time. All text in it has
   * been gathered.
   */
  close(segment: Segment, since: Mark, scope: Scope): void {
    this.dropNothings(since.fresh);
    if (this.lefts !== since.lefts) return;
    const controls = this.controls - since.controls;
    const found = {
      items: since.items === this.items.length ? NONE : this.items.slice(since.items),
      roots: since.roots === this.roots.length ? NONE : this.roots.slice(since.roots),
      frames: since.frames === this.frames.length ? NONE : this.frames.slice(since.frames),
      watched: since.watched === this.watched.length ? NONE : this.watched.slice(since.watched),
      hosts: since.hosts === this.hosts.length ? NONE : this.hosts.slice(since.hosts),
      passed: since.passed === this.passed.length ? NONE : this.passed.slice(since.passed),
      controls,
      holdsControl: controls > 0,
    };
    segment.leave(found, scope);
  }

  /** Leaves out what has proved to be nothing, of the fresh candidates from the given one on. */
  private dropNothings(from: number): void {
    const { items, fresh } = this;
    let kept = -1; // where the next item goes, once one has been left out
    let left = from;
    for (let at = from; at < fresh.length; at++) {
      const index = fresh[at] as number;
      const isKept = isWorthTelling(items[index] as Item);
      if (kept < 0 && isKept) {
        left++;
        continue;
      }
      if (kept < 0) kept = index;
      else if (isKept) {
        fresh[left++] = kept;
        items[kept++] = items[index] as Item;
      }
      const end = fresh[at + 1] ?? items.length;
      for (let next = index + 1; next < end; next++) items[kept++] = items[next] as Item;
    }
    if (kept < 0) return;
    items.length = kept;
    fresh.length = left;
  }

  /** Adds what a segment remembers. */
  append({ items, roots, frames, watched, hosts, passed, controls }: Segment): void {
    this.controls += controls;
    for (const item of items) this.items.push(item);
    for (const root of roots) this.roots.push(root);
    for (const frame of frames) this.frames.push(frame);
    for (const one of watched) this.watched.push(one);
    for (const host of hosts) this.hosts.push(host);
    for (const one of passed) this.pass(one);
  }

  /** How many of the candidates so far pass a test. */
  count(test: (item: Item) => boolean): number {
    let count = 0;
    for (const item of this.items) if (test(item)) count++;
    return count;
  }

  /** A block that lies outside of the region. */
  leaveOut(element: Element, box: Box, outside: Outside, scope: Scope): void {
    const { count, title, roots, frames, hosts, strays } = outside;
    // Without a region the limit was reached. What may get a root, or sticks out, may come to be of interest without a trace.
    if (scope.region === null || hosts.length + strays.length > 0) this.lefts++;
    for (const root of roots) this.roots.push(root);
    for (const frame of frames) this.frames.push(frame);
    const isPart = count >= OWN_PART && (title !== null || isSection(element));
    const part = isPart || scope.part === null ? element : scope.part;
    const { region, section } = scope;
    this.pass({ element, box, region, count, part, title: isPart ? title : null, heading: section.heading });
  }

  private pass(passed: Passed): void {
    this.passed.push(passed);
    const { box, region, count, part, title, heading } = passed;
    if (count === 0) return;
    this.place(box, region, count);
    this.omissions.add(part, count, title, heading);
  }

  /** Many blocks of which only the numbers matter. */
  leaveOutMany(above: number, below: number, beside: number, scope: Scope): void {
    this.lefts++;
    const many = above + below + beside;
    if (many === 0) return;
    const isBound = scope.region !== null;
    this.above += isBound ? above : 0;
    this.below += isBound ? below : 0;
    this.beside += isBound ? beside : many;
    this.omissions.add(scope.part ?? this.start, many, null, scope.section.heading);
  }

  private place(box: Box, region: Box | null, many: number): void {
    if (region !== null && box.y + box.height < region.y) this.above += many;
    else if (region !== null && box.y > region.y + region.height) this.below += many;
    else this.beside += many;
  }

  /** Leaves out what has proved to be nothing, and counts what lies outside of the region. */
  finish(region: Box | null, interest: Interest | undefined, isLimited: boolean): Findings {
    this.dropNothings(0);
    const { omissions, roots, frames, watched, hosts, headings, fresh } = this;
    const all = this.items;
    const items = region === null ? all : this.inRegion(region, interest);
    const { above, below, beside } = this;
    return { items, all, fresh, above, below, beside, omissions, roots, frames, watched, hosts, headings, isLimited };
  }

  private inRegion(region: Box, interest: Interest | undefined): Item[] {
    const kept: Item[] = [];
    for (const item of this.items) {
      if (item.inRegion || interest?.concerns(item) === true) {
        kept.push(item);
        continue;
      }
      this.place(item.box, region, 1);
      this.omissions.add(item.part ?? item.element, 1, null, item.heading);
    }
    return kept;
  }
}

const NONE: readonly never[] = [];

/** Leaves out blocks without text of their own, wrappers of a control, and headings that are all link. */
function isWorthTelling(item: Item): boolean {
  switch (item.kind) {
    case Kind.Text:
    case Kind.Heading:
      return item.ownText;
    case Kind.Clickable: // what only wraps a control, or shows nothing at all, is left out
      return item.ownText || !item.holdsControl;
    default:
      return true;
  }
}
