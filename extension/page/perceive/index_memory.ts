// What is remembered of the last walk, so that the next one goes only where something has changed. For each block that text
// does not flow out of there is a segment: in which surroundings it stood, and what the walk found in it. As long as nothing
// in the block has changed and it stands in the same surroundings, the walk takes the segment and does not go in. What has
// changed is told by changes.ts; whether what was found is still where it was, by index_places.ts.

import { isElement, shownParent } from "../dom";
import { firstChildOf, nextSiblingOf, nodeTypeOf } from "../native";
import type { Watched } from "./index_watch";
import type { Item, Scope } from "./item";
import { type Box, boxOf, isSameBox } from "./visibility";

/** The children of an element with fewer nodes are gone through anew. */
const MANY = 12;

/** What a walk has gathered up to a point. */
export interface Mark {
  readonly items: number;
  readonly fresh: number;
  readonly controls: number;
  readonly roots: number;
  readonly frames: number;
  readonly watched: number;
  readonly hosts: number;
  readonly passed: number;
  /** How often something was left out that has to be looked at each time. */
  readonly lefts: number;
}

/** A block that was passed, because it lies outside of the region. */
export interface Passed {
  readonly element: Element;
  readonly box: Box;
  readonly region: Box | null;
  /** How much is in it, and where it was counted. */
  readonly count: number;
  readonly part: Element;
  readonly title: Element | null;
  readonly heading: Element | null;
}

const NONE: readonly never[] = [];

/** What the last walk found in one block. */
export class Segment {
  readonly element: Element;
  /** Nothing in the block has changed since it was walked. */
  isClean = false;
  /** When it was walked. */
  stamp = 0;
  items: readonly Item[] = NONE;
  roots: readonly ShadowRoot[] = NONE;
  frames: readonly Element[] = NONE;
  watched: readonly Watched[] = NONE;
  /** What may come to have a shadow root. */
  hosts: readonly Watched[] = NONE;
  passed: readonly Passed[] = NONE;
  /** How many controls are among the items. */
  controls = 0;
  holdsControl = false;
  /** The heading that what comes after stands under. */
  headingAfter: Element | null = null;
  private parent: Item | null = null;
  private form: Element | null = null;
  private landmark: Element | null = null;
  private heading: Element | null = null;
  private row: Element | null = null;
  private part: Element | null = null;
  private inert = false;
  private pointer = false;
  private region: Box | null = null;
  private view: Box | null = null;

  constructor(element: Element) {
    this.element = element;
  }

  /** The walk comes to the block. */
  enter(scope: Scope, stamp: number): void {
    this.isClean = false;
    this.stamp = stamp;
    this.parent = scope.parent;
    this.form = scope.form;
    this.landmark = scope.landmark;
    this.heading = scope.section.heading;
    this.row = scope.row;
    this.part = scope.part;
    this.inert = scope.inert;
    this.pointer = scope.pointer;
    this.region = scope.region;
    this.view = scope.view;
  }

  /** Whether a walk that comes to the block in these surroundings would find the same. */
  holds(scope: Scope, stale: number): boolean {
    return (
      this.isClean &&
      this.stamp >= stale &&
      this.parent === scope.parent &&
      this.heading === scope.section.heading &&
      this.form === scope.form &&
      this.landmark === scope.landmark &&
      this.row === scope.row &&
      this.part === scope.part &&
      this.inert === scope.inert &&
      this.pointer === scope.pointer &&
      isSameBox(this.region, scope.region) &&
      isSameBox(this.view, scope.view)
    );
  }

  /** Whether what was passed in it is still where it was, so that it would be passed again. */
  get isPassedStill(): boolean {
    for (const { element, box } of this.passed) if (!isSameBox(boxOf(element), box)) return false;
    return true;
  }

  /** The walk has come to the end of the block. */
  leave(
    found: Pick<Segment, "items" | "roots" | "frames" | "watched" | "hosts" | "passed" | "controls" | "holdsControl">,
    scope: Scope,
  ): void {
    this.items = found.items;
    this.roots = found.roots;
    this.frames = found.frames;
    this.watched = found.watched;
    this.hosts = found.hosts;
    this.passed = found.passed;
    this.controls = found.controls;
    this.holdsControl = found.holdsControl;
    this.headingAfter = scope.section.heading;
    this.isClean = true;
  }
}

/** A child of a long list: with its segment, if there is one. */
export type Part = Node | Segment;

/** What has things forgotten that are not so any more. */
export interface Forgetful {
  forgetAll(): void;
  /** This element has changed, or something in it that says nothing about the rest of what is in it. */
  forget(element: Element): void;
  /** Everything in this element may have changed. */
  forgetBelow(element: Element): void;
  /** The children of this element or shadow root are others, or in another order. */
  forgetChildren(holder: Node): void;
}

/** With more that has changed since it was asked, everything is forgotten. */
const MANY_TOUCHED = 10_000;

/** What is remembered of one document, for one way of asking. */
export class PageMemory implements Forgetful {
  /** What has changed since the last take, itself or by what is in it. */
  readonly touched = new Set<Element>();
  /** What was climbed already since the last walk; anything above it has been forgotten too. */
  private climbed = new Set<Element>();
  private segments = new WeakMap<Element, Segment>();
  private items = new WeakMap<Element, Item>();
  private parts = new WeakMap<Node, Part[]>();
  /** All in these has to be looked at anew if it was looked at before the stamp. */
  private below = new WeakMap<Element, number>();
  /** When each was touched last. */
  private touchedAt = new WeakMap<Element, number>();
  /** What may change without a trace, and what may come to have a shadow root, of all that was found. */
  watched: readonly Watched[] = NONE;
  hosts: readonly Watched[] = NONE;
  /** Grows with everything that is forgotten. */
  stamp = 1;
  /** The number of the walk. */
  walk = 0;
  /** What it was when everything was forgotten. */
  private allForgotten = 0;
  /** What it was when the last take ended. */
  private ended = 1;

  /** To be called at each take, also if this memory is not asked: the tree may be another one now. */
  beginTake(): void {
    this.climbed.clear();
    if (this.touched.size > MANY_TOUCHED) this.forgetAll();
  }

  /** To be called before each walk: what is forgotten from now on may have been remembered by it. */
  beginWalk(): void {
    this.climbed.clear();
    this.walk++;
  }

  /** To be called at the end of a take. */
  endTake(): void {
    this.touched.clear();
    this.climbed.clear();
    this.ended = this.stamp;
  }

  forgetAll(): void {
    this.watched = NONE;
    this.hosts = NONE;
    this.segments = new WeakMap();
    this.items = new WeakMap();
    this.parts = new WeakMap();
    this.below = new WeakMap();
    this.touchedAt = new WeakMap();
    this.touched.clear();
    this.climbed.clear();
    this.allForgotten = ++this.stamp;
  }

  forget(element: Element): void {
    if (this.climbed.has(element)) return;
    const stamp = ++this.stamp;
    for (let at: Element | null = element; at !== null && !this.climbed.has(at); at = shownParent(at)) {
      this.climbed.add(at);
      this.touched.add(at);
      this.touchedAt.set(at, stamp);
      const segment = this.segments.get(at);
      if (segment !== undefined) segment.isClean = false;
    }
  }

  forgetBelow(element: Element): void {
    this.forget(element);
    this.below.set(element, ++this.stamp);
  }

  forgetChildren(holder: Node): void {
    this.parts.delete(holder);
  }

  /** When all in an element, and not only the element, was forgotten last; 0 if never. */
  forgottenBelow(element: Element): number {
    return this.below.get(element) ?? 0;
  }

  /** Whether all in an element has been forgotten since the last take. */
  isForgottenBelow(element: Element): boolean {
    return this.forgottenBelow(element) > this.ended;
  }

  /** Whether nothing in an element, nor around it, has changed since a time. */
  isAsAt(element: Element, stamp: number): boolean {
    return (this.touchedAt.get(element) ?? 0) <= stamp && this.isAllAsAt(element, stamp);
  }

  /** Whether an element has not been forgotten with all that is in it since a time. */
  isAllAsAt(element: Element, stamp: number): boolean {
    if (stamp < this.allForgotten) return false;
    for (let at: Element | null = element; at !== null; at = shownParent(at))
      if ((this.below.get(at) ?? 0) > stamp) return false;
    return true;
  }

  segmentOf(element: Element): Segment | undefined {
    return this.segments.get(element);
  }

  /** The segment of a block that is walked anew. */
  enter(element: Element, scope: Scope): Segment {
    let segment = this.segments.get(element);
    if (segment === undefined) {
      segment = new Segment(element);
      this.segments.set(element, segment);
    }
    segment.enter(scope, this.stamp);
    return segment;
  }

  /** The item of an element stays the same object. */
  adopt(item: Item): Item {
    const known = this.items.get(item.element);
    if (known === undefined) this.items.set(item.element, item);
    else known.become(item);
    const kept = known ?? item;
    kept.met = this.walk;
    return kept;
  }

  /** The children of an element or shadow root, if there are many. */
  partsOf(holder: Element | ShadowRoot): Part[] | null {
    const known = this.parts.get(holder);
    if (known !== undefined) return known;
    const parts: Part[] = [];
    for (let node = firstChildOf(holder); node !== null; node = nextSiblingOf(node)) {
      const type = nodeTypeOf(node);
      if (type === 3 || type === 1) parts.push(node);
    }
    if (parts.length < MANY) return null;
    this.parts.set(holder, parts);
    return parts;
  }

  /** What stands for a child of a long list from now on. */
  partFor(node: Node): Part {
    return isElement(node) ? (this.segments.get(node) ?? node) : node;
  }
}
