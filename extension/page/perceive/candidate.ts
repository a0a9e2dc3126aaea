// Judges whether an element that the walk has come to is a candidate for the state, and as what.

import { contains, firstChildOf, firstElementOf, nodeTypeOf } from "../native";
import { flows, hasHandler, hasPointerCursor, isCollection, isLeaf, isWrapper, Kind, pictureKind } from "./classify";
import { Item, type Scope } from "./item";
import { isScrollable } from "./operations";
import { type Box, boxOf, hasLayout, touches } from "./visibility";

/** An element that the walk has come to. Where it is, is asked only when somebody wants to know. */
export class Met {
  readonly element: Element;
  readonly tag: string;
  readonly role: string;
  /** What it is by tag, role and attributes. */
  readonly kind: Kind | null;
  /** What its attributes are about (marks.ts). */
  readonly about: number;
  /** What stands for it on the page if it is not shown itself. */
  readonly label: Element | null;
  /** Where it is, if that has been asked for already. */
  place: Box | null;
  /** Its style, if that has been asked for already. */
  styled: CSSStyleDeclaration | null = null;

  constructor(
    element: Element,
    tag: string,
    about: number,
    role: string,
    kind: Kind | null,
    label: Element | null,
    place: Box | null,
  ) {
    this.element = element;
    this.tag = tag;
    this.about = about;
    this.role = role;
    this.kind = kind;
    this.label = label;
    this.place = place;
  }

  get box(): Box {
    this.place ??= boxOf(this.label ?? this.element);
    return this.place;
  }

  /** Its style. Making the object of it costs as much as reading it. */
  get style(): CSSStyleDeclaration {
    this.styled ??= getComputedStyle(this.element);
    return this.styled;
  }

  get isSized(): boolean {
    return !hasLayout || (this.box.width > 0 && this.box.height > 0);
  }
}

/** What holds for the whole walk. */
export interface Judging {
  readonly view: Box;
  readonly text: boolean;
  readonly modal: Element | null;
}

function isPointed(met: Met, scope: Scope, view: Box): boolean {
  const { element, tag } = met;
  if (scope.pointer || scope.control !== null || scope.label) return false;
  if (tag === "label" && (element as HTMLLabelElement).control !== null) return false;
  if (!hasPointerCursor(element, met.style)) return false;
  return !isCollection(element, tag) && !isWrapper(element, met.box, view);
}

/** Whether it may be that there is nothing in an element without elements but white space. */
export function mayBeBare(element: Element): boolean {
  const first = firstChildOf(element);
  return first === null || nodeTypeOf(first) !== 3 || (first as Text).data.trim() === "";
}

/** What an element is by its looks; `kind` is what it is otherwise. */
function kindByLooks(met: Met, kind: Kind | null, scope: Scope, view: Box): Kind | null {
  const { element, tag } = met;
  const isHere = (): boolean => met.isSized && (scope.region === null || touches(met.box, scope.region));
  if (kind === null && isPointed(met, scope, view) && isHere()) return Kind.Clickable;
  if (kind === null && firstElementOf(element) === null && mayBeBare(element) && isHere())
    return pictureKind(element, tag, met.box, met.style);
  return kind;
}

/** The element as an item of the state; null if it is none. `scope` are its surroundings. */
export function candidateOf(met: Met, scope: Scope, painted: boolean, judging: Judging): Item | null {
  const { element, tag, role, label } = met;
  let kind = met.kind;
  if (kind === Kind.Clickable && isWrapper(element, met.box, judging.view)) kind = null;
  let scrollable = false;
  if (painted && hasLayout) {
    kind = kindByLooks(met, kind, scope, judging.view);
    scrollable =
      !isLeaf(tag) &&
      tag !== "body" &&
      tag !== "html" &&
      isScrollable(element, met.style) &&
      met.isSized &&
      (scope.region === null || touches(met.box, scope.region));
  }
  if (scrollable && (kind === null || (kind === Kind.Clickable && !hasHandler(element)))) kind = Kind.Scroller;
  if (kind === null) {
    if (flows(tag) || !judging.text) return null;
    kind = Kind.Text; // a block may turn out to have text of its own; its place in the order is kept until then
  } else if (label === null && (!painted || !met.isSized)) return null;
  const inert = scope.inert || (judging.modal !== null && !contains(judging.modal, element));
  const { place, styled: style } = met;
  return new Item({ element, kind, role, scope, inert, painted, scrollable, label, place, style });
}
