// One pass over a document as it is shown, from top to bottom: finds what is worth telling, with where it is and in which
// surroundings. Reads layout and style, writes nothing, so the page lays itself out at most once. Names, values and the
// rest of what is told are read later, only for what the limits let through.

import { informs, SEAM } from "../clean";
import { isElement, shadowRootOf, tagOf } from "../dom";
import {
  attributeOf,
  contains,
  firstChildOf,
  firstElementOf,
  hasAttribute,
  localNameOf,
  nextSiblingOf,
  nodeTypeOf,
} from "../native";
import {
  flows,
  glues,
  hasHandler,
  hasPointerCursor,
  isCollection,
  isInert,
  isLeaf,
  isSkipped,
  isWrapper,
  Kind,
  kindOf,
  standIn,
} from "./classify";
import { isRow, isSection, landmarkRole } from "./context";
import { isScrollable } from "./operations";
import { lookOutside } from "./outside";
import { roleOf } from "./role";
import { type Box, boxOf, hasLayout, intersection, overlaps, Rendering, renderingOf, touches } from "./visibility";

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
  readonly inert: boolean;
  readonly painted: boolean;
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
  /** The shadow roots that were passed, for those who observe changes. */
  readonly roots: ShadowRoot[];
}

/** What to look at. */
export interface WalkOptions {
  readonly start: Element;
  /** Only what touches this box is listed; null for everything. */
  readonly region: Box | null;
  readonly view: Box;
  /** List text that is no part of a control. */
  readonly text: boolean;
  /** The dialog that makes everything else inert. */
  readonly modal: Element | null;
  /** Surroundings of the start, if it is not the whole document. */
  readonly around: Partial<Pick<Scope, "form" | "landmark" | "row" | "section" | "inert">>;
}

/** The last heading of a section; shared by all that stands in the section. */
interface Section {
  heading: Element | null;
}

/** What is known about the surroundings at one point of the walk. */
interface Scope {
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
  readonly inert: boolean;
  readonly pointer: boolean;
  readonly label: boolean;
  readonly painted: boolean;
  readonly region: Box | null;
  readonly view: Box;
}

interface Level {
  readonly scope: Scope;
  /** The next node, if the children are an ordinary list of siblings. */
  next: ChildNode | null;
  /** The children, if they were assigned to a slot. */
  readonly assigned: readonly Node[] | null;
  index: number;
  /** A space goes here into the text around when the level ends. */
  readonly spaced: boolean;
}

/** For what is passed without asking for its place. */
const NOWHERE: Box = { x: 0, y: 0, width: 0, height: 0 };

/** Thrown when something lies in the region although what is around it does not. */
class Surprise extends Error {}

class Walk {
  readonly found: Findings = { items: [], above: 0, below: 0, beside: 0, roots: [] };
  private readonly options: WalkOptions;
  private readonly top: Scope;
  private readonly skips: boolean;

  constructor(options: WalkOptions, skips: boolean) {
    this.options = options;
    this.skips = skips && hasLayout;
    this.top = {
      parent: null,
      control: null,
      owner: null,
      sinks: [],
      form: null,
      landmark: null,
      section: { heading: null },
      row: null,
      inert: false,
      pointer: false,
      label: false,
      painted: true,
      region: options.region,
      view: options.view,
      ...options.around,
    };
  }

  run(): Findings {
    const levels: Level[] = [];
    const first = this.enter(this.options.start, this.top);
    if (first !== null) levels.push(first);
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const node = level.assigned === null ? level.next : (level.assigned[level.index++] ?? null);
      if (node === null) {
        if (level.spaced) addText(level.scope, SEAM);
        levels.pop();
        continue;
      }
      if (level.assigned === null) level.next = nextSiblingOf(node);
      if (nodeTypeOf(node) === 3) this.text(node as Text, level.scope);
      else if (isElement(node)) {
        const inner = this.enter(node, level.scope);
        if (inner !== null) levels.push(inner);
      }
    }
    return this.found;
  }

  private text(node: Text, scope: Scope): void {
    if (!scope.painted || scope.sinks.length === 0) return;
    const data = node.data;
    addText(scope, data);
    const owner = scope.owner;
    if (owner !== null && !owner.ownText && !scope.label && informs(data)) owner.ownText = true;
  }

  /** Judges an element. Answers with the level of what is in it, or null if that is of no interest. */
  private enter(element: Element, scope: Scope): Level | null {
    const tag = tagOf(element);
    if (isSkipped(tag)) return null;
    if (tag === "br") {
      addText(scope, " ");
      return null;
    }
    const rendering = renderingOf(element);
    const label = rendering === Rendering.Painted ? null : standIn(element);
    if (rendering === Rendering.None && label === null) return null;
    const painted = rendering === Rendering.Painted;
    const role = roleOf(element);
    const kind = kindOf(element, tag, role);
    // In a control only further controls are of interest, so the place of anything else need not be asked for.
    const passed = scope.control !== null && kind !== Kind.Control && kind !== Kind.Frame;
    const box = passed ? NOWHERE : boxOf(label ?? element);
    const around = passed ? scope : this.reach(element, scope, box);
    const item = passed ? null : this.candidate(element, tag, role, kind, box, { ...around, painted }, label);
    if (isLeaf(tag) || (item !== null && tag !== "label" && isEditingControl(item))) return null;
    if (!passed && painted && this.isSkippable(element, tag, box, around)) {
      this.skip(element, tag, box, around, item);
      return null;
    }
    const inner = this.inside(element, tag, role, box, around, painted, item);
    const spaced = inner.sinks.length > 0 && (inner.control !== null || flows(tag)) && !glues(tag);
    if (spaced) addText(inner, SEAM);
    return this.level(element, inner, spaced);
  }

  /** Whether all that is in an element may be taken to be outside of the region because its box is. */
  private isSkippable(element: Element, tag: string, box: Box, scope: Scope): boolean {
    const region = scope.region;
    if (region === null || !this.skips || firstElementOf(element) === null || flows(tag)) return false;
    return box.width > 0 && box.height > 0 && !touches(box, region);
  }

  /** Counts what is in an element outside of the region. Sees to it that the walk begins anew if that was wrong. */
  private skip(element: Element, tag: string, box: Box, scope: Scope, item: Item | null): void {
    const owned = scope.control !== null || scope.label || item?.kind === Kind.Control || item?.kind === Kind.Clickable;
    const outside = lookOutside(element, scope.region ?? NOWHERE, this.options.text, owned || tag === "label");
    if (outside.surprise) throw new Surprise();
    this.count(box, scope.region, outside.count);
    this.found.roots.push(...outside.roots);
    if (outside.heading !== null && !isSection(element)) scope.section.heading = outside.heading;
  }

  /** The surroundings with the clip of a scrolling part taken off, if the element is positioned out of it. */
  private reach(element: Element, scope: Scope, box: Box): Scope {
    if (scope.view === this.options.view || touches(box, scope.view) || !hasLayout) return scope;
    const position = getComputedStyle(element).position;
    if (position !== "fixed" && position !== "absolute") return scope;
    return { ...scope, region: this.options.region, view: this.options.view };
  }

  private candidate(
    element: Element,
    tag: string,
    role: string,
    told: Kind | null,
    box: Box,
    scope: Scope,
    label: Element | null,
  ): Item | null {
    const inRegion = scope.region === null || touches(box, scope.region);
    const sized = !hasLayout || (box.width > 0 && box.height > 0);
    let kind = told;
    if (kind === Kind.Clickable && isWrapper(element, box, this.options.view)) kind = null;
    const near = inRegion && sized && scope.painted && hasLayout;
    if (near && kind === null && this.isPointed(element, tag, box, scope)) kind = Kind.Clickable;
    const scrollable = near && !isLeaf(tag) && !/^(body|html)$/.test(tag) && isScrollable(element);
    if (scrollable && (kind === null || (kind === Kind.Clickable && !hasHandler(element)))) kind = Kind.Scroller;
    if (kind === null) return this.textBlock(element, tag, role, box, scope, inRegion);
    if ((!sized || !scope.painted) && label === null) return null;
    const item = this.item(element, kind, role, box, scope, scrollable, label);
    if (inRegion) this.found.items.push(item);
    else this.count(box, scope.region);
    if (kind === Kind.Control) for (let at = item.parent; at !== null; at = at.parent) at.holdsControl = true;
    return item;
  }

  /** A block may turn out to have text of its own; its place in the order is kept until then. */
  private textBlock(
    element: Element,
    tag: string,
    role: string,
    box: Box,
    scope: Scope,
    inRegion: boolean,
  ): Item | null {
    if (flows(tag) || !this.options.text) return null;
    const item = this.item(element, Kind.Text, role, box, scope, false, null);
    (inRegion ? this.found.items : this.outside).push(item);
    return item;
  }

  /** Text blocks outside of the region; counted at the end, when it is known which of them have text. */
  private readonly outside: Item[] = [];

  countOutside(): void {
    for (const item of this.outside) if (item.ownText) this.count(item.box, this.options.region);
  }

  private count(box: Box, region: Box | null, many = 1): void {
    if (region === null) return;
    if (box.y + box.height < region.y) this.found.above += many;
    else if (box.y > region.y + region.height) this.found.below += many;
    else this.found.beside += many;
  }

  private isPointed(element: Element, tag: string, box: Box, scope: Scope): boolean {
    if (!hasLayout || scope.pointer || scope.control !== null || scope.label) return false;
    if (tag === "label" && (element as HTMLLabelElement).control !== null) return false;
    if (!hasPointerCursor(element)) return false;
    return !isCollection(element, tag) && !isWrapper(element, box, this.options.view);
  }

  private item(
    element: Element,
    kind: Kind,
    role: string,
    box: Box,
    scope: Scope,
    scrollable: boolean,
    label: Element | null,
  ): Item {
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
      inert: scope.inert || (this.options.modal !== null && !contains(this.options.modal, element)),
      painted: scope.painted,
      inView: overlaps(box, scope.view),
      scrollable,
      label,
      text: [],
      ownText: false,
      holdsControl: false,
    };
  }

  /** The surroundings of what is in an element. */
  private inside(
    element: Element,
    tag: string,
    role: string,
    box: Box,
    scope: Scope,
    painted: boolean,
    item: Item | null,
  ): Scope {
    if (role === "heading") scope.section.heading = element;
    const landmark = hasAttribute(element, "role") || LANDMARK_TAGS.has(tag) ? landmarkRole(element) : "";
    const section = landmark !== "" ? { heading: null } : isSection(element) ? { ...scope.section } : scope.section;
    const absorbs = item !== null && (item.kind === Kind.Control || item.kind === Kind.Clickable);
    const clip = item?.scrollable === true ? clipped(scope, box) : null;
    return {
      parent: item ?? scope.parent,
      control: absorbs ? item : scope.control,
      ...sinksFor(tag, item, scope),
      form: tag === "form" || role === "form" ? element : scope.form,
      landmark: landmark !== "" ? element : scope.landmark,
      section,
      row: isRow(element) ? element : scope.row,
      inert: scope.inert || isInert(element),
      pointer: scope.pointer || (item?.kind === Kind.Clickable && absorbs) || role === "link" || role === "button",
      label: scope.label || (tag === "label" && (element as HTMLLabelElement).control !== null),
      painted,
      region: clip === null ? scope.region : clip.region,
      view: clip === null ? scope.view : clip.view,
    };
  }

  private level(element: Element, scope: Scope, spaced: boolean): Level {
    const root = shadowRootOf(element);
    if (root !== null) {
      this.found.roots.push(root);
      const own = { ...scope, section: { ...scope.section } };
      return { scope: own, next: firstChildOf(root), assigned: null, index: 0, spaced };
    }
    const assigned = localNameOf(element) === "slot" ? (element as HTMLSlotElement).assignedNodes() : [];
    if (assigned.length > 0) return { scope, next: null, assigned, index: 0, spaced };
    return { scope, next: firstChildOf(element), assigned: null, index: 0, spaced };
  }
}

const LANDMARK_TAGS = new Set("aside dialog footer header main nav search section".split(" "));

/** Adds a piece of text to all it is told with. */
function addText(scope: Scope, data: string): void {
  for (const sink of scope.sinks) sink.text.push(data);
}

/** Where the text in an element goes: what flows goes on to where its surroundings go, a block begins anew. */
function sinksFor(tag: string, item: Item | null, scope: Scope): Pick<Scope, "owner" | "sinks"> {
  if (item === null) {
    const joins = scope.control !== null || flows(tag);
    return joins ? { owner: scope.owner, sinks: scope.sinks } : { owner: null, sinks: [] };
  }
  // A link is part of the sentence it stands in; what a button or a field says is not.
  const joins = scope.control !== null || (flows(tag) && (item.kind !== Kind.Control || item.role === "link"));
  return { owner: item, sinks: joins ? [...scope.sinks, item] : [item] };
}

/** Controls whose inside is their value. */
function isEditingControl(item: Item): boolean {
  if (item.kind !== Kind.Control) return false;
  const value = attributeOf(item.element, "contenteditable");
  return value !== null && value.toLowerCase() !== "false";
}

/** What a scrolling part leaves to be seen, and to be listed: half of its height more on each side. */
function clipped(scope: Scope, box: Box): { region: Box | null; view: Box } {
  const view = intersection(scope.view, box);
  if (scope.region === null) return { region: null, view };
  const margin = box.height / 2;
  const grown = { x: box.x, y: box.y - margin, width: box.width, height: box.height + 2 * margin };
  return { region: intersection(scope.region, grown), view };
}

function pass(options: WalkOptions, skips: boolean): Findings {
  const walking = new Walk(options, skips);
  const found = walking.run();
  walking.countOutside();
  return { ...found, items: found.items.filter(isWorthTelling) };
}

/** Walks a document or a part of it. */
export function walk(options: WalkOptions): Findings {
  try {
    return pass(options, true);
  } catch (thrown) {
    if (!(thrown instanceof Surprise)) throw thrown;
    return pass(options, false);
  }
}

/** Leaves out blocks without text of their own, wrappers of a control, and headings that are all link. */
function isWorthTelling(item: Item): boolean {
  switch (item.kind) {
    case Kind.Text:
    case Kind.Heading:
      return item.ownText;
    case Kind.Clickable: // what only wraps a control, or shows nothing at all, is left out
      return item.ownText || !item.holdsControl;
    default:
      return true;
  }
}
