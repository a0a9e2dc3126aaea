import { create } from "@bufbuild/protobuf";
import { FrameEventSchema, type FrameRequest } from "@gen/tabwire/v1/extension_pb";
import { ObserveTabsSchema, type StateUpdate } from "@gen/tabwire/v1/link_pb";
import { PageStateSchema, StateCause, TabSchema } from "@gen/tabwire/v1/state_pb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { tabNotFound } from "../../browser/errors";
import { Observer } from "../../browser/states/observe";
import type { TabEvent } from "../../browser/tabs/tab_events";
import { asArea, FakeArea } from "./fake_chrome";

let session: FakeArea;
let sent: StateUpdate[];
let told: string[];
let perceived: number[];
let isConnected: boolean;
let observer: Observer;

function makeObserver(): Observer {
  return new Observer({
    session: asArea(session),
    frames: {
      list: async (tabId) => [{ frameId: 0, parentFrameId: -1, documentId: `doc${tabId}`, url: "", failed: false }],
      tell: (tabId, documentId, request: FrameRequest) => {
        if (request.kind.case === "observe") told.push(`${tabId} ${documentId} ${request.kind.value.enabled}`);
      },
    },
    perceive: async (tabId) => {
      perceived.push(tabId);
      return create(PageStateSchema, { tabId, title: "fresh" });
    },
    describe: async (tabId) => {
      if (tabId === 404) throw tabNotFound();
      return create(TabSchema, { tabId });
    },
    send: async (update) => {
      sent.push(update);
      return true;
    },
    isConnected: async () => isConnected,
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  session = new FakeArea();
  sent = [];
  told = [];
  perceived = [];
  isConnected = true;
  observer = makeObserver();
});

afterEach(() => vi.useRealTimers());

const watch = (...tabIds: number[]): Promise<void> => observer.set(create(ObserveTabsSchema, { tabIds }));
const causes = (): StateCause[] => sent.map((update) => update.cause);
const committed = (tabId: number): TabEvent => ({ kind: "committed", tabId, frameId: 0, url: "u", documentId: "d" });
const loaded = (tabId: number): TabEvent => ({ kind: "loaded", tabId, frameId: 0 });

function changed(tabId: number): TabEvent {
  const event = create(FrameEventSchema, { kind: { case: "changed", value: { domChanges: 3 } } });
  return { kind: "frame", tabId, frameId: 0, documentId: "d", event };
}

async function settle(millis = 2_000): Promise<void> {
  await vi.advanceTimersByTimeAsync(millis);
}

describe("the observer", () => {
  it("tells of the tabs it was told to watch and of no others", async () => {
    await watch(1);
    for (const event of [changed(1), changed(2), committed(2)]) observer.take(event);
    await settle();
    expect(sent.map((update) => [update.tabId, update.cause])).toEqual([[1, StateCause.MUTATION]]);
    expect(sent[0]?.pageState?.title).toBe("fresh");
  });

  it("makes one update of many changes, and rests between updates", async () => {
    await watch(1);
    for (let index = 0; index < 50; index += 1) {
      observer.take(changed(1));
      await settle(20);
    }
    await settle();
    expect(sent.length).toBeGreaterThanOrEqual(1);
    expect(sent.length).toBeLessThanOrEqual(3);
  });

  it("names navigation and load, and leaves out that the page changed by it", async () => {
    await watch(1);
    for (const event of [committed(1), changed(1), loaded(1)]) observer.take(event);
    await settle();
    expect(causes()).toEqual([StateCause.NAVIGATION, StateCause.LOAD]);
  });

  it("tells of history changes and of the person's turning to the tab", async () => {
    await watch(1);
    observer.take({ kind: "moved", tabId: 1, frameId: 0, url: "u" });
    await settle();
    observer.take({ kind: "focused", tabId: 1 });
    await settle();
    expect(causes()).toEqual([StateCause.HISTORY, StateCause.TAB_FOCUS]);
  });

  it("tells of an action with the state that was taken anyway, and not of the changes it made", async () => {
    await watch(1);
    observer.acting(1);
    observer.take(changed(1));
    await settle();
    expect(sent).toEqual([]);
    observer.acted(1, () => create(PageStateSchema, { tabId: 1, title: "after" }));
    await settle();
    expect(sent.map((update) => [update.cause, update.pageState?.title])).toEqual([[StateCause.ACTION, "after"]]);
    expect(perceived).toEqual([]);
  });

  it("tells of a tab that a watched one opened, and that a watched one was closed", async () => {
    await watch(1);
    observer.take({ kind: "opened", tabId: 5, openerTabId: 1 });
    observer.take({ kind: "opened", tabId: 6, openerTabId: 2 });
    observer.take({ kind: "closed", tabId: 1 });
    await settle();
    expect(sent.map((update) => [update.tabId, update.cause, update.pageState !== undefined])).toEqual([
      [1, StateCause.TAB_CLOSED, false],
      [5, StateCause.TAB_OPENED, true],
    ]);
    observer.take(changed(1));
    await settle();
    expect(sent).toHaveLength(2);
  });

  it("goes on watching after the worker's death", async () => {
    await watch(1);
    observer = makeObserver();
    observer.take(changed(1));
    await settle();
    expect(causes()).toEqual([StateCause.MUTATION]);
  });

  it("has documents report only while they are watched, new ones too", async () => {
    await watch(1, 2);
    await watch(2);
    observer.take({ kind: "parsed", tabId: 2, frameId: 0 });
    observer.take({ kind: "parsed", tabId: 3, frameId: 0 });
    await settle();
    expect(told).toEqual(["1 doc1 true", "2 doc2 true", "1 doc1 false", "2 doc2 true"]);
  });

  it("makes no updates for nobody", async () => {
    await watch(1);
    isConnected = false;
    observer.take(changed(1));
    await settle();
    expect([sent, perceived]).toEqual([[], []]);
  });

  it("says nothing of a tab that is gone before it was looked at", async () => {
    await watch(404);
    observer.take(changed(404));
    await settle();
    expect(sent).toEqual([]);
  });
});
