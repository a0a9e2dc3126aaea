// What can be asked of an element, from what it is and what it is like.

import { Operation } from "@gen/tabwire/v1/state_pb";
import { isEditingHost, rootOf, shownParent, tagOf } from "../dom";
import { attributeOf, hasAttribute, query, queryAll } from "../native";
import { OncePerReading } from "../reading";
import { saysDraggable } from "./handlers";
import { CONTROL_ROLES } from "./role";
import { CHECKABLE } from "./states";
import { hasEditContext } from "./typing_proxy";

/** What the operations depend on. */
export interface Abilities {
  readonly role: string;
  /** It can be clicked although its role does not say so. */
  readonly clickable: boolean;
  readonly scrollable: boolean;
  /** Disabled or inert: it can be read only. */
  readonly disabled: boolean;
  readonly readonly: boolean;
}

const NO_TEXT_INPUT = new Set("button checkbox file hidden image radio reset submit".split(" "));

/** Whether text can be put into an element. */
export function takesText(element: Element): boolean {
  const tag = tagOf(element);
  if (tag === "input") return !NO_TEXT_INPUT.has((element as HTMLInputElement).type);
  return tag === "textarea" || isEditingHost(element) || hasEditContext(element);
}

/** Whether an element has content that it shows only in part, with a way to scroll to the rest. */
export function isScrollable(element: Element): boolean {
  // Style first: it is what most elements fail by, and a quarter of the cost of the sizes.
  const style = getComputedStyle(element);
  const [mayDown, mayAcross] = [SCROLLING.test(style.overflowY), SCROLLING.test(style.overflowX)];
  if (mayDown && element.scrollHeight - element.clientHeight > 4 && element.clientHeight > 24) return true;
  return mayAcross && element.scrollWidth - element.clientWidth > 4 && element.clientWidth > 24;
}

const SCROLLING = /auto|scroll|overlay/;

const fileFields = new OncePerReading((root) => queryAll<HTMLInputElement>(root, "input[type=file]").length > 0);

/** So far around a button a hidden file field is looked for. */
const NEARBY = 3;
const BUTTONS = "button,a[href],[role=button],input[type=button],input[type=submit]";

/**
 * The file field that an element is, or that a button or drop zone stands for: the field in it, or the one that shares a
 * small part of the page with it and no other button.
 */
export function fileFieldOf(element: Element, role: string): HTMLInputElement | null {
  if (tagOf(element) === "input" && (element as HTMLInputElement).type === "file") return element as HTMLInputElement;
  if (!fileFields.get(rootOf(element))) return null;
  if (role !== "button" && role !== "" && role !== "generic" && role !== "link") return null;
  const within = query<HTMLInputElement>(element, "input[type=file]");
  if (within !== null) return within;
  let around = shownParent(element);
  for (let level = 0; level < NEARBY && around !== null; level++, around = shownParent(around)) {
    if (/^(body|html|main)$/.test(tagOf(around))) return null;
    const found = queryAll<HTMLInputElement>(around, "input[type=file]");
    if (found.length === 0) continue;
    return found.length === 1 && queryAll(around, BUTTONS).length <= 1 ? (found[0] ?? null) : null;
  }
  return null;
}

const DROP_ZONE = /drop[-_]?(?:zone|area|target)|file[-_]?drop/i;

/** Whether an element takes files: a file field, what stands for one, or what calls itself a drop zone for files. */
function takesFiles(element: Element, role: string): boolean {
  if (fileFieldOf(element, role) !== null) return true;
  if (hasAttribute(element, "ondrop")) return true;
  return DROP_ZONE.test(`${attributeOf(element, "class") ?? ""} ${attributeOf(element, "id") ?? ""}`);
}

const VALUED = new Set("combobox listbox meter progressbar scrollbar searchbox slider spinbutton textbox".split(" "));
const DRAGGED_ROLES = new Set("scrollbar separator slider".split(" "));

/** The operations of an element. */
export function operationsOf(element: Element, can: Abilities): Operation[] {
  const tag = tagOf(element);
  const control = CONTROL_ROLES.has(can.role);
  const operable = control || can.clickable;
  const operations: Operation[] = [];
  if (!can.disabled) {
    if (operable && tag !== "select") operations.push(Operation.CLICK);
    if (takesText(element) && !can.readonly) operations.push(Operation.INPUT_TEXT);
    if (tag === "select" || can.role === "listbox" || (can.role === "combobox" && tag !== "input")) {
      operations.push(Operation.SELECT_OPTION);
    }
    if (CHECKABLE.has(can.role)) operations.push(Operation.SET_CHECKED);
    if (operable && takesFiles(element, can.role)) operations.push(Operation.UPLOAD_FILES);
    if ((operable && DRAGGED_ROLES.has(can.role)) || saysDraggable(element)) operations.push(Operation.DRAG);
    if (operable) operations.push(Operation.HOVER, Operation.PRESS_KEYS);
    if (can.scrollable) operations.push(Operation.SCROLL);
  }
  if (VALUED.has(can.role) || CHECKABLE.has(can.role) || takesText(element)) operations.push(Operation.READ_VALUE);
  operations.push(Operation.READ_TEXT, Operation.GET_ATTRIBUTES);
  return operations;
}
