import { beforeEach, describe, expect, it } from "vitest";
import { isOwnPage, isServiceWorker } from "../../browser/senders";
import { EXTENSION_ID, FakeChrome } from "./fake_chrome";

const ROOT = `chrome-extension://${EXTENSION_ID}/`;
const WORKER = { id: EXTENSION_ID, url: `${ROOT}background.js` };

describe("who may command the link", () => {
  beforeEach(() => {
    new FakeChrome().install({ runtime: { id: EXTENSION_ID, getURL: (path: string) => `${ROOT}${path}` } });
  });

  it("is the service worker", () => {
    expect(isServiceWorker(WORKER)).toBe(true);
  });

  it.each([
    ["a content script", { id: EXTENSION_ID, url: "https://evil.test/", tab: { id: 4 } }],
    ["a content script that claims the worker's address", { ...WORKER, tab: { id: 4 } }],
    ["the side panel", { ...WORKER, url: `${ROOT}sidepanel.html` }],
    ["the offscreen document itself", { ...WORKER, url: `${ROOT}offscreen.html` }],
    ["another extension", { id: "ponmlkjihgfedcbaponmlkjihgfedcba", url: WORKER.url }],
  ])("is not %s", (_, sender) => {
    expect(isServiceWorker(sender as chrome.runtime.MessageSender)).toBe(false);
  });
});

describe("who may ask for the access token", () => {
  beforeEach(() => {
    new FakeChrome().install({ runtime: { id: EXTENSION_ID, getURL: (path: string) => `${ROOT}${path}` } });
  });

  it.each(["sidepanel.html", "sidepanel.html?task=1", "offscreen.html"])("is the extension's own page %s", (page) => {
    expect(isOwnPage({ id: EXTENSION_ID, url: `${ROOT}${page}` })).toBe(true);
  });

  it.each([
    ["a content script", { id: EXTENSION_ID, url: "https://evil.test/", tab: { id: 4 } }],
    [
      "a page whose address begins like ours",
      { id: EXTENSION_ID, url: `chrome-extension://${EXTENSION_ID}.evil.test/` },
    ],
    ["another extension", { id: "ponmlkjihgfedcbaponmlkjihgfedcba", url: `${ROOT}sidepanel.html` }],
    ["nobody", {}],
  ])("is not %s", (_, sender) => {
    expect(isOwnPage(sender as chrome.runtime.MessageSender)).toBe(false);
  });
});
