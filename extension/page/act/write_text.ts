// Puts text into a field and reads back what is there: by the editing command of the browser where the field is edited as
// text, by value and events where it is not (numbers, dates, ranges, colours). What it says about the result is what
// the field holds afterwards.

import { isEditingHost, tagOf } from "../dom";
import { failedInTarget, invalidArgument } from "../errors";
import { ownerOf } from "../native";
import { editedText } from "../perceive/states";
import type { Target } from "./context";

/** Input types that take no typing: their value is set as a whole, in the form HTML prescribes. */
const FORMATS: Readonly<Record<string, { readonly form: string; readonly fits: RegExp }>> = {
  color: { form: "#rrggbb", fits: /^#[0-9a-f]{6}$/i },
  date: { form: "YYYY-MM-DD", fits: /^\d{4,6}-\d{2}-\d{2}$/ },
  "datetime-local": { form: "YYYY-MM-DDThh:mm", fits: /^\d{4,6}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/ },
  month: { form: "YYYY-MM", fits: /^\d{4,6}-\d{2}$/ },
  number: { form: "a number such as 12.5", fits: /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i },
  range: { form: "a number such as 12.5", fits: /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i },
  time: { form: "hh:mm", fits: /^\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/ },
  week: { form: "YYYY-Www", fits: /^\d{4,6}-W\d{2}$/ },
};

/** Whether a field's value is set as a whole. */
export function isSetAsWhole(element: Element): boolean {
  return tagOf(element) === "input" && (element as HTMLInputElement).type in FORMATS;
}

/** Sets a value past whatever the page has put in the way of the property. */
function setNative(field: HTMLInputElement | HTMLTextAreaElement, value: string): void {
  const prototype = tagOf(field) === "textarea" ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
  const setter = Object.getOwnPropertyDescriptor(prototype, "value")?.set;
  if (setter === undefined) field.value = value;
  else setter.call(field, value);
}

function tell(field: Element, data: string | null, inputType: string): void {
  field.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true, data, inputType }));
}

/** The `change` event that a person causes by leaving the field. */
export function tellChanged(field: Element): void {
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Sets a number, date, time, range or colour. Answers with what the field should hold then. */
function setWhole(target: Target, text: string): string {
  const field = target.element as HTMLInputElement;
  const format = FORMATS[field.type];
  const given = field.type === "datetime-local" ? text.trim().replace(" ", "T") : text.trim();
  if (format !== undefined && given !== "" && !format.fits.test(given)) {
    throw invalidArgument(
      "text",
      `is ${format.form}`,
      `The ${target.words} takes ${format.form}, not ${JSON.stringify(given)}.`,
    );
  }
  setNative(field, given);
  if (field.value === "" && given !== "") {
    throw invalidArgument(
      "text",
      `is ${format?.form ?? "valid"}`,
      `The ${target.words} does not take ${JSON.stringify(given)}: there is no such value.`,
    );
  }
  tell(field, given, "insertReplacementText");
  tellChanged(field);
  return given;
}

/** Android keyboards tell pages no more than this about keys, so pages cope with it. */
function unidentifiedKey(field: Element, type: string): void {
  field.dispatchEvent(
    new KeyboardEvent(type, { key: "Unidentified", keyCode: 229, bubbles: true, composed: true, cancelable: true }),
  );
}

function isTextField(element: Element): element is HTMLInputElement | HTMLTextAreaElement {
  return tagOf(element) === "input" || tagOf(element) === "textarea";
}

/** Selects what is to be replaced, or puts the caret at the end. Answers false where the field has no selection. */
function place(field: Element, append: boolean): boolean {
  if (isTextField(field)) {
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
  const selection = ownerOf(field).getSelection();
  if (selection === null) return false;
  selection.selectAllChildren(field);
  if (append) selection.collapseToEnd();
  return true;
}

/** Types into a text field or an editable area. It has to have the focus. */
function typeInto(field: Element, text: string, append: boolean): void {
  const before = contentOf(field);
  const placed = place(field, append);
  const wanted = placed || !append ? text : before + text;
  if (!placed) place(field, false);
  unidentifiedKey(field, "keydown");
  // Nothing to replace and nothing to put in: the page hears nothing, as when a person does nothing.
  const nothing = wanted === "" && (append || before === "");
  if (!nothing) {
    const done = document.execCommand(wanted === "" ? "delete" : "insertText", false, wanted);
    if (!done && contentOf(field) === before) replaceByValue(field, placed && append ? before + text : wanted);
  }
  unidentifiedKey(field, "keyup");
}

/** For fields that refuse the editing command: value and events. */
function replaceByValue(field: Element, text: string): void {
  const event = { bubbles: true, composed: true, cancelable: true, data: text, inputType: "insertText" };
  if (!field.dispatchEvent(new InputEvent("beforeinput", event))) return;
  if (isTextField(field)) setNative(field, text);
  else return;
  tell(field, text, "insertText");
}

/** What a field holds. */
export function contentOf(field: Element): string {
  if (isTextField(field)) return field.value;
  return editedText(field);
}

/** Writes text into a field that has the focus. Answers with what the field should hold then. */
export function writeText(target: Target, text: string, append: boolean): string {
  const field = target.element;
  const before = contentOf(field);
  if (isSetAsWhole(field)) return setWhole(target, append ? before + text : text);
  const line = tagOf(field) === "input" ? text.replace(/[\r\n]+/g, " ") : text.replace(/\r\n?/g, "\n");
  typeInto(field, line, append);
  return append ? before + line : line;
}

/** Letters and digits only, for fields that lay out what is typed: phone numbers, amounts, upper case. */
function bare(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");
}

function folded(text: string): string {
  return text.replace(/[\s\u200b\ufeff]+/g, " ").trim();
}

/** How what the field holds compares to what was written. Throws if it is something else. */
export function verifyText(target: Target, wanted: string, secret: boolean): string {
  const field = target.element;
  const now = contentOf(field);
  if (now === wanted || (isEditingHost(field) && folded(now) === folded(wanted))) return "";
  if (isSetAsWhole(field) && Number(now) === Number(wanted) && now !== "") return "";
  if (isSetAsWhole(field) && now.startsWith(wanted) && wanted !== "") return ""; // 12:30 read back as 12:30:00
  const shown = secret ? undefined : now;
  const told = secret ? `${now.length} characters` : JSON.stringify(now.length > 200 ? `${now.slice(0, 200)}…` : now);
  const limit = isTextField(field) ? field.maxLength : -1;
  if (limit >= 0 && wanted.length > limit && now.length <= limit) {
    throw failedInTarget(
      `The ${target.words} takes at most ${limit} characters; it holds ${told} now.`,
      "Use a shorter text.",
      shown,
    );
  }
  if (bare(now) === bare(wanted) && bare(now) !== "") return `which the page shows as ${told}`;
  throw failedInTarget(
    `The ${target.words} did not keep the text; it holds ${told} now.`,
    "Look at what the field accepts, then try another text.",
    shown,
  );
}
