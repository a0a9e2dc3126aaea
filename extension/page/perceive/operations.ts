// What can be asked of an element, from what it is and what it is like.

import { Operation } from "@gen/tabwire/v1/state_pb";
import { isEditingHost, tagOf } from "../dom";
import { CONTROL_ROLES } from "./role";

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
  return tag === "textarea" || isEditingHost(element);
}

/** Whether an element has content that it shows only in part, with a way to scroll to the rest. */
export function isScrollable(element: Element): boolean {
  const down = element.scrollHeight - element.clientHeight > 4 && element.clientHeight > 24;
  const across = element.scrollWidth - element.clientWidth > 4 && element.clientWidth > 24;
  if (!down && !across) return false;
  const style = getComputedStyle(element);
  return (
    (down && /auto|scroll|overlay/.test(style.overflowY)) || (across && /auto|scroll|overlay/.test(style.overflowX))
  );
}

const VALUED = new Set("combobox listbox meter progressbar searchbox slider spinbutton textbox".split(" "));

/** The operations of an element. */
export function operationsOf(element: Element, can: Abilities): Operation[] {
  const tag = tagOf(element);
  const control = CONTROL_ROLES.has(can.role);
  const operations: Operation[] = [];
  if (!can.disabled) {
    if ((control || can.clickable) && tag !== "select") operations.push(Operation.CLICK);
    if (takesText(element) && !can.readonly) operations.push(Operation.INPUT_TEXT);
    if (tag === "select" || can.role === "listbox" || (can.role === "combobox" && tag !== "input")) {
      operations.push(Operation.SELECT_OPTION);
    }
    if (control || can.clickable) operations.push(Operation.HOVER, Operation.PRESS_KEYS);
    if (can.scrollable) operations.push(Operation.SCROLL);
  }
  if (VALUED.has(can.role) || takesText(element)) operations.push(Operation.READ_VALUE);
  operations.push(Operation.READ_TEXT, Operation.GET_ATTRIBUTES);
  return operations;
}
