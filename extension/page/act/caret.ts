// The caret in text: arrows, Home, End, with Shift to select and Control to go by words.

import { isDisabled, tagOf } from "../dom";
import type { Key } from "./keys";

const WAYS: Readonly<Record<string, readonly ["backward" | "forward", string]>> = {
  ArrowDown: ["forward", "line"],
  ArrowLeft: ["backward", "character"],
  ArrowRight: ["forward", "character"],
  ArrowUp: ["backward", "line"],
  End: ["forward", "lineboundary"],
  Home: ["backward", "lineboundary"],
};

/** Moves the caret or the selection's end in an editable element. Answers whether there is a caret to move. */
export function moveCaret(key: Key, element: Element): boolean {
  const way = WAYS[key.key];
  if (way === undefined) return false;
  const editable = isTextual(element) || (element as HTMLElement).isContentEditable;
  if (!editable || isDisabled(element)) return false;
  const [direction, by] = way;
  const byWord =
    key.control && by === "character" ? "word" : key.control && by === "lineboundary" ? "documentboundary" : by;
  // In Chrome the document's selection also moves the caret of a focused text field.
  document.getSelection()?.modify(key.shift ? "extend" : "move", direction, byWord);
  return true;
}

function isTextual(element: Element): boolean {
  if (tagOf(element) === "textarea") return true;
  return (
    tagOf(element) === "input" &&
    /^(email|number|password|search|tel|text|url)$/.test((element as HTMLInputElement).type)
  );
}
