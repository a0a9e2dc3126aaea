// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from "vitest";
import { childFrames } from "../../page/perceive/frames";
import { Registry } from "../../page/registry";
import { hearNonces, NONCE_MARK, nonceIn } from "../../wire/frame_nonce";

// Without a layout nothing is visible; here only the message matters.
vi.mock("../../page/perceive/visibility", async (original) => ({
  ...(await original<object>()),
  isVisible: () => true,
}));

const NONCE = "0123456789abcdef0123456789abcdef";

afterEach(() => {
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

describe("the nonce of a frame", () => {
  it("is heard in the form in which the page engine posts it", () => {
    const iframe = document.createElement("iframe");
    document.body.append(iframe);
    const post = vi.spyOn(iframe.contentWindow as Window, "postMessage").mockImplementation(() => {});
    const [child] = childFrames([iframe], new Registry());
    expect(nonceIn(post.mock.calls[0]?.[0])).toBe(child?.nonce);
    expect(child?.nonce).toMatch(/^[0-9a-f]{32}$/);
  });

  it("is told from the page's own messages", () => {
    for (const data of [null, "text", {}, { type: NONCE_MARK }, { type: NONCE_MARK, nonce: "x" }, { nonce: NONCE }]) {
      expect(nonceIn(data)).toBeUndefined();
    }
  });

  it("is taken from the parent only, and kept from the page", () => {
    const parent = { name: "the parent" } as unknown as Window;
    vi.stubGlobal("parent", parent);
    const heard: string[] = [];
    const seen: unknown[] = [];
    const stop = hearNonces((nonce) => heard.push(nonce));
    window.addEventListener("message", (event) => seen.push(event.data));
    const message = (source: Window | null, data: unknown): void => {
      const event = new MessageEvent("message", { data });
      Object.defineProperty(event, "source", { value: source });
      window.dispatchEvent(event);
    };
    message(parent, { type: NONCE_MARK, nonce: NONCE });
    message(null, { type: NONCE_MARK, nonce: NONCE });
    message(parent, "the page's own");
    stop();
    message(parent, { type: NONCE_MARK, nonce: NONCE });
    expect(heard).toEqual([NONCE]);
    expect(seen).toEqual([{ type: NONCE_MARK, nonce: NONCE }, "the page's own", { type: NONCE_MARK, nonce: NONCE }]);
  });

  it("is not listened for in a document without a parent", () => {
    const added = vi.spyOn(window, "addEventListener");
    hearNonces(() => {});
    expect(added).not.toHaveBeenCalled();
  });
});
