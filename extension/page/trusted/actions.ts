// Actions whose input the browser gives: each finds and revalidates its element, makes it ready, says what input to give and
// where, waits until that has been given, and then judges what came of it, as its synthetic twin in act/ does.

import type {
  Action,
  ClickAction,
  DragAction,
  HoverAction,
  InputTextAction,
  PressKeysAction,
  SetCheckedAction,
} from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import type { InputPlan, InputPoint, InputStep } from "@gen/tabwire/v1/extension_pb";
import { makeReady, requireEnabled, requireWritable, scrollIntoView } from "../act/actionable";
import type { ActContext, Outcome, Target } from "../act/context";
import { focusOn } from "../act/focus";
import type { Point } from "../act/hit_test";
import { fieldOf, inputText, isRich, takeSecret, verified } from "../act/input_text";
import { parseKey } from "../act/keys";
import { isSetAsWhole } from "../act/write_text";
import { nextTask } from "../clock";
import { deepActiveElement } from "../dom";
import { invalidArgument, notInteractable, PageError } from "../errors";
import { isConnected } from "../native";
import { takesText } from "../perceive/operations";
import { roleOf } from "../perceive/role";
import { checkedOf, currentValueOf } from "../perceive/states";
import { boxOf } from "../perceive/visibility";
import { isPressing } from "../policy/pressing";
import { isSecret } from "../secrets";
import { givePress } from "./arrival";

/** Has the browser give the steps' input, and resolves when that is done. */
export type GiveInput = (plan: InputPlan) => Promise<void>;

type Step = InputStep["kind"];

/** The key that is held for what a person does to a whole text. */
const COMMAND = /Mac/.test(navigator.platform) ? "Meta" : "Control";

/** Carries an action out with the browser's own input. Rejects with UNIMPLEMENTED where there is no such input for it. */
export function performTrusted(kind: Action["kind"], ctx: ActContext, give: GiveInput): Promise<Outcome> {
  switch (kind.case) {
    case "click":
      return click(kind.value, ctx, give);
    case "hover":
      return hover(kind.value, ctx, give);
    case "inputText":
      return input(kind.value, ctx, give);
    case "pressKeys":
      return keys(kind.value, ctx, give);
    case "drag":
      return drag(kind.value, ctx, give);
    case "setChecked":
      return setChecked(kind.value, ctx, give);
    default:
      throw new PageError(ErrorCode.UNIMPLEMENTED, "There is no trusted input for this action.");
  }
}

function plan(element: Element | null, ...kinds: Step[]): InputPlan {
  const box = element === null ? null : boxOf(element);
  const { x = 0, y = 0, width = 0, height = 0 } = box ?? {};
  return {
    $typeName: "tabwire.v1.InputPlan",
    steps: kinds.map((kind) => ({ $typeName: "tabwire.v1.InputStep", kind })),
    ...(box === null ? {} : { bounds: { $typeName: "tabwire.v1.Rect", x, y, width, height } }),
  };
}

function at({ x, y }: Point): InputPoint {
  return { $typeName: "tabwire.v1.InputPoint", x, y };
}

function press(point: Point, how: Partial<Pick<ClickAction, "button" | "count" | "modifiers">> = {}): Step {
  const { button = 0, count = 1, modifiers = [] } = how;
  const value = { $typeName: "tabwire.v1.InputClick", at: at(point), button, count, modifiers } as const;
  return { case: "click", value };
}

const key = (name: string): Step => ({ case: "key", value: name });

async function click(action: ClickAction, ctx: ActContext, give: GiveInput): Promise<Outcome> {
  const target = ctx.target(action.elementId);
  const { hit } = await makeReady(ctx, target, { x: action.offsetX, y: action.offsetY });
  ctx.begin(target.element);
  const steps = plan(target.element, press(hit.point, { ...action, count: Math.max(1, action.count) }));
  await givePress(give, steps, target, hit);
  return { message: `Clicked the ${target.words}`, effects: await ctx.settle() };
}

async function hover(action: HoverAction, ctx: ActContext, give: GiveInput): Promise<Outcome> {
  const target = ctx.target(action.elementId);
  const { hit } = await makeReady(ctx, target, { x: action.offsetX, y: action.offsetY });
  ctx.begin(target.element);
  await give(plan(target.element, { case: "move", value: at(hit.point) }));
  return { message: `Moved the pointer over the ${target.words}`, effects: await ctx.settle() };
}

async function setChecked(action: SetCheckedAction, ctx: ActContext, give: GiveInput): Promise<Outcome> {
  const target = ctx.target(action.elementId);
  const { element, words } = target;
  const now = (): boolean => `${checkedOf(element, roleOf(element))}` === "true";
  if (now() === action.checked) return { message: `The ${words} is so already` };
  const { hit } = await makeReady(ctx, target);
  ctx.begin(element);
  await givePress(give, plan(element, press(hit.point)), target, hit);
  const effects = await ctx.settle();
  if (isConnected(element) && !effects.leaving && now() !== action.checked) {
    throw new PageError(ErrorCode.OPERATION_FAILED_IN_TARGET, `The ${words} did not change.`, {
      remedy: "Look at the page: something else may have to be done first.",
    });
  }
  return { message: `${action.checked ? "Checked" : "Unchecked"} the ${words}`, effects };
}

async function input(action: InputTextAction, ctx: ActContext, give: GiveInput): Promise<Outcome> {
  const target = fieldOf(ctx.target(action.elementId), ctx);
  const field = target.element;
  // Dates, colours and the like are not typed: their value is set as a whole.
  if (isSetAsWhole(field)) return await inputText(action, ctx);
  requireWritable(target);
  const { hit } = await makeReady(ctx, target);
  if (ctx.secret !== "") takeSecret(target, ctx.secret);
  const secret = isSecret(field);
  // What it takes to read the text back is to be there before anything is begun.
  if (isRich(field)) await ctx.extras();
  ctx.begin(field);
  const before = action.append ? ((await currentText(target, ctx)) ?? "") : "";
  const steps: Step[] = [press(hit.point), key(`${COMMAND}+${action.append ? "End" : "a"}`)];
  if (action.text !== "") steps.push({ case: "text", value: action.text });
  else if (!action.append) steps.push(key("Delete"));
  await givePress(give, plan(field, ...steps), target, hit);
  const written = { wanted: before + action.text, byCommand: true };
  if (!action.submit) {
    const effects = await ctx.settle();
    const message = `Typed the text into the ${target.words}`;
    if (!isConnected(field) || effects.leaving) return { message, effects };
    const { said, now } = await verified(target, written, secret, ctx);
    return { message: `${message}${said}`, effects, valueNow: now };
  }
  await nextTask();
  const { said } = await verified(target, written, secret, ctx);
  await give(plan(null, key("Enter")));
  const effects = await ctx.settle();
  return { message: `Typed the text into the ${target.words}${said} and pressed Enter`, effects };
}

/** What a field holds, for what is to be added to it. */
async function currentText(target: Target, ctx: ActContext): Promise<string | undefined> {
  const { element } = target;
  if (!isRich(element)) return (element as HTMLInputElement).value;
  return (await verified(target, { wanted: "", byCommand: true }, false, ctx).catch(heldByError)).now;
}

/** What a field holds is told by the error, too, when it is not what was expected. */
function heldByError(thrown: unknown): { now?: string } {
  const now = thrown instanceof PageError ? thrown.options.valueNow : undefined;
  return now === undefined ? {} : { now };
}

async function keys(action: PressKeysAction, ctx: ActContext, give: GiveInput): Promise<Outcome> {
  for (const name of action.keys) parseKey(name);
  const target = action.elementId === 0 ? null : ctx.target(action.elementId);
  if (target !== null) {
    requireEnabled(target);
    scrollIntoView(target.element, "nearest");
  }
  ctx.begin(target?.element ?? deepActiveElement(document));
  if (target !== null && !focusOn(target.element)) {
    throw notInteractable(`The ${target.words} cannot have the focus.`, "Click it, then press the keys without an id.");
  }
  // A key may move the focus: what the next one that presses something presses is known only then.
  let together: string[] = [];
  for (const name of action.keys) {
    if (isPressing(name)) {
      if (together.length > 0) await give(plan(null, ...together.map(key)));
      together = [];
      ctx.guard?.checkKey(name, deepActiveElement(document) ?? document.documentElement);
    }
    together.push(name);
  }
  await give(plan(null, ...together.map(key)));
  const effects = await ctx.settle();
  const active = deepActiveElement(document);
  const readable = active !== null && takesText(active) && !isSecret(active);
  const valueNow = readable ? currentValueOf(active, roleOf(active)) : undefined;
  return { message: `Pressed ${action.keys.join(", ")}`, effects, valueNow };
}

async function drag(action: DragAction, ctx: ActContext, give: GiveInput): Promise<Outcome> {
  const target = ctx.target(action.elementId);
  const to = action.toElementId === 0 ? null : ctx.target(action.toElementId);
  const { offsetX, offsetY } = action;
  if (to === null && (offsetX ?? 0) === 0 && (offsetY ?? 0) === 0) {
    throw invalidArgument("to_element_id", "names the target", "The drag has neither a target nor a distance.");
  }
  if (to !== null) scrollIntoView(to.element, "nearest");
  const { hit } = await makeReady(ctx, target, { x: action.startX, y: action.startY });
  const from = hit.point;
  const box = to === null ? null : boxOf(to.element);
  const goal =
    box === null
      ? { x: from.x + (offsetX ?? 0), y: from.y + (offsetY ?? 0) }
      : { x: box.x + (offsetX ?? box.width / 2), y: box.y + (offsetY ?? box.height / 2) };
  ctx.begin(target.element);
  const value = { $typeName: "tabwire.v1.InputDrag", from: at(from), to: at(goal) } as const;
  await givePress(give, plan(target.element, { case: "drag", value }), target, hit);
  const effects = await ctx.settle();
  const where = to === null ? "" : ` onto the ${to.words}`;
  return { message: `Dragged the ${target.words}${where}`, effects };
}
