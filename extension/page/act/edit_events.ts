// The events by which an editor hears of editing: key presses, paste, copy and beforeinput. An event of a script has no
// default action, so each of these either is taken by the page or does nothing at all. What they are used for is told in
// rich_text.ts and model_text.ts.

import { ownerOf } from "../native";
import { isTypingProxy } from "../perceive/typing_proxy";

/** The modifier of editing commands here: Command on a Mac, else Control. */
const onMac = /^(Mac|iP)/.test(navigator.platform);

/** What a press of a key has in its event. */
interface Press {
  readonly key: string;
  readonly code: string;
  readonly keyCode: number;
}

export const KEY_A: Press = { key: "a", code: "KeyA", keyCode: 65 };
export const KEY_Z: Press = { key: "z", code: "KeyZ", keyCode: 90 };
export const KEY_BACKSPACE: Press = { key: "Backspace", code: "Backspace", keyCode: 8 };
/** Goes to the end of a document, together with the modifier of commands. */
export const KEY_END: Press = onMac
  ? { key: "ArrowDown", code: "ArrowDown", keyCode: 40 }
  : { key: "End", code: "End", keyCode: 35 };

const HEARD = { bubbles: true, cancelable: true, composed: true };

/** Presses a key, with the modifier of commands if `command`. Answers whether the page took it. */
export function pressIn(field: Element, press: Press, command: boolean): boolean {
  const held = command ? (onMac ? { metaKey: true } : { ctrlKey: true }) : {};
  const init = { ...HEARD, ...press, ...held, view: window };
  const taken = !field.dispatchEvent(new KeyboardEvent("keydown", init));
  field.dispatchEvent(new KeyboardEvent("keyup", init));
  return taken;
}

/** Android keyboards tell pages no more than this about keys, so pages cope with it. */
export function unidentifiedKey(field: Element, type: string): void {
  field.dispatchEvent(new KeyboardEvent(type, { ...HEARD, key: "Unidentified", keyCode: 229 }));
}

/** Pastes text. Answers whether the page took it. */
export function pasteIn(field: Element, text: string): boolean {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  return !field.dispatchEvent(new ClipboardEvent("paste", { ...HEARD, clipboardData }));
}

/**
 * What the page's own handler gives to be copied of what is selected: on the clipboard, or as the text that it selects in
 * a hidden text area for the browser to copy. Null if it leaves it all to the browser.
 */
export function copyOf(field: Element): string | null {
  const clipboardData = new DataTransfer();
  const left = field.dispatchEvent(new ClipboardEvent("copy", { ...HEARD, clipboardData }));
  if (!left) return clipboardData.getData("text/plain");
  if (!isTypingProxy(field) || !("selectionStart" in field)) return null;
  const { value, selectionStart, selectionEnd } = field as HTMLTextAreaElement;
  return value.slice(selectionStart, selectionEnd);
}

/** Announces an edit, as a browser does before it edits. Answers whether the page took it: did it itself, or refused. */
export function announceEdit(
  field: Element,
  inputType: string,
  data: string | null,
  ranges: readonly Range[] = selectedRanges(field),
): boolean {
  const targetRanges = Array.from(ranges, (range) => new StaticRange(range));
  const init = { ...HEARD, inputType, data, targetRanges };
  if (!field.dispatchEvent(new InputEvent("beforeinput", init))) return true;
  return inputType === "insertText" && data !== null && announceText(field, data);
}

interface TextEventLike extends Event {
  initTextEvent(type: string, bubbles: boolean, cancelable: boolean, view: Window, data: string): void;
}

/** The older announcement of typed text, which Chrome makes next; React's onBeforeInput stands on it. */
function announceText(field: Element, data: string): boolean {
  if (!("TextEvent" in window)) return false;
  const event = ownerOf(field).createEvent("TextEvent") as TextEventLike;
  event.initTextEvent("textInput", true, true, window, data);
  return !field.dispatchEvent(event);
}

/** What is selected in a field; nothing if the selection is elsewhere. */
export function selectedRanges(field: Element): Range[] {
  const selection = selectionOf(field);
  if (selection === null || selection.rangeCount === 0) return [];
  const range = selection.getRangeAt(0);
  return field.contains(range.commonAncestorContainer) ? [range] : [];
}

/** The selection that a field's text is in: a shadow root has one of its own. */
export function selectionOf(field: Element): Selection | null {
  const root = field.getRootNode() as ShadowRoot & { getSelection?(): Selection | null };
  if (root.host !== undefined && typeof root.getSelection === "function") return root.getSelection();
  return ownerOf(field).getSelection();
}

/** Tells the page that the selection is another one now. Chrome's own event comes later than what follows here. */
export function tellSelection(field: Element): void {
  ownerOf(field).dispatchEvent(new Event("selectionchange"));
}
