// The events by which a field or an editor hears that text is typed into it: key presses that say no more than that, and
// beforeinput. An event of a script has no default action, so each of these either is taken by the page or does nothing at
// all. Those by which an editor with a model of its own is worked with are told in editor_events.ts.

import { ownerOf } from "../native";

/** How these events travel. */
export const HEARD = { bubbles: true, cancelable: true, composed: true };

/** Android keyboards tell pages no more than this about keys, so pages cope with it. */
export function unidentifiedKey(field: Element, type: string): void {
  field.dispatchEvent(new KeyboardEvent(type, { ...HEARD, key: "Unidentified", keyCode: 229 }));
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
