// What a walk finds, and what it knows about the surroundings on its way.

import type { Kind } from "./kind";
import type { Omissions } from "./sections";
import type { Box } from "./visibility";

/** A candidate for the state. */
export interface Item {
  readonly element: Element;
  kind: Kind;
  readonly role: string;
  readonly box: Box;
  /** The nearest candidate around it. */
  readonly parent: Item | null;
  readonly form: Element | null;
  readonly landmark: Element | null;
  readonly heading: Element | null;
  readonly row: Element | null;
  /** The part of the page it belongs to, for what is left out. */
  readonly part: Element | null;
  readonly inert: boolean;
  readonly painted: boolean;
  /** It lies in the covered region. */
  readonly inRegion: boolean;
  /** Some of it lies in what the viewport, and every scrolling part around it, shows. */
  readonly inView: boolean;
  scrollable: boolean;
  /** A visible label through which it is operated, if it is not painted itself. */
  readonly label: Element | null;
  /** Pieces of text in it, in order. */
  readonly text: string[];
  /** Some of the text stands in it and not in a control inside of it. */
  ownText: boolean;
  /** There is a control inside of it. */
  holdsControl: boolean;
}

/** What a walk found. */
export interface Findings {
  readonly items: Item[];
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
