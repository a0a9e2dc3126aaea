// PressKeysAction: presses keys one after another in the focused element, with the page's handlers and, where the page
// does not prevent it, what the browser would do.

import type { PressKeysAction } from "@gen/tabwire/v1/action_pb";
import { nextTask } from "../clock";
import { deepActiveElement, tagOf } from "../dom";
import { notInteractable } from "../errors";
import { bodyOf, isConnected, rootElementOf } from "../native";
import { takesText } from "../perceive/operations";
import { roleOf } from "../perceive/role";
import { currentValueOf } from "../perceive/states";
import { requireEnabled, scrollIntoView, surfaceOf } from "./actionable";
import type { ActContext, Outcome } from "./context";
import { focusOn } from "./focus";
import { doDefault } from "./key_defaults";
import { type Key, parseKey } from "./keys";

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

/** Presses and releases one key in an element that has the focus. */
export async function pressKey(key: Key, element: Element): Promise<void> {
  let goesOn = fire(element, "keydown", key);
  if (goesOn && hasPress(key)) {
    const code = key.key === "Enter" ? 13 : (key.text.codePointAt(0) ?? 0);
    goesOn = fire(element, "keypress", key, { charCode: code, keyCode: code, which: code });
  }
  if (goesOn && isConnected(element)) doDefault(key, element);
  await nextTask();
  const now = deepActiveElement(document) ?? bodyOf(document);
  if (now !== null) fire(now, "keyup", key);
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
    await pressKey(key, focused ? active : element);
  }
  const effects = await ctx.settle();
  const names = action.keys.join(", ");
  const active = deepActiveElement(document);
  const valueNow = active !== null && takesText(active) ? currentValueOf(active, roleOf(active)) : undefined;
  return { message: `Pressed ${names}`, effects, valueNow };
}
