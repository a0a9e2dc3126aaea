// Judges whether an element that the walk has come to is a candidate for the state, and as what.

import { contains, firstElementOf } from "../native";
import { flows, hasHandler, hasPointerCursor, isCollection, isLeaf, isWrapper, Kind, pictureKind } from "./classify";
import type { Item, Scope } from "./item";
import { isScrollable } from "./operations";
import { type Box, hasLayout, overlaps, touches } from "./visibility";

/** An element that the walk has come to. */
export interface Met {
  readonly element: Element;
  readonly tag: string;
  readonly role: string;
  /** What it is by tag, role and attributes. */
  readonly kind: Kind | null;
  readonly box: Box;
  /** What stands for it on the page if it is not shown itself. */
  readonly label: Element | null;
}

/** What holds for the whole walk. */
export interface Judging {
  readonly view: Box;
  readonly text: boolean;
  readonly modal: Element | null;
}

function isPointed({ element, tag, box }: Met, scope: Scope, view: Box): boolean {
  if (!hasLayout || scope.pointer || scope.control !== null || scope.label) return false;
  if (tag === "label" && (element as HTMLLabelElement).control !== null) return false;
  if (!hasPointerCursor(element)) return false;
  return !isCollection(element, tag) && !isWrapper(element, box, view);
}

/** The element as an item of the state; null if it is none. `scope` are its surroundings, and whether it is painted. */
export function candidateOf(met: Met, scope: Scope, judging: Judging): Item | null {
  const { element, tag, role, box, label } = met;
  const inRegion = scope.region === null || touches(box, scope.region);
  const sized = !hasLayout || (box.width > 0 && box.height > 0);
  let kind = met.kind;
  if (kind === Kind.Clickable && isWrapper(element, box, judging.view)) kind = null;
  const near = inRegion && sized && scope.painted && hasLayout;
  if (near && kind === null && isPointed(met, scope, judging.view)) kind = Kind.Clickable;
  if (near && kind === null && firstElementOf(element) === null) kind = pictureKind(element, tag, box);
  const scrollable = near && !isLeaf(tag) && !/^(body|html)$/.test(tag) && isScrollable(element);
  if (scrollable && (kind === null || (kind === Kind.Clickable && !hasHandler(element)))) kind = Kind.Scroller;
  if (kind === null) {
    if (flows(tag) || !judging.text) return null;
    kind = Kind.Text; // a block may turn out to have text of its own; its place in the order is kept until then
  } else if ((!sized || !scope.painted) && label === null) return null;
  return {
    element,
    kind,
    role,
    box,
    parent: scope.parent,
    form: scope.form,
    landmark: scope.landmark,
    heading: scope.section.heading,
    row: scope.row,
    part: scope.part,
    inert: scope.inert || (judging.modal !== null && !contains(judging.modal, element)),
    painted: scope.painted,
    inRegion,
    inView: overlaps(box, scope.view),
    scrollable,
    label,
    text: [],
    ownText: false,
    holdsControl: false,
  };
}
