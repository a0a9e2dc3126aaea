// The pointer as a page hears it: over, enter, move, down, up, click, in the order and at the points of a real mouse. Menus
// of modern user interface kits open on pointerdown, so a bare click would fail them.

import { nextTask } from "../clock";
import { shownParent } from "../dom";
import { isConnected } from "../native";
import { focusByPress } from "./focus";
import { elementAt, type Hit, type Point } from "./hit_test";

/** What the pointer is over, as the page knows it. */
let over: WeakRef<Element> | null = null;

function init(point: Point, buttons: number, detail: number): PointerEventInit {
  return {
    bubbles: true,
    cancelable: true,
    composed: true,
    view: window,
    clientX: point.x,
    clientY: point.y,
    screenX: window.screenX + point.x,
    screenY: window.screenY + point.y,
    button: 0,
    buttons,
    detail,
    pointerId: 1,
    pointerType: "mouse",
    isPrimary: true,
    width: 1,
    height: 1,
    pressure: buttons === 0 ? 0 : 0.5,
  };
}

function pointer(element: Element, type: string, point: Point, extra: PointerEventInit = {}): boolean {
  return element.dispatchEvent(new PointerEvent(type, { ...init(point, 0, 0), ...extra }));
}

function mouse(element: Element, type: string, point: Point, extra: MouseEventInit = {}): boolean {
  return element.dispatchEvent(new MouseEvent(type, { ...init(point, 0, 0), ...extra }));
}

function ancestors(element: Element | null): Element[] {
  const path: Element[] = [];
  for (let at = element; at !== null; at = shownParent(at)) path.push(at);
  return path;
}

/** Moves the pointer over an element: leaves what it was over, enters this. */
export function moveOver(hit: Hit): void {
  const { element, point } = hit;
  const last = over?.deref();
  const before = last?.isConnected === true ? last : null;
  if (before !== element) {
    const from = ancestors(before);
    const to = ancestors(element);
    const silent = { bubbles: false, cancelable: false };
    if (before !== null) {
      pointer(before, "pointerout", point, { relatedTarget: element });
      mouse(before, "mouseout", point, { relatedTarget: element });
      for (const left of from.filter((at) => !to.includes(at))) {
        pointer(left, "pointerleave", point, { ...silent, relatedTarget: element });
        mouse(left, "mouseleave", point, { ...silent, relatedTarget: element });
      }
    }
    pointer(element, "pointerover", point, { relatedTarget: before });
    mouse(element, "mouseover", point, { relatedTarget: before });
    for (const entered of to.filter((at) => !from.includes(at)).reverse()) {
      pointer(entered, "pointerenter", point, { ...silent, relatedTarget: before });
      mouse(entered, "mouseenter", point, { ...silent, relatedTarget: before });
    }
    over = new WeakRef(element);
  }
  pointer(element, "pointermove", point);
  mouse(element, "mousemove", point);
}

/** The nearest element that both lie in: what is clicked when press and release meet different elements. */
function common(a: Element, b: Element): Element | null {
  const path = new Set(ancestors(a));
  return ancestors(b).find((at) => path.has(at)) ?? null;
}

/** Presses and releases at a point. Answers whether the page prevented the default of the click. */
export async function press(hit: Hit): Promise<{ clicked: Element | null; prevented: boolean }> {
  const { element, point } = hit;
  moveOver(hit);
  const held = { button: 0, buttons: 1 };
  const compatible = pointer(element, "pointerdown", point, held);
  const focuses = compatible ? mouse(element, "mousedown", point, { ...held, detail: 1 }) : true;
  if (focuses && isConnected(element)) focusByPress(element);
  // A person takes a moment between press and release; pages draw menus and replace elements in it.
  await nextTask();
  const under = isConnected(element) ? element : elementAt(point);
  if (under === null) return { clicked: null, prevented: false };
  pointer(under, "pointerup", point, { buttons: 0 });
  if (compatible && isConnected(under)) mouse(under, "mouseup", point, { detail: 1 });
  const clicked = under === element ? (isConnected(element) ? element : null) : common(element, under);
  if (clicked === null) return { clicked: null, prevented: false };
  return { clicked, prevented: !click(clicked, point) };
}

/** Dispatches the click; its default action (follow, submit, check, open) is done by the browser. */
function click(element: Element, point: Point): boolean {
  return element.dispatchEvent(new PointerEvent("click", { ...init(point, 0, 1), pressure: 0 }));
}
