// An offscreen document that was closed is made anew at once: also while Chrome still lists it, and not if it lives.

import { create } from "@bufbuild/protobuf";
import { PipeMessageSchema } from "@gen/tabwire/v1/extension_pb";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Pipe } from "../../browser/server/pipe";
import { seal } from "../../wire/envelope";
import { LIFE } from "../../wire/life";

const PAGE = "chrome-extension://tabwire/offscreen.html";

/** A Chrome that may still list a document for a while after it has gone. */
class Browser {
  isListed = true;
  looks = 0;
  created = 0;
  readonly ports: MessagePort[] = [];
  onConnect: ((port: unknown) => void) | undefined;
  listener: ((message: unknown, sender: unknown, respond: (answer: unknown) => void) => unknown) | undefined;

  constructor() {
    vi.stubGlobal("chrome", {
      runtime: {
        id: "tabwire",
        ContextType: { OFFSCREEN_DOCUMENT: "OFFSCREEN_DOCUMENT" },
        getURL: (path: string) => `chrome-extension://tabwire/${path.replace(/^\//, "")}`,
        getContexts: async () => {
          this.looks += 1;
          return this.isListed ? [{}] : [];
        },
        onMessage: { addListener: (listener: Browser["listener"]) => (this.listener = listener) },
        onConnect: { addListener: (listener: Browser["onConnect"]) => (this.onConnect = listener) },
      },
      offscreen: {
        Reason: { WORKERS: "WORKERS" },
        createDocument: async () => {
          this.created += 1;
          this.isListed = true;
        },
      },
    });
    vi.stubGlobal("clients", {
      matchAll: async () => [{ url: PAGE, postMessage: (_: unknown, [port]: [MessagePort]) => this.ports.push(port) }],
    });
  }

  /** The document says something, by which it gets a line. */
  async says(): Promise<void> {
    const message = create(PipeMessageSchema, { kind: { case: "tokenNeeded", value: {} } });
    const sender = { id: "tabwire", url: PAGE };
    const before = this.ports.length;
    this.listener?.(seal("background", "pipe", PipeMessageSchema, message), sender, () => {});
    await vi.waitFor(() => expect(this.ports.length).toBe(before + 1));
  }

  /** A page of the extension opens a port. Returns what is to be called when it ends, if anybody wants to know. */
  opens(name: string, page = PAGE): (() => void) | undefined {
    let end: (() => void) | undefined;
    const onDisconnect = { addListener: (listener: () => void) => (end = listener) };
    this.onConnect?.({ name, sender: { id: "tabwire", url: page }, onDisconnect });
    return end;
  }
}

let browser: Browser;

beforeEach(async () => {
  browser = new Browser();
  new Pipe().listen(
    async () => true,
    async () => {},
  );
  await browser.says();
});

afterEach(() => {
  for (const port of browser.ports) port.close();
  vi.unstubAllGlobals();
});

it("makes a closed document anew although its line does not tell: Chrome ends the document's port", async () => {
  const greeting = { to: 0, ok: true };
  browser.ports[0]?.postMessage(greeting); // the line is good, as far as can be told
  const close = browser.opens(LIFE);
  browser.isListed = false;
  close?.();
  await vi.waitFor(() => expect(browser.created).toBe(1));
});

it("makes a closed document anew, although Chrome lists it for a moment more", async () => {
  browser.ports[0]?.close();
  await vi.waitFor(() => expect(browser.looks).toBeGreaterThan(1));
  expect(browser.created).toBe(0);
  browser.isListed = false;
  await vi.waitFor(() => expect(browser.created).toBe(1), 5_000);
});

it("makes no second one of a document that lives and lost its line only", async () => {
  browser.ports[0]?.close();
  await vi.waitFor(() => expect(browser.looks).toBeGreaterThan(2), 5_000);
  expect(browser.created).toBe(0);
});

it("minds no other port", () => {
  expect(browser.opens("vigil")).toBeUndefined();
  expect(browser.opens(LIFE, "chrome-extension://tabwire/sidepanel.html")).toBeUndefined();
});
