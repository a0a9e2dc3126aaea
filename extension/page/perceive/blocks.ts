// What is known from earlier takes about the parts of the page that lie outside of the covered region: how much is in each
// block, and where the children of long lists are, so that a state costs what is in the region and what has changed. What
// has changed is told by changes.ts. Nothing that a state lists comes from here: what may touch the region is always looked
// at anew, so that at worst a count could be old.

import { isElement, isShadowRoot, shadowRootOf, shownParent } from "../dom";
import { checkVisibility, elementCountOf } from "../native";
import { lookOutside, type Outside, reachesInto } from "./outside";
import { type Child, isSameSize, type Known, type Look, movedBy, Place, Run, setKnown } from "./run";
import { type Box, hasLayout, touches } from "./visibility";

/** The children of an element that have to be entered one by one, each with the heading that comes before it. */
export interface Plan {
  readonly nodes: readonly Node[];
  /** One more than nodes: the last one comes after all of them. */
  readonly headings: readonly (Element | null)[];
}

/** What a plan is about. */
export interface PlanOptions {
  /** What is covered here, and what is covered at all. */
  readonly region: Box;
  readonly whole: Box;
  readonly text: boolean;
  /** Whether something is covered for another reason, if there are any. */
  readonly isNear: ((box: Box) => boolean) | null;
}

/** Takes what is left out. */
export interface LeftOut {
  /** A block with something special in it. */
  one(element: Element, box: Box, outside: Outside): void;
  /** Many blocks together: how much is in those above, below and beside the region. */
  many(above: number, below: number, beside: number): void;
}

/** What a walk asks. */
export interface Blocks {
  /** What is in an element whose box is outside of the region. */
  outside(element: Element, box: Box, text: boolean): Outside;
  /** For many children, those that have to be entered; all others have been left out. Null if each has to be looked at. */
  plan(holder: Element | ShadowRoot, options: PlanOptions, leftOut: LeftOut): Plan | null;
}

/** With fewer children each one is looked at, and what is found is remembered with all around it (index_memory.ts). */
const MANY = 96;
/** What comes so near to the region is measured in any case. */
const NEAR = 64;

/** Whether an element in it has got a shadow root meanwhile. */
function hasNewRoot({ hosts }: Outside): boolean {
  return hosts.length > 0 && hosts.some((host) => shadowRootOf(host) !== null);
}

/** What is known about the blocks of one document. */
export class BlockIndex implements Blocks {
  private known = new WeakMap<Element, Known>();
  private runs = new WeakMap<Node, Run>();
  private childOf = new WeakMap<Element, Child>();
  /** All in these has to be looked at anew if it was looked at before the stamp. */
  private below = new WeakMap<Element, number>();
  /** Grows with everything that is forgotten. */
  private stamp = 1;
  private look: Look = { take: 0, scrollX: 0, scrollY: 0 };
  /** What was climbed already since the take began; anything above it has been forgotten too. */
  private climbed = new Set<Element>();

  /** To be called before a take. */
  beginTake(): void {
    this.look = { take: this.look.take + 1, scrollX: window.scrollX, scrollY: window.scrollY };
    this.climbed = new Set();
  }

  /** Forgets everything. */
  forgetAll(): void {
    this.known = new WeakMap();
    this.runs = new WeakMap();
    this.childOf = new WeakMap();
    this.below = new WeakMap();
    this.climbed = new Set();
  }

  /** Something in this element, or it itself, has changed: how much is in it and in all around it has to be counted anew. */
  forget(element: Element): void {
    for (let at: Element | null = element; at !== null && !this.climbed.has(at); at = shownParent(at)) {
      this.climbed.add(at);
      this.known.delete(at);
      const child = this.childOf.get(at);
      if (child === undefined) continue;
      child.place = Place.Unknown;
      setKnown(child, null);
    }
  }

  /** Everything in this element may have changed. */
  forgetBelow(element: Element): void {
    this.below.set(element, ++this.stamp);
    this.forget(element);
  }

  /** The children of this element or shadow root have changed. */
  forgetChildren(holder: Node): void {
    const run = this.runs.get(holder);
    if (run !== undefined) run.isStale = true;
  }

  /** When all around an element was forgotten last. */
  private staleness(element: Element | null): number {
    let newest = 0;
    for (let at = element; at !== null; at = shownParent(at)) newest = Math.max(newest, this.below.get(at) ?? 0);
    return newest;
  }

  outside(element: Element, box: Box, text: boolean): Outside {
    const known = this.known.get(element);
    if (known !== undefined && this.isValid(known, box, text, this.staleness(element))) return known.outside;
    const fresh = this.count(element, box, text);
    this.known.set(element, fresh);
    return fresh.outside;
  }

  private count(element: Element, box: Box, text: boolean): Known {
    return { outside: lookOutside(element, box, text), box, text, stamp: this.stamp };
  }

  private isValid(known: Known, box: Box, text: boolean, stale: number): boolean {
    return known.text === text && isSameSize(known.box, box) && known.stamp >= stale && !hasNewRoot(known.outside);
  }

  plan(holder: Element | ShadowRoot, options: PlanOptions, leftOut: LeftOut): Plan | null {
    if (!hasLayout || (isElement(holder) ? elementCountOf(holder) : holder.childElementCount) < MANY) return null;
    const run = this.runOf(holder);
    if (run.hasText) return null;
    run.locate(this.look);
    const nodes: Node[] = [];
    const headings: (Element | null)[] = [];
    const near = this.toDocument(options.region, NEAR);
    const tally = { above: 0, below: 0, beside: 0 };
    let heading: Element | null = null;
    for (const child of run.children) {
      // What was not rendered may be by now without a trace: a rule that was edited in place tells nobody.
      if (child.place === Place.Nothing && !checkVisibility(child.element)) continue;
      const outside = child.place === Place.Block ? this.outsideOf(run, child, near, options) : null;
      if (outside === null) {
        nodes.push(child.element);
        headings.push(heading);
        heading = null;
        continue;
      }
      if (outside.heading !== null) heading = outside.heading;
      if (!child.isPlain) leftOut.one(child.element, this.toViewport(child.box), outside);
      else if (child.box.y + child.box.height < near.y + NEAR) tally.above += outside.count;
      else if (child.box.y > near.y + near.height - NEAR) tally.below += outside.count;
      else tally.beside += outside.count;
    }
    headings.push(heading);
    leftOut.many(tally.above, tally.below, tally.beside);
    return { nodes, headings };
  }

  /** A box relative to the viewport as one relative to the document, with a margin. */
  private toDocument(box: Box, margin: number): Box {
    return {
      x: box.x + this.look.scrollX - margin,
      y: box.y + this.look.scrollY - margin,
      width: box.width + 2 * margin,
      height: box.height + 2 * margin,
    };
  }

  private toViewport(box: Box): Box {
    return movedBy(box, -this.look.scrollX, -this.look.scrollY);
  }

  /** What is in a child that lies outside of the region; null if it does not. */
  private outsideOf(run: Run, child: Child, near: Box, { region, whole, text, isNear }: PlanOptions): Outside | null {
    if (isNear?.(this.toViewport(child.box)) === true) return null;
    if (touches(child.box, near)) {
      run.measure(child, this.look);
      if (child.place !== Place.Block || touches(this.toViewport(child.box), region)) return null;
    }
    const { known } = child;
    if (known === null || known.text !== text || (!child.isPlain && hasNewRoot(known.outside))) {
      setKnown(child, this.count(child.element, this.toViewport(child.box), text));
    }
    const { outside } = child.known as Known;
    if (child.isPlain) return outside;
    return outside.strays.length > 0 && reachesInto(outside, whole) ? null : outside;
  }

  private runOf(holder: Element | ShadowRoot): Run {
    const stale = this.staleness(isShadowRoot(holder) ? holder.host : holder);
    const before = this.runs.get(holder);
    const keeps = before !== undefined && before.stamp >= stale;
    if (keeps && !before.isStale) return before;
    const run = new Run(holder, this.stamp, (element) => (keeps ? this.childOf.get(element) : undefined));
    for (const child of run.children) this.childOf.set(child.element, child);
    this.runs.set(holder, run);
    return run;
  }
}
