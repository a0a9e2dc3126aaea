// ClickAction: presses an element as a mouse would, and tells what the page did.

import type { ClickAction } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { closestShown, property, tagOf } from "../dom";
import { notInteractable, PageError } from "../errors";
import { hasAttribute } from "../native";
import { makeReady } from "./actionable";
import type { ActContext, Outcome, Target } from "./context";
import { press } from "./dispatch_pointer";
import { refuseScriptLink } from "./script_link";

/** Refuses what a click from a script cannot do, before anything happens. */
function refuse(target: Target): void {
  const { element, words } = target;
  const tag = tagOf(element);
  if (tag === "input" && (element as HTMLInputElement).type === "file") {
    throw new PageError(ErrorCode.NEEDS_TRUSTED_INPUT, `The ${words} opens a file chooser, which only a person can.`, {
      remedy: "Choose the file by hand.",
    });
  }
  if (tag === "select") {
    throw notInteractable(
      `The ${words} is a list that opens only for a person.`,
      "Use select_option with this element's id.",
    );
  }
}

/** The link that a click on an element follows into another tab, if it does. */
function linkToNewTab(clicked: Element): HTMLAnchorElement | null {
  const link = closestShown(clicked, (at) => tagOf(at) === "a" && hasAttribute(at, "href"));
  const where = link === null ? "" : (property<string>(link, "target") ?? "").toLowerCase();
  return where === "" || /^_(self|parent|top)$/.test(where) ? null : (link as HTMLAnchorElement);
}

/** Clicks an element. */
export async function clickElement(action: ClickAction, ctx: ActContext): Promise<Outcome> {
  const target = ctx.target(action.elementId);
  refuse(target);
  const ready = await makeReady(ctx, target);
  ctx.begin(target.element);
  const { clicked, prevented } = await press(ready.hit);
  if (clicked !== null && !prevented) refuseScriptLink(clicked);
  const effects = await ctx.settle();
  const link = clicked === null || prevented ? null : linkToNewTab(clicked);
  const message = `Clicked the ${target.words}${link === null ? "" : ", which opens another tab"}`;
  return { message, effects, ...(link === null ? {} : { details: { noEffectSeen: false } }) };
}
