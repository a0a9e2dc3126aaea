// Takes the state of one document: walks it, keeps what the limits allow, describes that, and tells what was left out.

import { create } from "@bufbuild/protobuf";
import { type FrameState, FrameStateSchema } from "@gen/tabwire/v1/extension_pb";
import { type Element as StateElement, type StateRequest, StateScope } from "@gen/tabwire/v1/state_pb";
import { closestShown, deepActiveElement, shadowRootsBelow } from "../dom";
import { bodyOf, hasAttribute, readyStateOf, rootElementOf, scrollingElementOf, titleOf } from "../native";
import { beginReading } from "../reading";
import type { Registry } from "../registry";
import { modalOf } from "./classify";
import { formOf, headingOf, landmarkRole, rowOf } from "./context";
import { describe, Surroundings } from "./describe";
import { childFrames } from "./frames";
import { keep, TextBudget } from "./limits";
import { type Box, viewportOf } from "./visibility";
import { type Findings, type Item, walk } from "./walk";

const DEFAULT_ELEMENTS = 500;
const DEFAULT_TEXT_BYTES = 262_144;

/** Takes states of one document, and knows which elements were in the last one. */
export class Perceiver {
  private readonly registry: Registry;
  private listed: Set<number> | null = null;
  private digest = 0;
  private revision = 0n;
  private roots: WeakRef<ShadowRoot>[] = [];

  constructor(registry: Registry) {
    this.registry = registry;
  }

  /** The shadow roots that the last state passed and that still live. */
  knownRoots(): ShadowRoot[] {
    return this.roots.map((root) => root.deref()).filter((root) => root?.isConnected === true) as ShadowRoot[];
  }

  /** Takes note that the document was seen to change. */
  noticeChange(): void {
    this.revision++;
  }

  /** Takes the state. */
  take(request: StateRequest): FrameState {
    const begun = performance.now();
    beginReading();
    const doc = document;
    const view = viewportOf(window);
    const found = this.walkFor(request, view);
    const kept = keep(found.items, request.maxElements || DEFAULT_ELEMENTS);
    const active = deepActiveElement(doc);
    const { elements, cut } = this.describeAll(kept, active, request.maxTextBytes || DEFAULT_TEXT_BYTES);
    const dropped = found.items.length - kept.length;
    this.note(request, elements, found);
    const scroller = scrollingElementOf(doc) ?? rootElementOf(doc);
    return create(FrameStateSchema, {
      url: doc.location.href,
      title: titleOf(doc),
      elements,
      activeElementId: active === null ? 0 : this.listedId(active, elements),
      scrollPosition: { x: window.scrollX, y: window.scrollY },
      viewportDimensions: { width: view.width, height: view.height },
      documentDimensions: { width: scroller?.scrollWidth ?? 0, height: scroller?.scrollHeight ?? 0 },
      revision: this.revision,
      truncation: {
        elementsOmitted: dropped + found.above + found.below + found.beside,
        elementsAbove: found.above,
        elementsBelow: found.below,
        charactersCut: cut,
      },
      isLoading: readyStateOf(doc) !== "complete",
      childFrames: childFrames([doc, ...found.roots], this.registry),
      inPageUs: Math.round((performance.now() - begun) * 1000),
    });
  }

  /** Describes one element by the same rules; null if it is nothing that a state would list. */
  describeOne(element: Element): StateElement | null {
    beginReading();
    const found = walk({
      start: element,
      region: null,
      view: viewportOf(window),
      text: true,
      modal: modalOf(document),
      around: surroundingsOf(element),
    });
    const item = found.items.find((candidate) => candidate.element === element);
    if (item === undefined) return null;
    return this.describeAll([item], deepActiveElement(document), DEFAULT_TEXT_BYTES).elements[0] ?? null;
  }

  private walkFor(request: StateRequest, view: Box): Findings {
    const whole = bodyOf(document) ?? rootElementOf(document);
    const common = { view, text: request.includeText, modal: modalOf(document) };
    if (request.scope === StateScope.ELEMENT) {
      const { element } = this.registry.resolve(request.elementId, document);
      return walk({ ...common, start: element, region: null, around: surroundingsOf(element) });
    }
    if (whole === null) return { items: [], above: 0, below: 0, beside: 0, roots: [] };
    const margin = view.height / 2;
    const near = { x: 0, y: -margin, width: view.width, height: view.height + 2 * margin };
    return walk({ ...common, start: whole, region: request.scope === StateScope.PAGE ? null : near, around: {} });
  }

  private describeAll(
    items: readonly Item[],
    active: Element | null,
    bytes: number,
  ): { elements: StateElement[]; cut: number } {
    const around = new Surroundings();
    const budget = new TextBudget(bytes);
    const ids = new Map<Item, number>(items.map((item) => [item, this.registry.idOf(item.element)]));
    let cut = 0;
    const elements = items.map((item) => {
      const id = ids.get(item) ?? 0;
      const told = describe(item, id, around, item.element === active);
      told.message.isNew = this.listed !== null && !this.listed.has(id);
      told.message.parentId = nearestListed(item, ids);
      this.registry.remember(id, told.fingerprint, item.box);
      budget.apply(told.message);
      cut += told.cut;
      return told.message;
    });
    return { elements, cut: cut + budget.cut };
  }

  private listedId(active: Element, elements: readonly StateElement[]): number {
    const id = this.registry.knownIdOf(active);
    return elements.some((element) => element.id === id) ? id : 0;
  }

  /** Remembers what was told, and counts the revision up if it differs from what was told before. */
  private note(request: StateRequest, elements: readonly StateElement[], found: Findings): void {
    const ids = elements.map((element) => element.id);
    const partly = request.scope === StateScope.ELEMENT;
    if (partly) for (const id of ids) this.listed?.add(id);
    else {
      this.listed = new Set(ids);
      this.roots = found.roots.map((root) => new WeakRef(root));
    }
    const digest = digestOf(elements);
    if (digest !== this.digest || this.revision === 0n) this.revision++;
    this.digest = digest;
  }
}

function nearestListed(item: Item, ids: ReadonlyMap<Item, number>): number {
  for (let at = item.parent; at !== null; at = at.parent) {
    const id = ids.get(at);
    if (id !== undefined) return id;
  }
  return 0;
}

/** The surroundings of an element that a walk starts at. */
function surroundingsOf(element: Element): {
  form: Element | null;
  landmark: Element | null;
  row: Element | null;
  section: { heading: Element | null };
  inert: boolean;
} {
  return {
    form: formOf(element),
    landmark: closestShown(element, (at) => at !== element && landmarkRole(at) !== ""),
    row: rowOf(element),
    section: { heading: headingOf(element) },
    inert: closestShown(element, (at) => hasAttribute(at, "inert")) !== null,
  };
}

/** A number that changes when what is told changes. */
function digestOf(elements: readonly StateElement[]): number {
  let hash = 0x811c9dc5;
  const add = (text: string): void => {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  };
  for (const element of elements) {
    const states = element.states;
    add(`${element.id}|${element.name}|${element.currentValue ?? ""}|${element.textContent}`);
    if (states) add(`${states.checked}${states.selected}${states.pressed}${states.expanded}${states.disabled}`);
    if (element.bounds) add(`${element.bounds.x},${element.bounds.y},${element.bounds.width}`);
  }
  return hash;
}

/** All roots of a document that changes can happen in. */
export function allRoots(doc: Document): (Document | ShadowRoot)[] {
  return [doc, ...shadowRootsBelow(doc)];
}
