// Which fields hold secrets. Their values never leave the page: not in a state, a result, a name or an attribute.

import { tagOf } from "./dom";
import { attributeOf } from "./native";

/** Fields that were password fields once; "show password" turns them into text fields. */
const onceSecret = new WeakSet<Element>();

/** Whether the value of an element is a password. */
export function isSecret(element: Element): boolean {
  if (tagOf(element) !== "input") return false;
  if (onceSecret.has(element)) return true;
  const input = element as HTMLInputElement;
  const told = (attributeOf(input, "autocomplete") ?? "").toLowerCase();
  const secret = input.type === "password" || /\b(current|new)-password\b/.test(told) || isMasked(input);
  if (secret) onceSecret.add(element);
  return secret;
}

function isMasked(input: HTMLInputElement): boolean {
  if (input.type !== "text") return false;
  const masking = getComputedStyle(input).getPropertyValue("-webkit-text-security");
  return masking !== "" && masking !== "none";
}
