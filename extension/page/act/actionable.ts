// Makes sure that an element can be acted on as a person would: rendered, enabled, brought into view, at rest, and not
// covered. Answers with the point to act at, or throws the reason why not.

import { sleep } from "../clock";
import { closestShown, isDisabled, shownInside, shownParent } from "../dom";
import { invalidArgument, notInteractable } from "../errors";
import { hasAttribute } from "../native";
import { modalOf, standIn } from "../perceive/classify";
import { isScrollable } from "../perceive/operations";
import { isReadonly } from "../perceive/states";
import { editorOfProxy } from "../perceive/typing_proxy";
import { type Box, boxOf, Rendering, renderingOf, viewportOf } from "../perceive/visibility";
import type { ActContext, Target } from "./context";
import { coveredBy, type Hit, hitTest, hitTestAt, type Point, type Tried } from "./hit_test";

/** Two looks at a moving element are so many milliseconds apart. */
const LOOK_AGAIN = 16;
const MOVING_LIMIT = 1000;
/** What covers an element is looked at so often, for at most so long, and not longer than this while it stands still. */
const COVERED_AGAIN = 50;
const COVERED_LIMIT = 3000;
const STILL = 200;
const STILL_HIDDEN = 2200;

/** An element that can be acted on. */
export interface Ready {
  readonly target: Target;
  /** What is shown of it: itself, or its label. */
  readonly surface: Element;
  readonly hit: Hit;
}

/** Throws if the element takes no input now. */
export function requireEnabled(target: Target): void {
  const { element, words } = target;
  if (isDisabled(element)) {
    throw notInteractable(`The ${words} is disabled.`, "Find out what enables it, and do that first.");
  }
  const modal = modalOf(document);
  const inert = closestShown(element, (at) => hasAttribute(at, "inert")) !== null;
  if (inert || (modal !== null && !shownInside(element, modal))) {
    throw notInteractable(
      `The ${words} takes no input while a dialog is open or its part of the page is inert.`,
      "Close the dialog first.",
    );
  }
}

/** Throws if the element's value cannot be changed. */
export function requireWritable(target: Target): void {
  if (isReadonly(target.element)) {
    throw notInteractable(
      `The ${target.words} is read-only.`,
      "Use another field, or find out what makes it editable.",
    );
  }
}

/** What is shown of an element. Throws if it is not rendered. */
export function surfaceOf(target: Target): Element {
  const { element, words } = target;
  const rendering = renderingOf(element);
  const box = boxOf(element);
  const sized = box.width >= 2 && box.height >= 2;
  const editor = editorOfProxy(element);
  if (editor !== null) return editor;
  if (rendering === Rendering.Painted && sized) return element;
  const label = standIn(element);
  if (label !== null) return label;
  if (rendering === Rendering.Painted && box.width > 0 && box.height > 0) return element;
  const why =
    rendering === Rendering.None ? "not rendered" : rendering === Rendering.Unpainted ? "hidden" : "of no size";
  throw notInteractable(
    `The ${words} is ${why}, so it cannot be used.`,
    "Open what it is hidden in first, then take a new page state.",
  );
}

/** Brings an element into view, without animation. */
export function scrollIntoView(element: Element, block: ScrollLogicalPosition): void {
  element.scrollIntoView({ block, inline: "nearest", behavior: "instant" });
}

function same(a: Box, b: Box): boolean {
  return (
    Math.abs(a.x - b.x) < 1 &&
    Math.abs(a.y - b.y) < 1 &&
    Math.abs(a.width - b.width) < 1 &&
    Math.abs(a.height - b.height) < 1
  );
}

/**
 * Waits until an element does not move: until it was at the same place at three looks, because something that swings is
 * twice at the same place. One that is where it was perceived is at rest without a second look.
 */
async function atRest(ctx: ActContext, target: Target, surface: Element): Promise<Box> {
  let box = boxOf(surface);
  if (target.seenAt !== null && same(box, target.seenAt)) return box;
  const until = performance.now() + Math.min(MOVING_LIMIT, ctx.timeLeft());
  for (let looks = 1; looks < 3; ) {
    await sleep(LOOK_AGAIN);
    ctx.checkpoint();
    const next = boxOf(surface);
    looks = same(box, next) ? looks + 1 : 1;
    box = next;
    if (looks < 3 && performance.now() > until) {
      throw notInteractable(`The ${target.words} keeps moving.`, "Wait until the page is quiet, then try again.");
    }
  }
  return box;
}

/** Where in an element, from its upper left corner. What is left out is the middle. */
export interface Spot {
  readonly x?: number | undefined;
  readonly y?: number | undefined;
}

/** The point of a spot in a box. Throws if it lies outside. */
function pointIn(box: Box, spot: Spot, words: string): Point {
  const x = spot.x ?? box.width / 2;
  const y = spot.y ?? box.height / 2;
  if (x < 0 || y < 0 || x > box.width || y > box.height) {
    const size = `${Math.round(box.width)} x ${Math.round(box.height)} pixels`;
    const rule = "lies in the element";
    throw invalidArgument(x < 0 || x > box.width ? "offset_x" : "offset_y", rule, `The ${words} is ${size} large.`);
  }
  // The right and the lower edge belong to the next element.
  return { x: box.x + Math.min(x, box.width - 0.5), y: box.y + Math.min(y, box.height - 0.5) };
}

/** Scrolls what is around an element so that one point of it comes into view; for what is larger than the view. */
function bringPointIntoView(element: Element, spot: Spot, words: string): void {
  scrollIntoView(element, "nearest");
  for (let at: Element | null = element; at !== null; at = shownParent(at)) {
    const isRoot = at === document.scrollingElement;
    if (!isRoot && (at === element || !isScrollable(at))) continue;
    const frame = isRoot ? viewportOf(window) : boxOf(at);
    const point = pointIn(boxOf(element), spot, words);
    const left = point.x < frame.x || point.x >= frame.x + frame.width ? point.x - frame.x - frame.width / 2 : 0;
    const top = point.y < frame.y || point.y >= frame.y + frame.height ? point.y - frame.y - frame.height / 2 : 0;
    if (left !== 0 || top !== 0) at.scrollBy({ left, top, behavior: "instant" });
  }
}

/** Makes one spot of an element ready to be acted on with a pointer. */
async function makeSpotReady(ctx: ActContext, target: Target, spot: Spot): Promise<Ready> {
  const { element, words } = target;
  const tried = hitTestAt(element, pointIn(await atRest(ctx, target, element), spot, words));
  if (tried.hit !== null) return { target, surface: element, hit: tried.hit };
  bringPointIntoView(element, spot, words);
  const next = hitTestAt(element, pointIn(await atRest(ctx, { ...target, seenAt: null }, element), spot, words));
  if (next.hit !== null) return { target, surface: element, hit: next.hit };
  const other = next.coverer ?? tried.coverer;
  if (other === null)
    throw notInteractable(`This point of the ${words} cannot be brought into view.`, "Use another point of it.");
  if (shownInside(element, other)) {
    throw invalidArgument("offset_x", "meets the element", `There is nothing of the ${words} at this point.`);
  }
  throw coveredBy(other, element, words, ctx.registry);
}

/** Makes an element ready to be acted on with a pointer, at a spot of it if one is given. */
export async function makeReady(ctx: ActContext, target: Target, spot: Spot = {}): Promise<Ready> {
  ctx.checkpoint();
  requireEnabled(target);
  const surface = surfaceOf(target);
  if (spot.x !== undefined || spot.y !== undefined) return makeSpotReady(ctx, target, spot);
  const tried = hitTest(target.element, surface, await atRest(ctx, target, surface));
  if (tried.hit !== null) return { target, surface, hit: tried.hit };
  const found = await uncovered(ctx, target, surface, tried.coverer);
  if ("point" in found) return { target, surface, hit: found };
  if (found.coverer !== null) throw coveredBy(found.coverer, target.element, target.words, ctx.registry);
  throw notInteractable(
    `The ${target.words} cannot be brought into view.`,
    "Open or enlarge what it is in, then take a new page state.",
  );
}

/** A bar that sticks to an edge covers what scrolls under it: other places are tried before it is given up. */
async function elsewhere(ctx: ActContext, target: Target, surface: Element, first: Element | null): Promise<Tried> {
  let coverer = first;
  for (const block of ["center", "end", "start", "nearest"] as const) {
    scrollIntoView(surface, block);
    const next = hitTest(target.element, surface, await atRest(ctx, { ...target, seenAt: null }, surface));
    if (next.hit !== null) return next;
    coverer = next.coverer ?? coverer;
  }
  return { hit: null, coverer };
}

/** Where something is and how much it shows, to see whether it moves or fades. */
function looks(element: Element | null): string {
  if (element === null) return "";
  const { x, y, width, height } = boxOf(element);
  return `${x},${y},${width},${height},${getComputedStyle(element).opacity}`;
}

/**
 * Tries other places, and gives what covers the element time to go: menus slide open and dialogs fade out, in a hidden tab by
 * timers of a second. What stands still is not waited for long.
 */
async function uncovered(
  ctx: ActContext,
  target: Target,
  surface: Element,
  first: Element | null,
): Promise<Hit | { readonly coverer: Element | null }> {
  const until = performance.now() + Math.min(COVERED_LIMIT, ctx.timeLeft());
  const patience = document.hidden ? STILL_HIDDEN : STILL;
  let tried = await elsewhere(ctx, target, surface, first);
  let seen = "";
  let since = performance.now();
  while (tried.hit === null && tried.coverer !== null) {
    const now = performance.now();
    const look = `${looks(tried.coverer)}/${looks(surface)}/${looks(surface.parentElement)}`;
    if (look !== seen) since = now;
    seen = look;
    if (now > until || now - since > patience) break;
    await sleep(COVERED_AGAIN);
    ctx.checkpoint();
    tried = hitTest(target.element, surface, boxOf(surface));
  }
  if (tried.hit === null && seen !== "") tried = await elsewhere(ctx, target, surface, tried.coverer);
  return tried.hit ?? { coverer: tried.coverer };
}
