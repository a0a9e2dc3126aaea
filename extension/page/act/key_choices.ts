// Keys in controls with choices and steps: arrows and letters in lists, arrows in radio groups, sliders and number fields.

import { isDisabled, property, tagOf } from "../dom";
import { matches, queryAll, rootNodeOf } from "../native";
import { isReadonly } from "../perceive/states";
import { focusOn } from "./focus";
import type { Key } from "./keys";

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -1,
  End: Number.POSITIVE_INFINITY,
  Home: Number.NEGATIVE_INFINITY,
  PageDown: 3,
  PageUp: -3,
};

function changed(element: Element): void {
  element.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  element.dispatchEvent(new Event("change", { bubbles: true }));
}

function choose(select: HTMLSelectElement, index: number): void {
  if (index === select.selectedIndex) return;
  select.selectedIndex = index;
  changed(select);
}

function moveInSelect(select: HTMLSelectElement, by: number): void {
  const open = Array.from(select.options).filter((option) => !matches(option, ":disabled"));
  const at = open.findIndex((option) => option.index >= select.selectedIndex);
  const to = open[Math.max(0, Math.min(open.length - 1, (at === -1 ? 0 : at) + by))];
  if (to !== undefined) choose(select, to.index);
}

function moveInRadios(radio: HTMLInputElement, by: number): void {
  const root = radio.form ?? (rootNodeOf(radio) as Document | ShadowRoot);
  const group = Array.from(queryAll<HTMLInputElement>(root, 'input[type="radio"]')).filter(
    (other) =>
      other.form === radio.form &&
      (other === radio || (radio.name !== "" && other.name === radio.name)) &&
      !isDisabled(other),
  );
  const next = group[(group.indexOf(radio) + Math.sign(by) + group.length) % group.length];
  if (next === undefined || next === radio) return;
  focusOn(next);
  next.click();
}

/** Arrows in lists and radio groups. Answers whether the element has choices. */
export function chooseByArrow(key: Key, element: Element): boolean {
  const by = STEPS[key.key];
  if (by === undefined || isDisabled(element)) return false;
  if (tagOf(element) === "select") {
    moveInSelect(element as HTMLSelectElement, by);
    return true;
  }
  if (tagOf(element) === "input" && property<string>(element, "type") === "radio" && key.key.startsWith("Arrow")) {
    moveInRadios(element as HTMLInputElement, by);
    return true;
  }
  return false;
}

/** A letter in a list: the next entry that begins with it. */
export function chooseByLetter(select: HTMLSelectElement, letter: string): void {
  const options = Array.from(select.options);
  const after = [...options.slice(select.selectedIndex + 1), ...options.slice(0, select.selectedIndex + 1)];
  const match = after.find(
    (option) => !matches(option, ":disabled") && option.label.trim().toLowerCase().startsWith(letter.toLowerCase()),
  );
  if (match !== undefined) choose(select, match.index);
}

/** Arrows in sliders and number fields. Answers whether the element has steps. */
export function stepValue(key: Key, element: Element): boolean {
  if (tagOf(element) !== "input" || isDisabled(element) || isReadonly(element)) return false;
  const input = element as HTMLInputElement;
  const number = input.type === "number" && (key.key === "ArrowUp" || key.key === "ArrowDown");
  if (!number && input.type !== "range") return false;
  const before = input.value;
  const up = key.key === "ArrowUp" || key.key === "ArrowRight" || key.key === "PageUp";
  if (key.key === "Home") input.value = input.min || "0";
  else if (key.key === "End") input.value = input.max || "100";
  else {
    const steps = key.key.startsWith("Page") ? 10 : 1;
    if (up) input.stepUp(steps);
    else input.stepDown(steps);
  }
  if (input.value !== before) changed(input);
  return true;
}
