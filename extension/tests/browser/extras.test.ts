// Who gets the engine's second file into which document: the one that Chrome says has asked, and nobody else any.

import { beforeEach, describe, expect, it, vi } from "vitest";
import { EXTRAS_SCRIPT, listenForExtras } from "../../browser/tabs/extras";
import { EXTENSION_ID, FakeChrome, FakeEvent } from "./fake_chrome";

type Listener = [message: unknown, sender: object, respond: (answer: unknown) => void];

const ROOT = `chrome-extension://${EXTENSION_ID}/`;
const CONTENT = { id: EXTENSION_ID, url: "https://shop.test/", tab: { id: 4 }, frameId: 2, documentId: "doc" };
const ASKED = { to: "background", conversation: "extras", body: "" };

let messages: FakeEvent<Listener>;
let executeScript: ReturnType<typeof vi.fn>;

async function ask(message: unknown, sender: object): Promise<unknown> {
  return await new Promise((resolve) => {
    const answers = messages.fire(message, sender, resolve);
    if (!answers.includes(true)) resolve("no answer");
  });
}

describe("the engine's second file", () => {
  beforeEach(() => {
    messages = new FakeEvent<Listener>();
    executeScript = vi.fn(async () => []);
    const runtime = { id: EXTENSION_ID, getURL: (path: string) => `${ROOT}${path}`, onMessage: messages };
    new FakeChrome().install({ runtime, scripting: { executeScript } });
    listenForExtras();
  });

  it("is put into the document that asks", async () => {
    expect(await ask({ ...ASKED, body: "other", tabId: 9, documentId: "other" }, CONTENT)).toBe(true);
    const target = { tabId: 4, documentIds: ["doc"] };
    expect(executeScript.mock.calls).toEqual([[{ target, files: [EXTRAS_SCRIPT], injectImmediately: true }]]);
  });

  it("is said not to be there if Chrome refuses", async () => {
    executeScript.mockRejectedValueOnce(new Error("The frame was removed."));
    expect(await ask(ASKED, CONTENT)).toBe(false);
  });

  it.each([
    ["a page of the extension", ASKED, { id: EXTENSION_ID, url: `${ROOT}sidepanel.html` }],
    ["another extension", ASKED, { ...CONTENT, id: "ponmlkjihgfedcbaponmlkjihgfedcba" }],
    ["a message of another kind", { ...ASKED, conversation: "panel" }, CONTENT],
  ])("is not put anywhere for %s", async (_, message, sender) => {
    expect(await ask(message, sender)).toBe("no answer");
    expect(executeScript).not.toHaveBeenCalled();
  });
});
