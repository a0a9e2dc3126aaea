// Puts text into a text field of HTML by the editing command of the browser, and judges what a field of any kind holds afterwards.
// Fields that take no typing (numbers, dates, ranges, colours) are set by set_whole.ts, editable areas and editors are written
// into by rich_text.ts.

import { tagOf } from "../dom";
import { failedInTarget } from "../errors";
import { isTypingProxy } from "../perceive/typing_proxy";
import { sameParagraphs, sameWhenBare } from "./compare";
import type { Target } from "./context";
import { announceEdit, unidentifiedKey } from "./edit_events";

/** Input types that take no typing: their value is set as a whole. */
const WHOLE = /^(?:color|date|datetime-local|month|number|range|time|week)$/;

/** Whether a field's value is set as a whole. */
export function isSetAsWhole(element: Element): boolean {
  return tagOf(element) === "input" && WHOLE.test((element as HTMLInputElement).type);
}

/** Sets a value past whatever the page has put in the way of the property. */
export function setNative(field: HTMLInputElement | HTMLTextAreaElement, value: string): void {
  const prototype = tagOf(field) === "textarea" ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
  const setter = Object.getOwnPropertyDescriptor(prototype, "value")?.set;
  if (setter === undefined) field.value = value;
  else setter.call(field, value);
}

export function tell(field: Element, data: string | null, inputType: string): void {
  field.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true, data, inputType }));
}

/** The `change` event that a person causes by leaving the field. */
export function tellChanged(field: Element): void {
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

type TextField = HTMLInputElement | HTMLTextAreaElement;

/** Whether an element is a text field of HTML. */
export function isTextField(element: Element): element is TextField {
  return tagOf(element) === "input" || tagOf(element) === "textarea";
}

/** Selects what is to be replaced, or puts the caret at the end. Answers false where a script may not set the caret. */
function place(field: TextField, append: boolean): boolean {
  if (!append) {
    field.select();
    return true;
  }
  try {
    field.setSelectionRange(field.value.length, field.value.length);
    return true;
  } catch {
    return false; // e-mail fields have no selection that a script may set
  }
}

/** Types into a text field that has the focus. */
function typeInto(field: TextField, text: string, append: boolean): void {
  const before = field.value;
  const placed = place(field, append);
  const wanted = placed || !append ? text : before + text;
  if (!placed) place(field, false);
  unidentifiedKey(field, "keydown");
  // Nothing to replace and nothing to put in: the page hears nothing, as when a person does nothing.
  const nothing = wanted === "" && (append || before === "");
  if (!nothing && !announced(field, wanted)) {
    const done = document.execCommand(wanted === "" ? "delete" : "insertText", false, wanted);
    if (!done && field.value === before) replaceByValue(field, placed && append ? before + text : wanted);
  }
  unidentifiedKey(field, "keyup");
}

/** Chrome announces no edits that a command makes, but a page that lays out or refuses what is typed waits for it. */
function announced(field: TextField, text: string): boolean {
  return text === "" ? announceEdit(field, "deleteContentBackward", null) : announceEdit(field, "insertText", text);
}

/** For fields that refuse the editing command: value and events. */
function replaceByValue(field: TextField, text: string): void {
  setNative(field, text);
  tell(field, text, "insertText");
}

/** Writes text into a text field that has the focus. Answers with what the field should hold then. */
export function writeText(target: Target, text: string, append: boolean): string {
  const field = target.element as TextField;
  const before = field.value;
  const line = tagOf(field) === "input" ? text.replace(/[\r\n]+/g, " ") : text.replace(/\r\n?/g, "\n");
  typeInto(field, line, append);
  return append ? before + line : line;
}

/** A number, date or time that is written in another way than it is kept. */
function sameValue(field: Element, now: string, wanted: string): boolean {
  if (!isSetAsWhole(field) || now === "" || wanted === "") return false;
  return Number(now) === Number(wanted) || now.startsWith(wanted) || now.toLowerCase() === wanted.toLowerCase();
}

/** How what the field holds compares to what was written. Throws if it is something else. */
export function verifyText(target: Target, now: string, wanted: string, secret: boolean): string {
  const field = target.element;
  const plain = isTextField(field) && !isTypingProxy(field);
  if (now === wanted || (!plain && sameParagraphs(now, wanted)) || sameValue(field, now, wanted)) return "";
  const shown = secret ? undefined : now;
  const told = secret ? `${now.length} characters` : JSON.stringify(now.length > 200 ? `${now.slice(0, 200)}…` : now);
  const limit = plain ? field.maxLength : -1;
  if (limit >= 0 && wanted.length > limit && now.length <= limit) {
    throw failedInTarget(
      `The ${target.words} takes at most ${limit} characters; it holds ${told} now.`,
      "Use a shorter text.",
      shown,
    );
  }
  if (sameWhenBare(now, wanted)) return `which the page shows as ${told}`;
  throw failedInTarget(
    `The ${target.words} did not keep the text; it holds ${told} now.`,
    "Look at what the field accepts, then try another text.",
    shown,
  );
}

/** What the browser itself finds wrong with a field's value, as a clause; empty if nothing. */
export function complaintAbout(field: Element): string {
  if (!isTextField(field) || field.validity.valid || field.validity.customError) return "";
  return `which the browser finds invalid (${field.validationMessage})`;
}
