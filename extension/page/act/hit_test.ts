// What a pointer would meet. Looks through shadow roots, and tries several points of an element.

import { closestShown, isElement, property, shadowRootOf, shownInside, shownParent, tagOf } from "../dom";
import { elementFromPoint, firstElementOf, nodeTypeOf, ownerOf, treeWalker } from "../native";
import { isSkipped } from "../perceive/classify";
import { CONTROL_ROLES, roleOf } from "../perceive/role";
import { type Box, intersection, overlaps, viewportOf } from "../perceive/visibility";

/** A point relative to the viewport. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where an element can be hit, and what is hit there: itself, something in it, or its label. */
export interface Hit {
  readonly point: Point;
  readonly element: Element;
}

/** The innermost element at a point, through open and closed shadow roots. */
export function elementAt(point: Point): Element | null {
  let hit = elementFromPoint(document, point.x, point.y);
  for (let at = hit; at !== null; ) {
    const root: ShadowRoot | null = shadowRootOf(at);
    const inner: Element | null = root?.elementFromPoint(point.x, point.y) ?? null;
    if (inner === null || inner === at || root?.contains(inner) !== true) break;
    hit = inner;
    at = inner;
  }
  return hit;
}

/** Fractions of a box at which it is tried: the middle first, then towards the corners, then the edges. */
const SPOTS: readonly (readonly [number, number])[] = [
  [0.5, 0.5],
  [0.25, 0.25],
  [0.75, 0.75],
  [0.75, 0.25],
  [0.25, 0.75],
  [0.1, 0.5],
  [0.9, 0.5],
  [0.5, 0.1],
  [0.5, 0.9],
];

/** The boxes of an element that can be pointed at: one for each line of a link that is broken over lines. */
function boxesOf(element: Element, fallback: Box): Box[] {
  const boxes = Array.from(element.getClientRects()).filter((box) => box.width > 0 && box.height > 0);
  return boxes.length === 0 ? [fallback] : boxes.slice(0, 5);
}

/** Points to try, within the viewport. */
function pointsOf(target: Element, surface: Element, fallback: Box): Point[] {
  const view = viewportOf(window);
  const points: Point[] = [];
  if (target === surface) {
    const text = CONTROL_ROLES.has(roleOf(target)) ? null : firstTextBox(target);
    if (text !== null && overlaps(text, view)) points.push(middleOf(intersection(text, view)));
  }
  for (const box of boxesOf(surface, fallback)) {
    const shown = intersection(box, view);
    if (shown.width <= 0 || shown.height <= 0) continue;
    for (const [dx, dy] of SPOTS) points.push({ x: shown.x + shown.width * dx, y: shown.y + shown.height * dy });
  }
  return points.concat(pointsOnOutline(surface));
}

function middleOf(box: Box): Point {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** How many nodes are looked at for a text of its own. */
const TEXT_SEARCH = 60;

/**
 * The first line of text in something that is pressed but is no control: the listener is often on the text, and the
 * middle of a row may lie on something else that can be pressed. Null if there is no such text.
 */
function firstTextBox(element: Element): Box | null {
  if (firstElementOf(element) === null) return null;
  const walker = treeWalker(element, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, (node) =>
    isElement(node) && (isSkipped(tagOf(node)) || CONTROL_ROLES.has(roleOf(node)))
      ? NodeFilter.FILTER_REJECT
      : NodeFilter.FILTER_ACCEPT,
  );
  for (let looked = 0, node = walker.nextNode(); node !== null && looked < TEXT_SEARCH; looked++) {
    if (nodeTypeOf(node) === 3 && (node as Text).data.trim() !== "") {
      const range = ownerOf(element).createRange();
      range.selectNodeContents(node);
      const line = Array.from(range.getClientRects()).find((box) => box.width > 1 && box.height > 1);
      if (line !== undefined) return line;
    }
    node = walker.nextNode();
  }
  return null;
}

/** Points on the line of a shape that is drawn without being filled. */
function pointsOnOutline(element: Element): Point[] {
  const shape = element as SVGGeometryElement;
  if (typeof shape.getPointAtLength !== "function") return [];
  const matrix = shape.getScreenCTM();
  if (matrix === null) return [];
  const length = shape.getTotalLength();
  return [0.5, 0.25, 0.75, 0.125, 0.625].map((part) => {
    const { x, y } = shape.getPointAtLength(length * part).matrixTransform(matrix);
    return { x, y };
  });
}

/** Whether hitting `hit` is hitting `target`: inside of it, or by the label that belongs to it. */
export function reaches(hit: Element, target: Element): boolean {
  if (shownInside(hit, target)) return true;
  for (let at: Element | null = hit; at !== null; at = shownParent(at)) {
    if (tagOf(at) === "label" && property<Element | null>(at, "control") === target) return true;
  }
  return tagOf(target) === "label" && property<Element | null>(target, "control") === hit;
}

/** Whether a hit inside of the target would press another control that lies in it. */
function meetsOther(hit: Element, target: Element): boolean {
  const nearest = closestShown(hit, (at) => at === target || CONTROL_ROLES.has(roleOf(at)));
  return nearest !== target && nearest !== null && shownInside(nearest, target);
}

/** What was found at the points of an element. */
export interface Tried {
  readonly hit: Hit | null;
  /** What was met first instead. */
  readonly coverer: Element | null;
}

/** The first point at which the target can be hit; rather one where nothing else that can be pressed lies in it. */
export function hitTest(target: Element, surface: Element, box: Box): Tried {
  let coverer: Element | null = null;
  let other: Hit | null = null;
  for (const point of pointsOf(target, surface, box)) {
    const element = elementAt(point);
    if (element === null) continue;
    if (reaches(element, target) || (surface !== target && reaches(element, surface))) {
      if (!meetsOther(element, target)) return { hit: { point, element }, coverer: null };
      other ??= { point, element };
    } else coverer ??= element;
  }
  return { hit: other, coverer: other === null ? coverer : null };
}

/** What a point of the target meets. */
export function hitTestAt(target: Element, point: Point): Tried {
  const element = elementAt(point);
  if (element !== null && reaches(element, target)) return { hit: { point, element }, coverer: null };
  return { hit: null, coverer: element };
}
