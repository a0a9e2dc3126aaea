// Where Tab goes: the elements of a document that take the focus by keyboard, in their order, through shadow roots.

import { isDisabled, isEditingHost, isElement, property, shadowRootOf, shownChildren, tagOf } from "../dom";
import {
  attributeOf,
  childNodesOf,
  childrenOf,
  closest,
  hasAttribute,
  positionOf,
  queryAll,
  rootNodeOf,
} from "../native";
import { isSkipped, modalOf } from "../perceive/classify";
import { isScrollable } from "../perceive/operations";
import { Rendering, renderingOf } from "../perceive/visibility";
import { dropFocus, focusOn } from "./focus";

function isTabStop(element: Element): boolean {
  if (/^(button|input|select|textarea)$/.test(tagOf(element)) && isDisabled(element)) return false;
  // Of what is edited, Chrome says -1 although it is a stop.
  const edited = isEditingHost(element) && !hasAttribute(element, "tabindex");
  const index = edited ? 0 : (property<number>(element, "tabIndex") ?? -1);
  if (index < 0 || closest(element, "[inert]") !== null) return false;
  const stops =
    isEditingHost(element) ||
    hasAttribute(element, "tabindex") ||
    /^(a|area|audio|button|iframe|input|select|summary|textarea|video)$/.test(tagOf(element));
  if (!stops || (tagOf(element) === "a" && !hasAttribute(element, "href") && !hasAttribute(element, "tabindex")))
    return false;
  return renderingOf(element) === Rendering.Painted && getComputedStyle(element).display !== "contents";
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

/** A stop, or the stops of a scope of its own (a shadow root, what is slotted), which keep together in the order. */
interface Entry {
  readonly order: number;
  readonly stops: readonly Element[];
}

/** Positive numbers come first, in their order. */
function orderOf(element: Element): number {
  const index = Number.parseInt(attributeOf(element, "tabindex") ?? "", 10);
  return index > 0 ? index : Number.POSITIVE_INFINITY;
}

function inOrder(entries: readonly Entry[]): Element[] {
  return entries
    .map((entry, at) => ({ entry, at }))
    .sort((a, b) => (a.entry.order === b.entry.order ? a.at - b.at : a.entry.order - b.entry.order))
    .flatMap(({ entry }) => entry.stops);
}

function isLeftOut(element: Element): boolean {
  return Number.parseInt(attributeOf(element, "tabindex") ?? "", 10) < 0;
}

/** Collects the stops of a document. */
class Stops {
  private readonly radios = new Set<string>();

  /** The stops among nodes that are in one scope, in order. */
  scope(nodes: Iterable<Node>): Element[] {
    const entries: Entry[] = [];
    for (const node of nodes) if (isElement(node)) this.add(node, entries);
    return inOrder(entries);
  }

  /** An element with all that is in it, itself first. */
  all(element: Element): Element[] {
    return this.scope([element]);
  }

  private add(element: Element, entries: Entry[]): void {
    if (isSkipped(tagOf(element)) || hasAttribute(element, "inert")) return;
    const root = shadowRootOf(element);
    if (root !== null) {
      if (isLeftOut(element)) return;
      const own = isTabStop(element) && !root.delegatesFocus ? [element] : [];
      entries.push({ order: orderOf(element), stops: [...own, ...this.scope(childNodesOf(root))] });
      return;
    }
    if (tagOf(element) === "slot") {
      entries.push({ order: orderOf(element), stops: this.scope(shownChildren(element)) });
      return;
    }
    const at = entries.length;
    if (isTabStop(element)) {
      if (!isSkippedRadio(element, this.radios)) entries.push({ order: orderOf(element), stops: [element] });
    }
    for (const child of childrenOf(element)) this.add(child, entries);
    // Chrome lets what scrolls be reached by keyboard, if there is nothing in it that could be.
    if (entries.length === at && !isLeftOut(element) && isScrollable(element) && tagOf(element) !== "textarea") {
      if (renderingOf(element) === Rendering.Painted)
        entries.push({ order: Number.POSITIVE_INFINITY, stops: [element] });
    }
  }
}

function collect(start: Element): Element[] {
  return new Stops().all(start);
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
