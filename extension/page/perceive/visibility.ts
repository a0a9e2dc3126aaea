// Whether an element can be seen, and where. Reads layout and style only; whether something else covers it is asked by
// act/hit_test.ts when it matters.

import { shownParent } from "../dom";
import { boundingBox, checkVisibility, childrenOf, firstChildOf, hasAttribute, localNameOf, ownerOf } from "../native";
import { areaBox } from "./pictures";

/** A rectangle relative to the document's own viewport. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** It is where the content of an element is that has no size of its own. */
  readonly isInner?: boolean;
}

/** Whether two boxes are the same, or none. */
export function isSameBox(a: Box | null, b: Box | null): boolean {
  if (a === b) return true;
  return a !== null && b !== null && a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;
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

/** Chrome's rectangle is asked once for each number: what is kept is read often. */
function ownBox(element: Element): Box {
  const { x, y, width, height } = boundingBox(element);
  return { x, y, width, height };
}

/** Where an element is. What has no box of its own (display: contents, inline around blocks) is where its content is. */
export function boxOf(element: Element): Box {
  const own = ownBox(element);
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
  if (inner.width > 0 && inner.height > 0) return innerBox(inner);
  let union: Box | null = null;
  for (const child of childrenOf(element)) {
    const box = boundingBox(child);
    if (box.width > 0 && box.height > 0) union = union === null ? box : unionOf(union, box);
  }
  return union === null ? null : innerBox(union);
}

function innerBox({ x, y, width, height }: Box): Box {
  return { x, y, width, height, isInner: true };
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
