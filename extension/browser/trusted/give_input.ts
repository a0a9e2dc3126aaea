// Turns the steps of an input plan into what the debugger dispatches: the pointer, the keyboard, text, drags.

import { KeyModifier, MouseButton } from "@gen/tabwire/v1/action_pb";
import type { InputClick, InputDrag, InputPoint, InputStep } from "@gen/tabwire/v1/extension_pb";
import { type Key, parseKey } from "../../page/act/keys";
import { pause } from "../clock";
import type { Session } from "./session";

/** A place in the tab's viewport, in CSS pixels; the debugger takes them as they are, whatever the zoom. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

const BUTTONS: Readonly<Record<number, readonly [name: string, bit: number]>> = {
  [MouseButton.RIGHT]: ["right", 2],
  [MouseButton.MIDDLE]: ["middle", 4],
};
const LEFT = ["left", 1] as const;
const MODIFIERS: Readonly<Record<number, number>> = {
  [KeyModifier.ALT]: 1,
  [KeyModifier.CONTROL]: 2,
  [KeyModifier.META]: 4,
  [KeyModifier.SHIFT]: 8,
};
/** A drag goes so many steps, so that pages see it move. */
const DRAG_STEPS = 6;
/** How long Chrome may take to tell that a drag has become one of its own. */
const INTERCEPT_MS = 300;
/** On a Mac the keys of editing are commands of the system, which the debugger has to name. */
const COMMANDS: Readonly<Record<string, string>> = { a: "selectAll", c: "copy", v: "paste", x: "cut", z: "undo" };

/** Gives the input of some steps, one after another, in the document that starts at `origin`. */
export async function give(session: Session, steps: readonly InputStep[], origin: Place): Promise<void> {
  const place = (point: InputPoint | undefined): Place => ({
    x: (point?.x ?? 0) + origin.x,
    y: (point?.y ?? 0) + origin.y,
  });
  for (const { kind } of steps) {
    switch (kind.case) {
      case "move":
        await mouse(session, "mouseMoved", place(kind.value));
        break;
      case "click":
        await click(session, kind.value, place(kind.value.at));
        break;
      case "key":
        await press(session, parseKey(kind.value));
        break;
      case "text":
        await session.send("Input.insertText", { text: kind.value });
        break;
      case "drag":
        await drag(session, kind.value, place);
        break;
      default:
        throw new Error("a step of input is not known");
    }
  }
}

async function mouse(session: Session, type: string, { x, y }: Place, extra: object = {}): Promise<void> {
  await session.send("Input.dispatchMouseEvent", { type, x, y, ...extra });
}

async function click(session: Session, { button, count, modifiers: held }: InputClick, at: Place): Promise<void> {
  const [name, bit] = BUTTONS[button] ?? LEFT;
  const modifiers = held.reduce((sum, one) => sum | (MODIFIERS[one] ?? 0), 0);
  const moved = mouse(session, "mouseMoved", at, { modifiers });
  const pressed: Promise<void>[] = [moved];
  for (let clickCount = 1; clickCount <= Math.max(1, count); clickCount += 1) {
    const extra = { button: name, clickCount, modifiers };
    pressed.push(mouse(session, "mousePressed", at, { ...extra, buttons: bit }));
    pressed.push(mouse(session, "mouseReleased", at, { ...extra, buttons: 0 }));
  }
  // A tab that is not shown takes a move only with the next press, or a second later: so none is waited for by itself.
  await Promise.all(pressed);
}

async function press(session: Session, key: Key): Promise<void> {
  const modifiers = (key.alt ? 1 : 0) | (key.control ? 2 : 0) | (key.meta ? 4 : 0) | (key.shift ? 8 : 0);
  const isChord = key.control || key.alt || key.meta;
  const text = isChord ? "" : key.key === "Enter" ? "\r" : key.text;
  const base = { modifiers, key: key.key, code: key.code, windowsVirtualKeyCode: key.keyCode };
  const command = key.meta ? COMMANDS[key.key.toLowerCase()] : undefined;
  const down = { ...base, type: text === "" ? "rawKeyDown" : "keyDown", text, unmodifiedText: text };
  await session.send("Input.dispatchKeyEvent", command === undefined ? down : { ...down, commands: [command] });
  await session.send("Input.dispatchKeyEvent", { ...base, type: "keyUp" });
}

/** Drags with the pointer. Where the page lets Chrome drag something itself, the debugger gets that drag to drop it. */
async function drag(session: Session, { from, to }: InputDrag, place: (point?: InputPoint) => Place): Promise<void> {
  const start = place(from);
  const end = place(to);
  const left = { button: "left", buttons: 1, clickCount: 1 };
  let dragged: object | undefined;
  const stop = session.on((method, params) => {
    if (method === "Input.dragIntercepted") dragged = (params as { data: object }).data;
  });
  await session.send("Input.setInterceptDrags", { enabled: true });
  try {
    await mouse(session, "mouseMoved", start);
    await mouse(session, "mousePressed", start, left);
    for (let step = 1; step <= DRAG_STEPS && dragged === undefined; step += 1) {
      await mouse(session, "mouseMoved", between(start, end, step / DRAG_STEPS), left);
      // The first moves decide what kind of drag it is.
      if (step === 2)
        for (let waited = 0; waited < INTERCEPT_MS && dragged === undefined; waited += 20) await pause(20);
    }
    if (dragged === undefined) {
      await mouse(session, "mouseReleased", end, { ...left, buttons: 0 });
      return;
    }
    for (const type of ["dragEnter", "dragOver", "drop"]) {
      await session.send("Input.dispatchDragEvent", { type, ...end, data: dragged });
    }
    await mouse(session, "mouseReleased", end, { ...left, buttons: 0 });
  } finally {
    stop();
    await session.send("Input.setInterceptDrags", { enabled: false });
  }
}

function between(a: Place, b: Place, part: number): Place {
  return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part };
}
