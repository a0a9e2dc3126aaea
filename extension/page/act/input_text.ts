// InputTextAction: puts text into a field, presses Enter if asked to, and reads back what the field holds.

import type { InputTextAction } from "@gen/tabwire/v1/action_pb";
import { nextTask } from "../clock";
import { closestShown, isEditingHost, property, tagOf } from "../dom";
import { notInteractable } from "../errors";
import type { Extras } from "../extras";
import { isConnected, queryAll } from "../native";
import { takesText } from "../perceive/operations";
import { isReadonly } from "../perceive/states";
import { isTypingProxy } from "../perceive/typing_proxy";
import { isVisible } from "../perceive/visibility";
import { isSecret, markFilled } from "../secrets";
import { makeReady, requireWritable } from "./actionable";
import type { ActContext, Outcome, Target } from "./context";
import { focusOn } from "./focus";
import type { Written } from "./rich_text";
import { complaintAbout, isSetAsWhole, isTextField, tellChanged, verifyText, writeText } from "./write_text";
import { rememberWritten } from "./written";

/** What may be a field; one with an EditContext can be focused. */
const FIELDS = "input,textarea,[contenteditable],[tabindex]";

/** The field that an element stands for: itself, a label's control, or the only field inside of it. */
export function fieldOf(target: Target, ctx: ActContext): Target {
  const { element, words } = target;
  if (takesText(element)) return target;
  const labelled = tagOf(element) === "label" ? property<Element | null>(element, "control") : null;
  if (labelled && takesText(labelled))
    return { ...target, element: labelled, id: ctx.registry.idOf(labelled), seenAt: null };
  const editable = closestShown(element, isEditingHost);
  if (editable !== null) return { ...target, element: editable, seenAt: null };
  const inside = Array.from(queryAll(element, FIELDS)).filter(
    (field) => takesText(field) && !isReadonly(field) && (isVisible(field) || isTypingProxy(field)),
  );
  const only = inside.length === 1 ? inside[0] : undefined;
  if (only !== undefined) return { ...target, element: only, id: ctx.registry.idOf(only), seenAt: null };
  throw notInteractable(`The ${words} takes no text.`, "Use an element that offers input_text.");
}

/** What a field holds, from a source that does not lie; null if it cannot be told. */
async function heldBy(field: Element, written: Written, ctx: ActContext): Promise<string | null> {
  if (!isRich(field)) return (field as HTMLInputElement).value;
  return await (await ctx.extras()).verifiedText(field, written.byCommand);
}

/** Whether a field is an editable area or belongs to an editor, and no text field of HTML. */
export function isRich(field: Element): boolean {
  return !isTextField(field) || isTypingProxy(field);
}

/** Judges what a field holds after writing. Answers with what is to be said about it, as clauses, and with the text. */
export async function verified(
  target: Target,
  written: Written,
  wasSecret: boolean,
  ctx: ActContext,
): Promise<{ said: string; now?: string }> {
  // Some fields become password fields only when they are entered.
  const secret = wasSecret || isSecret(target.element);
  const now = await heldBy(target.element, written, ctx);
  if (now === null) return { said: ", which could not be read back: what it holds is not verified" };
  const clauses = [verifyText(target, now, written.wanted, secret), complaintAbout(target.element)];
  const said = clauses.filter((clause) => clause !== "").map((clause) => `, ${clause}`);
  return { said: said.join(""), ...(secret ? {} : { now }) };
}

/** Puts text into a field. */
export async function inputText(action: InputTextAction, ctx: ActContext): Promise<Outcome> {
  const target = fieldOf(ctx.target(action.elementId), ctx);
  const field = target.element;
  requireWritable(target);
  await makeReady(ctx, target);
  if (ctx.secret !== "") takeSecret(target, ctx.secret);
  const secret = isSecret(field);
  // Nothing is begun before all that it takes is there.
  const rich = isRich(field);
  const extras = rich || isSetAsWhole(field) || action.submit ? await ctx.extras() : null;
  ctx.begin(field);
  if (!focusOn(field))
    throw notInteractable(`The ${target.words} cannot have the focus.`, "Click it first, then take a new page state.");
  const written = await write(target, action, rich, extras);
  if (extras !== null && action.submit) return await submit(target, written, secret, ctx, extras);
  const effects = await ctx.settle(rich ? undefined : "own effect");
  if (!isConnected(field))
    return { message: `Put the text into the ${target.words}, which the page has then replaced`, effects };
  if (effects.leaving) return { message: `Put the text into the ${target.words}`, effects };
  const { said, now } = await verified(target, written, secret, ctx);
  if (now !== undefined && !rich) rememberWritten(field, target.words, now);
  return { message: `Put the text into the ${target.words}${said}`, effects, valueNow: now };
}

/** From here on the field shows the name of what is filled in. Only what masks itself on every look can take a secret. */
export function takeSecret({ element, words }: Target, name: string): void {
  if (!isTextField(element)) {
    throw notInteractable(
      `The ${words} is no field that a secret can be filled in.`,
      "Use a field of the page's form.",
    );
  }
  markFilled(element, name);
}

/** Writes in the way that the field is written in. */
async function write(
  target: Target,
  { text, append }: InputTextAction,
  rich: boolean,
  extras: Extras | null,
): Promise<Written> {
  if (extras !== null && rich) return await extras.writeRichText(target.element, text, append);
  if (extras === null || !isSetAsWhole(target.element))
    return { wanted: writeText(target, text, append), byCommand: false };
  const before = append ? (target.element as HTMLInputElement).value : "";
  return { wanted: extras.setWhole(target, before + text), byCommand: false };
}

/** Presses Enter. What the field holds is judged before: afterwards the page may empty it, or be gone. */
async function submit(
  target: Target,
  written: Written,
  secret: boolean,
  ctx: ActContext,
  extras: Extras,
): Promise<Outcome> {
  const field = target.element;
  await nextTask();
  const { said } = await verified(target, written, secret, ctx);
  if (isTextField(field) && !isSetAsWhole(field)) tellChanged(field);
  await extras.pressKeyNamed("Enter", field);
  const effects = await ctx.settle();
  const readable = isConnected(field) && !secret && !isSecret(field) && !effects.leaving;
  const now = readable ? await heldBy(field, written, ctx) : null;
  const message = `Put the text into the ${target.words}${said}${said === "" ? "" : ","} and pressed Enter`;
  return { message, effects, valueNow: now ?? undefined };
}
