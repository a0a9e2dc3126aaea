// ScrollAction: scrolls the page, or inside of an element, or brings an element into view; tells how far it went and
// whether that is the end.

import { type ScrollAction, ScrollDirection } from "@gen/tabwire/v1/action_pb";
import { closestShown } from "../dom";
import { notInteractable } from "../errors";
import { inWords } from "../perceive/describe";
import { isScrollable } from "../perceive/operations";
import { boxOf, overlaps, viewportOf } from "../perceive/visibility";
import { scrollIntoView, surfaceOf } from "./actionable";
import type { ActContext, Outcome } from "./context";
import { elementAt } from "./hit_test";
import { scrollHeard } from "./scroll_events";

const DEFAULT_PAGES = 0.8;

/** What scrolls: the document, or an element of its own. */
interface Scroller {
  readonly element: Element;
  readonly words: string;
  readonly width: number;
  readonly height: number;
}

function page(): Scroller {
  const root = document.scrollingElement ?? document.documentElement;
  const whole = { element: root, words: "page", width: window.innerWidth, height: window.innerHeight };
  if (root.scrollHeight > window.innerHeight + 1 || root.scrollWidth > window.innerWidth + 1) return whole;
  // Applications often keep the document fixed and scroll a part of it: the one in the middle is meant.
  const middle = elementAt({ x: window.innerWidth / 2, y: window.innerHeight / 2 });
  const inner = middle === null ? null : closestShown(middle, isScrollable);
  return inner === null ? whole : scrollerOf(inner);
}

function scrollerOf(element: Element): Scroller {
  return { element, words: inWords(element), width: element.clientWidth, height: element.clientHeight };
}

function inside(action: ScrollAction, ctx: ActContext): Scroller {
  if (action.elementId === 0) return page();
  const target = ctx.target(action.elementId);
  const found = closestShown(target.element, (at) => isScrollable(at));
  if (found === null)
    throw notInteractable(
      `The ${target.words} has nothing to scroll.`,
      "Scroll the page instead: leave the element out.",
    );
  return scrollerOf(found);
}

function move(scroller: Scroller, direction: ScrollDirection, pages: number): void {
  const { element, width, height } = scroller;
  const x = element.scrollLeft;
  const y = element.scrollTop;
  const go = (left: number, top: number): void => element.scrollTo({ left, top, behavior: "instant" });
  switch (direction) {
    case ScrollDirection.DOWN:
      go(x, y + pages * height);
      break;
    case ScrollDirection.UP:
      go(x, y - pages * height);
      break;
    case ScrollDirection.RIGHT:
      go(x + pages * width, y);
      break;
    case ScrollDirection.LEFT:
      go(x - pages * width, y);
      break;
    case ScrollDirection.TOP:
      go(x, 0);
      break;
    case ScrollDirection.BOTTOM:
      go(x, element.scrollHeight);
      break;
    default:
      break;
  }
}

function endReached(scroller: Scroller, direction: ScrollDirection): string {
  const { element } = scroller;
  const height = scroller.words === "page" ? window.innerHeight : element.clientHeight;
  const width = scroller.words === "page" ? window.innerWidth : element.clientWidth;
  const across = direction === ScrollDirection.LEFT || direction === ScrollDirection.RIGHT;
  const up = direction === ScrollDirection.UP || direction === ScrollDirection.TOP;
  if (across) {
    if (direction === ScrollDirection.LEFT) return element.scrollLeft <= 1 ? "at the left edge" : "";
    return element.scrollLeft + width >= element.scrollWidth - 1 ? "at the right edge" : "";
  }
  if (up) return element.scrollTop <= 1 ? "at the top" : "";
  const left = Math.max(0, element.scrollHeight - element.scrollTop - height);
  return left <= 1 ? "at the end" : `${Math.round(left)} pixels further to go`;
}

async function intoView(action: ScrollAction, ctx: ActContext): Promise<Outcome> {
  const target = ctx.target(action.elementId);
  const surface = surfaceOf(target);
  ctx.begin(target.element);
  const before = boxOf(surface);
  scrollIntoView(surface, "center");
  const effects = await ctx.settle();
  const after = boxOf(surface);
  if (!overlaps(after, viewportOf(window))) {
    throw notInteractable(
      `The ${target.words} cannot be brought into view.`,
      "Open or enlarge what it is in, then take a new page state.",
    );
  }
  const moved = Math.abs(after.y - before.y) >= 1 || Math.abs(after.x - before.x) >= 1;
  return {
    message: moved ? `Brought the ${target.words} into view` : `The ${target.words} was in view already`,
    effects,
  };
}

/** Scrolls. */
export async function scroll(action: ScrollAction, ctx: ActContext): Promise<Outcome> {
  if (action.direction === ScrollDirection.UNSPECIFIED && action.elementId !== 0) return intoView(action, ctx);
  const direction = action.direction === ScrollDirection.UNSPECIFIED ? ScrollDirection.DOWN : action.direction;
  const scroller = inside(action, ctx);
  ctx.begin(null);
  const by = await scrollHeard(scroller.element, () => move(scroller, direction, action.pages || DEFAULT_PAGES));
  const effects = await ctx.settle();
  const far = Math.round(Math.abs(by.x) + Math.abs(by.y));
  const end = endReached(scroller, direction);
  const message = `Scrolled the ${scroller.words} by ${far} pixels${end === "" ? "" : `, ${end}`}`;
  return { message, effects, details: { noEffectSeen: far === 0 } };
}
