// How far a recorded change reaches into what is remembered of the page: into the element, into all that is in it, to its
// siblings, and to what refers to it by id or as its label. Where that cannot be said, everything is forgotten.

import { isElement, isShadowRoot, shadowRootOf, shownParent, tagOf } from "../dom";
import {
  attributeOf,
  closest,
  elementCountOf,
  firstElementOf,
  hasAttribute,
  localNameOf,
  nextElementOf,
  nextSiblingOf,
  nodeTypeOf,
  parentNodeOf,
  previousElementOf,
  previousSiblingOf,
  query,
  queryAll,
} from "../native";
import { isRow } from "./context";
import type { Forgetful, PageMemory } from "./index_memory";
import type { StyleWatch } from "./style_watch";

/** When the children of an element with no more of them change, all in it is looked at anew. */
const FEW = 24;

/** Attributes that say something about an element, and nothing about what is in it. */
const OWN =
  /^(?:data-|href$|id$|title$|value$|aria-(?:braille|busy|checked|current|description$|expanded|invalid|keyshortcuts|label$|level|live|placeholder|posinset|pressed|required|roledescription|selected|setsize|sort|value))/;

/** Attributes that refer to others by their ids. */
const REFERRING =
  "aria-activedescendant aria-controls aria-describedby aria-labelledby aria-owns for form headers list popovertarget".split(
    " ",
  );
const REFERRERS = REFERRING.map((name) => `[${name}]`).join();

/** In a table what a cell says depends on the cells above and beside it. */
const TABLE = "table,[role=table],[role=grid],[role=treegrid]";
const HEADING_CELLS = "th,thead,[role=columnheader],[role=rowheader]";
const SPANNING = /^(?:aria-)?(?:col|row)(?:span|index)$|^(?:abbr|headers|scope)$/;

/** So many levels around a button a hidden file field is looked for (operations.ts). */
const FILE_LEVELS = 4;

/** Takes up recorded changes for what is remembered of a page. */
export class Reached {
  private readonly memory: Forgetful;
  private readonly style: StyleWatch;
  /** What refers to an id. There may be more in it than still refer. */
  private referrers = new Map<string, Set<Element>>();
  private hasFileField = false;
  /** What has not been read yet. */
  private unread: (Document | ShadowRoot | Element)[] = [];

  constructor(memory: Forgetful, style: StyleWatch) {
    this.memory = memory;
    this.style = style;
  }

  /** To be called when recording begins. */
  begin(): void {
    this.referrers = new Map();
    this.hasFileField = false;
    this.unread = [];
    this.learn(document);
  }

  /** A root that was not known has been passed. It is read when something changes, or before that when there is time. */
  learn(start: Document | ShadowRoot | Element): void {
    this.unread.push(start);
    if (this.unread.length === 1) globalThis.requestIdleCallback?.(() => this.read());
  }

  private read(): void {
    if (this.unread.length === 0) return;
    for (const start of this.unread.splice(0)) this.readOne(start);
  }

  private readOne(start: Document | ShadowRoot | Element): void {
    for (const element of queryAll(start, REFERRERS)) this.refer(element);
    if (isElement(start)) this.refer(start);
    this.hasFileField ||= query(start, "input[type=file]") !== null;
  }

  private refer(element: Element): void {
    for (const name of REFERRING) {
      const ids = attributeOf(element, name);
      if (ids === null) continue;
      for (const id of ids.split(/\s+/)) {
        if (id === "") continue;
        const known = this.referrers.get(id);
        if (known === undefined) this.referrers.set(id, new Set([element]));
        else known.add(element);
      }
    }
  }

  /** Children or text of a node have changed. */
  takeContent(record: MutationRecord, holder: Node): void {
    const { memory } = this;
    const element = isElement(holder) ? holder : isShadowRoot(holder) ? holder.host : null;
    if (element === null) {
      memory.forgetAll();
      return;
    }
    memory.forget(element);
    const drawing = closest(element, "svg");
    if (drawing !== null) memory.forgetBelow(drawing);
    if (record.type === "characterData") {
      this.takeTable(element, false);
      return;
    }
    memory.forgetChildren(holder);
    for (const node of record.addedNodes) {
      if (!isElement(node)) continue;
      memory.forgetBelow(node);
      this.learn(node);
    }
    if (this.style.looks.all) {
      memory.forgetAll();
      return;
    }
    const isSmall = elementCountOf(element) <= FEW || isShadowRoot(holder) || shadowRootOf(element) !== null;
    if (isSmall || this.style.looks.siblings) memory.forgetBelow(element);
    else this.forgetBeside(record);
    this.takeTable(element, true);
    this.read();
    if (this.hasFileField) this.forgetButtons(element);
  }

  /** Whether what stands beside a place is one of several alike depends on what stands there. */
  private forgetBeside({ previousSibling, nextSibling }: MutationRecord): void {
    let before: Node | null = previousSibling;
    while (before !== null && nodeTypeOf(before) !== 1) before = previousSiblingOf(before);
    let after: Node | null = nextSibling;
    while (after !== null && nodeTypeOf(after) !== 1) after = nextSiblingOf(after);
    for (const node of [before, after]) if (isElement(node)) this.memory.forgetBelow(node);
  }

  /** What the cells of a table are told with is found out anew if its shape or its headings may be others. */
  private takeTable(element: Element, isShape: boolean): void {
    const table = closest(element, TABLE);
    if (table === null) return;
    const tag = tagOf(element);
    const isPart =
      /^(?:table|thead|tbody|tfoot|tr)$/.test(tag) || /row|grid|table/.test(attributeOf(element, "role") ?? "");
    if ((isShape && isPart) || closest(element, HEADING_CELLS) !== null) this.memory.forgetBelow(table);
  }

  /** A button may stand for a file field near to it. */
  private forgetButtons(element: Element): void {
    let at = element;
    for (let level = 0; level < FILE_LEVELS; level++) {
      const parent = shownParent(at);
      if (parent === null || /^(?:body|html|main)$/.test(tagOf(parent))) break;
      at = parent;
    }
    if (query(at, "input[type=file]") !== null) this.memory.forgetBelow(at);
  }

  takeAttribute(element: Element, name: string, before: string | null, now: string | null): void {
    this.read();
    const { memory, style } = this;
    if (REFERRING.includes(name)) this.refer(element);
    if (name === "id" && before !== null) this.forgetReferrers(before);
    const depends = style.dependsOn(name, before, now, style.looks);
    if (style.looks.all && depends) {
      memory.forgetAll();
      return;
    }
    if (name === "slot" || name === "name") this.forgetAround(element);
    else if (depends && style.looks.siblings) memory.forgetBelow(shownParent(element) ?? element);
    else if (name === "class" && !depends) this.takeClass(element, before);
    else if (!depends && OWN.test(name)) memory.forget(element);
    else memory.forgetBelow(element);
    if (depends && name === "class") this.takeClass(element, before);
    if (SPANNING.test(name) || name === "role") this.takeTable(element, true);
    else if (name === "aria-label") this.takeTable(element, false);
    if (element.namespaceURI?.endsWith("svg") === true) memory.forgetBelow(closest(element, "svg") ?? element);
    if (name === "type" || name === "role") {
      this.hasFileField ||= attributeOf(element, "type") === "file";
      if (this.hasFileField) this.forgetButtons(element);
    }
  }

  /** What is in an element and in those beside it is told by the nearest of several alike, which are so by their classes. */
  private takeClass(element: Element, before: string | null): void {
    const { memory } = this;
    memory.forget(element);
    const tag = tagOf(element);
    if (tag === "body" || tag === "html" || isRow(element)) return; // what is in a row is told by the row at any rate
    const now = attributeOf(element, "class");
    for (const other of [previousElementOf(element), nextElementOf(element)]) {
      if (other === null || localNameOf(other) !== localNameOf(element)) continue;
      const words = attributeOf(other, "class");
      if (words === null || (words !== before && words !== now)) continue;
      memory.forgetBelow(element);
      memory.forgetBelow(other);
    }
  }

  /** Which slot an element is shown in may be another now. */
  private forgetAround(element: Element): void {
    this.memory.forgetBelow(shownParent(element) ?? element);
    const parent = parentNodeOf(element);
    if (isElement(parent)) this.memory.forgetBelow(parent);
    if (isShadowRoot(parent)) this.memory.forgetBelow(parent.host);
  }

  /** An element is in another state that rules depend on. */
  takeState(element: Element): void {
    const { all, siblings } = this.style.looks;
    if (all) this.memory.forgetAll();
    else this.memory.forgetBelow(siblings ? (shownParent(element) ?? element) : element);
  }

  private forgetReferrers(id: string, memory = this.memory): void {
    for (const referrer of this.referrers.get(id) ?? []) memory.forget(referrer);
  }

  /** Has a memory forget what refers to what has changed, by id or as its label, and what refers to that. */
  follow(memory: PageMemory): void {
    if (memory.touched.size === 0) return;
    this.read();
    const done = new Set<Element>();
    for (let isMore = true; isMore; ) {
      isMore = false;
      for (const element of [...memory.touched]) {
        if (done.has(element)) continue;
        done.add(element);
        isMore = true;
        this.followFrom(element, memory);
        if (memory.isForgottenBelow(element) && firstElementOf(element) !== null && this.referrers.size > 0)
          for (const inner of queryAll(element, "[id],label")) this.followFrom(inner, memory);
      }
    }
  }

  private followFrom(element: Element, memory: PageMemory): void {
    if (this.referrers.size > 0 && hasAttribute(element, "id"))
      this.forgetReferrers(attributeOf(element, "id") ?? "", memory);
    if (tagOf(element) !== "label") return;
    const { control } = element as HTMLLabelElement;
    if (control !== null) memory.forget(control);
  }
}
