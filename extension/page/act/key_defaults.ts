// What a browser does by itself when a key is pressed. Keyboard events of a script run the page's handlers but have no
// default action, so the usual ones are done here: submit, follow, check, move the focus, move the caret, edit, choose.

import { closestShown, isDisabled, isEditingHost, property, tagOf } from "../dom";
import { hasAttribute, queryAll } from "../native";
import { isScrollable, takesText } from "../perceive/operations";
import { isReadonly } from "../perceive/states";
import { hasEditContext } from "../perceive/typing_proxy";
import { moveCaret } from "./caret";
import { copy, paste } from "./clipboard";
import { type EditCommand, editAsTyped } from "./edit_as_typed";
import { submitImplicitly } from "./implicit_submit";
import { chooseByArrow, chooseByLetter, stepValue } from "./key_choices";
import type { Key } from "./keys";
import { selectAllInPage } from "./model_text";
import { refuseScriptLink } from "./script_link";
import { moveByTab } from "./tab_order";
import { isTextField, tellChanged } from "./write_text";

/** Fields that keys have changed since the page was told of a change. */
const typedInto = new WeakSet<Element>();

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

/** Whether a key clicks an element when it is let go, as Space does with buttons. */
export function clicksOnRelease(key: Key, element: Element): boolean {
  const plain = !key.control && !key.meta && !key.alt;
  return key.key === " " && plain && !isTextLike(element) && isPressedBySpace(element);
}

/** Does what the browser does when a key is let go that was pressed in the same element. */
export function doReleaseDefault(key: Key, element: Element): void {
  if (clicksOnRelease(key, element) && !isDisabled(element)) clickOn(element);
}

function enter(key: Key, element: Element): void {
  const tag = tagOf(element);
  if (tag === "textarea") {
    if (isTextLike(element)) editAsTyped(element, "insertText", "\n");
  } else if ((element as HTMLElement).isContentEditable || hasEditContext(element)) {
    editAsTyped(element, key.shift ? "insertLineBreak" : "insertParagraph");
  } else if (isPressedByEnter(element)) {
    clickOn(element);
    refuseScriptLink(element);
  } else if (tag === "input") {
    // Chrome tells of the change before it submits.
    if (typedInto.delete(element)) tellChanged(element);
    submitImplicitly(element as HTMLInputElement);
  }
}

/** Escape empties a search field. Answers whether there was anything to empty. */
function emptySearch(element: Element): boolean {
  if (tagOf(element) !== "input" || (element as HTMLInputElement).type !== "search") return false;
  if ((element as HTMLInputElement).value === "" || isReadonly(element)) return false;
  (element as HTMLInputElement).select();
  editAsTyped(element, "delete");
  return true;
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

/** Whether something can still be scrolled that way. */
function hasRoom(scroller: Element, left: number, top: number): boolean {
  if (top > 0) return scroller.scrollTop + scroller.clientHeight < scroller.scrollHeight - 1;
  if (top < 0) return scroller.scrollTop > 0;
  return left > 0 ? scroller.scrollLeft + scroller.clientWidth < scroller.scrollWidth - 1 : scroller.scrollLeft > 0;
}

/** Scrolls the innermost part around the focus that has room that way, else the page. */
function scrollByKey(key: Key, element: Element): boolean {
  const far = Number.MAX_SAFE_INTEGER;
  const ways: Readonly<Record<string, readonly [number, number]>> = {
    " ": [0, key.shift ? -1 : 1],
    ArrowDown: [0, 40],
    ArrowLeft: [-40, 0],
    ArrowRight: [40, 0],
    ArrowUp: [0, -40],
    End: [0, far],
    Home: [0, -far],
    PageDown: [0, 1],
    PageUp: [0, -1],
  };
  const way = ways[key.key];
  if (way === undefined) return false;
  const [left, top] = way;
  const inner = closestShown(element, (at) => isScrollable(at) && hasRoom(at, left, top));
  const page = (inner?.clientHeight ?? window.innerHeight) * 0.875;
  const by = Math.abs(top) === 1 ? top * page : top;
  (inner ?? window).scrollBy({ left, top: by, behavior: "instant" });
  return true;
}

/** Selects all: the text of a field, or of the page. */
async function selectAll(element: Element): Promise<void> {
  if (isTextField(element)) element.select();
  else if (isEditingHost(element)) await selectAllInPage(element);
  else document.execCommand("selectAll");
}

const FORMATS: Readonly<Record<string, EditCommand>> = { b: "bold", i: "italic", u: "underline" };

function withCommand(key: Key, element: Element): void | Promise<void> {
  const format = FORMATS[key.key.toLowerCase()];
  if (format !== undefined) {
    if ((element as HTMLElement).isContentEditable) editAsTyped(element, format);
    return;
  }
  switch (key.key.toLowerCase()) {
    case "a":
      return selectAll(element);
    case "z":
      editAsTyped(element, key.shift ? "redo" : "undo");
      return;
    case "y":
      editAsTyped(element, "redo");
      return;
    case "c":
      copy(element, false);
      return;
    case "x":
      copy(element, true);
      return;
    case "v":
      paste(element);
      return;
    case "backspace":
    case "delete": {
      const selection = document.getSelection();
      selection?.modify("extend", key.key === "Backspace" ? "backward" : "forward", "word");
      editAsTyped(element, key.key === "Backspace" ? "delete" : "forwardDelete");
      return;
    }
    default:
      moveCaret(key, element);
  }
}

function typed(key: Key, element: Element): void {
  if (isTextLike(element)) {
    typedInto.add(element);
    editAsTyped(element, "insertText", key.text);
  } else if (clicksOnRelease(key, element)) return;
  else if (key.key === " " && tagOf(element) !== "select") scrollByKey(key, element);
  else if (tagOf(element) === "select") chooseByLetter(element as HTMLSelectElement, key.text);
}

/** Does what the browser would do for a key that the page did not prevent. `element` has the focus. */
export function doDefault(key: Key, element: Element): void | Promise<void> {
  if (key.control || key.meta) return withCommand(key, element);
  if (key.alt) return;
  switch (key.key) {
    case "Enter":
      enter(key, element);
      return;
    case "Tab":
      moveByTab(element, key.shift);
      return;
    case "Escape":
      if (!emptySearch(element)) closeTopmost();
      return;
    case "Backspace":
      if (isTextLike(element)) editAsTyped(element, "delete");
      return;
    case "Delete":
      if (isTextLike(element)) editAsTyped(element, "forwardDelete");
      return;
    case "ArrowDown":
    case "ArrowLeft":
    case "ArrowRight":
    case "ArrowUp":
    case "End":
    case "Home":
    case "PageDown":
    case "PageUp":
      if (!chooseByArrow(key, element) && !stepValue(key, element) && !moveCaret(key, element))
        scrollByKey(key, element);
      return;
    default:
      if (key.text !== "") typed(key, element);
  }
}
