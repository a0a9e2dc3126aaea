// @vitest-environment jsdom
// What is learnt of a page: which parts change by themselves, and how long it is waited for.

import { describe, expect, it } from "vitest";
import { Habits, isTicking, Tickers } from "../../page/act/ticking";

function changed(target: Node, added = 0, removed = 0): MutationRecord {
  const nodes = (count: number): NodeList => {
    const holder = document.createElement("div");
    for (let i = 0; i < count; i++) holder.append("x");
    return holder.childNodes;
  };
  const type = added + removed > 0 ? "childList" : "characterData";
  return { type, target, addedNodes: nodes(added), removedNodes: nodes(removed) } as unknown as MutationRecord;
}

/** Lets a node change so often, so many milliseconds apart. */
function run(node: Node, turns: number, apart: number, added = 0, removed = 0): Node[] {
  const tickers = new Tickers();
  const found: Node[] = [];
  for (let turn = 0; turn < turns; turn++)
    found.push(...tickers.note([changed(node, added, removed)], 1000 + turn * apart));
  return found;
}

describe("parts that change by themselves", () => {
  it("are told by many changes over some time", () => {
    const clock = document.createElement("p");
    expect(run(clock, 6, 60)).toEqual([clock]);
    expect(isTicking(clock)).toBe(true);
  });

  it("are not what changes a few times, or for a short while", () => {
    const few = document.createElement("p");
    expect(run(few, 3, 500)).toEqual([]);
    const short = document.createElement("p");
    expect(run(short, 20, 5)).toEqual([]);
    expect(isTicking(short)).toBe(false);
  });

  it("may replace what is in them, but not grow", () => {
    const replaced = document.createElement("p");
    expect(run(replaced, 8, 60, 1, 1)).toEqual([replaced]);
    const written = document.createElement("p");
    expect(run(written, 8, 60, 1, 0)).toEqual([]);
    const emptied = document.createElement("p");
    expect(run(emptied, 8, 60, 0, 1)).toEqual([]);
  });

  it("are counted by turns, not by records", () => {
    const tickers = new Tickers();
    const node = document.createElement("p");
    const records = Array.from({ length: 50 }, () => changed(node));
    expect(tickers.note(records, 1000)).toEqual([]);
    expect(tickers.note(records, 2000)).toEqual([]);
  });
});

describe("how long a page is waited for", () => {
  it("gets shorter while it reacts at once, down to a limit", () => {
    const habits = new Habits();
    const first = habits.quiet;
    habits.calm();
    expect(habits.quiet).toBeLessThan(first);
    for (let i = 0; i < 20; i++) habits.calm();
    const shortest = habits.quiet;
    expect(shortest).toBeGreaterThan(3);
    habits.calm();
    expect(habits.quiet).toBe(shortest);
  });

  it("is longer than a pause that was seen, up to a limit", () => {
    const habits = new Habits();
    habits.late(70);
    expect(habits.quiet).toBeGreaterThan(70);
    habits.late(140);
    const longest = habits.quiet;
    expect(longest).toBeGreaterThan(140);
    // What comes that late cannot be waited for.
    habits.late(5000);
    expect(habits.quiet).toBe(longest);
  });
});
