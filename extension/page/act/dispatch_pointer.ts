// The pointer as a page hears it: over, enter, move, down, up, click, in the order and at the points of a real mouse. Menus
// of modern user interface kits open on pointerdown, so a bare click would fail them. What a press selects or focuses by
// itself is told in press_defaults.ts and focus.ts.

import { nextTask } from "../clock";
import { closestShown, shownParent } from "../dom";
import { hasAttribute, isConnected } from "../native";
import { focusByPress } from "./focus";
import { elementAt, type Hit, type Point } from "./hit_test";
import { selectByPress } from "./press_defaults";

/** Keys that are held down meanwhile. */
export interface Held {
  readonly ctrlKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

export const NOTHING_HELD: Held = { ctrlKey: false, shiftKey: false, altKey: false, metaKey: false };

/** Buttons by their numbers in events. */
export enum Button {
  Left = 0,
  Middle = 1,
  Right = 2,
}

/** The bit of a button in `MouseEvent.buttons`. */
export function bitOf(button: Button): number {
  return button === Button.Left ? 1 : button === Button.Right ? 2 : 4;
}

/** What the pointer is over, as the page knows it, and where it is. */
let over: WeakRef<Element> | null = null;
let at: Point = { x: 0, y: 0 };

/** What differs from event to event. */
interface Extra extends PointerEventInit {
  readonly held?: Held;
}

/** What all events of the pointer at a point carry. A button of -1 is what Chrome has for "none". */
export function pointerInit(point: Point, extra: Extra = {}): PointerEventInit {
  const { held = NOTHING_HELD, ...rest } = extra;
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
    buttons: 0,
    detail: 0,
    ...held,
    ...rest,
  };
}

const MOUSE: PointerEventInit = { pointerId: 1, pointerType: "mouse", isPrimary: true, width: 1, height: 1 };

function pointer(element: Element, type: string, point: Point, extra: Extra = {}): boolean {
  const pressure = (extra.buttons ?? 0) === 0 ? 0 : 0.5;
  return element.dispatchEvent(new PointerEvent(type, { ...pointerInit(point, extra), ...MOUSE, pressure }));
}

function mouse(element: Element, type: string, point: Point, extra: Extra = {}): boolean {
  return element.dispatchEvent(new MouseEvent(type, pointerInit(point, extra)));
}

function ancestors(element: Element | null): Element[] {
  const path: Element[] = [];
  for (let up = element; up !== null; up = shownParent(up)) path.push(up);
  return path;
}

/** Leaves what the pointer was over and enters what it is over now. */
function cross(before: Element | null, element: Element, point: Point, extra: Extra): void {
  const from = ancestors(before);
  const to = ancestors(element);
  const silent = { ...extra, bubbles: false, cancelable: false };
  if (before !== null) {
    pointer(before, "pointerout", point, { ...extra, relatedTarget: element });
    mouse(before, "mouseout", point, { ...extra, relatedTarget: element });
    for (const left of from.filter((up) => !to.includes(up))) {
      pointer(left, "pointerleave", point, { ...silent, relatedTarget: element });
      mouse(left, "mouseleave", point, { ...silent, relatedTarget: element });
    }
  }
  pointer(element, "pointerover", point, { ...extra, relatedTarget: before });
  mouse(element, "mouseover", point, { ...extra, relatedTarget: before });
  for (const entered of to.filter((up) => !from.includes(up)).reverse()) {
    pointer(entered, "pointerenter", point, { ...silent, relatedTarget: before });
    mouse(entered, "mouseenter", point, { ...silent, relatedTarget: before });
  }
}

/** Moves the pointer to a point over an element. `buttons` are those that are held down. */
export function moveOver(hit: Hit, held: Held = NOTHING_HELD, buttons = 0): void {
  const { element, point } = hit;
  const last = over?.deref();
  const before = last?.isConnected === true ? last : null;
  // A held button counts as the left one in mouse events, which is what pages ask for while something is dragged.
  const extra = { held, buttons, button: buttons === 0 ? -1 : 0 };
  if (before !== element) cross(before, element, point, extra);
  over = new WeakRef(element);
  const way = { movementX: Math.round(point.x - at.x), movementY: Math.round(point.y - at.y) };
  at = point;
  pointer(element, "pointermove", point, { ...extra, ...way, button: -1 });
  mouse(element, "mousemove", point, { ...extra, ...way });
}

/** The nearest element that both lie in: what is clicked when press and release meet different elements. */
function common(a: Element, b: Element): Element | null {
  const path = new Set(ancestors(a));
  return ancestors(b).find((up) => path.has(up)) ?? null;
}

/** How an element is pressed. */
export interface PressOptions {
  readonly button?: Button;
  /** How often, in quick succession. */
  readonly count?: number;
  readonly held?: Held;
  /** Tells whether the page has reacted so far. If not, no time is given to it between press and release. */
  readonly reacted?: () => boolean;
}

/** What came of a press. */
export interface Pressed {
  /** What the last click reached; null if what was pressed went away before. */
  readonly clicked: Element | null;
  /** The page prevented the default of the last click. */
  readonly prevented: boolean;
}

/** The beginning of a press. */
export interface Down {
  readonly element: Element;
  readonly point: Point;
  readonly button: Button;
  readonly held: Held;
  /** Mouse events follow the pointer events; the page prevents that by preventing pointerdown. */
  readonly compatible: boolean;
  /** The page prevented the default of the press: focus, selection, dragging. */
  readonly prevented: boolean;
}

/** Puts a button down. `detail` counts the clicks in quick succession. */
export function putDown(hit: Hit, options: PressOptions = {}, detail = 1): Down {
  const { element, point } = hit;
  const { button = Button.Left, held = NOTHING_HELD } = options;
  const extra = { button, buttons: bitOf(button), held };
  const compatible = pointer(element, "pointerdown", point, extra);
  const prevented = compatible ? !mouse(element, "mousedown", point, { ...extra, detail }) : false;
  if (!prevented && isConnected(element)) {
    focusByPress(element);
    if (button === Button.Left) selectByPress(element, point, detail, held.shiftKey);
  }
  return { element, point, button, held, compatible, prevented };
}

/** Lets the button go over an element, without the click that may follow. Answers what is to be clicked. */
export function letGo(down: Down, under: Element, point: Point, detail = 1): Element | null {
  const extra = { button: down.button, buttons: 0, held: down.held };
  pointer(under, "pointerup", point, extra);
  if (down.compatible && isConnected(under)) mouse(under, "mouseup", point, { ...extra, detail });
  if (under === down.element) return isConnected(under) ? under : null;
  return common(down.element, under);
}

/** Tells the page that the browser has taken the pointer for a drag of its own. */
export function cancelPointer(element: Element, point: Point, held: Held): void {
  pointer(element, "pointercancel", point, { cancelable: false, held });
  over = null;
}

/** Dispatches the click; its default action (follow, submit, check, open) is done by the browser. */
export function clickAt(element: Element, point: Point, options: PressOptions, detail: number): boolean {
  const { button = Button.Left, held = NOTHING_HELD } = options;
  const type = button === Button.Left ? "click" : button === Button.Right ? "contextmenu" : "auxclick";
  const extra = { button, buttons: 0, detail: button === Button.Right ? 0 : detail, held };
  return element.dispatchEvent(new PointerEvent(type, { ...pointerInit(point, extra), ...MOUSE, pressure: 0 }));
}

/** Presses and releases at a point, once or several times. */
export async function press(hit: Hit, options: PressOptions = {}): Promise<Pressed> {
  const { point } = hit;
  const count = options.count ?? 1;
  moveOver(hit, options.held);
  let pressed: Pressed = { clicked: null, prevented: false };
  let element: Element | null = hit.element;
  for (let detail = 1; detail <= count && element !== null; detail++) {
    pressed = await pressOnce({ element, point }, options, detail);
    if (detail === 2) doubleClick(pressed.clicked, point, options);
    element = isConnected(element) ? element : elementAt(point);
    if (detail < count) await nextTask();
  }
  return pressed;
}

function doubleClick(element: Element | null, point: Point, { button, held }: PressOptions): void {
  if (element === null || !isConnected(element) || (button ?? Button.Left) !== Button.Left) return;
  mouse(element, "dblclick", point, { detail: 2, ...(held === undefined ? {} : { held }) });
}

/** How many times what pages have promised for "right after" is let run. */
const PROMISES = 4;

/**
 * A person takes a moment between press and release; pages draw menus and replace elements in it. One that has done
 * nothing by then is not given the time of a frame, which is long on a large page.
 */
async function moment(element: Element, { reacted }: PressOptions): Promise<void> {
  for (let i = 0; i < PROMISES; i++) await undefined;
  const quiet = reacted !== undefined && !reacted() && isConnected(element);
  if (!quiet || closestShown(element, (up) => hasAttribute(up, "aria-haspopup")) !== null) await nextTask();
}

async function pressOnce({ element, point }: Hit, options: PressOptions, detail: number): Promise<Pressed> {
  const right = options.button === Button.Right;
  const down = putDown({ element, point }, options, detail);
  // Chrome opens context menus at the press on Linux and Mac, at the release on Windows; pages see the same event.
  if (right) {
    const under = isConnected(element) ? element : elementAt(point);
    const prevented = under !== null && !clickAt(under, point, options, detail);
    if (under !== null) letGo(down, under, point, detail);
    return { clicked: under, prevented };
  }
  await moment(element, options);
  const under = isConnected(element) ? element : elementAt(point);
  if (under === null) return { clicked: null, prevented: false };
  const clicked = letGo(down, under, point, detail);
  if (clicked === null) return { clicked: null, prevented: false };
  return { clicked, prevented: !clickAt(clicked, point, options, detail) };
}
