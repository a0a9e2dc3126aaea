// SelectOptionAction: chooses entries of a list by label or value. Lists of HTML are set and their events dispatched;
// lists made of other elements are opened and clicked, as a person would.

import type { SelectOptionAction } from "@gen/tabwire/v1/action_pb";
import { fold, quote } from "../clean";
import { property, tagOf } from "../dom";
import { failedInTarget, invalidArgument, notInteractable } from "../errors";
import { isConnected, matches } from "../native";
import { roleOf } from "../perceive/role";
import { currentValueOf } from "../perceive/states";
import { makeReady } from "./actionable";
import { selectInWidget } from "./aria_select";
import { findChoice } from "./choice";
import type { ActContext, Outcome, Target } from "./context";
import { focusOn } from "./focus";

/** The list that an element stands for: itself, or a label's. */
function listOf(target: Target): Target {
  const labelled = tagOf(target.element) === "label" ? property<Element | null>(target.element, "control") : null;
  return labelled && tagOf(labelled) === "select" ? { ...target, element: labelled, seenAt: null } : target;
}

async function selectNative(target: Target, wanted: readonly string[], ctx: ActContext): Promise<Outcome> {
  const select = target.element as HTMLSelectElement;
  if (wanted.length > 1 && !select.multiple) {
    throw invalidArgument("options", "has one entry", `The ${target.words} takes one entry only.`);
  }
  const choices = Array.from(select.options, (entry) => ({ label: fold(entry.label), value: entry.value, entry }));
  const chosen = wanted.map((word) => findChoice(choices, word, target.words).entry);
  const disabled = chosen.find((option) => matches(option, ":disabled"));
  if (disabled !== undefined) {
    throw notInteractable(
      `The entry ${quote(disabled.label)} of the ${target.words} is disabled.`,
      "Choose another entry.",
    );
  }
  await makeReady(ctx, target);
  ctx.begin(select);
  focusOn(select);
  const before = Array.from(select.options, (option) => option.selected);
  for (const option of select.options) {
    const on = chosen.includes(option);
    if (select.multiple) option.selected = on;
    else if (on) option.selected = true;
  }
  if (Array.from(select.options).some((option, at) => option.selected !== before[at])) {
    select.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }
  const effects = await ctx.settle("own effect");
  const valueNow = currentValueOf(select, roleOf(select));
  const labels = chosen.map((option) => quote(option.label)).join(", ");
  if (isConnected(select) && !effects.leaving && chosen.some((option) => isConnected(option) && !option.selected)) {
    throw failedInTarget(
      `The ${target.words} did not keep ${labels}; it shows ${quote(valueNow ?? "")} now.`,
      "Look at what the page wants first.",
      valueNow,
    );
  }
  return { message: `Chose ${labels} in the ${target.words}`, effects, valueNow };
}

/** Chooses entries of a list. */
export async function selectOption(action: SelectOptionAction, ctx: ActContext): Promise<Outcome> {
  const target = listOf(ctx.target(action.elementId));
  if (tagOf(target.element) === "select") return selectNative(target, action.options, ctx);
  return selectInWidget(target, action.options, ctx);
}
