// InputTextAction: puts text into a field, presses Enter if asked to, and reads back what the field holds.

import type { InputTextAction } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { nextTask } from "../clock";
import { closestShown, isEditingHost, property, tagOf } from "../dom";
import { notInteractable, PageError } from "../errors";
import { isConnected, queryAll } from "../native";
import { takesText } from "../perceive/operations";
import { isVisible } from "../perceive/visibility";
import { isSecret } from "../secrets";
import { makeReady, requireWritable } from "./actionable";
import type { ActContext, Outcome, Target } from "./context";
import { editorAround, pasteInto } from "./editors";
import { focusOn } from "./focus";
import { parseKey } from "./keys";
import { pressKey } from "./press_keys";
import { contentOf, isSetAsWhole, tellChanged, verifyText, writeText } from "./write_text";

/** The field that an element stands for: itself, a label's control, or the only field inside of it. */
function fieldOf(target: Target, ctx: ActContext): Target {
  const { element, words } = target;
  if (takesText(element)) return target;
  const labelled = tagOf(element) === "label" ? property<Element | null>(element, "control") : null;
  if (labelled && takesText(labelled))
    return { ...target, element: labelled, id: ctx.registry.idOf(labelled), seenAt: null };
  const editable = closestShown(element, isEditingHost);
  if (editable !== null) return { ...target, element: editable, seenAt: null };
  const inside = Array.from(queryAll(element, "input,textarea,[contenteditable]")).filter(
    (field) => takesText(field) && isVisible(field),
  );
  const only = inside.length === 1 ? inside[0] : undefined;
  if (only !== undefined) return { ...target, element: only, id: ctx.registry.idOf(only), seenAt: null };
  throw notInteractable(`The ${words} takes no text.`, "Use an element that offers input_text.");
}

/** Writes into an editor that keeps its own model and takes nothing but a paste. */
function writeByEditor(target: Target, text: string, append: boolean): string | null {
  const editor = editorAround(target.element);
  if (editor === null) return null;
  if (editor.trusted) {
    throw new PageError(
      ErrorCode.NEEDS_TRUSTED_INPUT,
      `The ${target.words} is a ${editor.name} editor, which takes only real typing.`,
      {
        remedy: "Type this text by hand.",
      },
    );
  }
  const before = contentOf(target.element);
  pasteInto(target.element, editor, text, append);
  return append ? before + text : text;
}

/** Puts text into a field. */
export async function inputText(action: InputTextAction, ctx: ActContext): Promise<Outcome> {
  const target = fieldOf(ctx.target(action.elementId), ctx);
  const field = target.element;
  requireWritable(target);
  await makeReady(ctx, target);
  const secret = isSecret(field);
  ctx.begin(field);
  if (!focusOn(field))
    throw notInteractable(`The ${target.words} cannot have the focus.`, "Click it first, then take a new page state.");
  const wanted = writeByEditor(target, action.text, action.append) ?? writeText(target, action.text, action.append);
  if (action.submit) {
    // What the field holds is judged before Enter: afterwards the page may empty it, or be gone.
    await nextTask();
    const shown = verifyText(target, wanted, secret);
    if (!isSetAsWhole(field)) tellChanged(field);
    await pressKey(parseKey("Enter"), field);
    const effects = await ctx.settle();
    const value = isConnected(field) && !secret ? contentOf(field) : undefined;
    return {
      message: `Put the text into the ${target.words}${shown === "" ? "" : `, ${shown},`} and pressed Enter`,
      effects,
      valueNow: value,
    };
  }
  const effects = await ctx.settle();
  if (!isConnected(field))
    return { message: `Put the text into the ${target.words}, which the page has then replaced`, effects };
  const shown = effects.leaving ? "" : verifyText(target, wanted, secret);
  const message = `Put the text into the ${target.words}${shown === "" ? "" : `, ${shown}`}`;
  return { message, effects, valueNow: secret ? undefined : contentOf(field) };
}
