// The level of a heading, by tag or by ARIA.

import { tagOf } from "../dom";
import { attributeOf } from "../native";

/** 1 to 6 for headings, 0 for anything else. */
export function headingLevel(element: Element): number {
  const tag = tagOf(element);
  const role = attributeOf(element, "role");
  if (role === "heading") {
    const level = Number.parseInt(attributeOf(element, "aria-level") ?? "2", 10);
    return level >= 1 ? Math.min(6, level) : 2;
  }
  return role === null && /^h[1-6]$/.test(tag) ? Number(tag[1]) : 0;
}
