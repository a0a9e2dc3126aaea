// What a browser does by itself when a key is pressed. Keyboard events of a script run the page's handlers but have no
// default action, so the usual ones are done here: submit, follow, check, move the focus, move the caret, edit, choose.

import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { isDisabled, isEditingHost, property, tagOf } from "../dom";
import { PageError } from "../errors";
import { hasAttribute, queryAll } from "../native";
import { takesText } from "../perceive/operations";
import { isReadonly } from "../perceive/states";
import { moveCaret } from "./caret";
import { submitImplicitly } from "./implicit_submit";
import { chooseByArrow, chooseByLetter, stepValue } from "./key_choices";
import type { Key } from "./keys";
import { refuseScriptLink } from "./script_link";
import { moveByTab } from "./tab_order";

/** Types of input in which Enter submits and characters are typed. */
function isTextLike(element: Element): boolean {
  return takesText(element) && !isReadonly(element) && !isDisabled(element);
}

function isPressedByEnter(element: Element): boolean {
  const tag = tagOf(element);
  if (tag === "button" || tag === "summary" || (tag === "a" && hasAttribute(element, "href"))) return true;
  return tag === "input" && /^(button|color|file|image|reset|submit)$/.test(property<string>(element, "type") ?? "");
}

function isPressedBySpace(element: Element): boolean {
  const tag = tagOf(element);
  if (tag === "button" || tag === "summary") return true;
  return (
    tag === "input" &&
    /^(button|checkbox|color|file|image|radio|reset|submit)$/.test(property<string>(element, "type") ?? "")
  );
}

function clickOn(element: Element): void {
  (element as HTMLElement).click();
}

function edit(command: string, text?: string): void {
  document.execCommand(command, false, text);
}

function enter(key: Key, element: Element): void {
  const tag = tagOf(element);
  if (tag === "textarea") {
    if (isTextLike(element)) edit("insertText", "\n");
  } else if (isEditingHost(element) || (element as HTMLElement).isContentEditable) {
    edit(key.shift ? "insertLineBreak" : "insertParagraph");
  } else if (isPressedByEnter(element)) {
    clickOn(element);
    refuseScriptLink(element);
  } else if (tag === "input") {
    submitImplicitly(element as HTMLInputElement);
  }
}

/** Escape closes the innermost dialog or popover, unless the page objects. */
function closeTopmost(): void {
  const popovers = queryAll<HTMLElement>(document, '[popover]:popover-open:not([popover="manual"])');
  const popover = popovers[popovers.length - 1];
  if (popover !== undefined) {
    popover.hidePopover();
    return;
  }
  const dialogs = queryAll<HTMLDialogElement>(document, "dialog:modal");
  const dialog = dialogs[dialogs.length - 1];
  if (dialog === undefined) return;
  if (dialog.dispatchEvent(new Event("cancel", { cancelable: true }))) dialog.close();
}

function scrollByKey(key: Key): boolean {
  const page = window.innerHeight * 0.875;
  const ways: Readonly<Record<string, readonly [number, number]>> = {
    " ": [0, key.shift ? -page : page],
    ArrowDown: [0, 40],
    ArrowLeft: [-40, 0],
    ArrowRight: [40, 0],
    ArrowUp: [0, -40],
    End: [0, document.documentElement.scrollHeight],
    Home: [0, -document.documentElement.scrollHeight],
    PageDown: [0, page],
    PageUp: [0, -page],
  };
  const way = ways[key.key];
  if (way === undefined) return false;
  window.scrollBy({ left: way[0], top: way[1], behavior: "instant" });
  return true;
}

function withCommand(key: Key, element: Element): void {
  switch (key.key.toLowerCase()) {
    case "a":
      if (takesText(element) && tagOf(element) !== "div") property<() => void>(element, "select")?.call(element);
      if (!property(element, "select")) edit("selectAll");
      return;
    case "z":
      edit(key.shift ? "redo" : "undo");
      return;
    case "y":
      edit("redo");
      return;
    case "c":
    case "v":
    case "x":
      throw new PageError(ErrorCode.NEEDS_TRUSTED_INPUT, "The clipboard opens only for a person's own keys.", {
        remedy: "Use input_text for the text instead, or press the keys by hand.",
      });
    case "backspace":
    case "delete": {
      const selection = document.getSelection();
      selection?.modify("extend", key.key === "Backspace" ? "backward" : "forward", "word");
      edit(key.key === "Backspace" ? "delete" : "forwardDelete");
      return;
    }
    default:
      moveCaret(key, element);
  }
}

function typed(key: Key, element: Element): void {
  if (isTextLike(element)) edit("insertText", key.text);
  else if (key.key === " " && isPressedBySpace(element)) clickOn(element);
  else if (key.key === " " && tagOf(element) !== "select") scrollByKey(key);
  else if (tagOf(element) === "select") chooseByLetter(element as HTMLSelectElement, key.text);
}

/** Does what the browser would do for a key that the page did not prevent. `element` has the focus. */
export function doDefault(key: Key, element: Element): void {
  if (key.control || key.meta) {
    withCommand(key, element);
    return;
  }
  if (key.alt) return;
  switch (key.key) {
    case "Enter":
      enter(key, element);
      return;
    case "Tab":
      moveByTab(element, key.shift);
      return;
    case "Escape":
      closeTopmost();
      return;
    case "Backspace":
      if (isTextLike(element)) edit("delete");
      return;
    case "Delete":
      if (isTextLike(element)) edit("forwardDelete");
      return;
    case "ArrowDown":
    case "ArrowLeft":
    case "ArrowRight":
    case "ArrowUp":
    case "End":
    case "Home":
    case "PageDown":
    case "PageUp":
      if (!chooseByArrow(key, element) && !stepValue(key, element) && !moveCaret(key, element)) scrollByKey(key);
      return;
    default:
      if (key.text !== "") typed(key, element);
  }
}
