// An edit as a pressed key makes it: announced to the page, which may do it itself or refuse it, and else done by the
// browser's editing command. Chrome announces no edits that a command makes, and an editor with a model of its own would
// not know of them.

import { hasEditContext } from "../perceive/typing_proxy";
import { announceEdit, selectedRanges, selectionOf } from "./edit_events";

/** Editing commands and what they are announced as. */
const ANNOUNCED = {
  bold: "formatBold",
  delete: "deleteContentBackward",
  forwardDelete: "deleteContentForward",
  insertLineBreak: "insertLineBreak",
  insertParagraph: "insertParagraph",
  insertText: "insertText",
  italic: "formatItalic",
  redo: "historyRedo",
  underline: "formatUnderline",
  undo: "historyUndo",
} as const;

export type EditCommand = keyof typeof ANNOUNCED;

/** Edits an element that has the focus. */
export function editAsTyped(element: Element, command: EditCommand, text?: string): void {
  const lineEnd = text === "\n";
  const as = lineEnd ? "insertLineBreak" : ANNOUNCED[command];
  if (announceEdit(element, as, lineEnd ? null : (text ?? null), rangesOf(element, command))) return;
  if (hasEditContext(element)) typeIntoContext(element, command, text ?? "");
  else document.execCommand(command, false, text);
}

/** What an edit is about: what is selected, or the character that a deletion at the caret takes away. */
function rangesOf(element: Element, command: EditCommand): Range[] {
  const ranges = selectedRanges(element);
  const way = command === "delete" ? "backward" : command === "forwardDelete" ? "forward" : null;
  const selection = selectionOf(element);
  if (way === null || selection === null || ranges[0]?.collapsed !== true) return ranges;
  const caret = ranges[0].cloneRange();
  selection.modify("extend", way, "character");
  const deleted = selectedRanges(element).map((range) => range.cloneRange());
  selection.removeAllRanges();
  selection.addRange(caret);
  return deleted;
}

interface EditContextLike extends EventTarget {
  readonly selectionStart: number;
  readonly selectionEnd: number;
  updateText(start: number, end: number, text: string): void;
  updateSelection(start: number, end: number): void;
}

declare const TextUpdateEvent: new (
  type: string,
  init: Record<"updateRangeStart" | "updateRangeEnd" | "selectionStart" | "selectionEnd", number> & { text: string },
) => Event;

/** What Chrome does for an element that takes its typing through an EditContext: changes its text and tells the page. */
function typeIntoContext(element: Element, command: EditCommand, text: string): void {
  const context = (element as unknown as { editContext: EditContextLike }).editContext;
  let from = Math.min(context.selectionStart, context.selectionEnd);
  let to = Math.max(context.selectionStart, context.selectionEnd);
  if (command === "delete" && from === to) from = Math.max(0, from - 1);
  else if (command === "forwardDelete" && from === to) to += 1;
  else if (command !== "insertText" || text === "\n") return; // a page that wants line ends has taken the announcement
  const caret = from + text.length;
  context.updateText(from, to, text);
  context.updateSelection(caret, caret);
  const told = { updateRangeStart: from, updateRangeEnd: to, text, selectionStart: caret, selectionEnd: caret };
  context.dispatchEvent(new TextUpdateEvent("textupdate", told));
}
