// ClickAction: presses an element as a mouse would, with any button, once or several times, and tells what the page did.

import { type ClickAction, KeyModifier, MouseButton } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { closestShown, isEditingHost, property, tagOf } from "../dom";
import { notInteractable, PageError } from "../errors";
import { attributeOf, hasAttribute } from "../native";
import { makeReady } from "./actionable";
import type { ActContext, Outcome, Target } from "./context";
import { Button, type Held, type Pressed, type PressOptions, press } from "./dispatch_pointer";
import { untilSelectionTold } from "./press_defaults";
import { refuseScriptLink } from "./script_link";

/** Refuses what a click from a script cannot do, before anything happens. */
function refuse(target: Target): void {
  const { element, words } = target;
  const tag = tagOf(element);
  if (tag === "input" && (element as HTMLInputElement).type === "file") {
    throw new PageError(ErrorCode.NEEDS_TRUSTED_INPUT, `The ${words} opens a file chooser, which only a person can.`, {
      remedy: "Choose the file by hand, or use upload_files with this element's id.",
    });
  }
  if (tag === "select") {
    throw notInteractable(
      `The ${words} is a list that opens only for a person.`,
      "Use select_option with this element's id.",
    );
  }
}

/** The modifier keys of an action as events carry them. */
export function heldKeys(modifiers: readonly KeyModifier[]): Held {
  return {
    ctrlKey: modifiers.includes(KeyModifier.CONTROL),
    shiftKey: modifiers.includes(KeyModifier.SHIFT),
    altKey: modifiers.includes(KeyModifier.ALT),
    metaKey: modifiers.includes(KeyModifier.META),
  };
}

const BUTTONS: Readonly<Record<number, Button>> = {
  [MouseButton.MIDDLE]: Button.Middle,
  [MouseButton.RIGHT]: Button.Right,
};

/** The link that a click on an element follows into another tab, if it does. */
function linkToNewTab(clicked: Element, { button, held }: PressOptions): Element | null {
  const link = closestShown(clicked, (at) => /^(a|area)$/.test(tagOf(at)) && hasAttribute(at, "href"));
  if (link === null) return null;
  const isMac = /mac/i.test(navigator.platform);
  if (button === Button.Middle || (isMac ? held?.metaKey : held?.ctrlKey) === true) return link;
  const where = (attributeOf(link, "target") ?? "").toLowerCase();
  return where === "" || /^_(self|parent|top)$/.test(where) ? null : link;
}

/**
 * Follows a link into a tab behind, as the middle button does. Chrome does that for a script's click with Control held down, and
 * not for its middle button; so a copy of the link is clicked that is no part of the page, and that no page hears of.
 */
function followBehind(link: Element): void {
  const copy = document.createElement("a");
  const address = property<unknown>(link, "href");
  // In SVG it is no plain text.
  copy.href =
    typeof address === "string" ? address : (attributeOf(link, "href") ?? attributeOf(link, "xlink:href") ?? "");
  copy.rel = property<string>(link, "rel") ?? "";
  copy.dispatchEvent(new MouseEvent("click", { ctrlKey: true, metaKey: true, cancelable: true }));
}

const TIMES = ["", "Clicked", "Double-clicked", "Triple-clicked"];

function verb(button: Button, count: number): string {
  if (button === Button.Right) return "Right-clicked";
  if (button === Button.Middle) return "Middle-clicked";
  return TIMES[count] ?? "Clicked";
}

/** Clicks an element. */
export async function clickElement(action: ClickAction, ctx: ActContext): Promise<Outcome> {
  const target = ctx.target(action.elementId);
  const button = BUTTONS[action.button] ?? Button.Left;
  const count = Math.max(1, action.count);
  if (button === Button.Left) refuse(target);
  const ready = await makeReady(ctx, target, { x: action.offsetX, y: action.offsetY });
  const watch = ctx.begin(target.element);
  const held = heldKeys(action.modifiers);
  const options: PressOptions = { button, count, held, reacted: () => watch.changes > 0 };
  const pressIt = (): Promise<Pressed> => press(ready.hit, options);
  // An editor has to hear where the caret is before the next action comes.
  const editable = closestShown(ready.hit.element, isEditingHost) !== null;
  const { clicked, prevented } = await (editable ? untilSelectionTold(pressIt) : pressIt());
  const follows = clicked !== null && !prevented && button !== Button.Right;
  if (follows && button === Button.Left) refuseScriptLink(clicked);
  const link = follows ? linkToNewTab(clicked, options) : null;
  if (link !== null && button === Button.Middle) followBehind(link);
  const effects = await ctx.settle();
  const opens = link === null ? "" : ", which opens another tab";
  const message = `${verb(button, count)} the ${target.words}${opens}`;
  return { message, effects, ...(link === null ? {} : { details: { noEffectSeen: false } }) };
}
