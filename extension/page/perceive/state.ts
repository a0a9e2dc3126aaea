// Takes the state of one document: walks it, keeps what the limits allow, describes that, and tells what was left out. A
// state that the asker holds already is answered with the difference to it.

import type { FrameDelta, FrameState } from "@gen/tabwire/v1/extension_pb";
import { type StateRequest, StateScope } from "@gen/tabwire/v1/state_pb";
import { deepActiveElement } from "../dom";
import { bodyOf, readyStateOf, rootElementOf, scrollingElementOf, titleOf } from "../native";
import { beginReading } from "../reading";
import type { Registry } from "../registry";
import { BlockIndex } from "./blocks";
import { Changes } from "./changes";
import { modalOf } from "./classify";
import { Describer } from "./descriptions";
import { childFrames } from "./frames";
import { hasHints, Interest } from "./hints";
import type { Found } from "./index_page";
import type { Findings } from "./item";
import { Keeper } from "./kept";
import { surroundingsOf } from "./scope";
import type { Search } from "./search";
import { Omissions } from "./sections";
import { Surroundings } from "./surroundings";
import { Told } from "./told";
import { type Box, boxOf, viewportOf } from "./visibility";
import { walk } from "./walk";
import { type Way, Ways } from "./ways";

const DEFAULT_ELEMENTS = 500;
const DEFAULT_TEXT_BYTES = 262_144;

/** Takes states of one document, and knows what was told before. */
export class Perceiver {
  readonly registry: Registry;
  private readonly told = new Told();
  private readonly blocks = new BlockIndex();
  private readonly ways: Ways;
  private readonly changes: Changes;
  private roots: readonly ShadowRoot[] = [];
  /** When nothing else is kept of the page, these must not keep it either. */
  private weakRoots: readonly WeakRef<ShadowRoot>[] = [];

  constructor(registry: Registry) {
    this.registry = registry;
    this.ways = new Ways(registry);
    this.changes = new Changes(this.blocks, this.ways, () => this.letGo());
  }

  /** The shadow roots that the last state passed and that still live. */
  knownRoots(): ShadowRoot[] {
    const all = [...this.roots, ...this.weakRoots.map((root) => root.deref())];
    return all.filter((root) => root?.isConnected === true) as ShadowRoot[];
  }

  /** Takes note that the document was seen to change. */
  noticeChange(): void {
    this.told.noticeChange();
  }

  /**
   * Takes the state; tells only what differs from the one of revision `base`, if it can. `searchFor` is for a request that has
   * hints.
   */
  take(request: StateRequest, base = 0, searchFor: typeof Search | null = null): FrameState | FrameDelta {
    const begun = performance.now();
    beginReading();
    this.blocks.beginTake();
    this.ways.beginTake();
    this.changes.begin();
    this.changes.apply();
    const view = viewportOf(window);
    const limit = request.maxElements || DEFAULT_ELEMENTS;
    const active = deepActiveElement(document);
    const { hints } = request;
    const places = this.places(active);
    const isSearch = searchFor !== null && hasHints(hints);
    const interest = isSearch ? new searchFor(hints, places, limit) : new Interest(places);
    const { found, changed, isMoved, way } = this.find(request, view, interest, active);
    const kept =
      way !== null && request.scope === StateScope.PAGE
        ? way.keeper.keep(found, limit, interest, isMoved)
        : Keeper.keep(found, limit, interest);
    const describer = way?.describer ?? this.newDescriber();
    const bytes = request.maxTextBytes || DEFAULT_TEXT_BYTES;
    const to = { items: kept.items, fresh: kept.fresh, changed };
    const described = describer.describeAll(to, active, bytes);
    const elements = this.told.markNew(request, described.elements);
    if (request.scope !== StateScope.ELEMENT) this.noteRoots(found.roots);
    this.changes.watchAll(found.roots);
    const state = { ...this.documentNow(view), elements, activeElementId: described.activeId };
    state.truncation = {
      $typeName: "tabwire.v1.Truncation",
      elementsOmitted: found.items.length - kept.items.length + found.above + found.below + found.beside,
      elementsAbove: found.above,
      elementsBelow: found.below,
      charactersCut: described.cut,
      sections: kept.omissions.sections(this.registry),
    };
    state.childFrames = childFrames(found.frames, this.registry);
    const answer = this.told.tell(request, state, base);
    state.inPageUs = Math.round((performance.now() - begun) * 1000);
    if ("head" in answer && answer.head !== undefined) answer.head.inPageUs = state.inPageUs;
    return answer;
  }

  private noteRoots(roots: readonly ShadowRoot[], weak: readonly ShadowRoot[] = []): void {
    this.roots = roots;
    this.weakRoots = weak.map((root) => new WeakRef(root));
  }

  private letGo(): void {
    this.ways.clear();
    this.noteRoots([], this.roots);
  }

  /** Lets go of what was kept for deltas. The next one costs as much as a whole state. */
  release(): void {
    this.changes.stop();
  }

  /** Where the person is: what has the focus, and what was pressed last. */
  private places(active: Element | null): Box[] {
    const { pressed } = this.changes;
    const places: Box[] = active === null ? [] : [boxOf(active)];
    if (pressed !== null) places.push({ ...pressed, width: 0, height: 0 });
    return places;
  }

  /** What is in the page, and which elements are to be told of otherwise to all that are told with them. */
  private find(
    request: StateRequest,
    view: Box,
    interest: Interest,
    active: Element | null,
  ): Found & { readonly way: Way | null } {
    const whole = bodyOf(document) ?? rootElementOf(document);
    const limit = request.maxElements || DEFAULT_ELEMENTS;
    const common = { view, text: request.includeText, modal: modalOf(document), interest, limit, ...this.known() };
    if (request.scope === StateScope.ELEMENT) {
      const { element } = this.registry.resolve(request.elementId, document);
      const options = { ...common, start: element, region: null, around: surroundingsOf(element) };
      return { found: walk(options), changed: NONE, isMoved: false, way: null };
    }
    if (whole === null) return { found: NOTHING, changed: NONE, isMoved: false, way: null };
    const margin = view.height / 2;
    const near = { x: 0, y: -margin, width: view.width, height: view.height + 2 * margin };
    const region = request.scope === StateScope.PAGE ? null : near;
    const options = { ...common, start: whole, region, around: {}, clips: this.changes.clips };
    if (interest.isSearching) return { found: walk(options), changed: NONE, isMoved: false, way: null };
    const way = this.ways.of([region === null, limit, request.includeText].join());
    return { ...way.page.find(options, active, (memory) => this.changes.follow(memory)), way };
  }

  /** For what is told without a memory. */
  private newDescriber(): Describer {
    return new Describer(this.registry, new Surroundings());
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
}

const NONE: ReadonlySet<Element> = new Set();

const NOTHING: Findings = {
  items: [],
  all: [],
  fresh: [],
  above: 0,
  below: 0,
  beside: 0,
  omissions: new Omissions(),
  roots: [],
  frames: [],
  watched: [],
  hosts: [],
  headings: [],
  isLimited: false,
};
