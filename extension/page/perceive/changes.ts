// Knows what has changed in a document since the last take, and has the block index (what is counted) and the memories (what
// is told) forget just that. While it is alive it only records: a MutationObserver and a few events. The work is done at the
// next take, and what leaves no trace (states of controls, style sheets, the viewport, animations) is compared then. Where it
// cannot be said how far a change reaches, everything is forgotten. After a while without a take it lets go.

import { isElement, isShadowRoot, shadowRootOf, shadowRootsBelow, shownParent, tagOf } from "../dom";
import { attributeOf, firstElementOf, isConnected, parentNodeOf, query } from "../native";
import type { BlockIndex } from "./blocks";
import { Reached } from "./index_changes";
import type { Forgetful, PageMemory } from "./index_memory";
import { type Root, StyleWatch } from "./style_watch";

/** It lets go when it has not been asked for so many milliseconds. */
const PATIENCE = 60_000;
/** More records than these are not kept: the page is changing as a whole. */
const MANY_RECORDS = 4_000;
const MANY_ANIMATIONS = 200;

const RECORDED = { subtree: true, childList: true, characterData: true, attributes: true, attributeOldValue: true };

/** Events that tell of changes which leave no record. None of them leaves its shadow root. */
const EVENTS = ["load", "error", "toggle", "beforetoggle", "slotchange", "fullscreenchange"];

/** Attributes that change what is shown in an element, or what its parts are, without any style sheet. */
const INNER = new Set(
  "contenteditable dir disabled height hidden open popover role size src style type width".split(" "),
);

/** What has changed in one document. */
export class Changes {
  private readonly blocks: BlockIndex;
  private readonly memory: Forgetful;
  private readonly onStop: () => void;
  private reach: Reached;
  private observer: MutationObserver | null = null;
  private watched = new Set<Root>();
  private records: MutationRecord[] = [];
  private isFlooded = false;
  private happened = new Set<Element>();
  private animated = new Set<Element>();
  private style = new StyleWatch(this.watched);
  private last = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Where something was pressed last. */
  pressed: { readonly x: number; readonly y: number } | null = null;

  constructor(blocks: BlockIndex, memory: Forgetful, onStop: () => void = () => undefined) {
    this.blocks = blocks;
    this.memory = memory;
    this.onStop = onStop;
    this.reach = new Reached(memory, this.style);
  }

  /** Some style sheet speaks of boxes that do not show all that is in them. */
  get clips(): boolean {
    return this.style.looks.clips;
  }

  get isAlive(): boolean {
    return this.observer !== null;
  }

  /** Begins to record. */
  begin(): void {
    if (this.observer !== null) return;
    this.forgetEverything();
    this.observer = new MutationObserver((records) => this.record(records));
    this.watch(document);
    window.addEventListener("pointerdown", this.press, { capture: true, passive: true });
    this.style.differs();
    this.style.noteStates();
    this.reach.begin();
    document.fonts?.addEventListener("loadingdone", this.flow);
    this.waitOn();
  }

  /** Lets go of everything. */
  stop(): void {
    this.observer?.disconnect();
    this.observer = null;
    clearTimeout(this.timer);
    this.timer = undefined;
    window.removeEventListener("pointerdown", this.press, { capture: true });
    for (const root of this.watched) for (const name of EVENTS) root.removeEventListener(name, this.happen, true);
    this.watched = new Set();
    this.style = new StyleWatch(this.watched);
    this.reach = new Reached(this.memory, this.style);
    document.fonts?.removeEventListener("loadingdone", this.flow);
    this.records = [];
    this.happened = new Set();
    this.animated = new Set();
    this.pressed = null;
    this.forgetEverything();
    this.onStop();
  }

  private forgetEverything(): void {
    this.blocks.forgetAll();
    this.memory.forgetAll();
  }

  /** To be called before a take: has everything forgotten that is not so any more. */
  apply(): void {
    if (this.observer === null) return;
    this.last = performance.now();
    this.record(this.observer.takeRecords());
    if (this.style.differs() || this.isFlooded) {
      this.forgetAll();
      return;
    }
    const records = this.records;
    this.records = [];
    const isClear = records.every((record) => this.take(record)) && this.takeAnimations() && this.takeStates();
    if (!isClear) {
      this.forgetAll();
      return;
    }
    for (const element of this.happened) {
      this.blocks.forgetBelow(shownParent(element) ?? element);
      this.memory.forgetBelow(shownParent(element) ?? element);
    }
    this.happened.clear();
  }

  /** Has everything forgotten that rules can reach from an element. */
  private forgetAround(element: Element): void {
    this.blocks.forgetBelow(this.style.reach.siblings ? (shownParent(element) ?? element) : element);
  }

  /** Has a memory forget what refers to what it has forgotten. */
  follow(memory: PageMemory): void {
    this.reach.follow(memory);
  }

  /** To be called after a take, with all roots that were passed: what happens in those is recorded from now on. */
  watchAll(roots: readonly ShadowRoot[]): void {
    if (this.observer === null) return;
    for (const root of roots) if (!this.watched.has(root)) this.watch(root);
    if (this.watched.size <= 2 * roots.length + 100) return;
    for (const root of this.watched) if (root !== document && !isConnected(root)) this.watched.delete(root);
  }

  private forgetAll(): void {
    this.forgetEverything();
    this.records = [];
    this.happened.clear();
    this.animated.clear();
    this.style.noteStates();
    if (!this.isFlooded) return;
    this.isFlooded = false;
    for (const root of this.watched) this.observer?.observe(root, RECORDED);
  }

  private watch(root: Root): void {
    this.watched.add(root);
    this.style.follow(root);
    if (root !== document) this.reach.learn(root);
    this.observer?.observe(root, RECORDED);
    for (const name of EVENTS) root.addEventListener(name, this.happen, { capture: true, passive: true });
  }

  private record(records: readonly MutationRecord[]): void {
    if (this.isFlooded) return;
    for (const record of records) this.records.push(record);
    if (this.records.length > MANY_RECORDS) this.flood();
  }

  /** The page is changing as a whole: nothing more is recorded, and everything will be forgotten. */
  private flood(): void {
    this.isFlooded = true;
    this.records = [];
    this.observer?.disconnect();
  }

  private readonly happen = (event: Event): void => {
    const { target } = event;
    if (!(target instanceof Element) || this.isFlooded) return;
    this.happened.add(target);
    if (this.happened.size > MANY_RECORDS) this.flood();
  };

  /** Letters take up other room. */
  private readonly flow = (): void => {
    if (!this.isFlooded) this.flood();
  };

  private readonly press = (event: PointerEvent): void => {
    this.pressed = { x: event.clientX, y: event.clientY };
  };

  private waitOn(): void {
    this.last = performance.now();
    const wait = (): void => {
      const rest = this.last + PATIENCE - performance.now();
      if (rest <= 0) this.stop();
      else this.timer = setTimeout(wait, rest);
    };
    this.timer = setTimeout(wait, PATIENCE);
  }

  /** Works out how far a record reaches. Answers false if that cannot be said. */
  private take(record: MutationRecord): boolean {
    const { target, type } = record;
    if (type === "attributes")
      return this.takeAttribute(target as Element, record.attributeName ?? "", record.oldValue);
    const holder = type === "characterData" ? parentNodeOf(target) : target;
    if (holder === null) return true;
    this.reach.takeContent(record, holder);
    this.blocks.forgetChildren(holder);
    const element = elementOf(holder);
    if (element === null) return true;
    if (isStyle(element)) return false;
    this.blocks.forget(element);
    if (type === "characterData") return true;
    for (const node of record.removedNodes) if (isElement(node) && (isStyle(node) || isLabel(node))) return false;
    for (const node of record.addedNodes) {
      if (!isElement(node)) continue;
      if (isStyle(node) || isLabel(node) || (firstElementOf(node) !== null && query(node, "style,link,label[for]")))
        return false;
      this.blocks.forgetBelow(node);
      for (const root of shadowRootsBelow(node)) if (!this.watched.has(root)) this.watch(root);
    }
    if (this.style.reach.all) return false;
    // What a host shows of its children depends on all of them.
    if (this.style.reach.siblings || isShadowRoot(holder) || shadowRootOf(element) !== null)
      this.blocks.forgetBelow(element);
    return true;
  }

  private takeAttribute(element: Element, name: string, before: string | null): boolean {
    const now = attributeOf(element, name);
    if (now === before) return true;
    this.reach.takeAttribute(element, name, before, now);
    if (name === "for" || isStyle(element)) return false;
    if (name === "id" && [now, before].some((id) => id && query(document, `label[for="${CSS.escape(id)}"]`)))
      return false;
    if (this.style.reach.all && this.style.dependsOn(name, before, now)) return false;
    if (name === "slot" || name === "name") {
      this.blocks.forgetBelow(shownParent(element) ?? element);
      const parent = parentNodeOf(element);
      if (isElement(parent)) this.blocks.forgetBelow(parent);
      if (isShadowRoot(parent)) this.blocks.forgetBelow(parent.host);
    } else if (this.style.dependsOn(name, before, now)) this.forgetAround(element);
    else if (INNER.has(name)) this.blocks.forgetBelow(element);
    else this.blocks.forget(element);
    return true;
  }

  /** What is animated may look different at every take, and once more when it has come to its end. */
  private takeAnimations(): boolean {
    const animations = document.getAnimations?.() ?? [];
    if (animations.length > MANY_ANIMATIONS) return false;
    const now = new Set<Element>();
    for (const { effect } of animations) {
      const target = (effect as KeyframeEffect | null)?.target;
      if (target) now.add(target);
    }
    for (const target of new Set([...this.animated, ...now])) {
      this.blocks.forgetBelow(target);
      this.memory.forgetBelow(target);
    }
    this.animated = now;
    return true;
  }

  private takeStates(): boolean {
    const changed = this.style.changedStates();
    if (changed === null && this.style.reach.states.size > 0) return false;
    if (changed === null) this.memory.forgetAll();
    else if (changed.size > 0) {
      if (this.style.reach.all) return false;
      for (const element of changed) {
        this.forgetAround(element);
        this.reach.takeState(element);
      }
    }
    return true;
  }
}

/** The element that a holder of children is, or is the root of. */
function elementOf(holder: Node): Element | null {
  if (isElement(holder)) return holder;
  return isShadowRoot(holder) ? holder.host : null;
}

function isStyle(element: Element): boolean {
  const tag = tagOf(element);
  return tag === "style" || tag === "link";
}

function isLabel(element: Element): boolean {
  return tagOf(element) === "label" && element.hasAttribute("for");
}
