// What a walk finds, and what it knows about the surroundings on its way.

import type { Element as StateElement } from "@gen/tabwire/v1/state_pb";
import type { Watched } from "./index_watch";
import type { Kind } from "./kind";
import type { Omissions } from "./sections";
import { type Box, boxOf, isSameBox, overlaps, touches } from "./visibility";

/** What the walk has found out about a candidate. */
export interface Candidate {
  readonly element: Element;
  readonly kind: Kind;
  readonly role: string;
  readonly scope: Scope;
  readonly inert: boolean;
  readonly painted: boolean;
  readonly scrollable: boolean;
  readonly label: Element | null;
  /** Where it is, if that has been asked for already. */
  readonly place: Box | null;
  /** Its style, if that has been asked for already. */
  readonly style: CSSStyleDeclaration | null;
}

/** A candidate for the state. Where it is, is asked only when somebody wants to know. */
export class Item {
  readonly element: Element;
  kind: Kind;
  role: string;
  /** The nearest candidate around it. */
  parent: Item | null;
  form: Element | null;
  landmark: Element | null;
  heading: Element | null;
  row: Element | null;
  /** The part of the page it belongs to, for what is left out. */
  part: Element | null;
  inert: boolean;
  painted: boolean;
  scrollable: boolean;
  /** A visible label through which it is operated, if it is not painted itself. */
  label: Element | null;
  /** Pieces of text in it, in order. */
  text: string[] = [];
  /** Some of the text stands in it and not in a control inside of it. */
  ownText = false;
  /** There is a control inside of it. */
  holdsControl = false;
  /** What was told of it, if that still holds. */
  told: Description | null = null;
  /** What was told of it before it was looked at anew. */
  before: Description | null = null;
  /** It was told as being elsewhere. */
  isMoved = false;
  /** The walk that came to it last, and did not only remember it. */
  met = 0;
  /** Its number in the registry; 0 if it has not been asked for. */
  id = 0;
  /** The state in which it was listed last. */
  listed = 0;
  /** Its style, from the walk that came to it until it is described. */
  style: CSSStyleDeclaration | null;
  private region: Box | null;
  private view: Box;
  private place: Box | null;
  private seen: boolean | null = null;

  constructor({ element, kind, role, scope, inert, painted, scrollable, label, place, style }: Candidate) {
    this.element = element;
    this.kind = kind;
    this.role = role;
    this.parent = scope.parent;
    this.form = scope.form;
    this.landmark = scope.landmark;
    this.heading = scope.section.heading;
    this.row = scope.row;
    this.part = scope.part;
    this.inert = inert;
    this.painted = painted;
    this.scrollable = scrollable;
    this.label = label;
    this.region = scope.region;
    this.view = scope.view;
    this.place = place;
    this.style = style;
  }

  get box(): Box {
    this.place ??= boxOf(this.label ?? this.element);
    return this.place;
  }

  /** It lies in the covered region. */
  get inRegion(): boolean {
    return this.region === null || touches(this.box, this.region);
  }

  /** Some of it lies in what the viewport, and every scrolling part around it, shows. */
  get inView(): boolean {
    this.seen ??= overlaps(this.box, this.view);
    return this.seen;
  }

  /** Where it is matters for nothing but what is told of its place. */
  isFree(view: Box): boolean {
    return this.region === null && this.label === null && isSameBox(this.view, view);
  }

  /** It has been found elsewhere. */
  moveTo(box: Box): void {
    this.place = box;
    this.seen = null;
    this.isMoved = true;
  }

  /** Becomes what has been found out about the same element anew, so that what refers to it need not change. */
  become(now: Item): void {
    this.kind = now.kind;
    this.role = now.role;
    this.parent = now.parent;
    this.form = now.form;
    this.landmark = now.landmark;
    this.heading = now.heading;
    this.row = now.row;
    this.part = now.part;
    this.inert = now.inert;
    this.painted = now.painted;
    this.scrollable = now.scrollable;
    this.label = now.label;
    this.text = [];
    this.ownText = false;
    this.holdsControl = false;
    this.before = this.told ?? this.before;
    this.told = null;
    this.region = now.region;
    this.view = now.view;
    this.place = now.place;
    this.seen = null;
  }
}

/** What was told of a candidate. */
export interface Description {
  /** Not written to any more: whoever tells something else makes another one. */
  readonly message: StateElement;
  readonly parentId: number;
  /** How many bytes its texts take, and how many characters were cut from them. */
  readonly bytes: number;
  readonly cut: number;
  /** The form, and the row or card, that it was told with. */
  readonly owner: Element | null;
  readonly card: Element | null;
  /** It was told as it looks at this place of the page and of the viewport. */
  readonly isPlaceBound: boolean;
}

/** What a walk found. */
export interface Findings {
  readonly items: Item[];
  /** With those that lie outside of the region. */
  readonly all: readonly Item[];
  /** Where in a whole page's items those are that were come to, and not remembered. */
  readonly fresh: readonly number[];
  /** Candidates outside of the region: above, below and beside it. */
  above: number;
  below: number;
  beside: number;
  /** How many of those lie in which part of the page. */
  readonly omissions: Omissions;
  /** The shadow roots that were passed, for those who observe changes. */
  readonly roots: ShadowRoot[];
  /** The elements that hold documents and are shown, in and outside of the region. */
  readonly frames: Element[];
  /** What may change without a trace. Only if the walk has a memory. */
  readonly watched: readonly Watched[];
  /** What may come to have a shadow root, which leaves no trace either. */
  readonly hosts: readonly Watched[];
  /** Headings that were come to, and not remembered. */
  readonly headings: readonly Element[];
  /** The limit was reached, and what came after only counted. */
  readonly isLimited: boolean;
}

/** The last heading of a section; shared by all that stands in the section. */
export interface Section {
  heading: Element | null;
}

/** What is known about the surroundings at one point of the walk. */
export interface Scope {
  readonly parent: Item | null;
  /** The control, or what is clickable as a whole, that everything here belongs to. */
  readonly control: Item | null;
  /** What text that stands right here belongs to. */
  readonly owner: Item | null;
  /** All that text here is told with: its owner, and what the owner flows or lies in. */
  readonly sinks: readonly Item[];
  readonly form: Element | null;
  readonly landmark: Element | null;
  readonly section: Section;
  readonly row: Element | null;
  readonly part: Element | null;
  readonly inert: boolean;
  readonly pointer: boolean;
  readonly label: boolean;
  readonly painted: boolean;
  /** Only what touches this box is listed; null for everything. */
  readonly region: Box | null;
  readonly view: Box;
}
