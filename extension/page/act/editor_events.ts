// The events by which an editor with a model of its own is worked with: its key bindings, paste and copy. Each of these
// either is taken by the page or does nothing at all. What they are used for is told in rich_text.ts and model_text.ts.

import { ownerOf } from "../native";
import { isTypingProxy } from "../perceive/typing_proxy";
import { HEARD } from "./edit_events";

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

/** Presses a key, with the modifier of commands if `command`. Answers whether the page took it. */
export function pressIn(field: Element, press: Press, command: boolean): boolean {
  const held = command ? (onMac ? { metaKey: true } : { ctrlKey: true }) : {};
  const init = { ...HEARD, ...press, ...held, view: window };
  const taken = !field.dispatchEvent(new KeyboardEvent("keydown", init));
  field.dispatchEvent(new KeyboardEvent("keyup", init));
  return taken;
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

/** Tells the page that the selection is another one now. Chrome's own event comes later than what follows here. */
export function tellSelection(field: Element): void {
  ownerOf(field).dispatchEvent(new Event("selectionchange"));
}
