import { create } from "@bufbuild/protobuf";
import {
  FrameEventSchema,
  PanelReplySchema,
  PanelRequestSchema,
  type PipeMessage,
  PipeMessageSchema,
} from "@gen/tabwire/v1/extension_pb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type PanelParts, PanelPort } from "../../browser/panel_port";
import { Pipe } from "../../browser/server/pipe";
import { FramePort } from "../../browser/tabs/frame_port";
import { type TabEvent, TabEvents } from "../../browser/tabs/tab_events";
import { TabRecords } from "../../browser/tabs/tab_record";
import { isFor, seal, unseal } from "../../wire/envelope";
import { asArea, EXTENSION_ID, FakeChrome, FakeEvent } from "./fake_chrome";

type Listener = [message: unknown, sender: object, respond: (answer: unknown) => void];

const ROOT = `chrome-extension://${EXTENSION_ID}/`;
const PANEL = { id: EXTENSION_ID, url: `${ROOT}sidepanel.html` };
const PANEL_IN_TAB = { ...PANEL, tab: { id: 4 }, frameId: 0 };
const OFFSCREEN = { id: EXTENSION_ID, url: `${ROOT}offscreen.html` };
const CONTENT = { id: EXTENSION_ID, url: "https://evil.test/", tab: { id: 4 }, frameId: 2, documentId: "d" };
const FOREIGN = { id: "ponmlkjihgfedcbaponmlkjihgfedcba", url: "chrome-extension://ponm/x.html" };

let chromeDouble: FakeChrome;
let messages: FakeEvent<Listener>;
let sendMessage: (message: unknown) => Promise<unknown>;
let contexts: object[];
let created: string[];

beforeEach(() => {
  messages = new FakeEvent<Listener>();
  contexts = [];
  created = [];
  sendMessage = async () => ({ ok: true });
  chromeDouble = new FakeChrome();
  chromeDouble.install({
    runtime: {
      id: EXTENSION_ID,
      getURL: (path: string) => ROOT + path,
      onMessage: messages,
      onConnect: new FakeEvent(),
      sendMessage: (message: unknown) => sendMessage(message),
      getContexts: async () => contexts,
      ContextType: { OFFSCREEN_DOCUMENT: "OFFSCREEN_DOCUMENT" },
    },
    offscreen: {
      Reason: { WORKERS: "WORKERS" },
      createDocument: async ({ url }: { url: string }) => {
        created.push(url);
        contexts = [{}];
      },
    },
  });
});

afterEach(() => vi.unstubAllGlobals());

/** Sends a message as somebody; the answer, or undefined if nobody takes it. */
function sendAs(sender: object, message: unknown): Promise<unknown> {
  return new Promise((resolve) => {
    const taken = messages.fire(message, sender, resolve).some((answer) => answer === true);
    if (!taken) resolve(undefined);
  });
}

describe("the panel's port", () => {
  const question = seal(
    "background",
    "panel",
    PanelRequestSchema,
    create(PanelRequestSchema, { kind: { case: "access", value: {} } }),
  );

  beforeEach(() => {
    const pairing = { access: async () => ({ $typeName: "tabwire.v1.LinkCredentials", accessToken: "secret" }) };
    new PanelPort({ pairing } as unknown as PanelParts).listen();
  });

  it.each([
    ["the panel", PANEL],
    ["the panel in a tab", PANEL_IN_TAB],
  ])("hands the token to %s", async (_, sender) => {
    const answer = await sendAs(sender, question);
    if (!isFor(answer, "background", "panel")) throw new Error("no answer");
    expect(unseal(PanelReplySchema, answer).kind).toMatchObject({ value: { accessToken: "secret" } });
  });

  it.each([
    ["a content script", CONTENT],
    ["another extension", FOREIGN],
  ])("gives nothing to %s", async (_, sender) => {
    expect(await sendAs(sender, question)).toBeUndefined();
  });
});

describe("the pipe", () => {
  const status = create(PipeMessageSchema, { kind: { case: "statusRequest", value: {} } });

  it("takes messages from the offscreen document only, and says whether they are recorded", async () => {
    const taken: PipeMessage[] = [];
    const pipe = new Pipe();
    let outcome = true;
    const handler = async (message: PipeMessage): Promise<boolean> => {
      taken.push(message);
      return outcome;
    };
    pipe.listen(handler, async () => {});
    const message = seal("background", "pipe", PipeMessageSchema, status);
    expect(await sendAs(OFFSCREEN, message)).toEqual({ ok: true });
    outcome = false;
    expect(await sendAs(OFFSCREEN, message)).toEqual({ ok: false });
    for (const other of [CONTENT, PANEL, FOREIGN]) expect(await sendAs(other, message)).toBeUndefined();
    expect(taken).toHaveLength(2);
  });

  it("says that a message is not recorded when taking it failed", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    new Pipe().listen(
      async () => {
        throw new Error("storage is full");
      },
      async () => {},
    );
    expect(await sendAs(OFFSCREEN, seal("background", "pipe", PipeMessageSchema, status))).toEqual({ ok: false });
    expect(logged).toHaveBeenCalled();
  });

  it("makes the offscreen document once, and introduces this browser to a new one", async () => {
    const pipe = new Pipe();
    const introduced = vi.fn(async () => {});
    pipe.listen(async () => true, introduced);
    expect(await Promise.all([pipe.ensure(), pipe.ensure()])).toEqual([true, true]);
    expect(await pipe.ensure()).toBe(false);
    expect(created).toEqual(["offscreen.html"]);
    expect(introduced).toHaveBeenCalledTimes(1);
  });

  it("tries again while the document does not listen yet", async () => {
    let failures = 2;
    sendMessage = async () => {
      if (failures-- > 0) throw new Error("Could not establish connection. Receiving end does not exist.");
      return { ok: true };
    };
    expect(await new Pipe().send({ case: "retryNow", value: {} })).toBe(true);
  });

  it("does not call an answer a success that is none", async () => {
    for (const answer of [undefined, {}, { ok: false }, "ok"]) {
      sendMessage = async () => answer;
      expect(await new Pipe().send({ case: "retryNow", value: {} })).toBe(false);
    }
  });
});

describe("the content scripts' port", () => {
  it("makes events of what they report and remembers whose nonce it is", async () => {
    const events = new TabEvents();
    const records = new TabRecords(asArea(chromeDouble.session));
    const heard: TabEvent[] = [];
    events.subscribe((event) => heard.push(event));
    new FramePort(events, records).listen();
    const nonce = create(FrameEventSchema, { kind: { case: "nonce", value: { nonce: "n1" } } });
    const message = seal("background", "frame", FrameEventSchema, nonce);
    await sendAs(CONTENT, message);
    await sendAs(PANEL_IN_TAB, message);
    await sendAs(FOREIGN, message);
    expect(heard).toMatchObject([{ kind: "frame", tabId: 4, frameId: 2, documentId: "d" }]);
    await vi.waitFor(async () => {
      const later = new TabRecords(asArea(chromeDouble.session));
      expect((await later.get(4)).nonces).toEqual({ n1: 2 });
    });
  });
});
