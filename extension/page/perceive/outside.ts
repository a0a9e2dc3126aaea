// Counts what a state leaves out because it lies outside of the covered region, without finding out all about it: what
// lies in a box outside of the region lies outside too, unless it is positioned out of that box, which is told.
//
// Counted is what a walk would list: every painted element of some size that is a candidate by tag, role and attributes
// (classify.ts), and with text every block that has informing text of its own. Not counted is what only its style makes a
// candidate (a pointer cursor, scroll bars, background pictures): for that the style of every element had to be asked.

import { informs } from "../clean";
import { assignedTo, shadowRootOf, tagOf } from "../dom";
import { firstChildOf, nextSiblingOf, nodeTypeOf } from "../native";
import { flows, isLeaf, isSkipped, Kind, kindOf, standIn } from "./classify";
import { isSection } from "./context";
import { saysDraggable } from "./handlers";
import { Mark, marksOf } from "./marks";
import { roleOf } from "./role";
import { editorOfProxy, mayBeProxy } from "./typing_proxy";
import { type Box, boxOf, Rendering, renderingOf, touches } from "./visibility";

/** What lies in an element outside of the region, with the element itself. */
export interface Outside {
  readonly count: number;
  /** The last heading in it that what comes after stands under. */
  readonly heading: Element | null;
  /** The first heading in it, which says what it is about. */
  readonly title: Element | null;
  readonly roots: readonly ShadowRoot[];
  /** What holds documents. */
  readonly frames: readonly Element[];
  /** Custom elements without a shadow root that can be seen. They may get one without a trace. */
  readonly hosts: readonly Element[];
  /** Those candidates that stick out of the element's own box, so that they may lie in the region all the same. */
  readonly strays: readonly Element[];
}

/** Elements that are nothing but what is in them, as long as no attribute says otherwise. */
const PLAIN = new Set(
  (
    "address article aside b bdi bdo big blockquote center cite code dd del dfn div dl dt em figcaption figure font " +
    "footer header hgroup i ins kbd li main mark menu nav ol p pre q s samp section small span strike strong sub sup " +
    "table tbody td tfoot th thead time tr tt u ul var wbr"
  ).split(" "),
);

const CLOSING = new Set("article aside footer header li main nav section td th tr".split(" "));

/** Attributes by which an element may be more than its tag says. */
const TELLING_MARKS = ~(Mark.Class | Mark.Id | Mark.Style);

/** Whether attributes (marks.ts) say nothing about what an element is. */
function isUnmarked(element: Element, about: number): boolean {
  return about === 0 || ((about & TELLING_MARKS) === 0 && ((about & Mark.Class) === 0 || !saysDraggable(element)));
}

/**
 * What holds for all that is in one element, and what is known of the element as a block that text belongs to. There are
 * thousands of them, so each is used again when it has ended.
 */
class Level {
  next: ChildNode | null = null;
  assigned: readonly Node[] | null = null;
  index = 0;
  /** The text here belongs to a control. */
  owned = false;
  /** A heading here says nothing about what comes after. */
  closed = false;
  /** The level of the block that text here belongs to: this one, or one around it. */
  block: Level = this;
  /** The block, if it is this one. */
  element: Element | null = null;
  isHeading = false;
  /** Known for headings, which are asked before their text is seen. */
  painted: boolean | null = null;
  /** Its text has been counted, or need not be. */
  counted = true;
}

/** How far a box may stick out of the one around it by rounding and borders. */
const SLACK = 2;

function isWithin(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x - SLACK &&
    inner.y >= outer.y - SLACK &&
    inner.x + inner.width <= outer.x + outer.width + SLACK &&
    inner.y + inner.height <= outer.y + outer.height + SLACK
  );
}

class Look {
  count = 0;
  heading: Element | null = null;
  title: Element | null = null;
  readonly roots: ShadowRoot[] = [];
  readonly frames: Element[] = [];
  readonly hosts: Element[] = [];
  readonly strays: Element[] = [];
  private box: Box = { x: 0, y: 0, width: 0, height: 0 };
  private text = false;
  /** What is being gone through, from the outside in; the first one is around all. */
  private readonly levels: Level[] = [new Level()];
  private depth = 0;

  run(start: Element, box: Box, text: boolean): Outside {
    this.box = box;
    this.text = text;
    this.begin();
    if (this.enter(start, this.levels[0] as Level, true)) this.goThrough();
    if (this.heading !== null && isSection(start)) this.heading = null;
    return this.found;
  }

  private begin(): void {
    this.depth = 0;
    this.count = 0;
    this.heading = null;
    this.title = null;
    this.roots.length = 0;
    this.frames.length = 0;
    this.hosts.length = 0;
    this.strays.length = 0;
  }

  private goThrough(): void {
    while (this.depth > 0) {
      const level = this.levels[this.depth] as Level;
      const node = level.assigned === null ? level.next : (level.assigned[level.index++] ?? null);
      if (node === null) {
        level.element = null;
        level.assigned = null;
        this.depth--;
        continue;
      }
      if (level.assigned === null) level.next = nextSiblingOf(node);
      const type = nodeTypeOf(node);
      if (type === 3) this.take(node as Text, level);
      else if (type === 1) this.enter(node as Element, level, false);
    }
  }

  private get found(): Outside {
    const { count, heading, title, roots, frames, hosts, strays } = this;
    return {
      count,
      heading,
      title,
      roots: taken(roots),
      frames: taken(frames),
      hosts: taken(hosts),
      strays: taken(strays),
    };
  }

  private take(node: Text, level: Level): void {
    const { block } = level;
    if (level.owned || block.counted || !(this.text || block.isHeading) || !informs(node.data)) return;
    block.counted = true;
    if (block.painted ?? renderingOf(block.element as Element) === Rendering.Painted) this.count++;
  }

  /** Looks at an element, and goes into it. Answers whether there is anything in it. */
  private enter(element: Element, at: Level, isStart: boolean): boolean {
    const tag = tagOf(element);
    if (isSkipped(tag)) return false;
    const { about } = marksOf(element);
    if (PLAIN.has(tag) && isUnmarked(element, about)) {
      const closed = at.closed || (!isStart && CLOSING.has(tag));
      return this.goInto(element, tag, at.owned, isStart || !flows(tag) ? null : at.block, null, closed);
    }
    const role = roleOf(element, about);
    const kind = kindOf(element, tag, role, about);
    const painted = role === "heading" ? renderingOf(element) === Rendering.Painted : null;
    if (kind !== null && (!at.owned || kind === Kind.Control || kind === Kind.Frame))
      this.candidate(element, kind, mayBeProxy(tag, role));
    if (painted === true) {
      this.title ??= element;
      if (!at.closed) this.heading = element;
    }
    if (isLeaf(tag)) return false;
    const owned = at.owned || kind === Kind.Control || kind === Kind.Clickable || tag === "label";
    const closed = at.closed || (!isStart && isSection(element, about));
    return this.goInto(element, tag, owned, isStart || !flows(tag) ? null : at.block, painted, closed);
  }

  private candidate(element: Element, kind: Kind, maybeProxy: boolean): void {
    if (kind === Kind.Heading) return; // it is counted by its text
    const painted = renderingOf(element) === Rendering.Painted;
    const label = painted ? (maybeProxy ? editorOfProxy(element) : null) : standIn(element);
    if (!painted && label === null) return;
    const box = boxOf(label ?? element);
    if (box.width <= 0 || box.height <= 0) return;
    this.count++;
    if (kind === Kind.Frame) this.frames.push(element);
    if (!isWithin(box, this.box)) this.strays.push(label ?? element);
  }

  /** `block` is the one that text in it belongs to, null for itself; `painted` is known for headings only. */
  private goInto(
    element: Element,
    tag: string,
    owned: boolean,
    block: Level | null,
    painted: boolean | null,
    closed: boolean,
  ): boolean {
    const root = shadowRootOf(element);
    if (root !== null) this.roots.push(root);
    else if (tag.includes("-")) this.hosts.push(element);
    const assigned = root === null && tag === "slot" ? assignedTo(element) : null;
    const next = assigned === null ? firstChildOf(root ?? element) : null;
    if (next === null && assigned === null) return false;
    let level = this.levels[++this.depth];
    if (level === undefined) {
      level = new Level();
      this.levels.push(level);
    }
    level.next = next;
    level.assigned = assigned;
    level.index = 0;
    level.owned = owned;
    level.closed = closed;
    level.block = block ?? level;
    level.element = block === null ? element : null;
    level.isHeading = painted !== null;
    level.painted = painted;
    level.counted = false;
    return true;
  }
}

const NOTHING: readonly never[] = [];

/** What was gathered, which most often is nothing. */
function taken<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NOTHING : list.slice();
}

/** One look is like the other, and no look begins before the last one has ended. */
const look = new Look();

/** Looks through an element, itself included, whose box is outside of the region. */
export function lookOutside(start: Element, box: Box, text: boolean): Outside {
  return look.run(start, box, text);
}

/** Whether something that sticks out of a skipped element lies in the region after all. Where that is now is asked anew. */
export function reachesInto(outside: Outside, region: Box): boolean {
  return outside.strays.some((element) => touches(boxOf(element), region));
}
