// Whether a person could not read or hit an element although it is rendered: tiny, transparent, in the colour of its
// background, clipped away or beyond the edges of the document.

import { tagOf } from "../dom";
import { boundingBox, ownerOf } from "../native";
import { OncePerReading } from "../reading";
import type { Link } from "./ancestry";
import { isInBackgroundColor } from "./contrast";
import { type Box, hasLayout } from "./visibility";

/** Below this a text or control cannot be read or hit by a person. */
const TINY_PIXELS = 4;
const TINY_FONT = 5;
/** Below this nothing of an element is to be seen. */
const FAINT = 0.1;

/** How far each document is scrolled: every time Chrome is asked, it makes sure that nothing has to be laid out. */
const scrolled = new OncePerReading((root) => {
  const view = root.nodeType === 9 ? (root as Document).defaultView : null;
  return view === null ? null : { x: view.scrollX, y: view.scrollY };
});

function alphaOf(color: string): number {
  const match = /^rgba\(.*,\s*([\d.]+)\)$/.exec(color) ?? /\/\s*([\d.]+)(%?)\s*\)$/.exec(color);
  if (match === null) return color === "transparent" ? 0 : 1;
  return Number(match[1]) / (match[2] === "%" ? 100 : 1);
}

/** There are few colours on a page, so each is read once. */
const alphas = new Map<string, number>();
const REMEMBERED = 1_000;

function isClear(color: string): boolean {
  const known = alphas.get(color);
  if (known !== undefined) return known < FAINT;
  const alpha = alphaOf(color);
  if (alphas.size < REMEMBERED) alphas.set(color, alpha);
  return alpha < FAINT;
}

/** Whether an element has no size of its own and cuts off what is in it. */
function isClippedAway(element: Element, box: Box, style: CSSStyleDeclaration): boolean {
  if (box.width > 0 && box.height > 0 && box.isInner !== true && tagOf(element) !== "area") return false;
  const { overflow } = style;
  if (!overflow.includes("hidden") && !overflow.includes("clip")) return false;
  const own = boundingBox(element);
  return own.width <= 0 || own.height <= 0;
}

function isCutOff(style: CSSStyleDeclaration): boolean {
  const path = style.clipPath;
  if (path !== "none") {
    if (/^inset\((5\d|[6-9]\d|100)(\.\d+)?%\)$/.test(path)) return true;
    if (path === "circle(0px)" || path === "circle(0px at 50% 50%)") return true;
  }
  const { clip } = style;
  return clip !== "auto" && /^rect\(0px,? 0px,? 0px,? 0px\)$/.test(clip);
}

function isUnreadable(link: Link, box: Box, style: CSSStyleDeclaration): boolean {
  if (Number.parseFloat(style.fontSize) < TINY_FONT) return true;
  const { color, textIndent } = style;
  if (isClear(color)) return true;
  if (textIndent !== "0px" && Math.abs(Number.parseFloat(textIndent) || 0) > 500) return true;
  return hasLayout && isInBackgroundColor(link, box, color, style);
}

/** `text` tells that the content of the element is text, so that font and colour count. */
export function isObscured(link: Link, box: Box, style: CSSStyleDeclaration, text: boolean): boolean {
  const { element } = link;
  if (isClippedAway(element, box, style) || box.width < TINY_PIXELS || box.height < TINY_PIXELS) return true;
  const scroll = scrolled.get(ownerOf(element));
  if (scroll === null) return true;
  if (box.x + box.width + scroll.x <= 0 || box.y + box.height + scroll.y <= 0) return true;
  if (isCutOff(style)) return true;
  if (text && tagOf(element) !== "svg" && isUnreadable(link, box, style)) return true;
  return link.opacity < FAINT;
}
