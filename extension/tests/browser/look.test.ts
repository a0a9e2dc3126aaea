// Taking states by what has changed: the answers of the documents are composed, and a delta that is folded gives exactly the
// state that is answered whole. The double page tells deltas by the rules of wire/delta.ts, as the real one does.

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { FrameReply } from "@gen/tabwire/v1/extension_pb";
import {
  type Element,
  ElementSchema,
  type PageState,
  PageStateSchema,
  StateRequestSchema,
  StateScope,
} from "@gen/tabwire/v1/state_pb";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Dialogs } from "../../browser/dialogs/dialogs";
import type { Look } from "../../browser/states/look";
import { Perceiver } from "../../browser/states/perceive";
import { Frames } from "../../browser/tabs/frames";
import { HiddenTabs } from "../../browser/tabs/hidden_tabs";
import { TabEvents } from "../../browser/tabs/tab_events";
import { TabRecords } from "../../browser/tabs/tab_record";
import { Tabs } from "../../browser/tabs/tabs";
import { diffElements, foldElements } from "../../wire/delta";
import { type Answer, ack, asArea, FakeChrome, type FakeTab } from "./fake_chrome";

/** A document that remembers the last state it told, and tells the next one relative to it. */
class FakePage {
  elements: Element[];
  title = "Shop";
  nonces: { nonce: string; elementId: number; y: number }[] = [];
  asked: number[] = [];
  /** What it last told. */
  #told: { revision: number; elements: Element[] } | undefined;
  #revision = 0;
  /** Set to break what it tells. */
  spoil: (kind: FrameReply["kind"]) => FrameReply["kind"] = (kind) => kind;

  constructor(...names: string[]) {
    this.elements = names.map((name, index) => element(index + 1, name, index * 10));
  }

  readonly answer: Answer = (request) => {
    if (request.kind.case !== "perceive") return ack();
    const { baseRevision } = request.kind.value;
    this.asked.push(baseRevision);
    const before = this.#told;
    const known = new Set(before?.elements.map(({ id }) => id));
    const elements = structuredClone(this.elements).map((one) => ({
      ...one,
      isNew: before !== undefined && !known.has(one.id),
    }));
    this.#revision += 1;
    this.#told = { revision: this.#revision, elements };
    const head = this.#state();
    if (before === undefined || before.revision !== baseRevision) {
      return this.spoil({ case: "state", value: { ...head, elements } });
    }
    const changes = diffElements(before.elements, elements);
    return this.spoil({
      case: "delta",
      value: { $typeName: "tabwire.v1.FrameDelta", baseRevision, head, ...changes },
    });
  };

  #state() {
    return {
      $typeName: "tabwire.v1.FrameState",
      url: "https://a.test/",
      title: this.title,
      elements: [] as Element[],
      activeElementId: 0,
      viewportDimensions: { $typeName: "tabwire.v1.Dimensions", width: 800, height: 600 },
      revision: this.#revision,
      isLoading: false,
      inPageUs: 5,
      childFrames: this.nonces.map(({ nonce, elementId, y }) => ({
        $typeName: "tabwire.v1.ChildFrame" as const,
        nonce,
        elementId,
        bounds: { $typeName: "tabwire.v1.Rect" as const, x: 0, y, width: 300, height: 300 },
      })),
    } as const;
  }
}

function element(id: number, name: string, y: number): Element {
  const bounds = { x: 0, y, width: 50, height: 10 };
  return create(ElementSchema, { id, name, bounds, inViewport: true } as MessageInitShape<typeof ElementSchema>);
}

let chromeDouble: FakeChrome;
let records: TabRecords;
let perceiver: Perceiver;

function begin(): void {
  const frames = new Frames();
  records = new TabRecords(asArea(chromeDouble.session));
  const tabs = new Tabs(asArea(chromeDouble.session));
  const events = new TabEvents();
  perceiver = new Perceiver(tabs, frames, records, new Dialogs(events, frames), new HiddenTabs(events));
}

beforeEach(() => {
  chromeDouble = new FakeChrome().install();
  begin();
});

afterEach(() => vi.unstubAllGlobals());

function look(baseRevision = 0n, options: MessageInitShape<typeof StateRequestSchema> = {}): Promise<Look> {
  const request = create(StateRequestSchema, { ...(options as object), baseRevision });
  return perceiver.look(1, request, Date.now() + 10_000);
}

/** The state after an answer, as the one who asked makes it. */
function folded(base: PageState | undefined, { answer }: Look): PageState {
  // What the document wrote is in the answer as it is, so only what is written of that counts.
  if (answer.case === "pageState") return { ...fromBinary(PageStateSchema, toBinary(PageStateSchema, answer.value)) };
  const { head, ...changes } = answer.value;
  if (base === undefined || head === undefined) throw new Error("a delta to nothing");
  expect(answer.value.baseRevision).toBe(base.revision);
  return { ...head, actionableElements: foldElements(base.actionableElements, changes) };
}

function show(page: FakePage): FakeTab {
  return chromeDouble.addTab(1, "https://a.test/", page.answer);
}

function addFrame(tab: FakeTab, frameId: number, page: FakePage): void {
  const url = `https://b.test/${frameId}`;
  tab.frames.push({ frameId, parentFrameId: 0, documentId: `doc-f${frameId}`, url, answer: page.answer });
}

const names = (state: PageState): string[] => state.actionableElements.map(({ name }) => name);

describe("a look relative to the last one", () => {
  it("at a tab with one document is that document's own change", async () => {
    const page = new FakePage("Add", "Buy", "Help", "About");
    show(page);
    const first = await look();
    const base = folded(undefined, first);
    page.elements = [element(9, "New", 0), ...page.elements.map((one) => element(one.id, one.name, 500))];
    page.title = "Cart";
    const second = await look(base.revision);
    expect(second.answer.case).toBe("stateDelta");
    const state = folded(base, second);
    expect(names(state)).toEqual(["New", "Add", "Buy", "Help", "About"]);
    expect(state.actionableElements.map(({ isNew }) => isNew)).toEqual([true, false, false, false, false]);
    expect(state.title).toBe("Cart");
    expect(state).toEqual(second.whole());
    expect(page.asked).toEqual([0, 1]);
  });

  it("is whole without a base, with an old one, with other options, and after the worker's death", async () => {
    const page = new FakePage("Add", "Buy");
    show(page);
    const first = folded(undefined, await look());
    expect((await look()).answer.case).toBe("pageState");
    expect((await look(first.revision - 1n)).answer.case).toBe("pageState");
    const latest = folded(undefined, await look());
    expect((await look(latest.revision, { maxElements: 7 })).answer.case).toBe("pageState");
    expect((await look(latest.revision, { scope: StateScope.ELEMENT, elementId: 1 })).answer.case).toBe("pageState");
    begin();
    expect((await look(latest.revision)).answer.case).toBe("pageState");
  });

  it("is whole when another document is shown, also if it could be of the same revision", async () => {
    const page = new FakePage("Add", "Buy");
    const tab = show(page);
    const first = folded(undefined, await look());
    const other = new FakePage("Elsewhere");
    tab.frames = [
      { frameId: 0, parentFrameId: -1, documentId: "doc-next", url: "https://a.test/", answer: other.answer },
    ];
    const second = await look(first.revision);
    expect(second.answer.case).toBe("pageState");
    expect(folded(undefined, second).revision).toBeGreaterThan(first.revision);
    expect(other.asked).toEqual([0]);
  });

  it("is whole when that is smaller", async () => {
    const page = new FakePage("Add", "Buy");
    show(page);
    const first = folded(undefined, await look());
    page.elements = [element(5, "One", 0), element(6, "Two", 10), element(7, "Three", 20)];
    const second = await look(first.revision);
    expect(second.answer.case).toBe("pageState");
    expect(names(folded(undefined, second))).toEqual(["One", "Two", "Three"]);
  });

  it("with documents inside of the page is in ids and places of the tab", async () => {
    const outer = new FakePage("Top", "Frame", "Bottom", "End");
    const inner = new FakePage("Inside", "More");
    outer.nonces = [{ nonce: "n1", elementId: 2, y: 100 }];
    const tab = show(outer);
    addFrame(tab, 7, inner);
    await records.learnNonce(1, "n1", 7);
    const first = folded(undefined, await look());
    expect(first.actionableElements.map(({ id }) => id)).toEqual([1, 2, 3, 4, 100_001, 100_002]);
    inner.elements[1] = element(2, "Changed", 10);
    inner.elements.push(element(3, "Added", 20));
    const second = await look(first.revision);
    expect(second.answer).toMatchObject({
      case: "stateDelta",
      value: {
        changed: [{ id: 100_002, bounds: { y: 110 } }],
        inserted: [{ afterId: 100_002, elements: [{ id: 100_003, isNew: true, bounds: { y: 120 } }] }],
      },
    });
    expect(folded(first, second)).toEqual(second.whole());
    outer.nonces = [{ nonce: "n1", elementId: 2, y: 140 }];
    const third = await look(second.whole().revision);
    expect(third.answer).toMatchObject({
      case: "stateDelta",
      value: { changed: [], shifts: [{ firstId: 100_001, dy: 40 }] },
    });
    expect(inner.asked).toEqual([0, 1, 2]);
  });

  it("is told again as a whole when what a document told does not fit", async () => {
    const page = new FakePage("Add", "Buy", "Help", "About");
    show(page);
    const first = folded(undefined, await look());
    page.spoil = (kind) => (kind.case === "delta" ? { ...kind, value: { ...kind.value, baseRevision: 77 } } : kind);
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const second = await look(first.revision);
    expect(second.answer.case).toBe("pageState");
    expect(page.asked).toEqual([0, 1, 0]);
  });

  it("says by its revision whether anything has changed", async () => {
    const page = new FakePage("Add");
    const answer = page.answer;
    const told = await answer({ $typeName: "tabwire.v1.FrameRequest", kind: perceive() });
    chromeDouble.addTab(1, "https://a.test/", () => told);
    const first = folded(undefined, await look());
    expect(folded(undefined, await look()).revision).toBe(first.revision);
    chromeDouble.tabs.get(1)?.frames.splice(0, 1, { ...frameOf(1), answer: page.answer });
    expect(folded(undefined, await look()).revision).toBeGreaterThan(first.revision);
  });
});

function perceive() {
  return { case: "perceive", value: { $typeName: "tabwire.v1.PerceiveFrame", baseRevision: 0 } } as const;
}

function frameOf(tabId: number) {
  return { frameId: 0, parentFrameId: -1, documentId: `doc-${tabId}`, url: "https://a.test/", answer: () => ack() };
}

/** What happens to the documents between two looks. */
const change = fc.record({
  document: fc.nat(2),
  kind: fc.constantFrom("insert", "remove", "rename", "move", "scroll", "reload", "frame"),
  at: fc.nat(6),
});

describe("whatever happens", () => {
  it("what is folded is what is shown", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 3 }), { minLength: 1, maxLength: 8 }), async (turns) => {
        chromeDouble = new FakeChrome().install();
        begin();
        const pages = [new FakePage("a", "b", "c", "d"), new FakePage("e", "f"), new FakePage("g")];
        const tab = show(pages[0] as FakePage);
        let next = 100;
        let state: PageState | undefined;
        for (const changes of turns) {
          for (const { document, kind, at } of changes) {
            const page = pages[document] as FakePage;
            const index = at % Math.max(1, page.elements.length);
            const here = page.elements[index];
            next += 1;
            if (kind === "insert") page.elements.splice(index, 0, element(next, `n${next}`, at * 10));
            if (kind === "remove") page.elements.splice(index, 1);
            if (kind === "rename" && here !== undefined) page.elements[index] = { ...here, name: `r${next}` };
            if (kind === "move" && here !== undefined) page.elements.push(...page.elements.splice(index, 1));
            if (kind === "scroll") page.elements = page.elements.map((one) => element(one.id, one.name, at * 7));
            if (kind === "reload" && document > 0) await reload(tab, document, page);
            if (kind === "frame" && document > 0) await toggle(tab, document, page);
          }
          const seen = await look(state?.revision ?? 0n, { scope: StateScope.PAGE });
          state = folded(state, seen);
          expect(state).toEqual(seen.whole());
          expect(names(state)).toEqual(shown(tab, pages));
        }
      }),
      { numRuns: 60 },
    );
  });

  const nonceOf = (document: number): string => `n${document}`;

  async function toggle(tab: FakeTab, document: number, page: FakePage): Promise<void> {
    const main = tab.frames[0];
    const known = tab.frames.findIndex((frame) => frame.frameId === document);
    if (known > 0) tab.frames.splice(known, 1);
    else {
      addFrame(tab, document, page);
      if (main !== undefined) await records.learnNonce(1, nonceOf(document), document);
    }
  }

  async function reload(tab: FakeTab, document: number, page: FakePage): Promise<void> {
    const frame = tab.frames.find((one) => one.frameId === document);
    if (frame !== undefined) Object.assign(frame, { documentId: `${frame.documentId}+`, answer: page.answer });
  }

  /** The names that the documents show, in the order in which their frames are listed. */
  function shown(tab: FakeTab, pages: readonly FakePage[]): string[] {
    const slots = [...tab.frames].sort((a, b) => slotOf(a.frameId) - slotOf(b.frameId));
    return slots.flatMap((frame) => (pages[frame.frameId] as FakePage).elements.map(({ name }) => name));
  }

  function slotOf(frameId: number): number {
    const stored = JSON.parse(chromeDouble.session.items.get("tab:1") ?? "{}") as { slots: Record<string, number> };
    return stored.slots[String(frameId)] ?? 0;
  }
});
