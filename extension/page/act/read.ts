// The actions that only read: text, value, attributes.

import type { GetAttributesAction, ReadTextAction, ReadValueAction } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { Toggle } from "@gen/tabwire/v1/state_pb";
import { fold } from "../clean";
import { property, tagOf } from "../dom";
import { notInteractable, PageError } from "../errors";
import { attributeOf, attributesOf, bodyOf, rootElementOf } from "../native";
import { roleOf } from "../perceive/role";
import { checkedOf, currentValueOf } from "../perceive/states";
import { readableText } from "../perceive/text";
import { isSecret, toldOfSecret } from "../secrets";
import type { ActContext, Outcome } from "./context";
import { undrawnTextOf } from "./model_text";

/** Reads the text of an element or of the whole document, in full. */
export async function readText(action: ReadTextAction, ctx: ActContext): Promise<Outcome> {
  if (action.elementId === 0) {
    const text = readableText(bodyOf(document) ?? rootElementOf(document));
    return { message: `Read the page: ${text.length} characters`, text };
  }
  const { element, words } = ctx.target(action.elementId);
  const text = (await undrawnTextOf(element)) ?? readableText(element);
  return { message: `Read the ${words}: ${text.length} characters`, text };
}

const CHECKED: Readonly<Record<number, string>> = {
  [Toggle.OFF]: "unchecked",
  [Toggle.ON]: "checked",
  [Toggle.MIXED]: "mixed",
};

/** Reads what is in a field, in full. */
export async function readValue(action: ReadValueAction, ctx: ActContext): Promise<Outcome> {
  const { element, words } = ctx.target(action.elementId);
  const field = tagOf(element) === "label" ? (property<Element | null>(element, "control") ?? element) : element;
  const filled = toldOfSecret(field);
  if (filled !== undefined) return { message: `The ${words} holds a secret`, text: filled, valueNow: filled };
  if (isSecret(field)) {
    throw new PageError(ErrorCode.POLICY_DENIED, `The ${words} holds a password, which is never read.`, {
      remedy: "Look at the password yourself, or use another one.",
    });
  }
  const role = roleOf(field);
  const checked = CHECKED[checkedOf(field, role)];
  const value = checked ?? (await undrawnTextOf(field)) ?? currentValueOf(field, role) ?? buttonValue(field);
  if (value === undefined) throw notInteractable(`The ${words} has no value.`, "Use read_text for its text.");
  return {
    message: `Read the ${words}: ${fold(value).length === 0 ? "it is empty" : `${value.length} characters`}`,
    text: value,
    valueNow: value,
  };
}

function buttonValue(element: Element): string | undefined {
  return /^(button|data|input|li)$/.test(tagOf(element)) ? (attributeOf(element, "value") ?? undefined) : undefined;
}

/** Reads all attributes of an element, but never a password. */
export async function getAttributes(action: GetAttributesAction, ctx: ActContext): Promise<Outcome> {
  const { element, words } = ctx.target(action.elementId);
  const attributes: Record<string, string> = {};
  for (const { name, value } of attributesOf(element)) {
    if (name === "value" && isSecret(element)) continue;
    attributes[name] = value;
  }
  return { message: `Read ${Object.keys(attributes).length} attributes of the ${words}`, attributes };
}
