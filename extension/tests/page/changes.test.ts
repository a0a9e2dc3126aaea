// @vitest-environment jsdom
// When the engine records what happens in a page, and when it lets go. What it makes of the records is tried out in a real
// browser, by tests/e2e_page/test_delta_property.py.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BlockIndex } from "../../page/perceive/blocks";
import { Changes } from "../../page/perceive/changes";
import { PageMemory } from "../../page/perceive/index_memory";

let blocks: BlockIndex;
let changes: Changes;

beforeEach(() => {
  vi.useFakeTimers();
  blocks = new BlockIndex();
  changes = new Changes(blocks, new PageMemory());
});

afterEach(() => {
  changes.stop();
  vi.useRealTimers();
  document.body.replaceChildren();
});

describe("what happens in a page", () => {
  it("is not recorded before it is asked for", () => {
    const observe = vi.spyOn(MutationObserver.prototype, "observe");
    const listen = vi.spyOn(document, "addEventListener");
    changes.apply();
    expect(changes.isAlive).toBe(false);
    expect(observe).not.toHaveBeenCalled();
    expect(listen).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is no longer recorded a minute after the last take", () => {
    const disconnect = vi.spyOn(MutationObserver.prototype, "disconnect");
    changes.begin();
    vi.advanceTimersByTime(50_000);
    changes.apply();
    vi.advanceTimersByTime(50_000);
    expect(changes.isAlive).toBe(true);
    vi.advanceTimersByTime(20_000);
    expect(changes.isAlive).toBe(false);
    expect(disconnect).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves no listener behind", () => {
    const added = vi.spyOn(document, "addEventListener");
    const removed = vi.spyOn(document, "removeEventListener");
    changes.begin();
    changes.stop();
    expect(removed.mock.calls.map(([name]) => name).sort()).toEqual(added.mock.calls.map(([name]) => name).sort());
    expect(added).toHaveBeenCalled();
  });

  it("has forgotten what it concerns", () => {
    document.body.innerHTML = "<main><div id='a'><p>One</p></div><div id='b'><p>Two</p></div></main>";
    const [a, b] = [document.getElementById("a") as Element, document.getElementById("b") as Element];
    changes.begin();
    const box = { x: 0, y: 900, width: 10, height: 10 };
    const known = [a, b].map((element) => blocks.outside(element, box, true));
    (a.firstElementChild as Element).textContent = "Other";
    blocks.beginTake();
    changes.apply();
    expect(blocks.outside(b, box, true)).toBe(known[1]);
    expect(blocks.outside(a, box, true)).not.toBe(known[0]);
  });

  it("is too much to be told one by one, so that all is forgotten", () => {
    document.body.innerHTML = "<div id='a'></div><div id='b'><p>Two</p></div>";
    const [a, b] = [document.getElementById("a") as Element, document.getElementById("b") as Element];
    changes.begin();
    const box = { x: 0, y: 900, width: 10, height: 10 };
    const known = blocks.outside(b, box, true);
    for (let i = 0; i < 5_000; i++) a.setAttribute("data-count", String(i));
    changes.apply();
    const anew = blocks.outside(b, box, true);
    expect(anew).not.toBe(known);
    // And it goes on to record.
    b.append("more");
    blocks.beginTake();
    changes.apply();
    expect(blocks.outside(b, box, true)).not.toBe(anew);
  });
});
