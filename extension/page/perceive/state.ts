// Takes the state of one document: walks it, keeps what the limits allow, describes that, and tells what was left out. A
// state that the asker holds already is answered with the difference to it.

import type { FrameDelta, FrameState } from "@gen/tabwire/v1/extension_pb";
import { type Element as StateElement, type StateRequest, StateScope } from "@gen/tabwire/v1/state_pb";
import { deepActiveElement } from "../dom";
import { bodyOf, readyStateOf, rootElementOf, scrollingElementOf, titleOf } from "../native";
import { beginReading } from "../reading";
import type { Registry } from "../registry";
import { BlockIndex } from "./blocks";
import { Changes } from "./changes";
import { modalOf } from "./classify";
import { describe, Surroundings } from "./describe";
import { childFrames } from "./frames";
import { Interest } from "./hints";
import type { Findings, Item } from "./item";
import { keep, TextBudget } from "./limits";
import { surroundingsOf } from "./scope";
import { Omissions } from "./sections";
import { Told } from "./told";
import { type Box, boxOf, viewportOf } from "./visibility";
import { walk } from "./walk";

const DEFAULT_ELEMENTS = 500;
const DEFAULT_TEXT_BYTES = 262_144;

/** Takes states of one document, and knows what was told before. */
export class Perceiver {
  private readonly registry: Registry;
  private readonly told = new Told();
  private readonly blocks = new BlockIndex();
  private readonly changes = new Changes(this.blocks);
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
    this.told.noticeChange();
  }

  /** Takes the state; tells only what differs from the one of revision `base`, if it can. */
  take(request: StateRequest, base = 0): FrameState | FrameDelta {
    const begun = performance.now();
    beginReading();
    this.blocks.beginTake();
    if (base !== 0) this.changes.begin();
    this.changes.apply();
    const view = viewportOf(window);
    const limit = request.maxElements || DEFAULT_ELEMENTS;
    const active = deepActiveElement(document);
    const interest = new Interest(request.hints, this.places(active), limit);
    const found = this.walkFor(request, view, interest, limit);
    const kept = keep(found.items, limit, (item) => interest.rank(item));
    found.omissions.addDropped(found.items, kept);
    const { elements, cut } = this.describeAll(kept, active, request.maxTextBytes || DEFAULT_TEXT_BYTES);
    this.told.markNew(request, elements);
    if (request.scope !== StateScope.ELEMENT) this.roots = found.roots.map((root) => new WeakRef(root));
    this.changes.follow(found.roots);
    const state = { ...this.documentNow(view), elements, activeElementId: this.listedId(active, elements) };
    state.truncation = {
      $typeName: "tabwire.v1.Truncation",
      elementsOmitted: found.items.length - kept.length + found.above + found.below + found.beside,
      elementsAbove: found.above,
      elementsBelow: found.below,
      charactersCut: cut,
      sections: found.omissions.sections(this.registry),
    };
    state.childFrames = childFrames(found.frames, this.registry);
    const answer = this.told.tell(request, state, base);
    state.inPageUs = Math.round((performance.now() - begun) * 1000);
    if ("head" in answer && answer.head !== undefined) answer.head.inPageUs = state.inPageUs;
    return answer;
  }

  /** Lets go of what was kept for deltas. The next one costs as much as a whole state. */
  release(): void {
    this.changes.stop();
  }

  /** Describes elements by the same rules, each null if it is nothing that a state would list. */
  describeMany(elements: readonly Element[]): (StateElement | null)[] {
    beginReading();
    const common = { region: null, view: viewportOf(window), text: true, modal: modalOf(document) };
    const items = elements.map((element) => {
      const found = walk({ ...common, start: element, around: surroundingsOf(element) });
      return found.items.find((candidate) => candidate.element === element) ?? null;
    });
    const listed = items.filter((item) => item !== null);
    const told = this.describeAll(listed, deepActiveElement(document), DEFAULT_TEXT_BYTES).elements;
    let next = 0;
    return items.map((item) => (item === null ? null : (told[next++] ?? null)));
  }

  /** Describes one element; null if it is nothing that a state would list. */
  describeOne(element: Element): StateElement | null {
    return this.describeMany([element])[0] ?? null;
  }

  /** Where the person is: what has the focus, and what was pressed last. */
  private places(active: Element | null): Box[] {
    const { pressed } = this.changes;
    const places: Box[] = active === null ? [] : [boxOf(active)];
    if (pressed !== null) places.push({ ...pressed, width: 0, height: 0 });
    return places;
  }

  private walkFor(request: StateRequest, view: Box, interest: Interest, limit: number): Findings {
    const whole = bodyOf(document) ?? rootElementOf(document);
    const common = { view, text: request.includeText, modal: modalOf(document), interest, limit, ...this.known() };
    if (request.scope === StateScope.ELEMENT) {
      const { element } = this.registry.resolve(request.elementId, document);
      return walk({ ...common, start: element, region: null, around: surroundingsOf(element) });
    }
    if (whole === null) return NOTHING;
    const margin = view.height / 2;
    const near = { x: 0, y: -margin, width: view.width, height: view.height + 2 * margin };
    const region = request.scope === StateScope.PAGE ? null : near;
    return walk({ ...common, start: whole, region, around: {} });
  }

  private known(): { blocks?: BlockIndex } {
    return this.changes.isAlive ? { blocks: this.blocks } : {};
  }

  /** What is told of the document as a whole. */
  private documentNow(view: Box): FrameState {
    const scroller = scrollingElementOf(document) ?? rootElementOf(document);
    return {
      $typeName: "tabwire.v1.FrameState",
      url: document.location.href,
      title: titleOf(document),
      elements: [],
      activeElementId: 0,
      scrollPosition: { $typeName: "tabwire.v1.ScrollPosition", x: window.scrollX, y: window.scrollY },
      viewportDimensions: { $typeName: "tabwire.v1.Dimensions", width: view.width, height: view.height },
      documentDimensions: {
        $typeName: "tabwire.v1.Dimensions",
        width: scroller?.scrollWidth ?? 0,
        height: scroller?.scrollHeight ?? 0,
      },
      revision: 0,
      isLoading: readyStateOf(document) !== "complete",
      childFrames: [],
      inPageUs: 0,
    };
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
      told.message.parentId = nearestListed(item, ids);
      this.registry.remember(id, told.fingerprint, item.box);
      budget.apply(told.message);
      cut += told.cut;
      return told.message;
    });
    return { elements, cut: cut + budget.cut };
  }

  private listedId(active: Element | null, elements: readonly StateElement[]): number {
    const id = active === null ? 0 : this.registry.knownIdOf(active);
    return id !== 0 && elements.some((element) => element.id === id) ? id : 0;
  }
}

const NOTHING: Findings = {
  items: [],
  above: 0,
  below: 0,
  beside: 0,
  omissions: new Omissions(),
  roots: [],
  frames: [],
};

function nearestListed(item: Item, ids: ReadonlyMap<Item, number>): number {
  for (let at = item.parent; at !== null; at = at.parent) {
    const id = ids.get(at);
    if (id !== undefined) return id;
  }
  return 0;
}
