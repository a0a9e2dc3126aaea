// Gathers what a walk finds, and counts what it leaves out and where that lies.

import { isSection } from "./context";
import type { Interest } from "./hints";
import type { Findings, Item, Scope } from "./item";
import { Kind } from "./kind";
import type { Outside } from "./outside";
import { OWN_PART } from "./run";
import { Omissions } from "./sections";
import type { Box } from "./visibility";

/** What a walk has found so far. */
export class Tally {
  private readonly items: Item[] = [];
  private readonly omissions = new Omissions();
  private readonly roots: ShadowRoot[] = [];
  private readonly frames: Element[] = [];
  private readonly start: Element;
  private above = 0;
  private below = 0;
  private beside = 0;

  constructor(start: Element) {
    this.start = start;
  }

  /** A candidate, in reading order. */
  add(item: Item): void {
    this.items.push(item);
    if (item.kind === Kind.Frame) this.frames.push(item.element);
  }

  addRoot(root: ShadowRoot): void {
    this.roots.push(root);
  }

  /** A block that lies outside of the region. */
  leaveOut(element: Element, box: Box, outside: Outside, scope: Scope): void {
    for (const root of outside.roots) this.roots.push(root);
    for (const frame of outside.frames) this.frames.push(frame);
    if (outside.count === 0) return;
    this.count(box, scope.region, outside.count);
    const isPart = outside.count >= OWN_PART && (outside.title !== null || isSection(element));
    const part = isPart || scope.part === null ? element : scope.part;
    this.omissions.add(part, outside.count, isPart ? outside.title : null, scope.section.heading);
  }

  /** Many blocks of which only the numbers matter. */
  leaveOutMany(above: number, below: number, beside: number, scope: Scope): void {
    const many = above + below + beside;
    if (many === 0) return;
    const isBound = scope.region !== null;
    this.above += isBound ? above : 0;
    this.below += isBound ? below : 0;
    this.beside += isBound ? beside : many;
    this.omissions.add(scope.part ?? this.start, many, null, scope.section.heading);
  }

  private count(box: Box, region: Box | null, many: number): void {
    if (region !== null && box.y + box.height < region.y) this.above += many;
    else if (region !== null && box.y > region.y + region.height) this.below += many;
    else this.beside += many;
  }

  /** Leaves out what has proved to be nothing, and counts what lies outside of the region. */
  finish(region: Box | null, interest: Interest | undefined): Findings {
    const items: Item[] = [];
    for (const item of this.items) {
      if (!isWorthTelling(item)) continue;
      if (item.inRegion || interest?.concerns(item) === true) items.push(item);
      else {
        this.count(item.box, region, 1);
        this.omissions.add(item.part ?? item.element, 1, null, item.heading);
      }
    }
    const { above, below, beside, omissions, roots, frames } = this;
    return { items, above, below, beside, omissions, roots, frames };
  }
}

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
