// Makes an element ready to be acted on where a look at its middle is not enough: at one spot of it, or when something else is on
// top of it. Part of what is rarely needed; the plain way is in actionable.ts.

import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { sleep } from "../clock";
import { shownInside, shownParent } from "../dom";
import { invalidArgument, notInteractable, PageError } from "../errors";
import { inWords } from "../perceive/describe";
import { isScrollable } from "../perceive/operations";
import { type Box, boxOf, viewportOf } from "../perceive/visibility";
import type { Registry } from "../registry";
import { atRest, type Ready, type Spot, scrollIntoView } from "./actionable";
import type { ActContext, Target } from "./context";
import { type Hit, hitTest, hitTestAt, type Point, type Tried } from "./hit_test";

/** What covers an element is looked at so often, for at most so long, and not longer than this while it stands still. */
const COVERED_AGAIN = 50;
const COVERED_LIMIT = 3000;
const STILL = 200;
const STILL_HIDDEN = 2200;

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
export async function makeSpotReady(ctx: ActContext, target: Target, spot: Spot): Promise<Ready> {
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

/** The error that names what is on top. */
function coveredBy(coverer: Element, target: Element, words: string, registry: Registry): PageError {
  if (shownInside(target, coverer) && getComputedStyle(target).pointerEvents === "none") {
    return notInteractable(
      `The ${words} takes no pointer: its style lets it through.`,
      "Find out what enables it, or use what is behind it.",
    );
  }
  let named: Element = coverer;
  for (let at: Element | null = coverer; at !== null; at = shownParent(at)) {
    if (registry.knownIdOf(at) === 0) continue;
    named = at;
    break;
  }
  const description = inWords(coverer);
  const elementId = registry.knownIdOf(named);
  return new PageError(ErrorCode.ELEMENT_COVERED, `The ${words} is covered by the ${description}.`, {
    details: { case: "covered", value: { $typeName: "tabwire.v1.CoveredDetails", elementId, description } },
    retryable: true,
  });
}

/** Makes an element ready at another place on the screen, or when what covers it has gone. Throws if it stays covered. */
export async function makeReadyElsewhere(
  ctx: ActContext,
  target: Target,
  surface: Element,
  coverer: Element | null,
): Promise<Ready> {
  const found = await uncovered(ctx, target, surface, coverer);
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
