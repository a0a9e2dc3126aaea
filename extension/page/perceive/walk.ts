// One pass over a document as it is shown, from top to bottom: finds what is worth telling, with where it is and in which
// surroundings. Reads layout and style, writes nothing, so the page lays itself out at most once. Names, values and the
// rest of what is told are read later, only for what the limits let through. What lies outside of the covered region is
// counted block by block (outside.ts), and passed without a look where that is known from before (blocks.ts).

import { informs, SEAM } from "../clean";
import { assignedTo, isElement, shadowRootOf, tagOf } from "../dom";
import { firstChildOf, firstElementOf, nextSiblingOf, nodeTypeOf } from "../native";
import type { Blocks, Plan } from "./blocks";
import { candidateOf, Met } from "./candidate";
import { flows, glues, insideClickable, isLeaf, isSkipped, Kind, kindOf, standIn } from "./classify";
import type { Interest } from "./hints";
import { type Mark, type PageMemory, type Part, Segment } from "./index_memory";
import { mayHaveStandIn, Watch, Watched, watchMet } from "./index_watch";
import type { Findings, Item, Scope } from "./item";
import { marksOf } from "./marks";
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
  readonly memory?: PageMemory;
  /** Style sheets speak of what shows only a part of what is in it. */
  readonly clips?: boolean;
}

/** Ordinary elements that pages use to attach shadow roots to. */
const MAY_HOST = new Set("article aside blockquote div footer header main nav section".split(" "));

/** The children of an element, while they are gone through. There is one for each element, so it is made in one go. */
class Level {
  readonly scope: Scope;
  /** A space goes here into the text around when the level ends. */
  readonly spaced: boolean;
  /** What was remembered before this stamp does not hold here. */
  readonly stale: number;
  /** The next node, if the children are an ordinary list of siblings. */
  next: ChildNode | null;
  /** The children, if they were assigned to a slot, are remembered, or are to be entered by plan. */
  readonly listed: readonly Part[] | null;
  /** `listed` is what is remembered of the children, to be brought up to date. */
  readonly isRemembered: boolean;
  /** The headings that come before the children of a plan. */
  readonly headings: readonly (Element | null)[] | null;
  index = 0;
  /** What is to be remembered when the level ends. */
  opened: Opened | null = null;

  constructor(
    scope: Scope,
    spaced: boolean,
    stale: number,
    next: ChildNode | null,
    listed: readonly Part[] | null,
    isRemembered = false,
    headings: readonly (Element | null)[] | null = null,
  ) {
    this.scope = scope;
    this.spaced = spaced;
    this.stale = stale;
    this.next = next;
    this.listed = listed;
    this.isRemembered = isRemembered;
    this.headings = headings;
  }
}

/** A segment that is being walked. */
interface Opened {
  readonly segment: Segment;
  readonly since: Mark;
  readonly scope: Scope;
}

class Walk {
  private readonly options: WalkOptions;
  private readonly top: Scope;
  private readonly tally: Tally;
  private readonly memory: PageMemory | undefined;
  /** Controls that are listed although nothing speaks for them. With as many as the limit, others are only counted. */
  private ordinary = 0;
  /** False as long as all controls are counted for it. */
  private isExact = false;

  constructor(options: WalkOptions) {
    this.options = options;
    this.memory = options.memory;
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
    const first = this.enter(this.options.start, this.top, 0);
    if (first !== null) levels.push(first);
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const part = level.listed === null ? level.next : (level.listed[level.index++] ?? null);
      if (level.headings !== null) this.passHeading(level, level.headings[level.index - 1] ?? null);
      if (part === null) {
        levels.pop();
        if (level.spaced) addText(level.scope, SEAM);
        if (level.opened !== null) this.close(level.opened);
        continue;
      }
      if (part instanceof Segment) {
        if (this.reuse(part, level)) continue;
        const inner = this.enter(part.element, level.scope, level.stale, true);
        if (inner !== null) levels.push(inner);
        continue;
      }
      if (level.listed === null) level.next = nextSiblingOf(part);
      if (nodeTypeOf(part) === 3) this.text(part as Text, level.scope);
      else if (isElement(part)) {
        const known = this.memory?.segmentOf(part);
        if (known !== undefined && this.reuse(known, level)) continue;
        const inner = this.enter(part, level.scope, level.stale, level.isRemembered);
        if (inner !== null) levels.push(inner);
        if (level.isRemembered) this.noteSegment(level, part);
      }
    }
    return this.tally.finish(this.options.region, this.options.interest, this.isLimited);
  }

  /** So many controls were found that others are only counted. */
  private get isLimited(): boolean {
    const { limit } = this.options;
    if (limit === undefined || this.ordinary < limit) return false;
    this.countExactly();
    return this.ordinary >= limit;
  }

  /** As long as all controls together do not reach the limit, it does not matter which of them are ordinary. */
  private countExactly(): void {
    if (this.isExact) return;
    this.isExact = true;
    this.ordinary = this.tally.count((item) => item.kind === Kind.Control && this.isOrdinary(item));
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

  /** From now on a child of a long list is met by its segment. */
  private noteSegment(level: Level, element: Element): void {
    const segment = this.memory?.segmentOf(element);
    if (segment !== undefined) (level.listed as Part[])[level.index - 1] = segment;
  }

  /** Takes what is remembered of a block, if it still holds. */
  private reuse(segment: Segment, { scope, stale }: Level): boolean {
    if (!segment.isClean || scope.control !== null || scope.label || !segment.holds(scope, stale)) return false;
    if (scope.region === null && segment.controls > 0 && !this.countOrdinary(segment)) return false;
    if (!segment.isPassedStill) return false;
    this.tally.append(segment);
    scope.section.heading = segment.headingAfter;
    if (segment.holdsControl) holdControl(scope.parent);
    return true;
  }

  /** Counts the ordinary controls of a segment. Answers false if the limit may be reached in it, so that it has to be walked. */
  private countOrdinary({ controls, items }: Segment): boolean {
    const { limit } = this.options;
    if (limit === undefined) return true;
    if (this.ordinary + controls >= limit) this.countExactly();
    if (this.ordinary + controls >= limit) return false;
    if (!this.isExact) this.ordinary += controls;
    else for (const item of items) if (item.kind === Kind.Control && this.isOrdinary(item)) this.ordinary++;
    return true;
  }

  private isOrdinary(item: Item): boolean {
    return !item.inView && this.options.interest?.isNear(item.box) !== true;
  }

  /** Judges an element. Answers with the level of what is in it, or null if that is of no interest. */
  private enter(element: Element, scope: Scope, stale: number, isOfMany = false): Level | null {
    const tag = tagOf(element);
    if (isSkipped(tag)) return null;
    if (tag === "br") {
      addText(scope, " ");
      return null;
    }
    const opened = isOfMany || firstElementOf(element) !== null ? this.open(element, tag, scope) : null;
    const level = this.judge(element, tag, scope, stale);
    if (opened === null) return level;
    if (level === null) this.close(opened);
    else level.opened = opened;
    return level;
  }

  /** Begins to remember a block, if no text flows out of it. What holds only text is as quickly looked at anew. */
  private open(element: Element, tag: string, scope: Scope): Opened | null {
    if (this.memory === undefined || scope.control !== null || scope.label || flows(tag)) return null;
    return { segment: this.memory.enter(element, scope), since: this.tally.mark(), scope };
  }

  private close({ segment, since, scope }: Opened): void {
    this.tally.close(segment, since, scope);
  }

  private judge(element: Element, tag: string, scope: Scope, stale: number): Level | null {
    const rendering = renderingOf(element);
    const painted = rendering === Rendering.Painted;
    let label = painted ? null : standIn(element);
    if (rendering === Rendering.None && label === null) return this.passUnseen(element, tag);
    const isBound =
      scope.control === null && (scope.region !== null || scope.view !== this.options.view || this.isLimited);
    let place: Box | null = null;
    let around = scope;
    if (isBound) {
      place = boxOf(label ?? element);
      around = this.reach(element, scope, place);
      if (painted && this.skips(element, tag, place, around)) return null;
    }
    const { about } = marksOf(element);
    const role = roleOf(element, about);
    const kind = this.kindIn(scope, element, tag, role, about);
    if (painted && mayBeProxy(tag, role)) {
      label = editorOfProxy(element);
      if (label !== null) place = null;
    }
    const met = new Met(element, tag, about, role, kind, label, place);
    // In a control only further controls are of interest, so the place of anything else need not be asked for.
    const passed = scope.control !== null && kind === null;
    if (!passed && scope.view !== this.options.view) around = this.reach(element, scope, met.box);
    const item = passed ? null : this.list(candidateOf(met, around, painted, this.options));
    this.watch(met, item, painted);
    if (isLeaf(tag) || (item !== null && tag !== "label" && isEditingControl(item))) return null;
    if (role === "heading") this.tally.headings.push(element);
    const inner = inside(met, item, painted, around);
    const spaced = inner.sinks.length > 0 && (inner.control !== null || flows(tag)) && !glues(tag, met);
    if (spaced) addText(inner, SEAM);
    return this.level(element, inner, spaced, stale);
  }

  /** What may come to look otherwise without a trace is compared from now on. */
  private watch(met: Met, item: Item | null, painted: boolean): void {
    if (this.memory !== undefined) watchMet(met, item, painted, this.options.clips === true, this.tally);
  }

  /** What is not rendered is passed; a label may come to stand for it. */
  private passUnseen(element: Element, tag: string): null {
    if (this.memory !== undefined && mayHaveStandIn(element, tag))
      this.tally.watch(new Watched(element, Watch.StandIn));
    return null;
  }

  /** What an element is where it stands: a control has only further controls in it, something clickable its parts too. */
  private kindIn(scope: Scope, element: Element, tag: string, role: string, about: number): Kind | null {
    const kind = kindOf(element, tag, role, about);
    if (scope.control === null || kind === Kind.Control || kind === Kind.Frame) return kind;
    if (scope.control.kind !== Kind.Clickable) return null;
    return insideClickable(element, tag, role, kind, () => boxOf(element));
  }

  /** What has to be walked now: the covered region; once the limit is reached, only what comes before all else. */
  private regionOf(scope: Scope): Box | null {
    if (scope.region !== null) return scope.region;
    return this.isLimited ? scope.view : null;
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

  private list(found: Item | null): Item | null {
    if (found === null) return null;
    const item = this.memory === undefined ? found : this.memory.adopt(found);
    this.tally.add(item);
    if (item.kind !== Kind.Control) return item;
    holdControl(item.parent);
    const counts = this.options.limit !== undefined && this.options.region === null;
    if (counts && (!this.isExact || this.isOrdinary(item))) this.ordinary++;
    return item;
  }

  private level(element: Element, scope: Scope, spaced: boolean, stale: number): Level {
    const root = shadowRootOf(element);
    if (root !== null) this.tally.addRoot(root);
    else if (this.memory !== undefined && scope.control === null && MAY_HOST.has(tagOf(element)))
      this.tally.watch(new Watched(element, Watch.Host));
    const own = root === null ? scope : { ...scope, section: { ...scope.section } };
    const holder = root ?? element;
    const assigned = root === null ? assignedTo(element) : null;
    const since = this.memory === undefined ? 0 : Math.max(stale, this.memory.forgottenBelow(element));
    if (assigned !== null && assigned.length > 0) return new Level(own, spaced, since, null, assigned);
    const isOwn = own.control === null && !own.label;
    const plan = isOwn ? this.plan(holder, own) : null;
    if (plan !== null) return new Level(own, spaced, since, null, plan.nodes, false, plan.headings);
    const parts = isOwn && this.memory !== undefined ? this.memory.partsOf(holder) : null;
    if (parts !== null) return new Level(own, spaced, since, null, parts, true);
    return new Level(own, spaced, since, firstChildOf(holder), null);
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

/** Something in these can be operated. */
function holdControl(from: Item | null): void {
  for (let at = from; at !== null && !at.holdsControl; at = at.parent) at.holdsControl = true;
}

/** Walks a document or a part of it. */
export function walk(options: WalkOptions): Findings {
  return new Walk(options).run();
}
