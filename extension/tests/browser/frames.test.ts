import { create } from "@bufbuild/protobuf";
import { type FrameReply, FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { ElementSchema } from "@gen/tabwire/v1/state_pb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { heldBy } from "../../browser/states/written";
import { Frames } from "../../browser/tabs/frames";
import type { Envelope } from "../../wire/address";
import { NotPlain } from "../../wire/plain";
import { replyEnvelope } from "../../wire/told_reply";
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
    await expect(frames.list(9)).rejects.toMatchObject({ info: { message: "The tab is closed." } });
  });
});

describe("what a document answers", () => {
  const MAIN = { frameId: 0, parentFrameId: -1, documentId: "doc-1", url: "https://a.test/", failed: false };
  const request = create(FrameRequestSchema, { kind: { case: "ping", value: {} } });
  let envelope: Envelope;
  let sentTo: unknown[];

  beforeEach(() => {
    const elements = [create(ElementSchema, { id: 1, name: "Add" }), create(ElementSchema, { id: 2, name: "Buy" })];
    const state = { $typeName: "tabwire.v1.FrameState", elements, inPageUs: 5 };
    const reply = { $typeName: "tabwire.v1.FrameReply", kind: { case: "state", value: state } };
    envelope = replyEnvelope(reply as unknown as FrameReply);
    sentTo = [];
    vi.stubGlobal("chrome", {
      tabs: {
        sendMessage: async (_tab: number, _message: unknown, to: unknown) => {
          sentTo.push(to);
          return JSON.parse(JSON.stringify(envelope));
        },
      },
    });
  });

  it("holds its elements as they were written", async () => {
    const { kind } = await frames.ask(1, MAIN, request, 1_000);
    if (kind.case !== "state") throw new Error("no state");
    expect(kind.value.elements).toEqual([]);
    expect(heldBy(kind.value)).toMatchObject({ count: 2 });
  });

  it("is not believed where the elements are none", async () => {
    for (const elements of ["no base64!", "KgL/", "KgQIAeoB"]) {
      envelope = { ...envelope, elements };
      await expect(frames.ask(1, MAIN, request, 1_000)).rejects.toThrow(NotPlain);
    }
  });

  it("is had of the main document without looking for it first", async () => {
    await frames.askMain(1, request, 1_000);
    expect(sentTo).toEqual([{ frameId: 0 }]);
  });
});
