// What can be asked of an element, from what it is and what it is like.

import { Operation } from "@gen/tabwire/v1/state_pb";
import { isEditingHost, isShadowRoot, rootOf, shownParent, tagOf } from "../dom";
import { allOfTag, attributeOf, query, queryAll } from "../native";
import { OncePerReading } from "../reading";
import { saysDraggable } from "./handlers";
import { Mark, type Marks } from "./marks";
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
  readonly marks: Marks;
}

const NO_TEXT_INPUT = new Set("button checkbox file hidden image radio reset submit".split(" "));

/** Whether text can be put into an element. */
export function takesText(element: Element): boolean {
  const tag = tagOf(element);
  if (tag === "input") return !NO_TEXT_INPUT.has((element as HTMLInputElement).type);
  return tag === "textarea" || isEditingHost(element) || hasEditContext(element);
}

/** Whether an element has content that it shows only in part, with a way to scroll to the rest. */
export function isScrollable(element: Element, style: CSSStyleDeclaration = getComputedStyle(element)): boolean {
  // Style first: it is what most elements fail by, and a quarter of the cost of the sizes.
  const down = style.overflowY;
  if (down === "visible" || down === "clip") return false; // then it is one of these across too
  const [mayDown, mayAcross] = [SCROLLING.test(down), SCROLLING.test(style.overflowX)];
  if (mayDown && element.scrollHeight - element.clientHeight > 4 && element.clientHeight > 24) return true;
  return mayAcross && element.scrollWidth - element.clientWidth > 4 && element.clientWidth > 24;
}

const SCROLLING = /auto|scroll|overlay/;

/** A document keeps the list of its inputs; a selector would go through all of the page at each reading. */
function inputsOf(root: Document | ShadowRoot): ArrayLike<HTMLInputElement> {
  return isShadowRoot(root) ? queryAll<HTMLInputElement>(root, "input") : allOfTag<HTMLInputElement>(root, "input");
}

const fileFields = new OncePerReading((root) => Array.prototype.some.call(inputsOf(root), isFileField));

function isFileField(input: HTMLInputElement): boolean {
  return input.type === "file";
}

/** So far around a button a hidden file field is looked for. */
const NEARBY = 3;
const BUTTONS = "button,a[href],[role=button],input[type=button],input[type=submit]";

/**
 * The file field that an element is, or that a button or drop zone stands for: the field in it, or the one that shares a
 * small part of the page with it and no other button.
 */
export function fileFieldOf(element: Element, role: string): HTMLInputElement | null {
  if (tagOf(element) === "input" && (element as HTMLInputElement).type === "file") return element as HTMLInputElement;
  if (role !== "button" && role !== "" && role !== "generic" && role !== "link") return null;
  if (!fileFields.get(rootOf(element))) return null;
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
function takesFiles(element: Element, role: string, about: number): boolean {
  if (fileFieldOf(element, role) !== null) return true;
  if ((about & Mark.Drop) !== 0) return true;
  if ((about & (Mark.Class | Mark.Id)) === 0) return false;
  return DROP_ZONE.test(`${attributeOf(element, "class") ?? ""} ${attributeOf(element, "id") ?? ""}`);
}

/** Text, and what holds text: with these tags and roles there is nothing to do but read, as far as HTML and ARIA go. */
const PLAIN = new Set(
  (
    "article b blockquote center code dd div dl dt em figcaption font h1 h2 h3 h4 h5 h6 i li p pre section small span " +
    "strong sub sup table tbody td th tr ul"
  ).split(" "),
);
const PLAIN_ROLES = new Set(["", "cell", "columnheader", "generic", "heading", "listitem", "paragraph", "row"]);

const VALUED = new Set("combobox listbox meter progressbar scrollbar searchbox slider spinbutton textbox".split(" "));
const DRAGGED_ROLES = new Set("scrollbar separator slider".split(" "));

/** Lists of operations by what is in them: there are few, and thousands of elements share one. */
const lists = new Map<number, Operation[]>();

function shared(operations: Operation[]): Operation[] {
  let key = 0;
  for (const operation of operations) key |= 1 << operation;
  const known = lists.get(key);
  if (known !== undefined) return known;
  lists.set(key, operations);
  return operations;
}

const READ_ONLY = shared([Operation.READ_TEXT, Operation.GET_ATTRIBUTES]);

/** The operations of an element. They always come in the same order, and the lists are shared: nobody may change one. */
export function operationsOf(element: Element, can: Abilities): Operation[] {
  const tag = tagOf(element);
  const { about } = can.marks;
  const draggable = (about & (Mark.Drag | Mark.Class)) !== 0 && saysDraggable(element);
  const isPlain = PLAIN.has(tag) && PLAIN_ROLES.has(can.role) && (about & Mark.Editable) === 0 && !draggable;
  if (isPlain && !can.clickable && !can.scrollable && !hasEditContext(element)) return READ_ONLY;
  const control = CONTROL_ROLES.has(can.role);
  const operable = control || can.clickable;
  const operations: Operation[] = [];
  const text = takesText(element);
  if (!can.disabled) {
    if (operable && tag !== "select") operations.push(Operation.CLICK);
    if (text && !can.readonly) operations.push(Operation.INPUT_TEXT);
    if (tag === "select" || can.role === "listbox" || (can.role === "combobox" && tag !== "input")) {
      operations.push(Operation.SELECT_OPTION);
    }
    if (CHECKABLE.has(can.role)) operations.push(Operation.SET_CHECKED);
    if (operable && takesFiles(element, can.role, about)) operations.push(Operation.UPLOAD_FILES);
    if (draggable || (operable && DRAGGED_ROLES.has(can.role))) operations.push(Operation.DRAG);
    if (operable) operations.push(Operation.HOVER, Operation.PRESS_KEYS);
    if (can.scrollable) operations.push(Operation.SCROLL);
  }
  if (VALUED.has(can.role) || CHECKABLE.has(can.role) || text) operations.push(Operation.READ_VALUE);
  operations.push(Operation.READ_TEXT, Operation.GET_ATTRIBUTES);
  return shared(operations);
}
