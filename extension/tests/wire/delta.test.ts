// A difference, folded into the earlier list, gives exactly the later one, whatever the two are.

import type { Element } from "@gen/tabwire/v1/state_pb";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeltaMismatch, diffElements, foldElements, risingRun, sameValue } from "../../wire/delta";

function element(id: number, more: Partial<Element> = {}): Element {
  const base = {
    $typeName: "tabwire.v1.Element",
    id,
    name: `Element ${id}`,
    attributes: {},
    inViewport: true,
    isNew: false,
    bounds: { $typeName: "tabwire.v1.Rect", x: 8, y: 20 * id, width: 100, height: 18 },
  };
  return { ...base, ...more } as Element;
}

/** What a step may do to an element that stays. */
const change = fc.record({
  name: fc.constantFrom("same", "one", "two"),
  dx: fc.constantFrom(0, 0, 5),
  dy: fc.oneof(fc.constantFrom(0, 0, 100, -0.1), fc.double({ noNaN: true, min: -1e6, max: 1e6 })),
  grows: fc.boolean(),
  inViewport: fc.boolean(),
  hasBounds: fc.integer({ min: 0, max: 9 }).map((roll) => roll > 0),
});

const list = fc
  .uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 30 })
  .chain((ids) => fc.tuple(fc.constant(ids), fc.array(change, { minLength: ids.length, maxLength: ids.length })))
  .map(([ids, changes]) =>
    ids.map((id, index) => {
      const { name, dx, dy, grows, inViewport, hasBounds } = changes[index] as (typeof changes)[number];
      const { bounds, ...rest } = element(id, { inViewport, name });
      if (!hasBounds || bounds === undefined) return rest as Element;
      const moved = { ...bounds, x: bounds.x + dx, y: bounds.y + dy, width: bounds.width + (grows ? 1 : 0) };
      return { ...rest, bounds: moved } as Element;
    }),
  );

function markNew(after: readonly Element[], before: readonly Element[]): Element[] {
  const known = new Set(before.map(({ id }) => id));
  return after.map((one) => ({ ...one, isNew: !known.has(one.id) }));
}

describe("a folded difference", () => {
  it("is the later list", () => {
    fc.assert(
      fc.property(list, list, fc.boolean(), (before, given, wasNew) => {
        const held = before.map((one) => ({ ...one, isNew: wasNew }));
        const untouched = structuredClone(held);
        const after = markNew(given, held);
        expect(foldElements(held, diffElements(held, after))).toEqual(after);
        expect(held).toEqual(untouched);
      }),
      { numRuns: 500 },
    );
  });

  it("is empty between equal lists", () => {
    fc.assert(
      fc.property(list, (both) => {
        expect(diffElements(both, structuredClone(both))).toEqual({
          removedIds: [],
          inserted: [],
          changed: [],
          shifts: [],
        });
      }),
    );
  });

  it("says with one shift that a page was scrolled", () => {
    const before = Array.from({ length: 50 }, (_, index) => element(index + 1));
    const after = before.map((one) => ({
      ...one,
      bounds: { ...one.bounds, y: (one.bounds?.y ?? 0) - 300 } as NonNullable<Element["bounds"]>,
    }));
    const changes = diffElements(before, after);
    expect(changes).toMatchObject({ removedIds: [], inserted: [], changed: [] });
    expect(changes.shifts).toMatchObject([{ firstId: 1, lastId: 50, dx: 0, dy: -300, inViewport: true }]);
  });

  it("names only what was moved in the order", () => {
    const before = Array.from({ length: 50 }, (_, index) => element(index + 1));
    const after = [...before];
    const [one] = after.splice(40, 1);
    after.splice(3, 0, one as Element);
    const changes = diffElements(before, after);
    expect(changes.removedIds).toEqual([41]);
    expect(changes.inserted).toMatchObject([{ afterId: 3, elements: [{ id: 41, isNew: false }] }]);
    expect(changes.changed).toEqual([]);
  });

  it("does not tell again that something was new", () => {
    const before = [element(1, { isNew: true }), element(2, { isNew: true })];
    const after = [element(1), element(2)];
    expect(diffElements(before, after).changed).toEqual([]);
    expect(foldElements(before, diffElements(before, after))).toEqual(after);
  });
});

describe("a difference to another state", () => {
  const nothing = { removedIds: [], inserted: [], changed: [], shifts: [] };
  const run = { $typeName: "tabwire.v1.ElementRun" as const, afterId: 7, elements: [element(9)] };
  const shift = { $typeName: "tabwire.v1.BoundsShift" as const, dx: 1, dy: 0, inViewport: true };

  it.each([
    ["removes what is not there", { ...nothing, removedIds: [7] }],
    ["inserts behind what is not there", { ...nothing, inserted: [run] }],
    ["changes what is not there", { ...nothing, changed: [element(7)] }],
    ["shifts what is not there", { ...nothing, shifts: [{ ...shift, firstId: 7, lastId: 8 }] }],
    ["shifts backwards", { ...nothing, shifts: [{ ...shift, firstId: 2, lastId: 1 }] }],
  ])("%s", (_, changes) => {
    expect(() => foldElements([element(1), element(2)], changes)).toThrow(DeltaMismatch);
  });
});

describe("the longest rising run", () => {
  it("rises, and is as long as any", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 9 }), (numbers) => {
        const kept = numbers.filter((_, index) => risingRun(numbers)[index]);
        expect(kept).toEqual([...kept].sort((a, b) => a - b));
        let longest = 0;
        for (let chosen = 0; chosen < 1 << numbers.length; chosen++) {
          const some = numbers.filter((_, index) => (chosen >> index) & 1);
          if (some.every((value, index) => index === 0 || (some[index - 1] as number) < value))
            longest = Math.max(longest, some.length);
        }
        expect(kept.length).toBe(longest);
      }),
    );
  });

  it("leaves out what was not there before", () => {
    expect(risingRun([-1, 3, -1, 4])).toEqual([false, true, false, true]);
  });
});

describe("values", () => {
  it("are the same if they are written the same", () => {
    fc.assert(
      fc.property(fc.object({ values: [fc.string(), fc.boolean(), fc.integer()] }), (value) => {
        expect(sameValue(value, structuredClone(value))).toBe(true);
        expect(sameValue(value, { ...value, more: 1 })).toBe("more" in value && value.more === 1);
      }),
    );
  });
});
