// Moves the keyboard focus. In a tab that is not in front, Chrome moves `activeElement` but fires no focus events; what
// the page would have heard in front is then dispatched here, so that it behaves the same.

import { closestShown, deepActiveElement, isDisabled, isEditingHost, tagOf } from "../dom";
import { bodyOf, hasAttribute } from "../native";
import { Rendering, renderingOf } from "../perceive/visibility";

/** Whether an element can have the focus. */
export function isFocusable(element: Element): boolean {
  if (isDisabled(element) && /^(button|fieldset|input|select|textarea)$/.test(tagOf(element))) return false;
  if (isEditingHost(element)) return true;
  const index = (element as HTMLElement).tabIndex;
  return typeof index === "number" && (index >= 0 || hasAttribute(element, "tabindex"));
}

function fire(element: Element, type: string, bubbles: boolean, relatedTarget: Element | null): void {
  element.dispatchEvent(new FocusEvent(type, { bubbles, composed: true, relatedTarget, view: window }));
}

/** Runs something that moves the focus, and dispatches the events if Chrome did not. */
function withEvents(move: () => void): void {
  const before = deepActiveElement(document);
  let heard = false;
  const hear = (): void => {
    heard = true;
  };
  for (const type of ["focus", "blur"]) window.addEventListener(type, hear, { capture: true });
  move();
  for (const type of ["focus", "blur"]) window.removeEventListener(type, hear, { capture: true });
  const after = deepActiveElement(document);
  if (heard || before === after) return;
  if (before !== null) {
    fire(before, "blur", false, after);
    fire(before, "focusout", true, after);
  }
  if (after !== null) {
    fire(after, "focus", false, before);
    fire(after, "focusin", true, before);
  }
}

/** Focuses an element. Answers whether it has the focus now. */
export function focusOn(element: Element): boolean {
  if (deepActiveElement(document) === element) return true;
  withEvents(() => (element as HTMLElement).focus({ preventScroll: true }));
  const active = deepActiveElement(document);
  // A body that is edited has the focus when nothing else has.
  if (active === null) return element === bodyOf(document) && isEditingHost(element);
  return active === element || closestShown(active, (at) => at === element) !== null;
}

/** Takes the focus away from whatever has it. */
export function dropFocus(): void {
  const active = deepActiveElement(document);
  if (active !== null) withEvents(() => (active as HTMLElement).blur());
}

/** What a press on an element focuses: the nearest that can have the focus, or nothing. */
export function focusByPress(element: Element): void {
  const to = closestShown(element, (at) => isFocusable(at) && renderingOf(at) !== Rendering.None);
  if (to !== null) focusOn(to);
  else if (closestShown(element, (at) => tagOf(at) === "label") === null) dropFocus();
}
