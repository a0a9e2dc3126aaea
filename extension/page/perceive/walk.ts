// One pass over a document as it is shown, from top to bottom: finds what is worth telling, with where it is and in which
// surroundings. Reads layout and style, writes nothing, so the page lays itself out at most once. Names, values and the
// rest of what is told are read later, only for what the limits let through. What lies outside of the covered region is
// counted block by block (outside.ts), and passed without a look where that is known from before (blocks.ts).

import { informs, SEAM } from "../clean";
import { isElement, shadowRootOf, tagOf } from "../dom";
import { firstChildOf, localNameOf, nextSiblingOf, nodeTypeOf } from "../native";
import type { Blocks, Plan } from "./blocks";
import { candidateOf } from "./candidate";
import { flows, glues, insideClickable, isLeaf, isSkipped, Kind, kindOf, standIn } from "./classify";
import type { Interest } from "./hints";
import type { Findings, Item, Scope } from "./item";
import { lookOutside, reachesInto } from "./outside";
import { roleOf } from "./role";
import { type Around, addText, inside, isEditingControl } from "./scope";
import { Tally } from "./tally";
import { editorOfProxy, mayBeProxy } from "./typing_proxy";
import { type Box, boxOf, hasLayout, Rendering, renderingOf, touches } from "./visibility";

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
  readonly around: Around;
  /** At most so many elements will be told, so that it is enough to count what certainly is too much. */
  readonly limit?: number;
  /** What comes first when the limit bites, and is listed outside of the region too. */
  readonly interest?: Interest;
  /** What is known of the page from before. */
  readonly blocks?: Blocks;
}

interface Level {
  readonly scope: Scope;
  /** The next node, if the children are an ordinary list of siblings. */
  next: ChildNode | null;
  /** The children, if they were assigned to a slot or are to be entered by plan. */
  readonly listed: readonly Node[] | null;
  /** The headings that come before the children of a plan. */
  readonly headings: readonly (Element | null)[] | null;
  index: number;
  /** A space goes here into the text around when the level ends. */
  readonly spaced: boolean;
}

/** For what is passed without asking for its place. */
const NOWHERE: Box = { x: 0, y: 0, width: 0, height: 0 };

class Walk {
  private readonly options: WalkOptions;
  private readonly top: Scope;
  private readonly tally: Tally;
  /** Controls that are listed although nothing speaks for them. With as many as the limit, others are only counted. */
  private ordinary = 0;

  constructor(options: WalkOptions) {
    this.options = options;
    this.tally = new Tally(options.start);
    this.top = {
      parent: null,
      control: null,
      owner: null,
      sinks: [],
      form: null,
      landmark: null,
      section: { heading: null },
      row: null,
      part: options.start,
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
      const node = level.listed === null ? level.next : (level.listed[level.index++] ?? null);
      if (level.headings !== null) this.passHeading(level, level.headings[level.index - 1] ?? null);
      if (node === null) {
        if (level.spaced) addText(level.scope, SEAM);
        levels.pop();
        continue;
      }
      if (level.listed === null) level.next = nextSiblingOf(node);
      if (nodeTypeOf(node) === 3) this.text(node as Text, level.scope);
      else if (isElement(node)) {
        const inner = this.enter(node, level.scope);
        if (inner !== null) levels.push(inner);
      }
    }
    return this.tally.finish(this.options.region, this.options.interest);
  }

  private passHeading(level: Level, heading: Element | null): void {
    if (heading !== null) level.scope.section.heading = heading;
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
    const painted = rendering === Rendering.Painted;
    let label = painted ? null : standIn(element);
    if (rendering === Rendering.None && label === null) return null;
    let box: Box | null = null;
    let around = scope;
    if (scope.control === null) {
      box = boxOf(label ?? element);
      around = this.reach(element, scope, box);
      if (painted && this.skips(element, tag, box, around)) return null;
    }
    const role = roleOf(element);
    const kind = this.kindIn(scope, element, tag, role);
    if (painted && mayBeProxy(tag, role)) label = editorOfProxy(element);
    // In a control only further controls are of interest, so the place of anything else need not be asked for.
    const passed = scope.control !== null && kind === null;
    if (!passed && (box === null || label !== null)) {
      box = boxOf(label ?? element);
      around = this.reach(element, scope, box);
    }
    box ??= NOWHERE;
    const met = { element, tag, role, kind, box, label };
    const item = passed ? null : candidateOf(met, { ...around, painted }, this.options);
    if (item !== null) this.list(item, around);
    if (isLeaf(tag) || (item !== null && tag !== "label" && isEditingControl(item))) return null;
    const inner = inside({ element, tag, role, box, painted, item }, around);
    const spaced = inner.sinks.length > 0 && (inner.control !== null || flows(tag)) && !glues(tag, element);
    if (spaced) addText(inner, SEAM);
    return this.level(element, inner, spaced);
  }

  /** What an element is where it stands: a control has only further controls in it, something clickable its parts too. */
  private kindIn(scope: Scope, element: Element, tag: string, role: string): Kind | null {
    const kind = kindOf(element, tag, role);
    if (scope.control === null || kind === Kind.Control || kind === Kind.Frame) return kind;
    if (scope.control.kind !== Kind.Clickable) return null;
    return insideClickable(element, tag, role, kind, () => boxOf(element));
  }

  /** What has to be walked now: the covered region; once the limit is reached, only what comes before all else. */
  private regionOf(scope: Scope): Box | null {
    if (scope.region !== null) return scope.region;
    const { limit } = this.options;
    return limit !== undefined && this.ordinary >= limit ? scope.view : null;
  }

  /** Counts what is in an element if all of it lies outside of the region. Answers whether that was so. */
  private skips(element: Element, tag: string, box: Box, scope: Scope): boolean {
    if (!hasLayout || scope.label || box.width <= 0 || box.height <= 0) return false;
    const region = this.regionOf(scope);
    if (region === null || touches(box, region)) return false;
    if (flows(tag) && getComputedStyle(element).display.startsWith("inline")) return false;
    const { blocks, interest, text } = this.options;
    if (scope.region === null && interest?.isNear(box) === true) return false;
    const outside = blocks?.outside(element, box, text) ?? lookOutside(element, box, text);
    if (reachesInto(outside, this.options.region ?? region) || interest?.mayConcern(element, outside) === true)
      return false;
    this.tally.leaveOut(element, box, outside, scope);
    if (outside.heading !== null) scope.section.heading = outside.heading;
    return true;
  }

  /** The surroundings with the clip of a scrolling part taken off, if the element is positioned out of it. */
  private reach(element: Element, scope: Scope, box: Box): Scope {
    if (scope.view === this.options.view || touches(box, scope.view) || !hasLayout) return scope;
    const position = getComputedStyle(element).position;
    if (position !== "fixed" && position !== "absolute") return scope;
    return { ...scope, region: this.options.region, view: this.options.view };
  }

  private list(item: Item, { region }: Scope): void {
    this.tally.add(item);
    if (item.kind !== Kind.Control) return;
    for (let at = item.parent; at !== null; at = at.parent) at.holdsControl = true;
    const isOrdinary = region === null && !item.inView && this.options.interest?.isNear(item.box) !== true;
    if (isOrdinary) this.ordinary++;
  }

  private level(element: Element, scope: Scope, spaced: boolean): Level {
    const root = shadowRootOf(element);
    if (root !== null) this.tally.addRoot(root);
    const own = root === null ? scope : { ...scope, section: { ...scope.section } };
    const holder = root ?? element;
    const slot = root === null && localNameOf(element) === "slot" ? (element as HTMLSlotElement) : null;
    const assigned = slot?.assignedNodes() ?? [];
    const level = { scope: own, headings: null, index: 0, spaced };
    if (assigned.length > 0) return { ...level, next: null, listed: assigned };
    const plan = own.control === null && !own.label ? this.plan(holder, own) : null;
    if (plan !== null) return { ...level, next: null, listed: plan.nodes, headings: plan.headings };
    return { ...level, next: firstChildOf(holder), listed: null };
  }

  /** With many children, those that certainly lie outside of the region are counted together. */
  private plan(holder: Element | ShadowRoot, scope: Scope): Plan | null {
    const { blocks, interest, text } = this.options;
    const region = this.regionOf(scope);
    if (blocks === undefined || region === null || !scope.painted || interest?.isSearching === true) return null;
    return blocks.plan(
      holder,
      {
        region,
        whole: this.options.region ?? region,
        text,
        isNear: scope.region === null && interest !== undefined ? (box) => interest.isNear(box) : null,
      },
      {
        one: (element, box, outside) => this.tally.leaveOut(element, box, outside, scope),
        many: (above, below, beside) => this.tally.leaveOutMany(above, below, beside, scope),
      },
    );
  }
}

/** Walks a document or a part of it. */
export function walk(options: WalkOptions): Findings {
  return new Walk(options).run();
}
