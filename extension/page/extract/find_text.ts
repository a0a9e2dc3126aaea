// Finds where a document says something: in text that may be split over inline elements, in what fields show, in shadow
// roots, and only where a person can see it. Parts whose text has not got the words are not looked into, and style is asked
// only where the words are.

import type { TextMatch, TextMatches } from "@gen/tabwire/v1/extract_pb";
import { cut, fold, visibleCharacters } from "../clean";
import { isElement, property, shadowRootsBelow } from "../dom";
import {
  allOfTag,
  attributeOf,
  bodyOf,
  contains,
  elementCountOf,
  firstChildOf,
  localNameOf,
  nextSiblingOf,
  nodeTypeOf,
  parentNodeOf,
  queryAll,
  rootElementOf,
  textOf,
} from "../native";
import { flows, isLeaf, isSkipped } from "../perceive/classify";
import { headingOf } from "../perceive/context";
import { boxOf, overlaps, viewportOf } from "../perceive/visibility";
import { isSecret } from "../secrets";
import { inOrder } from "./order";
import { showsOwnText } from "./shown";

const DEFAULT_MATCHES = 20;
const EXCERPT = 200;
const HEADING = 120;

const FIELDS = ["input", "select", "textarea"];

/** A piece of text and the element right around it. */
interface Piece {
  readonly text: string;
  readonly parent: Element;
}

/** A place, before it is described. */
interface Place {
  readonly element: Element;
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** The words as a pattern: case does not matter, nor how much white space there is. */
function patternOf(words: string): RegExp {
  const escaped = fold(words).replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return new RegExp(escaped.replace(/ /g, "\\s+"), "giu");
}

const INVISIBLE = /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ue000-\uf8ff]/;

class Search {
  readonly places: Place[] = [];
  private readonly pattern: RegExp;
  private readonly words: readonly string[];
  private readonly shown = new Map<Element, boolean>();
  private run: Piece[] = [];

  constructor(words: string) {
    this.pattern = patternOf(words);
    // Longest first: it is the least likely to be there.
    this.words = fold(words)
      .toLowerCase()
      .split(" ")
      .sort((a, b) => b.length - a.length);
  }

  /** Whether a text may say what is looked for: each word is in it. Says no quickly to nearly all of a page. */
  private has(text: string): boolean {
    const lower = (INVISIBLE.test(text) ? visibleCharacters(text) : text).toLowerCase();
    return this.words.every((word) => lower.includes(word));
  }

  /** Walks a document or shadow root, without recursion: pages may nest thousands of levels deep. */
  walk(start: Element | ShadowRoot): void {
    const text = textOf(start) ?? "";
    if (!this.has(text)) return;
    const host = isElement(start) ? start : (start as ShadowRoot).host;
    const path = [{ next: firstChildOf(start), ends: true, element: host, length: text.length }];
    for (let level = path.at(-1); level !== undefined; level = path.at(-1)) {
      const node: ChildNode | null = level.next;
      if (node === null) {
        if (level.ends) this.flush();
        path.pop();
        continue;
      }
      level.next = nextSiblingOf(node);
      if (nodeTypeOf(node) === 3) this.run.push({ text: (node as Text).data, parent: level.element });
      else if (isElement(node)) {
        const length = this.enters(node, level.element, level.length);
        if (length > 0) path.push({ next: firstChildOf(node), ends: !flows(localNameOf(node)), element: node, length });
      }
    }
    this.flush();
  }

  /** How much text there is in an element that is worth looking into; 0 if it is not. */
  private enters(element: Element, parent: Element, around: number): number {
    const tag = localNameOf(element);
    if (tag === "br") this.run.push({ text: " ", parent });
    if (tag === "br" || isSkipped(tag) || isLeaf(tag)) return 0;
    if (flows(tag)) return around;
    this.flush();
    // What is nearly all of something that has the words is looked into at once, so that wrappers cost nothing.
    if (elementCountOf(element) < 2 && around < LARGE) return around;
    const text = textOf(element) ?? "";
    return text.length * 2 > around || this.has(text) ? text.length : 0;
  }

  /** Looks through what fields show. */
  fields(root: Element | ShadowRoot): void {
    const all = isElement(root)
      ? FIELDS.flatMap((tag) => Array.from(allOfTag(document, tag)))
      : queryAll(root, FIELDS.join());
    for (const field of all) {
      const text = visibleCharacters(shownInField(field));
      if (text !== "" && this.isIn(text) && this.isShown(field)) this.take(text, [{ text, parent: field }]);
    }
  }

  /** Looks through the text of one block. */
  private flush(): void {
    const { run } = this;
    if (run.length === 0) return;
    this.run = [];
    const text = visibleCharacters(run.map((piece) => piece.text).join(""));
    if (!this.isIn(text)) return;
    const seen = run
      .filter((piece) => this.isShown(piece.parent))
      .map((piece) => ({ text: visibleCharacters(piece.text), parent: piece.parent }));
    this.take(seen.map((piece) => piece.text).join(""), seen);
  }

  private isIn(text: string): boolean {
    this.pattern.lastIndex = 0;
    return this.pattern.test(text);
  }

  private isShown(element: Element): boolean {
    let shown = this.shown.get(element);
    if (shown === undefined) {
      shown = showsOwnText(element);
      this.shown.set(element, shown);
    }
    return shown;
  }

  private take(text: string, pieces: readonly Piece[]): void {
    this.pattern.lastIndex = 0;
    for (let match = this.pattern.exec(text); match !== null; match = this.pattern.exec(text)) {
      if (match[0] === "") return;
      const [from, to] = [match.index, match.index + match[0].length];
      const element = around(pieces, from, to);
      if (element !== null) this.places.push({ element, text, from, to });
    }
  }
}

/** Below so much text it costs less to look through it than to ask first. */
const LARGE = 2_000;

/** What a person reads in a field. */
function shownInField(field: Element): string {
  if (localNameOf(field) === "select") {
    return Array.from((field as HTMLSelectElement).selectedOptions, (option) => option.label).join(", ");
  }
  if (isSecret(field)) return "";
  if (/^(?:checkbox|color|file|hidden|image|radio|range)$/.test(property<string>(field, "type") ?? "")) return "";
  return property<string>(field, "value") || attributeOf(field, "placeholder") || "";
}

/** The smallest element around the pieces that a stretch of text lies in. */
function around(pieces: readonly Piece[], from: number, to: number): Element | null {
  let at = 0;
  let found: Element | null = null;
  for (const { text, parent } of pieces) {
    const end = at + text.length;
    if (end > from && at < to) {
      found ??= parent;
      while (found !== null && !contains(found, parent)) {
        const up: Node | null = parentNodeOf(found);
        found = isElement(up) ? up : null;
      }
      found ??= parent; // in a root of its own there is nothing around the two
    }
    at = end;
  }
  return found;
}

/** The words with what stands around them, at most 200 characters. */
function excerptOf(text: string, from: number, to: number): string {
  const whole = fold(text);
  if (whole.length <= EXCERPT) return whole;
  const room = EXCERPT - 2;
  const spare = Math.max(0, room - (to - from));
  const start = Math.max(0, Math.min(from - Math.floor(spare / 2), text.length - room));
  const part = fold(cut(text.slice(start), room));
  return `${start > 0 ? "…" : ""}${part}${start + room < text.length ? "…" : ""}`;
}

/** Finds a text in a document. */
export function findText(words: string, max: number, idOf: (element: Element) => number): TextMatches {
  const search = new Search(words);
  const body = bodyOf(document) ?? rootElementOf(document);
  for (const root of [body, ...shadowRootsBelow(document)]) {
    search.walk(root);
    search.fields(root);
  }
  const places = inOrder(search.places, (place) => place.element);
  const view = viewportOf(window);
  const matches = places.slice(0, max || DEFAULT_MATCHES).map(({ element, text, from, to }): TextMatch => {
    const heading = headingOf(element);
    return {
      $typeName: "tabwire.v1.TextMatch",
      elementId: idOf(element),
      excerpt: excerptOf(text, from, to),
      heading: heading === null ? "" : cut(fold(textOf(heading) ?? ""), HEADING),
      inViewport: overlaps(boxOf(element), view),
    };
  });
  return { $typeName: "tabwire.v1.TextMatches", matches, total: places.length };
}
