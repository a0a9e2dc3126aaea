// Where an element stands: in which form, landmark or dialog, under which heading, in which row or card. The walk knows
// most of it on its way down; for a single element it is found here by going up.

import { cut, fold, informs } from "../clean";
import { assignedTo, closestShown, isElement, property, shadowRootOf, shownParent, tagOf } from "../dom";
import {
  allOfTag,
  attributeOf,
  contains,
  firstChildOf,
  hasAttribute,
  localNameOf,
  nextElementOf,
  nextSiblingOf,
  nodeTypeOf,
  positionOf,
  previousElementOf,
  query,
  queryAll,
  rootNodeOf,
  textOf,
} from "../native";
import { OncePerReading } from "../reading";
import type { Link } from "./ancestry";
import { ANY, Mark } from "./marks";
import { nameOf } from "./name";
import { LANDMARK_ROLES, roleOf } from "./role";
import { Rendering, renderingOf } from "./visibility";

const ROW_ROLES = new Set("article listitem option row treeitem".split(" "));
const HEADING_TAGS = ["h1", "h2", "h3", "h4", "h5", "h6"];
const HEADINGS = `${HEADING_TAGS.join()},[role=heading]`;
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

const LANDMARK_TAGS = new Set("aside dialog footer header main nav search section".split(" "));

/**
 * The role of an element if that makes it a landmark or a dialog, else empty. A region counts only with a name. A form
 * does not count: it is told for itself.
 */
export function landmarkRole(element: Element): string {
  if (!LANDMARK_TAGS.has(tagOf(element)) && !hasAttribute(element, "role")) return "";
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

const SECTIONS = new Set(
  "a article aside button dialog fieldset footer header li main nav section td th tr".split(" "),
);

/**
 * Whether an element closes a part of the page, so that a heading in it says nothing about what comes after. `about` is
 * what its attributes are about, as everywhere here (marks.ts).
 */
export function isSection(element: Element, about: number = ANY): boolean {
  if (SECTIONS.has(tagOf(element))) return true;
  const role = (about & Mark.Role) === 0 ? null : attributeOf(element, "role");
  return role !== null && (ROW_ROLES.has(role) || LANDMARK_ROLES.has(role) || role === "group");
}

/** Whether an element is one of many alike: a row, an item of a list, a card. */
export function isRow(element: Element, about: number = ANY): boolean {
  const tag = tagOf(element);
  if (tag === "li" || tag === "tr" || tag === "article") return true;
  const role = (about & Mark.Role) === 0 ? null : attributeOf(element, "role");
  return role !== null && ROW_ROLES.has(role);
}

/** The row or card around an element. */
export function rowOf(element: Element): Element | null {
  const parent = shownParent(element);
  return parent === null ? null : closestShown(parent, (at) => isRow(at));
}

/** Cards are not looked for in more levels than this around an element. */
const CARD_LEVELS = 6;

/**
 * The nearest part around an element that is one of several alike: a row, an item, or a card that only its class makes
 * one. `row` is the row around it that is known already.
 */
export function cardOf(link: Link, row: Element | null): Element | null {
  let at = link.up;
  for (let level = 0; level < CARD_LEVELS && at !== null && at.element !== row; level++, at = at.up) {
    if (at.isOneOfMany) return at.element;
  }
  return row;
}

/** Whether what stands beside an element is alike, by its class. */
export function isOneOfMany(element: Element): boolean {
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
  return cut(firstText(row, ALIKE_IN_ROWS, true) || firstText(row, NOTHING, true), ROW_TEXT);
}

const NOTHING: ReadonlySet<string> = new Set();

function isTableRow(row: Element): boolean {
  return tagOf(row) === "tr" || attributeOf(row, "role") === "row";
}

const UNSAID = new Set(["script", "style", "template"]);

/** `known` tells that the element is shown. What holds text that is shown is shown, and so is all around it. */
function firstText(holder: Element, without: ReadonlySet<string>, known: boolean): string {
  const root = shadowRootOf(holder);
  const assigned = root === null ? assignedTo(holder) : null;
  let index = 0;
  let child: Node | null = assigned === null ? firstChildOf(root ?? holder) : (assigned[index++] ?? null);
  for (; child !== null; child = assigned === null ? nextSiblingOf(child) : (assigned[index++] ?? null)) {
    const type = nodeTypeOf(child);
    if (type === 3 && informs((child as Text).data)) {
      return known || renderingOf(holder) !== Rendering.None ? fold((child as Text).data) : "";
    }
    if (type !== 1) continue;
    const tag = tagOf(child as Element);
    const text = UNSAID.has(tag) || without.has(tag) ? "" : firstText(child as Element, without, false);
    if (text !== "") return text;
  }
  return "";
}

const headings = new OncePerReading((root): Element[] => {
  if (nodeTypeOf(root) !== 9) return Array.from(queryAll(root, HEADINGS));
  const lists = HEADING_TAGS.map((tag) => Array.from(allOfTag(root as Document, tag)));
  const all = [...lists, Array.from(queryAll(root, "[role=heading]"))].filter((list) => list.length > 0);
  if (all.length < 2) return all[0] ?? [];
  const inOrder = (a: Element, b: Element) => (positionOf(a, b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1);
  return Array.from(new Set(all.flat())).sort(inOrder);
});

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
    const section = closestShown(heading, (at) => isSection(at));
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
