// The text of an editor as its own model has it. What the page shows may be a part of it only, or wrong; but every editor
// answers a copy of what is selected with the model's text. So: select all, copy, put the selection back. The clipboard
// of the machine is not touched: the event carries one of its own.

import { nextTask, sleep } from "../clock";
import { deepActiveElement } from "../dom";
import { query, textOf } from "../native";
import { takesText } from "../perceive/operations";
import { editedText } from "../perceive/states";
import { editorOfProxy, isTypingProxy } from "../perceive/typing_proxy";
import { saysTheSame } from "./compare";
import { selectedRanges, selectionOf } from "./edit_events";
import { copyOf, KEY_A, KEY_END, pressIn, tellSelection } from "./editor_events";
import { dropFocus, focusOn } from "./focus";

/** Editors hear of a selection by timers, which Chrome slows down to one a second in hidden tabs. */
const followLimit = (): number => (document.hidden ? 2500 : 400);
const LOOK_AGAIN = 15;

/** Waits until something holds. Answers whether it came to hold in time. */
export async function comesTrue(holds: () => boolean, limit = followLimit()): Promise<boolean> {
  const until = performance.now() + limit;
  for (let look = 0; ; look++) {
    if (holds()) return true;
    if (performance.now() > until) return false;
    await (look < 3 ? nextTask() : sleep(LOOK_AGAIN));
  }
}

/** Editors that draw only the lines in view; a mark in the place of the others is all there is of them. */
const UNDRAWN = ".cm-gap";

/** Whether what the page shows of a field's text is not all of it, or nothing. */
export function isDrawnInPart(field: Element): boolean {
  return isTypingProxy(field) || query(field, UNDRAWN) !== null;
}

/** Selects all text of a field: by the editor's own key binding if it has one, and in the page. */
export async function selectAllOf(field: Element): Promise<void> {
  const taken = pressIn(field, KEY_A, true);
  if (isTypingProxy(field)) {
    if (!taken) (field as { select?(): void }).select?.();
    return;
  }
  const within = selectedRanges(field);
  if (taken && within.some((range) => !range.collapsed)) return;
  await selectAllInPage(field);
}

/** Selects all text of an editable area in the page, and waits until its editor knows. */
export async function selectAllInPage(field: Element): Promise<void> {
  selectionOf(field)?.selectAllChildren(field);
  tellSelection(field);
  // An editor that copies by itself can be seen to have followed.
  if (copyOf(field) === null) return;
  await comesTrue(() => saysTheSame(copyOf(field) ?? "", editedText(field)));
}

/** Puts the caret behind the last character of a field. */
export async function goToEnd(field: Element): Promise<void> {
  if (pressIn(field, KEY_END, true) || isTypingProxy(field)) return;
  const selection = selectionOf(field);
  if (selection === null) return;
  // Selecting all first is what makes an editor that follows late be seen to follow.
  const all = copyOf(field) === null || editedText(field) === "" ? null : await selectedText(field);
  selection.selectAllChildren(field);
  selection.collapseToEnd();
  selection.modify("move", "forward", "documentboundary");
  tellSelection(field);
  if (all !== null) await comesTrue(() => copyOf(field) !== all);
}

async function selectedText(field: Element): Promise<string | null> {
  await selectAllOf(field);
  return copyOf(field);
}

/** The model's text of an editor, by its own copying; null if it does not copy by itself. Has to have the focus. */
export async function modelText(field: Element): Promise<string | null> {
  const before = selectedRanges(field).map((range) => range.cloneRange());
  await selectAllOf(field);
  const text = copyOf(field);
  if (isTypingProxy(field)) {
    pressIn(field, KEY_END, true);
    return tidied(text);
  }
  const selection = selectionOf(field);
  const range = before[0];
  if (selection !== null && range !== undefined && field.contains(range.commonAncestorContainer)) {
    selection.removeAllRanges();
    selection.addRange(range);
    tellSelection(field);
  }
  return tidied(text);
}

/** An editor with nothing to select may copy the line end of its only line. */
function tidied(text: string | null): string | null {
  return text === null ? null : text.replace(/\r\n?/g, "\n").replace(/^\n$/, "");
}

/** What of a field is drawn on the page: a change of it tells that something has happened, not what. */
export function drawnTextOf(field: Element): string {
  return textOf(editorOfProxy(field) ?? field) ?? "";
}

/**
 * The text of a field that is drawn in part or not at all; null for every other element, and where the editor does not
 * tell. The focus is borrowed for it and given back; the caret of an editor that keeps it to itself goes to the end.
 */
export async function undrawnTextOf(field: Element): Promise<string | null> {
  if (!takesText(field) || !isDrawnInPart(field)) return null;
  const active = deepActiveElement(document);
  if (!focusOn(field)) return null;
  const text = await modelText(field);
  if (active === null) dropFocus();
  else focusOn(active);
  return text;
}
