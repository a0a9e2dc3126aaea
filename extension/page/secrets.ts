// Which fields hold secrets: passwords, one-time codes, card codes, and whatever the page itself masks. Their values never
// leave the page: not in a state, a result, a name or an attribute.

import { type FilledNotes, isNameless, placeOf } from "../wire/filled_field";
import { tagOf } from "./dom";
import { attributeOf } from "./native";

/** Fields that were password fields once; "show password" turns them into text fields. */
const onceSecret = new WeakSet<Element>();

/** What `autocomplete` says of fields whose value is nobody else's business. */
const SECRET_DETAILS = /\b(current-password|new-password|one-time-code|cc-csc)\b/;

/** Types that a page may mask. */
const TEXTUAL = new Set("email number search tel text url".split(" "));

/** Fields that a secret was filled in, by its name. */
const filled = new WeakMap<Element, string>();

/** Where the notes are that the service worker keeps for scripts that come after these (browser/policy/filled_in.ts). */
const notes = globalThis as FilledNotes;

/** Fields that were held against what an earlier life of the extension filled in. */
const compared = new WeakSet<Element>();

/** From now on a field shows the name of the secret that is filled in it, and never its value. */
export function markFilled(field: Element, name: string): void {
  remember(field, name);
  const before = (notes.tabwireFilled ?? []).filter(({ secret, place }) => secret !== name || place !== placeIn(field));
  notes.tabwireFilled = [...before, { secret: name, place: placeIn(field) }];
}

function remember(field: Element, name: string): void {
  filled.set(field, name);
  onceSecret.add(field);
}

function placeIn(field: Element): string {
  return placeOf(tagOf(field), attributeOf(field, "id") ?? "", attributeOf(field, "name") ?? "");
}

/** What is told of the value of a secret: the name of what was filled in; undefined for what the person or page put there. */
export function toldOfSecret(element: Element): string | undefined {
  const name = filled.get(element);
  return name === undefined || (element as HTMLInputElement).value === "" ? undefined : `<secret ${name}>`;
}

/** Whether the value of an element is a secret. */
export function isSecret(element: Element): boolean {
  const tag = tagOf(element);
  if (tag !== "input" && tag !== "textarea") return false;
  if (notes.tabwireLeft !== undefined) findLeft(element as HTMLInputElement, tag);
  if (onceSecret.has(element)) return true;
  const field = element as HTMLInputElement;
  const told = (attributeOf(field, "autocomplete") ?? "").toLowerCase();
  const secret = field.type === "password" || SECRET_DETAILS.test(told) || isMasked(field, tag);
  if (secret) onceSecret.add(element);
  return secret;
}

/**
 * Takes a field for one that was filled in by an earlier life of the extension, once, when it is first met. Fields are
 * known by the names that the page's author gave them. Where there are none, all that hold something are taken for it.
 */
function findLeft(field: HTMLInputElement, tag: string): void {
  if (compared.has(field)) return;
  compared.add(field);
  if (tag === "input" && field.type !== "password" && !TEXTUAL.has(field.type)) return;
  const here = placeIn(field);
  const mayBe = field.value !== "";
  for (const { secret, place } of notes.tabwireLeft ?? []) {
    const isIt = place === null ? mayBe : place === here && (mayBe || !isNameless(here));
    if (isIt) remember(field, secret);
  }
}

function isMasked(field: HTMLInputElement, tag: string): boolean {
  if (tag === "input" && !TEXTUAL.has(field.type)) return false;
  const masking = getComputedStyle(field).getPropertyValue("-webkit-text-security");
  return masking !== "" && masking !== "none";
}
