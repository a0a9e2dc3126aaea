// Makes sure that an element can be acted on as a person would: rendered, enabled, brought into view, at rest, and not
// covered. Answers with the point to act at, or throws the reason why not. One spot of an element, and what is covered, are
// the business of uncover.ts.

import { sleep } from "../clock";
import { closestShown, isDisabled, shownInside } from "../dom";
import { notInteractable } from "../errors";
import { hasAttribute } from "../native";
import { modalOf, standIn } from "../perceive/classify";
import { isReadonly } from "../perceive/states";
import { editorOfProxy } from "../perceive/typing_proxy";
import { type Box, boxOf, Rendering, renderingOf } from "../perceive/visibility";
import type { ActContext, Target } from "./context";
import { type Hit, hitTest } from "./hit_test";

/** Two looks at a moving element are so many milliseconds apart. */
const LOOK_AGAIN = 16;
const MOVING_LIMIT = 1000;
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
export async function atRest(ctx: ActContext, target: Target, surface: Element): Promise<Box> {
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

/** Makes an element ready to be acted on with a pointer, at a spot of it if one is given. */
export async function makeReady(ctx: ActContext, target: Target, spot: Spot = {}): Promise<Ready> {
  ctx.checkpoint();
  requireEnabled(target);
  const surface = surfaceOf(target);
  if (spot.x !== undefined || spot.y !== undefined) return (await ctx.extras()).makeSpotReady(ctx, target, spot);
  const { element } = target;
  let tried = hitTest(element, surface, await atRest(ctx, target, surface));
  if (tried.hit === null) {
    scrollIntoView(surface, "center");
    tried = hitTest(element, surface, await atRest(ctx, { ...target, seenAt: null }, surface));
  }
  if (tried.hit !== null) return { target, surface, hit: tried.hit };
  return (await ctx.extras()).makeReadyElsewhere(ctx, target, surface, tried.coverer);
}
