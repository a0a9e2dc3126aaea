import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Frames } from "../../browser/frames";
import { ack, FakeChrome } from "./fake_chrome";

let chromeDouble: FakeChrome;
let frames: Frames;
let scripted: number;

beforeEach(() => {
  scripted = 0;
  const found = [
    { frameId: 0, documentId: "doc-1", result: { url: "https://a.test/", isOuter: true } },
    { frameId: 7, documentId: "doc-7", result: { url: "https://b.test/", isOuter: true } },
    { frameId: 8, documentId: "doc-8", result: { url: "https://c.test/", isOuter: false } },
    { frameId: 9, documentId: "doc-9", result: null },
  ];
  chromeDouble = new FakeChrome().install({
    scripting: {
      executeScript: async () => {
        scripted += 1;
        return found;
      },
    },
  });
  chromeDouble.addTab(1, "https://a.test/", () => ack());
  frames = new Frames();
});

afterEach(() => vi.unstubAllGlobals());

function committed(documentId: string): void {
  frames.hear({ kind: "committed", tabId: 1, frameId: 0, url: "https://a.test/", documentId });
}

describe("the documents of a tab", () => {
  it("are Chrome's list, as long as the page is a new one", async () => {
    committed("doc-1");
    expect((await frames.list(1)).map(({ frameId }) => frameId)).toEqual([0]);
    expect(scripted).toBe(0);
  });

  it("are looked for where the tab has gone back to a page that was kept, of which Chrome lists not all", async () => {
    committed("doc-1");
    committed("doc-2");
    committed("doc-1");
    expect(await frames.list(1)).toMatchObject([
      { frameId: 0, documentId: "doc-1" },
      { frameId: 7, documentId: "doc-7", parentFrameId: 0, url: "https://b.test/" },
      { frameId: 8, documentId: "doc-8", parentFrameId: -1 },
    ]);
  });

  it("are none of a tab that is closed", async () => {
    await expect(frames.list(9)).rejects.toMatchObject({ info: { message: "Tab 9 is closed." } });
  });
});
