// Where Tab goes: the elements of a document that take the focus by keyboard, in their order, through shadow roots.

import { isDisabled, isEditingHost, isElement, property, shownChildren, tagOf } from "../dom";
import { closest, hasAttribute, positionOf, queryAll, rootNodeOf } from "../native";
import { modalOf } from "../perceive/classify";
import { Rendering, renderingOf } from "../perceive/visibility";
import { dropFocus, focusOn } from "./focus";

function isTabStop(element: Element): boolean {
  if (/^(button|input|select|textarea)$/.test(tagOf(element)) && isDisabled(element)) return false;
  const index = property<number>(element, "tabIndex") ?? -1;
  if (index < 0 || closest(element, "[inert]") !== null) return false;
  const stops =
    isEditingHost(element) ||
    hasAttribute(element, "tabindex") ||
    /^(a|area|audio|button|iframe|input|select|summary|textarea|video)$/.test(tagOf(element));
  if (!stops || (tagOf(element) === "a" && !hasAttribute(element, "href") && !hasAttribute(element, "tabindex")))
    return false;
  return renderingOf(element) === Rendering.Painted;
}

/** Of a group of radio buttons Tab stops only at the checked one, or at the first if none is. */
function isSkippedRadio(element: Element, seen: Set<string>): boolean {
  if (tagOf(element) !== "input" || property<string>(element, "type") !== "radio") return false;
  const radio = element as HTMLInputElement;
  if (radio.name === "") return false;
  const root = radio.form ?? (rootNodeOf(radio) as Document | ShadowRoot);
  const group = Array.from(queryAll<HTMLInputElement>(root, 'input[type="radio"]')).filter(
    (other) => other.name === radio.name && other.form === radio.form,
  );
  const checked = group.find((other) => other.checked);
  if (checked !== undefined) return checked !== radio;
  const key = `${radio.form?.id ?? ""}/${radio.name}`;
  if (seen.has(key)) return true;
  seen.add(key);
  return false;
}

function collect(start: Element): Element[] {
  const found: Element[] = [];
  const radios = new Set<string>();
  const stack: Node[] = [start];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (!isElement(node)) continue;
    if (isTabStop(node) && !isSkippedRadio(node, radios)) found.push(node);
    const children = Array.from(shownChildren(node));
    for (let i = children.length - 1; i >= 0; i--) {
      const child = children[i];
      if (child !== undefined) stack.push(child);
    }
  }
  const order = (element: Element): number => property<number>(element, "tabIndex") || Number.POSITIVE_INFINITY;
  return found
    .map((element, at) => ({ element, at }))
    .sort((a, b) => order(a.element) - order(b.element) || a.at - b.at)
    .map(({ element }) => element);
}

/** Moves the focus to the next or previous stop; from the last one it leaves the page, as it would for a person. */
export function moveByTab(from: Element, back: boolean): void {
  const stops = collect(modalOf(document) ?? document.documentElement);
  const at = stops.indexOf(from);
  let to = at === -1 ? nextTo(from, stops, back) : stops[at + (back ? -1 : 1)];
  // In a modal dialog the focus goes round.
  if (to === undefined && modalOf(document) !== null) to = back ? stops.at(-1) : stops[0];
  if (to === undefined) {
    dropFocus();
    return;
  }
  focusOn(to);
  if (tagOf(to) === "input") property<() => void>(to, "select")?.call(to);
}

/** From something that is no stop itself: the nearest after or before it. */
function nextTo(from: Element, stops: readonly Element[], back: boolean): Element | undefined {
  const follows = (stop: Element): boolean => (positionOf(from, stop) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  if (from === document.body || from === document.documentElement) return back ? stops.at(-1) : stops[0];
  return back ? stops.filter((stop) => !follows(stop)).at(-1) : stops.find(follows);
}
