// What a press of the left button does to the selection by itself: sets the caret, selects the word at the second press and
// the paragraph at the third, extends with Shift. Events of a script have no such effect, so it is done here.

import { sleep, sleeping } from "../clock";
import { closestShown, isEditingHost, property, rootOf, tagOf } from "../dom";
import { nodeTypeOf, ownerOf } from "../native";
import type { Point } from "./hit_test";

/** A place in text: a node and an offset in it. In a field the node is the field and the offset one in its value. */
export interface Place {
  readonly node: Node;
  readonly offset: number;
}

interface DocumentWithCaret extends Document {
  caretPositionFromPoint(x: number, y: number, options?: { shadowRoots: ShadowRoot[] }): CaretPosition | null;
}

/** The place in text that is nearest to a point over an element. Null if there is none. */
export function placeAt(element: Element, point: Point): Place | null {
  const doc = ownerOf(element) as DocumentWithCaret;
  const roots: ShadowRoot[] = [];
  for (let root = rootOf(element); nodeTypeOf(root) === 11; root = rootOf((root as ShadowRoot).host)) {
    roots.push(root as ShadowRoot);
  }
  if (typeof doc.caretPositionFromPoint === "function") {
    const caret = doc.caretPositionFromPoint(point.x, point.y, { shadowRoots: roots });
    return caret === null ? null : { node: caret.offsetNode, offset: caret.offset };
  }
  const range = doc.caretRangeFromPoint(point.x, point.y);
  return range === null ? null : { node: range.startContainer, offset: range.startOffset };
}

/** The text field that an element is or lies in, if its selection can be set. */
export function textFieldOf(element: Element): HTMLInputElement | HTMLTextAreaElement | null {
  const tag = tagOf(element);
  if (tag === "textarea") return element as HTMLTextAreaElement;
  if (tag !== "input") return null;
  return (element as HTMLInputElement).selectionStart === null ? null : (element as HTMLInputElement);
}

/** Whether a person may select text here. */
export function isSelectable(element: Element): boolean {
  return getComputedStyle(element).userSelect !== "none";
}

/** Tells the page that a selection begins. Answers false if it objects. */
export function mayStartSelection(element: Element): boolean {
  return element.dispatchEvent(new Event("selectstart", { bubbles: true, cancelable: true, composed: true }));
}

function wordAround(text: string, offset: number): readonly [number, number] {
  const words = new Intl.Segmenter(undefined, { granularity: "word" });
  const found = words.segment(text).containing(Math.min(offset, Math.max(0, text.length - 1)));
  return found === undefined ? [offset, offset] : [found.index, found.index + found.segment.length];
}

function lineAround(text: string, offset: number): readonly [number, number] {
  const end = text.indexOf("\n", offset);
  return [text.lastIndexOf("\n", offset - 1) + 1, end === -1 ? text.length : end];
}

function selectInField(field: HTMLInputElement | HTMLTextAreaElement, place: Place, detail: number, extend: boolean) {
  const offset = place.node === field ? place.offset : field.value.length;
  if (extend) {
    const anchor = field.selectionDirection === "backward" ? field.selectionEnd : field.selectionStart;
    const from = anchor ?? 0;
    field.setSelectionRange(Math.min(from, offset), Math.max(from, offset), offset < from ? "backward" : "forward");
    return;
  }
  const [start, end] =
    detail === 1 ? [offset, offset] : detail === 2 ? wordAround(field.value, offset) : lineAround(field.value, offset);
  field.setSelectionRange(start, end);
}

function selectInText(selection: Selection, place: Place, detail: number, extend: boolean): void {
  const { node, offset } = place;
  if (extend && selection.anchorNode !== null) selection.extend(node, offset);
  else if (detail === 1) selection.collapse(node, offset);
  else if (detail === 2 && nodeTypeOf(node) === 3) {
    const [start, end] = wordAround((node as Text).data, offset);
    selection.setBaseAndExtent(node, start, node, end);
  } else {
    selection.collapse(node, offset);
    selection.modify("move", "backward", "paragraphboundary");
    selection.modify("extend", "forward", "paragraphboundary");
  }
}

/** Selects what a press would. `detail` counts the presses in quick succession. */
export function selectByPress(element: Element, point: Point, detail: number, extend: boolean): void {
  const field = textFieldOf(element);
  const editable = field !== null || closestShown(element, isEditingHost) !== null;
  // A single click elsewhere shows nothing; controls other than fields leave the selection alone.
  if (!editable && detail === 1 && !extend) return;
  if (!editable && (property(element, "form") !== undefined || !isSelectable(element))) return;
  const place = placeAt(element, point);
  if (place === null || (detail > 1 && !mayStartSelection(element))) return;
  if (field !== null) {
    selectInField(field, place, detail, extend);
    return;
  }
  const selection = ownerOf(element).getSelection();
  if (selection !== null) selectInText(selection, place, detail, extend);
}

/** Chrome tells of a new selection with the next frame; in a hidden tab later, or never. */
const TOLD_LIMIT = 120;

function selectionNow(): readonly unknown[] {
  const selection = document.getSelection();
  return [selection?.anchorNode, selection?.anchorOffset, selection?.focusNode, selection?.focusOffset];
}

/** Does something, and if it changes the selection, waits until the page has heard of that and has had a turn to follow it. */
export async function untilSelectionTold<T>(act: () => T | Promise<T>): Promise<T> {
  let heard: () => void = () => undefined;
  const told = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const before = selectionNow();
  document.addEventListener("selectionchange", heard, { capture: true, once: true });
  try {
    const done = await act();
    const now = selectionNow();
    if (now.every((part, i) => part === before[i])) return done;
    const limit = sleeping(TOLD_LIMIT);
    await Promise.race([told, limit.done]);
    limit.wake();
    // Editors follow it by a timer of their own.
    await sleep(2);
    return done;
  } finally {
    document.removeEventListener("selectionchange", heard, { capture: true });
  }
}
