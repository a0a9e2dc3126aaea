// @vitest-environment jsdom
// What is left out of a state, and that it is counted.

import { create } from "@bufbuild/protobuf";
import { ElementSchema } from "@gen/tabwire/v1/state_pb";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8Length } from "../../page/clean";
import { Kind } from "../../page/perceive/classify";
import type { Item } from "../../page/perceive/item";
import { keep, TextBudget } from "../../page/perceive/limits";

function item(kind: Kind, inView: boolean): Item {
  return { kind, inView } as Item;
}

const anyItem = fc.record({
  kind: fc.constantFrom(Kind.Control, Kind.Heading, Kind.Text, Kind.Image),
  inView: fc.boolean(),
});

describe("elements", () => {
  it("are kept in order, exactly as many as allowed", () => {
    fc.assert(
      fc.property(fc.array(anyItem), fc.nat(30), (parts, limit) => {
        const items = parts.map(({ kind, inView }) => item(kind, inView));
        const kept = keep(items, limit);
        expect(kept.length).toBe(Math.min(limit, items.length));
        const places = kept.map((one) => items.indexOf(one));
        expect(places).toEqual([...places].sort((a, b) => a - b));
      }),
    );
  });

  it("that can be operated and seen come first", () => {
    const items = [
      item(Kind.Text, true),
      item(Kind.Control, false),
      item(Kind.Control, true),
      item(Kind.Heading, true),
    ];
    expect(keep(items, 2)).toEqual([items[2], items[3]]);
    expect(keep(items, 3)).toEqual([items[0], items[2], items[3]]);
  });
});

describe("text", () => {
  it("stays within the budget, and what is cut is counted", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: "grapheme" }), fc.string())), fc.nat(200), (texts, bytes) => {
        const budget = new TextBudget(bytes);
        const elements = texts.map(([name, textContent]) => create(ElementSchema, { name, textContent }));
        for (const element of elements) budget.apply(element);
        const left = elements.map((element) => element.name + element.textContent).join("");
        expect(utf8Length(left)).toBeLessThanOrEqual(bytes);
        const whole = texts.map(([name, text]) => name + text).join("");
        expect(budget.cut).toBe(whole.length - left.length);
      }),
    );
  });
});
