// Text in the colour of what is behind it, which a person cannot read. What is behind a text is the nearest background
// around it; where something else may lie between (a picture, another layer), nothing is claimed.

import { ownerOf, query, rootElementOf } from "../native";
import { notePlaceBound } from "../reading";
import type { Link } from "./ancestry";
import type { Box } from "./visibility";

/** Channels of a colour, from 0 to 255, and its opacity. */
type Color = readonly [red: number, green: number, blue: number, alpha: number];

/** Colours that differ by no more than this in each channel look the same. */
const SAME = 6;

/** What may be seen through or in front of a background. */
const PICTURES = "canvas,embed,iframe,img,object,picture,svg,video";

/** There are few colours on a page, so each is read once. */
const colors = new Map<string, Color | null>();
/** A page may use any number of colours; what is remembered of them is not to grow with it. */
const REMEMBERED = 1_000;

function parsed(text: string): Color | null {
  const known = colors.get(text);
  if (known !== undefined) return known;
  const color = parse(text);
  if (colors.size < REMEMBERED) colors.set(text, color);
  return color;
}

function parse(text: string): Color | null {
  const match = /^rgba?\(\s*([\d.]+)[,\s]+([\d.]+)[,\s]+([\d.]+)(?:\s*[,/]\s*([\d.]+))?\s*\)$/.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3]), Number(match[4] ?? 1)];
}

/** What is behind everything in an element: its own background or one around it. */
export interface Behind {
  readonly color: Color;
  /** The element whose background it is; null for the page itself. */
  readonly from: Element | null;
}

const PAGE: Behind = { color: [255, 255, 255, 1], from: null };

/** The page itself is white, unless it may be dark or another page shines through. */
export function behindAll(): Behind | null {
  const isPlain = window.parent === window && !getComputedStyle(rootElementOf(document)).colorScheme.includes("dark");
  return isPlain ? PAGE : null;
}

/** The background of an element itself; undefined if it has none, null if it cannot be said what colour it has. */
export function ownBackground(element: Element, style: CSSStyleDeclaration): Behind | null | undefined {
  if (style.backgroundImage !== "none" || style.filter !== "none" || style.mixBlendMode !== "normal") return null;
  const color = parsed(style.backgroundColor);
  if (color === null || (color[3] > 0 && color[3] < 1)) return null;
  return color[3] === 1 ? { color, from: element } : undefined;
}

/** Whether something besides the background lies behind the middle of a box. */
function isLayered(element: Element, box: Box, from: Element | null): boolean {
  notePlaceBound();
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

function isAlike(a: Color, b: Color): boolean {
  return Math.abs(a[0] - b[0]) <= SAME && Math.abs(a[1] - b[1]) <= SAME && Math.abs(a[2] - b[2]) <= SAME;
}

/** Whether the text of an element cannot be told from its background. `text` is its colour, `style` its style. */
export function isInBackgroundColor(link: Link, box: Box, text: string, style: CSSStyleDeclaration): boolean {
  const color = parsed(text);
  const back = color === null ? null : link.behind;
  if (color === null || back === null || !isAlike(color, back.color)) return false;
  return style.textShadow === "none" && !isLayered(link.element, box, back.from);
}
