// SetCheckedAction: clicks a box, radio button or switch if it is not as it should be, and looks whether it is then.

import type { SetCheckedAction } from "@gen/tabwire/v1/action_pb";
import { Toggle } from "@gen/tabwire/v1/state_pb";
import { property, tagOf } from "../dom";
import { failedInTarget, invalidArgument, notInteractable } from "../errors";
import { attributeOf, isConnected, queryAll } from "../native";
import { roleOf } from "../perceive/role";
import { checkedOf } from "../perceive/states";
import { makeReady, requireEnabled, requireWritable } from "./actionable";
import type { ActContext, Outcome, Target } from "./context";
import { press } from "./dispatch_pointer";

const BOXES =
  'input[type="checkbox"],input[type="radio"],[role="checkbox"],[role="radio"],[role="switch"],[role="menuitemcheckbox"],' +
  '[role="menuitemradio"]';

/** Whether an element is on, off or mixed; also of a button that stays pressed. */
function stateOf(element: Element): Toggle {
  const role = roleOf(element);
  const checked = checkedOf(element, role);
  if (checked !== Toggle.UNSPECIFIED || role !== "button") return checked;
  const pressed = attributeOf(element, "aria-pressed");
  if (pressed === null) return Toggle.UNSPECIFIED;
  return pressed === "true" ? Toggle.ON : pressed === "mixed" ? Toggle.MIXED : Toggle.OFF;
}

/** The box that an element stands for: itself, a label's control, or the only one inside of it. */
function boxOfTarget(target: Target): Target {
  const { element, words } = target;
  if (stateOf(element) !== Toggle.UNSPECIFIED) return target;
  const labelled = tagOf(element) === "label" ? property<Element | null>(element, "control") : null;
  if (labelled && stateOf(labelled) !== Toggle.UNSPECIFIED) return { ...target, element: labelled, seenAt: null };
  const inside = queryAll(element, BOXES);
  const only = inside.length === 1 ? inside[0] : undefined;
  if (only !== undefined) return { ...target, element: only, seenAt: null };
  throw notInteractable(`The ${words} cannot be checked.`, "Use an element that is a box, a radio button or a switch.");
}

function isRadio(element: Element): boolean {
  return /radio$/.test(roleOf(element));
}

/** Checks or unchecks a box. */
export async function setChecked(action: SetCheckedAction, ctx: ActContext): Promise<Outcome> {
  const target = boxOfTarget(ctx.target(action.elementId));
  const { element, words } = target;
  const wanted = action.checked ? Toggle.ON : Toggle.OFF;
  const said = action.checked ? "checked" : "unchecked";
  requireEnabled(target);
  const before = stateOf(element);
  if (before === wanted) return { message: `The ${words} is ${said} already` };
  if (!action.checked && isRadio(element)) {
    throw invalidArgument(
      "checked",
      "is true",
      `The ${words} is a radio button: it goes off when another one is chosen.`,
    );
  }
  requireWritable(target);
  const ready = await makeReady(ctx, target);
  const watch = ctx.begin(element);
  const pressed = { reacted: () => watch.changes > 0 };
  await press(ready.hit, pressed);
  let effects = await ctx.settle();
  // A mixed box becomes checked at the first click, or unchecked, as its page likes.
  const now = isConnected(element) && !effects.leaving ? stateOf(element) : wanted;
  if (now !== wanted && now !== Toggle.UNSPECIFIED && before === Toggle.MIXED) {
    await press((await makeReady(ctx, { ...target, seenAt: null })).hit, pressed);
    effects = await ctx.settle();
  }
  if (!isConnected(element) && !effects.leaving) {
    return { message: `Clicked the ${words}, which the page has then replaced`, effects };
  }
  if (!effects.leaving && stateOf(element) !== wanted) {
    throw failedInTarget(
      `The ${words} is not ${said} after it was clicked.`,
      "Look at what the page wants first.",
      stateOf(element) === Toggle.MIXED ? "mixed" : action.checked ? "unchecked" : "checked",
    );
  }
  return { message: `${action.checked ? "Checked" : "Unchecked"} the ${words}`, effects };
}
