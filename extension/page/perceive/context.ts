// Where an element stands: in which form, landmark or dialog, under which heading, in which row or card. The walk knows
// most of it on its way down; for a single element it is found here by going up.

import { cut, fold, informs } from "../clean";
import { closestShown, isElement, property, shownChildren, shownParent, tagOf } from "../dom";
import {
  attributeOf,
  contains,
  hasAttribute,
  localNameOf,
  nextElementOf,
  nodeTypeOf,
  positionOf,
  previousElementOf,
  query,
  queryAll,
  rootNodeOf,
  textOf,
} from "../native";
import { OncePerReading } from "../reading";
import { nameOf } from "./name";
import { LANDMARK_ROLES, roleOf } from "./role";
import { Rendering, renderingOf } from "./visibility";

const ROW_ROLES = new Set("article listitem option row treeitem".split(" "));
const HEADINGS = "h1,h2,h3,h4,h5,h6,[role=heading]";
const ROW_TEXT = 120;

/** The form of an element: the one it belongs to, or the one around it. */
export function formOf(element: Element): Element | null {
  const own = property<Element | null>(element, "form");
  if (isElement(own ?? null)) return own ?? null;
  return closestShown(element, (at) => tagOf(at) === "form" || attributeOf(at, "role") === "form");
}

/** A form's name for a reader: its accessible name, else its legend or first heading. */
export function formName(form: Element): string {
  const name = nameOf(form);
  if (name !== "") return name;
  const heading = query(form, `legend,${HEADINGS}`);
  return heading === null ? "" : cut(fold(textOf(heading) ?? ""), ROW_TEXT);
}

/**
 * The role of an element if that makes it a landmark or a dialog, else empty. A region counts only with a name. A form
 * does not count: it is told for itself.
 */
export function landmarkRole(element: Element): string {
  const tag = tagOf(element);
  if (!hasAttribute(element, "role") && !/^(aside|dialog|footer|header|main|nav|search|section)$/.test(tag)) return "";
  const role = roleOf(element);
  if (!LANDMARK_ROLES.has(role)) return "";
  if (role === "region" && nameOf(element) === "") return "";
  return role;
}

/** A landmark in words, as `navigation "Main"`. */
export function landmarkName(landmark: Element): string {
  const role = roleOf(landmark);
  const name = nameOf(landmark) || (role.endsWith("dialog") ? dialogTitle(landmark) : "");
  return name === "" ? role : `${role} "${cut(name, ROW_TEXT)}"`;
}

function dialogTitle(dialog: Element): string {
  return fold(query(dialog, HEADINGS)?.textContent ?? "");
}

/** Whether an element closes a part of the page, so that a heading in it says nothing about what comes after. */
export function isSection(element: Element): boolean {
  const tag = tagOf(element);
  if (/^(a|article|aside|button|dialog|fieldset|footer|header|li|main|nav|section|td|th|tr)$/.test(tag)) return true;
  const role = attributeOf(element, "role");
  return role !== null && (ROW_ROLES.has(role) || LANDMARK_ROLES.has(role) || role === "group");
}

/** Whether an element is one of many alike: a row, an item of a list, a card. */
export function isRow(element: Element): boolean {
  const tag = tagOf(element);
  if (tag === "li" || tag === "tr" || tag === "article") return true;
  const role = attributeOf(element, "role");
  return role !== null && ROW_ROLES.has(role);
}

/** The row or card around an element. */
export function rowOf(element: Element): Element | null {
  const parent = shownParent(element);
  return parent === null ? null : closestShown(parent, isRow);
}

/** Cards are not looked for in more levels than this around an element. */
const CARD_LEVELS = 6;

/**
 * The nearest part around an element that is one of several alike: a row, an item, or a card that only its class makes
 * one. `row` is the row around it that is known already.
 */
export function cardOf(element: Element, row: Element | null): Element | null {
  let at = shownParent(element);
  for (let level = 0; level < CARD_LEVELS && at !== null && at !== row; level++, at = shownParent(at)) {
    if (isOneOfMany(at)) return at;
  }
  return row;
}

function isOneOfMany(element: Element): boolean {
  const words = attributeOf(element, "class");
  if (words === null || words.trim() === "") return false;
  return looksLike(previousElementOf(element), element, words) || looksLike(nextElementOf(element), element, words);
}

function looksLike(other: Element | null, element: Element, words: string): boolean {
  return other !== null && localNameOf(other) === localNameOf(element) && attributeOf(other, "class") === words;
}

const ROW_HEADERS = "th,[role=rowheader]";
/** Words on these are the same in every row. */
const ALIKE_IN_ROWS = new Set("button input option select textarea".split(" "));

/**
 * What tells one row from another: its heading or header cell, else the first text in it. Rows that a list recycles keep
 * their elements and change this.
 */
export function rowKey(row: Element): string {
  const heading = query(row, HEADINGS) ?? (isTableRow(row) ? query(row, ROW_HEADERS) : null);
  const said = heading === null ? "" : fold(textOf(heading) ?? "");
  if (said !== "") return cut(said, ROW_TEXT);
  return cut(firstText(row, ALIKE_IN_ROWS) || firstText(row, NOTHING), ROW_TEXT);
}

const NOTHING: ReadonlySet<string> = new Set();

function isTableRow(row: Element): boolean {
  return tagOf(row) === "tr" || attributeOf(row, "role") === "row";
}

function firstText(start: Element, without: ReadonlySet<string>): string {
  for (const child of shownChildren(start)) {
    if (nodeTypeOf(child) === 3) {
      const text = fold((child as Text).data);
      if (informs(text)) return text;
      continue;
    }
    if (!isElement(child)) continue;
    const tag = tagOf(child);
    if (/^(script|style|template)$/.test(tag) || without.has(tag) || renderingOf(child) === Rendering.None) continue;
    const text = firstText(child, without);
    if (text !== "") return text;
  }
  return "";
}

const headings = new OncePerReading((root) => Array.from(queryAll(root, HEADINGS)));

/** How many headings stand before an element; they are in order, so few are compared. */
function headingsBefore(all: readonly Element[], element: Element): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const heading = all[middle];
    const isBefore = heading !== undefined && positionOf(heading, element) & Node.DOCUMENT_POSITION_FOLLOWING;
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The heading that a single element stands under: the last one before it in its landmark that its section shares. */
export function headingOf(element: Element): Element | null {
  const landmark = closestShown(element, (at) => landmarkRole(at) !== "");
  const root = rootNodeOf(element) as Document | ShadowRoot;
  const all = headings.get(root);
  for (let i = headingsBefore(all, element) - 1; i >= 0; i--) {
    const heading = all[i];
    if (heading === undefined || heading === element || contains(heading, element)) continue;
    if (landmark !== null && contains(root, landmark) && !contains(landmark, heading)) return null;
    const section = closestShown(heading, isSection);
    if (section === null || contains(section, element)) return heading;
  }
  return null;
}

/** Row, landmark and form of a single element in words, for lists of candidates. */
export function whereabouts(element: Element): { form: string; landmark: string; heading: string } {
  const form = formOf(element);
  const landmark = closestShown(element, (at) => at !== element && landmarkRole(at) !== "");
  const heading = headingOf(element);
  return {
    form: form === null ? "" : formName(form),
    landmark: landmark === null ? "" : landmarkName(landmark),
    heading: heading === null ? "" : cut(nameOf(heading), ROW_TEXT),
  };
}
