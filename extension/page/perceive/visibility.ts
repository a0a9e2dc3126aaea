// Whether an element can be seen, and where. Reads layout and style only; whether something else covers it is asked by
// act/hit_test.ts when it matters.

import { shownParent, tagOf } from "../dom";
import { boundingBox, checkVisibility, childrenOf, firstChildOf, hasAttribute, localNameOf, ownerOf } from "../native";
import { OncePerReading } from "../reading";
import { isInBackgroundColor } from "./contrast";
import { areaBox } from "./pictures";

/** A rectangle relative to the document's own viewport. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How an element is rendered: not at all, taking up space but not painted, or painted. */
export enum Rendering {
  None,
  Unpainted,
  Painted,
}

const PAINTED = { visibilityProperty: true };

/** False in test environments without layout; then style is all there is. */
export const hasLayout = typeof Element !== "undefined" && typeof Element.prototype.checkVisibility === "function";

function renderingByStyle(element: Element): Rendering {
  for (let at: Element | null = element; at !== null; at = shownParent(at)) {
    if (hasAttribute(at, "hidden") || getComputedStyle(at).display === "none") return Rendering.None;
  }
  return getComputedStyle(element).visibility === "visible" ? Rendering.Painted : Rendering.Unpainted;
}

/** How an element is rendered. `display: contents` counts as painted: it has no box, but what is in it has. */
export function renderingOf(element: Element): Rendering {
  if (!hasLayout) return renderingByStyle(element);
  if (checkVisibility(element, PAINTED)) return Rendering.Painted;
  if (checkVisibility(element)) return Rendering.Unpainted;
  if (localNameOf(element) === "area") return areaBox(element) === null ? Rendering.None : Rendering.Painted;
  const style = getComputedStyle(element);
  if (style.display !== "contents") return Rendering.None;
  const parent = shownParent(element);
  if (parent !== null && renderingOf(parent) === Rendering.None) return Rendering.None;
  return style.visibility === "visible" ? Rendering.Painted : Rendering.Unpainted;
}

/** Whether an element is painted and takes up space, itself or by what is in it. */
export function isVisible(element: Element): boolean {
  if (renderingOf(element) !== Rendering.Painted) return false;
  const box = boxOf(element);
  return box.width > 0 && box.height > 0;
}

/** Where an element is. What has no box of its own (display: contents, inline around blocks) is where its content is. */
export function boxOf(element: Element): Box {
  const own = boundingBox(element);
  if (own.width > 0 && own.height > 0) return own;
  if (localNameOf(element) === "area") return areaBox(element) ?? own;
  if (firstChildOf(element) === null) return own;
  return contentBox(element) ?? own;
}

function contentBox(element: Element): Box | null {
  const range = ownerOf(element).createRange();
  range.selectNodeContents(element);
  if (typeof range.getBoundingClientRect !== "function") return null;
  const inner = range.getBoundingClientRect();
  if (inner.width > 0 && inner.height > 0) return inner;
  let union: Box | null = null;
  for (const child of childrenOf(element)) {
    const box = boundingBox(child);
    if (box.width > 0 && box.height > 0) union = union === null ? box : unionOf(union, box);
  }
  return union;
}

function unionOf(a: Box, b: Box): Box {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

/** What two boxes share; of no size if they share nothing. */
export function intersection(a: Box, b: Box): Box {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(0, Math.min(a.x + a.width, b.x + b.width) - x),
    height: Math.max(0, Math.min(a.y + a.height, b.y + b.height) - y),
  };
}

/** Whether two boxes touch; a box without size touches where its corner lies. */
export function touches(a: Box, b: Box): boolean {
  return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height;
}

/** Whether two boxes share more than an edge. */
export function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** The viewport of a window. */
export function viewportOf(view: Window): Box {
  return { x: 0, y: 0, width: view.innerWidth, height: view.innerHeight };
}

/** Below this a text or control cannot be read or hit by a person. */
const TINY_PIXELS = 4;
const TINY_FONT = 5;

function alphaOf(color: string): number {
  const match = /^rgba\(.*,\s*([\d.]+)\)$/.exec(color) ?? /\/\s*([\d.]+)(%?)\s*\)$/.exec(color);
  if (match === null) return color === "transparent" ? 0 : 1;
  return Number(match[1]) / (match[2] === "%" ? 100 : 1);
}

/** How much of each element shines through, with all around it; found once for each in a reading. */
const opacities = new OncePerReading(() => new Map<Element, number>());

function opacityOf(element: Element, known: Map<Element, number>): number {
  const chain: Element[] = [];
  let at: Element | null = element;
  for (; at !== null && !known.has(at); at = shownParent(at)) chain.push(at);
  let opacity = at === null ? 1 : (known.get(at) ?? 1);
  for (const inner of chain.reverse()) {
    opacity *= Number(getComputedStyle(inner).opacity || 1);
    known.set(inner, opacity);
  }
  return opacity;
}

function faded(element: Element): boolean {
  return opacityOf(element, opacities.get(ownerOf(element))) < 0.1;
}

/**
 * Whether a person could not read this although it is rendered: tiny, transparent, in the colour of its background,
 * clipped away or beyond the edges of the document. `text` tells that its content is text, so that font and colour count.
 */
export function isObscured(element: Element, box: Box, text: boolean): boolean {
  if (box.width < TINY_PIXELS || box.height < TINY_PIXELS) return true;
  const view = ownerOf(element).defaultView;
  if (view === null) return true;
  if (box.x + box.width + view.scrollX <= 0 || box.y + box.height + view.scrollY <= 0) return true;
  const style = getComputedStyle(element);
  const clip = style.clipPath;
  if (/^inset\((5\d|[6-9]\d|100)(\.\d+)?%\)$/.test(clip) || clip === "circle(0px)" || clip === "circle(0px at 50% 50%)")
    return true;
  if (/^rect\(0px,? 0px,? 0px,? 0px\)$/.test(style.clip)) return true;
  if (text && tagOf(element) !== "svg") {
    if (Number.parseFloat(style.fontSize) < TINY_FONT) return true;
    if (alphaOf(style.color) < 0.1) return true;
    if (Math.abs(Number.parseFloat(style.textIndent) || 0) > 500) return true;
    if (hasLayout && isInBackgroundColor(element, box, style)) return true;
  }
  return faded(element);
}
