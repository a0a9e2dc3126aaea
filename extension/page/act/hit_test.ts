// What a pointer would meet. Looks through shadow roots, tries several points of an element, and names what is on top.

import { create } from "@bufbuild/protobuf";
import { CoveredDetailsSchema, ErrorCode } from "@gen/tabwire/v1/error_pb";
import { property, shadowRootOf, shownInside, shownParent, tagOf } from "../dom";
import { PageError } from "../errors";
import { elementFromPoint } from "../native";
import { inWords } from "../perceive/describe";
import { type Box, intersection, viewportOf } from "../perceive/visibility";
import type { Registry } from "../registry";

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
function pointsOf(element: Element, fallback: Box): Point[] {
  const view = viewportOf(window);
  const points: Point[] = [];
  for (const box of boxesOf(element, fallback)) {
    const shown = intersection(box, view);
    if (shown.width <= 0 || shown.height <= 0) continue;
    for (const [dx, dy] of SPOTS) points.push({ x: shown.x + shown.width * dx, y: shown.y + shown.height * dy });
  }
  return points;
}

/** Whether hitting `hit` is hitting `target`: inside of it, or by the label that belongs to it. */
export function reaches(hit: Element, target: Element): boolean {
  if (shownInside(hit, target)) return true;
  for (let at: Element | null = hit; at !== null; at = shownParent(at)) {
    if (tagOf(at) === "label" && property<Element | null>(at, "control") === target) return true;
  }
  return tagOf(target) === "label" && property<Element | null>(target, "control") === hit;
}

/** The first point at which the target can be hit. Null if there is none; then `coverer` was met in the middle. */
export function hitTest(target: Element, surface: Element, box: Box): { hit: Hit | null; coverer: Element | null } {
  let coverer: Element | null = null;
  for (const point of pointsOf(surface, box)) {
    const element = elementAt(point);
    if (element === null) continue;
    if (reaches(element, target) || (surface !== target && reaches(element, surface)))
      return { hit: { point, element }, coverer: null };
    coverer ??= element;
  }
  return { hit: null, coverer };
}

/** The error that names what is on top. */
export function coveredBy(coverer: Element, words: string, registry: Registry): PageError {
  let named: Element = coverer;
  for (let at: Element | null = coverer; at !== null; at = shownParent(at)) {
    if (registry.knownIdOf(at) === 0) continue;
    named = at;
    break;
  }
  const description = inWords(coverer);
  const details = create(CoveredDetailsSchema, { elementId: registry.knownIdOf(named), description });
  return new PageError(ErrorCode.ELEMENT_COVERED, `The ${words} is covered by the ${description}.`, {
    details: { kind: { case: "covered", value: details } },
    retryable: true,
  });
}
