import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type FrameState, FrameStateSchema } from "@gen/tabwire/v1/extension_pb";
import { type StateRequest, StateRequestSchema, StateScope } from "@gen/tabwire/v1/state_pb";
import { describe, expect, it } from "vitest";
import { errorInfo } from "../../browser/errors";
import { compose, type PerceivedFrame } from "../../browser/states/compose";

type Init = Exclude<MessageInitShape<typeof FrameStateSchema>, FrameState>;

function main(state: Init): PerceivedFrame {
  return frame(0, -1, 0, { viewportDimensions: { width: 1000, height: 600 }, ...state });
}

function frame(frameId: number, parentFrameId: number, slot: number, state: Init): PerceivedFrame {
  const url = `https://shop.test/${frameId}`;
  const built: FrameState = create(FrameStateSchema, { url, ...state });
  return { frameId, parentFrameId, slot, documentId: `doc${frameId}`, url, state: built };
}

function element(id: number, y: number, more: object = {}) {
  return { id, name: `e${id}`, bounds: { x: 10, y, width: 100, height: 20 }, inViewport: true, ...more };
}

function page(frames: PerceivedFrame[], nonces: Record<string, number> = {}, options: Partial<StateRequest> = {}) {
  return compose({
    tabId: 5,
    url: "https://shop.test/",
    title: "Tab title",
    isLoading: false,
    frames,
    nonces,
    options: create(StateRequestSchema, options as MessageInitShape<typeof StateRequestSchema>),
    revision: 3,
  });
}

describe("composing a page state", () => {
  it("takes the main document's own facts over", () => {
    const state = page([
      main({ title: "Shop", scrollPosition: { y: 40 }, elements: [element(1, 10)], activeElementId: 1 }),
    ]);
    expect(state).toMatchObject({
      tabId: 5,
      title: "Shop",
      url: "https://shop.test/0",
      documentId: "doc0",
      revision: 3n,
    });
    expect(state.scrollPosition?.y).toBe(40);
    expect(state.activeElementId).toBe(1);
    expect(state.scope).toBe(StateScope.VIEWPORT);
  });

  it("makes ids and parents of a frame tab-wide and places its elements by the nonce", () => {
    const outer = main({
      elements: [element(7, 100)],
      childFrames: [
        { nonce: "other", elementId: 8, bounds: { x: 0, y: 0, width: 5, height: 5 } },
        { nonce: "n1", elementId: 7, bounds: { x: 50, y: 100, width: 300, height: 200 } },
      ],
    });
    const inner = frame(31, 0, 2, { elements: [element(1, 20), element(2, 40, { parentId: 1 })] });
    const state = page([outer, inner], { n1: 31 });
    expect(state.actionableElements.map((each) => each.id)).toEqual([7, 200_001, 200_002]);
    const [, first, second] = state.actionableElements;
    expect(first).toMatchObject({ frameSlot: 2, parentId: 7, bounds: { x: 60, y: 120 }, inViewport: true });
    expect(second?.parentId).toBe(200_001);
    expect(state.frames[1]).toMatchObject({ slot: 2, documentId: "doc31", parentSlot: 0, ownerElementId: 7 });
  });

  it("places frames inside of frames, one shift upon the other", () => {
    const outer = main({
      childFrames: [{ nonce: "a", elementId: 1, bounds: { x: 100, y: 100, width: 500, height: 400 } }],
    });
    const middle = frame(1, 0, 1, {
      childFrames: [{ nonce: "b", elementId: 4, bounds: { x: 10, y: 20, width: 100, height: 100 } }],
    });
    const inner = frame(2, 1, 2, { elements: [element(1, 5)] });
    const state = page([outer, middle, inner], { a: 1, b: 2 });
    expect(state.actionableElements[0]).toMatchObject({ id: 200_001, bounds: { x: 120, y: 125 }, parentId: 100_004 });
    expect(state.frames[2]).toMatchObject({ parentSlot: 1, ownerElementId: 100_004 });
  });

  it("finds the one child of the one owner without a nonce, but never guesses between two", () => {
    const held = (nonce: string, elementId: number) => ({ nonce, elementId, bounds: { y: 50, width: 9, height: 99 } });
    const single = page([main({ childFrames: [held("x", 3)] }), frame(4, 0, 1, { elements: [element(1, 1)] })]);
    expect(single.frames[1]?.ownerElementId).toBe(3);
    const two = page([
      main({ childFrames: [held("x", 3), held("y", 4)] }),
      frame(4, 0, 1, { elements: [element(1, 1)] }),
      frame(5, 0, 2, { elements: [element(1, 1)] }),
    ]);
    expect(two.frames.map((each) => each.ownerElementId)).toEqual([0, 0, 0]);
    expect(two.actionableElements.map((each) => each.inViewport)).toEqual([false, false]);
  });

  it("says that a frame's element is out of sight when the frame's box cuts it off", () => {
    const outer = main({ childFrames: [{ nonce: "a", elementId: 1, bounds: { y: 560, width: 300, height: 300 } }] });
    const inner = frame(1, 0, 1, { elements: [element(1, 10), element(2, 100)] });
    const state = page([outer, inner], { a: 1 });
    expect(state.actionableElements.map((each) => each.inViewport)).toEqual([true, false]);
  });

  it("leaves out what a frame shows far from the viewport, and counts it; but not in the whole page's state", () => {
    const outer = main({ childFrames: [{ nonce: "a", elementId: 1, bounds: { y: 2_000, width: 300, height: 300 } }] });
    const inner = (): PerceivedFrame => frame(1, 0, 1, { elements: [element(1, 10)] });
    const state = page([outer, inner()], { a: 1 });
    expect(state.actionableElements).toEqual([]);
    expect(state.truncation).toMatchObject({ elementsOmitted: 1, elementsBelow: 1, elementsAbove: 0 });
    expect(page([outer, inner()], { a: 1 }, { scope: StateScope.PAGE }).actionableElements).toHaveLength(1);
  });

  it("holds the limit of elements over all frames and counts honestly", () => {
    const outer = main({
      elements: [element(1, 1), element(2, 2)],
      childFrames: [{ nonce: "a", elementId: 1, bounds: { width: 300, height: 300 } }],
      truncation: { elementsOmitted: 4, elementsBelow: 4, charactersCut: 2 },
    });
    const inner = frame(1, 0, 1, { elements: [element(1, 1), element(2, 2)] });
    const state = page([outer, inner], { a: 1 }, { maxElements: 3 });
    expect(state.actionableElements.map((each) => each.id)).toEqual([1, 2, 100_001]);
    expect(state.truncation).toMatchObject({ elementsOmitted: 5, elementsBelow: 5, charactersCut: 2 });
  });

  it("names what was left out of which part, in ids of the tab, the largest first", () => {
    const section = (elementId: number, elementsOmitted: number) => ({
      elementId,
      title: `s${elementId}`,
      elementsOmitted,
    });
    const outer = main({
      elements: [element(1, 1)],
      childFrames: [{ nonce: "a", elementId: 1, bounds: { width: 300, height: 300 } }],
      truncation: { elementsOmitted: 4, sections: [section(8, 4)] },
    });
    const inner = frame(1, 0, 1, {
      title: "Ad",
      elements: [element(1, 1), element(2, 2), element(3, 3)],
      truncation: { elementsOmitted: 9, sections: [section(5, 9)] },
    });
    const state = page([outer, inner], { a: 1 }, { maxElements: 2 });
    expect(state.truncation?.sections).toMatchObject([
      { elementId: 100_005, title: "s5", elementsOmitted: 9 },
      { elementId: 8, elementsOmitted: 4 },
      { elementId: 1, title: 'document "Ad"', elementsOmitted: 2 },
    ]);
    expect(state.truncation?.elementsOmitted).toBe(15);
  });

  it("leaves what it is given as it is", () => {
    const inner = frame(1, 0, 1, { elements: [element(1, 1)] });
    const outer = main({ childFrames: [{ nonce: "a", elementId: 7, bounds: { x: 5, width: 300, height: 300 } }] });
    const before = structuredClone(inner.state);
    page([outer, inner], { a: 1 });
    expect(inner.state).toEqual(before);
  });

  it("cuts text when the bytes are used up, between characters, and counts what it cut", () => {
    const outer = main({ elements: [element(1, 1, { name: "", textContent: "aaaa" })] });
    const inner = frame(1, 0, 1, { elements: [element(2, 2, { name: "", textContent: "ééé" })] });
    const state = page([outer, inner], {}, { maxTextBytes: 7 });
    expect(state.actionableElements.map((each) => each.textContent)).toEqual(["aaaa", "é"]);
    expect(state.truncation?.charactersCut).toBe(2);
  });

  it("keeps a frame that could not be asked, with the reason", () => {
    const error = errorInfo(6, "The page does not answer.");
    const broken = { frameId: 9, parentFrameId: 0, slot: 1, documentId: "d", url: "https://ad.test/", error };
    const state = page([main({ elements: [element(1, 1)] }), broken]);
    expect(state.frames[1]).toMatchObject({ url: "https://ad.test/", errorInfo: { errorCode: 6 } });
    expect(state.actionableElements).toHaveLength(1);
    expect(state.errorInfo).toBeUndefined();
  });

  it("has no elements when the main frame cannot be perceived", () => {
    const broken = {
      frameId: 0,
      parentFrameId: -1,
      slot: 0,
      documentId: "d",
      url: "chrome://x",
      error: errorInfo(10, "no"),
    };
    const state = page([broken, frame(1, 0, 1, { elements: [element(1, 1)] })]);
    expect(state.errorInfo?.errorCode).toBe(10);
    expect(state.actionableElements).toEqual([]);
    expect(state.title).toBe("Tab title");
  });

  it("follows the focus into the frame that has it", () => {
    const outer = main({
      activeElementId: 7,
      childFrames: [
        { nonce: "a", elementId: 6, bounds: { width: 9, height: 9 } },
        { nonce: "b", elementId: 7, bounds: { width: 9, height: 9 } },
      ],
    });
    const state = page([outer, frame(1, 0, 1, { activeElementId: 3 }), frame(2, 0, 2, { activeElementId: 4 })], {
      a: 1,
      b: 2,
    });
    expect(state.activeElementId).toBe(200_004);
  });

  it("lists only the frame of the element when one element was asked for", () => {
    const outer = main({ elements: [element(1, 1)], childFrames: [{ nonce: "a", elementId: 1, bounds: { y: 30 } }] });
    const inner = frame(1, 0, 1, { elements: [element(5, 1)] });
    const state = page([outer, inner], { a: 1 }, { scope: StateScope.ELEMENT, elementId: 100_005 });
    expect(state.actionableElements.map((each) => [each.id, each.bounds?.y])).toEqual([[100_005, 31]]);
  });
});
