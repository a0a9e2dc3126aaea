// Text in the colour of what is behind it, which a person cannot read. What is behind a text is the nearest background
// around it; where something else may lie between (a picture, another layer), nothing is claimed.

import { shownParent, tagOf } from "../dom";
import { ownerOf, query, rootElementOf } from "../native";
import { OncePerReading } from "../reading";
import type { Box } from "./visibility";

/** Channels of a colour, from 0 to 255, and its opacity. */
type Color = readonly [red: number, green: number, blue: number, alpha: number];

/** Colours that differ by no more than this in each channel look the same. */
const SAME = 6;

/** What may be seen through or in front of a background. */
const PICTURES = "canvas,embed,iframe,img,object,picture,svg,video";

function parsed(text: string): Color | null {
  const match = /^rgba?\(\s*([\d.]+)[,\s]+([\d.]+)[,\s]+([\d.]+)(?:\s*[,/]\s*([\d.]+))?\s*\)$/.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3]), Number(match[4] ?? 1)];
}

/** What is behind everything in an element: its own background or one around it. */
interface Behind {
  readonly color: Color;
  /** The element whose background it is; null for the page itself. */
  readonly from: Element | null;
}

/** Found once for each element of a reading; null where it cannot be said. */
const found = new OncePerReading(() => new Map<Element, Behind | null>());

const PAGE: Behind = { color: [255, 255, 255, 1], from: null };

/** The page itself is white, unless it may be dark or another page shines through. */
function behindAll(): Behind | null {
  const isPlain = window.parent === window && !getComputedStyle(rootElementOf(document)).colorScheme.includes("dark");
  return isPlain ? PAGE : null;
}

function behind(element: Element, known: Map<Element, Behind | null>): Behind | null {
  const chain: Element[] = [];
  let at: Element | null = element;
  let answer: Behind | null | undefined;
  for (; at !== null && answer === undefined; at = shownParent(at)) {
    answer = known.get(at) ?? (known.has(at) ? null : ownBackground(at));
    chain.push(at);
  }
  if (answer === undefined) answer = behindAll();
  for (const inner of chain) known.set(inner, answer);
  return answer;
}

/** The background of an element itself; undefined if it has none, null if it cannot be said what colour it has. */
function ownBackground(element: Element): Behind | null | undefined {
  const style = getComputedStyle(element);
  if (style.backgroundImage !== "none" || style.filter !== "none" || style.mixBlendMode !== "normal") return null;
  const color = parsed(style.backgroundColor);
  if (color === null || (color[3] > 0 && color[3] < 1)) return null;
  return color[3] === 1 ? { color, from: element } : undefined;
}

/** Whether something besides the background lies behind the middle of a box. */
function isLayered(element: Element, box: Box, from: Element | null): boolean {
  const doc = ownerOf(element);
  const stack = doc.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  if (stack.length === 0) return query(from ?? doc, PICTURES) !== null; // outside of the viewport nothing can be asked
  for (const layer of stack) {
    if (layer === from) return false;
    if (layer.matches(PICTURES)) return true;
    const style = getComputedStyle(layer);
    if (style.backgroundImage !== "none" || (parsed(style.backgroundColor)?.[3] ?? 1) > 0) return true;
    for (const part of ["::before", "::after"]) if (getComputedStyle(layer, part).content !== "none") return true;
  }
  return false;
}

/** Whether the text of an element cannot be told from its background. */
export function isInBackgroundColor(element: Element, box: Box, style: CSSStyleDeclaration): boolean {
  const color = parsed(style.color);
  if (color === null || style.textShadow !== "none" || tagOf(element) === "svg") return false;
  const back = behind(element, found.get(ownerOf(element)));
  if (back === null || back.color.slice(0, 3).some((value, at) => Math.abs(value - (color[at] ?? 0)) > SAME))
    return false;
  return !isLayered(element, box, back.from);
}
