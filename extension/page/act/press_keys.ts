// PressKeysAction: presses keys one after another in the focused element, with the page's handlers and, where the page
// does not prevent it, what the browser would do.

import type { PressKeysAction } from "@gen/tabwire/v1/action_pb";
import { framesOfPage, nextFrame, nextTask } from "../clock";
import { deepActiveElement, tagOf } from "../dom";
import { notInteractable } from "../errors";
import { bodyOf, isConnected, rootElementOf } from "../native";
import { takesText } from "../perceive/operations";
import { roleOf } from "../perceive/role";
import { currentValueOf } from "../perceive/states";
import { requireEnabled, scrollIntoView, surfaceOf } from "./actionable";
import type { ActContext, Outcome } from "./context";
import { focusOn } from "./focus";
import { doDefault, doReleaseDefault } from "./key_defaults";
import { type Key, parseKey } from "./keys";
import { untilSelectionTold } from "./press_defaults";

function init(key: Key): KeyboardEventInit {
  return {
    key: key.key,
    code: key.code,
    keyCode: key.keyCode,
    which: key.keyCode,
    ctrlKey: key.control,
    shiftKey: key.shift,
    altKey: key.alt,
    metaKey: key.meta,
    bubbles: true,
    cancelable: true,
    composed: true,
    view: window,
  };
}

function fire(element: Element, type: string, key: Key, extra: KeyboardEventInit = {}): boolean {
  return element.dispatchEvent(new KeyboardEvent(type, { ...init(key), ...extra }));
}

/** Whether a key press makes a `keypress` event too: for characters and Enter. */
function hasPress(key: Key): boolean {
  return (key.text !== "" || key.key === "Enter") && !key.control && !key.alt && !key.meta;
}

/** The keys that a chord holds down, in the order of their pressing. */
function heldBy(key: Key): Key[] {
  const none = { ...key, control: false, shift: false, alt: false, meta: false, text: "" };
  const held: Key[] = [];
  const hold = (name: keyof typeof none, label: string, keyCode: number): void => {
    if (key[name] !== true || key.key === label) return;
    const before = held[held.length - 1] ?? none;
    held.push({ ...before, key: label, code: `${label}Left`, keyCode, [name]: true });
  };
  hold("control", "Control", 17);
  hold("alt", "Alt", 18);
  hold("meta", "Meta", 91);
  // A capital letter is no chord: nobody names Shift for it.
  if (key.text === "" || key.control || key.alt || key.meta) hold("shift", "Shift", 16);
  return held;
}

/** An editor that was asked to draw and does not, on a computer that has no time for it. */
const DRAWN_MS = 1_000;

/** Keys that move the caret or the selection. */
const CARET = /^(Arrow(Down|Left|Right|Up)|End|Home|PageDown|PageUp)$/;

async function goDown(key: Key, element: Element): Promise<boolean> {
  let goesOn = fire(element, "keydown", key);
  if (goesOn && hasPress(key)) {
    const code = key.key === "Enter" ? 13 : (key.text.codePointAt(0) ?? 0);
    goesOn = fire(element, "keypress", key, { charCode: code, keyCode: code, which: code });
  }
  if (!goesOn || !isConnected(element)) return goesOn;
  const moves = CARET.test(key.key) || (key.control && key.key.toLowerCase() === "a");
  // An editor has to hear where the caret is before the next key comes.
  if (moves && (element as HTMLElement).isContentEditable) await untilSelectionTold(() => doDefault(key, element));
  else await doDefault(key, element);
  return true;
}

/** Presses and releases one key, with what its chord holds down, in an element that has the focus. */
export async function pressKey(key: Key, element: Element): Promise<void> {
  const held = heldBy(key);
  const isEditor = (element as HTMLElement).isContentEditable;
  const framesBefore = isEditor && !document.hidden ? framesOfPage() : undefined;
  for (const modifier of held) fire(element, "keydown", modifier);
  const goesOn = await goDown(key, element);
  await nextTask();
  // Editors take in what is typed in tasks of their own, and lose the next key if it comes before.
  if (isEditor) for (let task = 0; task < 3; task++) await nextTask();
  // Others draw it at the next frame, and look up in what is drawn where the next key is to go (Trix).
  if (framesBefore !== undefined && !document.hidden && framesOfPage() !== framesBefore) await nextFrame(DRAWN_MS);
  const active = (): Element | null => deepActiveElement(document) ?? bodyOf(document);
  const now = active();
  if (now !== null && fire(now, "keyup", key) && goesOn && now === element) doReleaseDefault(key, element);
  for (const [at, modifier] of held.reverse().entries()) {
    const left = held[at + 1];
    const state = left ?? { control: false, shift: false, alt: false, meta: false };
    const { control, shift, alt, meta } = state;
    const to = active();
    if (to !== null) fire(to, "keyup", { ...modifier, control, shift, alt, meta });
  }
}

/** The element that gets the keys. */
function recipient(action: PressKeysAction, ctx: ActContext): Element {
  if (action.elementId === 0) return deepActiveElement(document) ?? bodyOf(document) ?? rootElementOf(document);
  const target = ctx.target(action.elementId);
  requireEnabled(target);
  scrollIntoView(surfaceOf(target), "nearest");
  return target.element;
}

/** Presses keys. */
export async function pressKeys(action: PressKeysAction, ctx: ActContext): Promise<Outcome> {
  const keys = action.keys.map(parseKey);
  const element = recipient(action, ctx);
  if (action.elementId === 0 && /^(frame|iframe)$/.test(tagOf(element))) {
    throw notInteractable("The focus is inside of a frame.", "Give the id of the element in the frame.");
  }
  const watch = ctx.begin(element);
  // What cannot have the focus itself, as a row, hears its keys all the same.
  const focused = action.elementId === 0 || focusOn(element);
  for (const key of keys) {
    if (watch.isLeaving) break;
    const active = deepActiveElement(document) ?? bodyOf(document) ?? element;
    ctx.guard?.checkKey(key.key, focused ? active : element);
    await pressKey(key, focused ? active : element);
  }
  const effects = await ctx.settle();
  const names = action.keys.join(", ");
  const active = deepActiveElement(document);
  const valueNow = active !== null && takesText(active) ? currentValueOf(active, roleOf(active)) : undefined;
  return { message: `Pressed ${names}`, effects, valueNow };
}
