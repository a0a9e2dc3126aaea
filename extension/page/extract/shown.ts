// What is shown of an element, for those who read pages: whether a person sees it, its text in one line, where it links to.

import { Toggle } from "@gen/tabwire/v1/state_pb";
import { fold } from "../clean";
import { isElement, tagOf } from "../dom";
import { attributeOf, checkVisibility, closest, hasAttribute, matches, query } from "../native";
import { isSkipped } from "../perceive/classify";
import { roleOf } from "../perceive/role";
import { checkedOf } from "../perceive/states";
import { readableText } from "../perceive/text";
import { hasLayout, Rendering, renderingOf } from "../perceive/visibility";

/** Whether anything of an element can be seen. */
export function isShown(element: Element): boolean {
  if (isSkipped(tagOf(element))) return false;
  const rendering = renderingOf(element);
  // What is in something invisible may be visible again; in something transparent nothing is.
  if (rendering !== Rendering.Painted || !hasLayout) return rendering !== Rendering.None;
  return checkVisibility(element, { opacityProperty: true }) || getComputedStyle(element).display === "contents";
}

/** Whether text that stands right in an element can be seen. */
export function showsOwnText(element: Element): boolean {
  if (tagOf(element) === "details" && !(element as HTMLDetailsElement).open) return false;
  if (hasLayout && checkVisibility(element, { opacityProperty: true, visibilityProperty: true })) return true;
  return renderingOf(element) === Rendering.Painted && isShown(element);
}

const MARKS: Readonly<Record<number, string>> = { [Toggle.ON]: "[x]", [Toggle.OFF]: "[ ]", [Toggle.MIXED]: "[-]" };

/** Whether something that can be checked is, as a mark; empty for anything else. */
export function checkMark(element: Element): string {
  return MARKS[checkedOf(element, roleOf(element))] ?? "";
}

/** The text of an element in one line. What says nothing but holds a check box or a picture is told by that. */
export function lineText(element: Element): string {
  const text = fold(readableText(element));
  if (text !== "") return text;
  const box = query(element, "input[type=checkbox],input[type=radio],[role=checkbox],[role=switch],[role=radio]");
  if (box !== null) return checkMark(box);
  const named = query(element, "[aria-label],[title]");
  return fold((named === null ? null : (attributeOf(named, "aria-label") ?? attributeOf(named, "title"))) ?? "");
}

/** The address of a link, in full; empty for what leads nowhere. */
export function addressOf(link: Element): string {
  if (!hasAttribute(link, "href") && !hasAttribute(link, "xlink:href")) return "";
  const given = (attributeOf(link, "href") ?? attributeOf(link, "xlink:href") ?? "").trim();
  if (given === "" || /^(?:javascript|data|vbscript):/i.test(given)) return "";
  try {
    return new URL(given, link.baseURI).href;
  } catch {
    return ""; // no address after all
  }
}

/** The first link of a part of the page: the part itself, one in it, or one that it is in, but not beyond `within`. */
export function linkOf(element: Element, within: Element): string {
  const inside = matches(element, "a[href]") ? element : query(element, "a[href]");
  if (inside !== null) return addressOf(inside);
  const around = closest(element, "a[href]");
  return around !== null && within.contains(around) ? addressOf(around) : "";
}

/** The element children that a person may see, in order. */
export function shownElements(nodes: Iterable<Node>): Element[] {
  return Array.from(nodes).filter((node): node is Element => isElement(node) && isShown(node));
}
