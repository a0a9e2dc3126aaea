// Where an element stands: in which form, landmark or dialog, under which heading, in which row or card. The walk knows
// most of it on its way down; for a single element it is found here by going up.

import { cut, fold } from "../clean";
import { closestShown, isElement, property, shownChildren, shownParent, tagOf } from "../dom";
import {
  attributeOf,
  contains,
  hasAttribute,
  nodeTypeOf,
  positionOf,
  query,
  queryAll,
  rootNodeOf,
  textOf,
} from "../native";
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

/**
 * What tells one row from another: its heading, else the first text in it. Rows that a list recycles keep their elements
 * and change this.
 */
export function rowKey(row: Element): string {
  const heading = query(row, HEADINGS);
  const said = heading === null ? "" : fold(textOf(heading) ?? "");
  return cut(said !== "" ? said : firstText(row), ROW_TEXT);
}

function firstText(start: Element): string {
  for (const child of shownChildren(start)) {
    if (nodeTypeOf(child) === 3) {
      const text = fold((child as Text).data);
      if (text !== "") return text;
    } else if (isElement(child) && !/^(script|style|template)$/.test(tagOf(child))) {
      if (renderingOf(child) === Rendering.None) continue;
      const text = firstText(child);
      if (text !== "") return text;
    }
  }
  return "";
}

/** The heading that a single element stands under: the last one before it in its landmark that its section shares. */
export function headingOf(element: Element): Element | null {
  const landmark = closestShown(element, (at) => landmarkRole(at) !== "");
  const root = rootNodeOf(element) as Document | ShadowRoot;
  let last: Element | null = null;
  for (const heading of queryAll(root, HEADINGS)) {
    if (heading === element || contains(heading, element)) continue;
    if (!(positionOf(heading, element) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
    if (landmark !== null && contains(root, landmark) && !contains(landmark, heading)) continue;
    const section = closestShown(heading, isSection);
    if (section === null || contains(section, element)) last = heading;
  }
  return last;
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
