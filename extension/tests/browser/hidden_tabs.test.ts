// Background tabs that are worked in get the script that gives them frames: from the beginning where the site is known, else
// as soon as may be; and nobody else does.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HiddenTabs } from "../../browser/tabs/hidden_tabs";
import { TabEvents } from "../../browser/tabs/tab_events";
import { FakeChrome } from "./fake_chrome";

let chromeDouble: FakeChrome;
let hidden: HiddenTabs;

beforeEach(() => {
  vi.useFakeTimers();
  chromeDouble = new FakeChrome().install();
  hidden = new HiddenTabs(new TabEvents());
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const tab = (more: Partial<chrome.tabs.Tab>): chrome.tabs.Tab =>
  ({ id: 7, active: false, url: "https://shop.test/a", ...more }) as chrome.tabs.Tab;

const matches = (): string[] => chromeDouble.registered.flatMap((script) => script.matches ?? []);

function commits(url: string, tabId = 7): void {
  hidden.take({ kind: "committed", tabId, frameId: 0, documentId: "new", url } as never);
}

test("the script is registered before a page comes, in all its frames and before its own scripts", async () => {
  await hidden.expect("https://shop.test:8443/basket?full");
  expect(chromeDouble.registered).toMatchObject([
    { matches: ["https://shop.test/*"], world: "MAIN", runAt: "document_start", allFrames: true },
  ]);
  expect(chromeDouble.registered[0]?.persistAcrossSessions).toBe(false);
});

test("several sites are registered together, and each goes when it was not worked at for a while", async () => {
  await hidden.expect("https://one.test/");
  await vi.advanceTimersByTimeAsync(40_000);
  await hidden.expect("http://two.test/");
  expect(matches()).toEqual(["https://one.test/*", "http://two.test/*"]);
  await vi.advanceTimersByTimeAsync(70_000);
  expect(matches()).toEqual(["http://two.test/*"]);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(matches()).toEqual([]);
});

test("what an earlier life of the service worker left registered is taken away", async () => {
  await hidden.expect("https://left.test/");
  const next = new HiddenTabs(new TabEvents());
  await next.expect("https://other.test/");
  expect(matches()).toEqual(["https://other.test/*"]);
});

test("a document that is there already gets it once, and one that comes from elsewhere when it comes", () => {
  hidden.workIn(tab({}));
  hidden.workIn(tab({}));
  expect(chromeDouble.injected).toMatchObject([{ target: { tabId: 7, allFrames: true }, world: "MAIN" }]);
  commits("https://shop.test/b"); // has it by the registration
  commits("https://elsewhere.test/");
  expect(chromeDouble.injected.slice(1)).toMatchObject([{ target: { tabId: 7, documentIds: ["new"] } }]);
});

test("tabs that are shown, or not worked in, are let alone", async () => {
  hidden.workIn(tab({ active: true }));
  commits("https://shop.test/b");
  commits("https://shop.test/b", 8);
  await hidden.expect("chrome://settings/");
  expect(chromeDouble.injected).toEqual([]);
  expect(matches()).toEqual([]);
});

test("a tab that a background tab opened is one, too", () => {
  hidden.follow(7);
  hidden.take({ kind: "spawned", tabId: 7, openedTabId: 9 } as never);
  commits("https://elsewhere.test/", 9);
  expect(chromeDouble.injected).toHaveLength(1);
});
