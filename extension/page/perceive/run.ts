// The children of one long list, and where they are. After the first time that is verified by measuring some of them: where
// two neighbours of the sample have moved alike, so has what is between them; else all between them are measured. What is
// positioned by itself (fixed, sticky, absolute) or flows is never passed over.

import { isElement, tagOf } from "../dom";
import { boundingBox, firstChildOf, nextSiblingOf, nodeTypeOf } from "../native";
import { flows, isSkipped } from "./classify";
import type { Outside } from "./outside";
import { type Box, boxOf, Rendering, renderingOf } from "./visibility";

/** One of so many children is measured. */
const STRIDE = 32;
/** Differences below this come from rounding. */
const ROUNDING = 0.6;
/** And these are not worth moving anything for; they add up until they are. */
const TINY = 0.06;

/** What is known of a block. */
export interface Known {
  readonly outside: Outside;
  readonly box: Box;
  readonly text: boolean;
  readonly stamp: number;
}

/** How a child is to be treated. */
export enum Place {
  /** Not looked at yet, or not any more. */
  Unknown,
  /** Not rendered. */
  Nothing,
  /** To be entered each time. */
  Exact,
  /** A block that stays where its neighbours are. */
  Block,
}

/** One child of a long list. Its box is relative to the start of the document. */
export interface Child {
  readonly element: Element;
  /** The child before it, on which its place depends. */
  readonly before: Element | null;
  place: Place;
  box: Box;
  known: Known | null;
  /** Nothing but the number of what is in it matters: no shadow roots, frames and the like. Only if it is known. */
  isPlain: boolean;
  /** The take at which it was measured last. */
  measured: number;
}

const NOWHERE: Box = { x: 0, y: 0, width: 0, height: 0 };

/** The same box at another place. */
export function movedBy(box: Box, x: number, y: number): Box {
  return { x: box.x + x, y: box.y + y, width: box.width, height: box.height };
}

/** Whether two boxes are equally large. */
export function isSameSize(a: Box, b: Box): boolean {
  return Math.abs(a.width - b.width) < ROUNDING && Math.abs(a.height - b.height) < ROUNDING;
}

/** Elements that a position of their own takes out of the list. */
function placeOf(element: Element): { place: Place; box: Box } {
  const tag = tagOf(element);
  if (isSkipped(tag)) return { place: Place.Nothing, box: NOWHERE };
  if (tag === "br" || tag === "input") return { place: Place.Exact, box: NOWHERE };
  const rendering = renderingOf(element);
  if (rendering === Rendering.None) return { place: Place.Nothing, box: NOWHERE };
  const own = boxOf(element);
  const style = getComputedStyle(element);
  const isBlock =
    rendering === Rendering.Painted &&
    own.width > 0 &&
    own.height > 0 &&
    (style.position === "static" || style.position === "relative") &&
    !(flows(tag) && style.display.startsWith("inline"));
  return { place: isBlock ? Place.Block : Place.Exact, box: own };
}

/** Blocks with so much in them are told one by one. */
export const OWN_PART = 10;

/** Remembers what is in a child, or that it is not known any more. */
export function setKnown(child: Child, known: Known | null): void {
  child.known = known;
  if (known === null) {
    child.isPlain = false;
    return;
  }
  const { count, roots, frames, hosts, strays } = known.outside;
  child.isPlain = count < OWN_PART && roots.length + frames.length + hosts.length + strays.length === 0;
}

/** When and from where the children are looked at. */
export interface Look {
  /** The number of the take. */
  readonly take: number;
  readonly scrollX: number;
  readonly scrollY: number;
}

/** The children of one element or shadow root. */
export class Run {
  readonly children: Child[] = [];
  /** Text stands between the children, so that all of it has to be read. */
  readonly hasText: boolean;
  /** Children have come, gone or moved. */
  isStale = false;
  readonly stamp: number;

  /** `known` tells a child that need not be looked at anew if it still stands behind the same one. */
  constructor(holder: Element | ShadowRoot, stamp: number, known: (element: Element) => Child | undefined) {
    this.stamp = stamp;
    let hasText = false;
    let before: Element | null = null;
    for (let node = firstChildOf(holder); node !== null; node = nextSiblingOf(node)) {
      if (nodeTypeOf(node) === 3) hasText ||= /\S/.test((node as Text).data);
      if (!isElement(node)) continue;
      const old = known(node);
      this.children.push(old !== undefined && old.before === before ? old : newChild(node, before));
      before = node;
    }
    this.hasText = hasText;
  }

  /** Finds out where a child is now. */
  measure(child: Child, look: Look): void {
    if (child.measured === look.take) return;
    child.measured = look.take;
    const { place, box } = placeOf(child.element);
    if ((place !== child.place && child.place !== Place.Unknown) || !isSameSize(box, child.box)) setKnown(child, null);
    child.place = place;
    child.box = movedBy(box, look.scrollX, look.scrollY);
  }

  /** How far a child has moved of which nothing else is known to have happened; null if more has. */
  private glance(child: Child, look: Look): Move | null {
    const before = child.box;
    const box = boundingBox(child.element);
    if (!isSameSize(box, before)) {
      this.measure(child, look);
      return null;
    }
    const move = { x: box.x + look.scrollX - before.x, y: box.y + look.scrollY - before.y };
    if (!isTiny(move)) child.box = movedBy(before, move.x, move.y);
    return move;
  }

  /** Brings the places of all children up to date. */
  locate(look: Look): void {
    const { children } = this;
    let from = 0; // the part that begins behind the last sample
    let last: Move | null = null; // how the last sample has moved
    for (const [index, child] of children.entries()) {
      const isSample = child.place === Place.Block && (index % STRIDE === 0 || index === children.length - 1);
      if (!isSample) continue;
      const move = this.glance(child, look);
      const isSame = move !== null && last !== null && isAlike(move, last);
      this.locatePart(from, index, isSame ? move : null, look);
      last = move;
      from = index + 1;
    }
    this.locatePart(from, children.length, null, look);
  }

  /** Moves what is between two samples as they have moved, or measures it if that cannot be said. */
  private locatePart(from: number, to: number, move: Move | null, look: Look): void {
    let isKnown = move !== null;
    for (let index = from; isKnown && index < to; index++) isKnown = this.children[index]?.place !== Place.Unknown;
    if (isKnown && move !== null && isTiny(move)) return;
    for (let index = from; index < to; index++) {
      const child = this.children[index] as Child;
      if (!isKnown || move === null) this.measure(child, look);
      else if (child.place === Place.Block) child.box = movedBy(child.box, move.x, move.y);
    }
  }
}

interface Move {
  readonly x: number;
  readonly y: number;
}

function isTiny({ x, y }: Move): boolean {
  return Math.abs(x) < TINY && Math.abs(y) < TINY;
}

function isAlike(a: Move, b: Move): boolean {
  return Math.abs(a.x - b.x) < ROUNDING && Math.abs(a.y - b.y) < ROUNDING;
}

function newChild(element: Element, before: Element | null): Child {
  return { element, before, place: Place.Unknown, box: NOWHERE, known: null, isPlain: false, measured: 0 };
}
