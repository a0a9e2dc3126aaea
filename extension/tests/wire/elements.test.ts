// What pages write of elements by hand is what the declaration says, and what is read of it is the same; whatever else
// comes from a page's process is refused. A field that is declared and not written makes the first test fail.

import { create, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Element, ElementSchema, PageStateSchema } from "@gen/tabwire/v1/state_pb";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checked, readElements } from "../../wire/element_reader";
import { writeElements } from "../../wire/element_writer";
import { NotPlain } from "../../wire/plain";

const text = fc.oneof(fc.string(), fc.string({ unit: "grapheme", maxLength: 400 }), fc.constant("__proto__"));
const number = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const whole = fc.integer({ min: 0, max: 25 });

/** Anything that a message may hold, by its declaration. */
function anyOf(schema: DescMessage): fc.Arbitrary<object> {
  const parts: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of schema.fields) {
    const name = field.localName;
    if (field.fieldKind === "message") parts[name] = fc.option(anyOf(field.message), { nil: undefined });
    else if (field.fieldKind === "map") parts[name] = fc.dictionary(text, text, { noNullPrototype: true });
    else if (field.fieldKind === "list")
      parts[name] = fc.array<unknown>(field.listKind === "message" ? anyOf(field.message) : whole, { maxLength: 40 });
    else if (field.fieldKind === "enum") parts[name] = whole;
    else parts[name] = scalarOf(String(field.scalar), field.presence === 1);
  }
  return fc.record(parts).map((init) => create(schema, init as never));
}

function scalarOf(type: string, isOptional: boolean): fc.Arbitrary<unknown> {
  const kinds: Record<string, fc.Arbitrary<unknown>> = { "1": fc.double(), "8": fc.boolean(), "9": text, "13": number };
  const kind = kinds[type];
  if (kind === undefined) throw new Error(`a type that elements had none of so far: ${type}`);
  return isOptional ? fc.option(kind, { nil: undefined }) : kind;
}

const elements = fc.array(anyOf(ElementSchema) as fc.Arbitrary<Element>, { maxLength: 6 });

describe("the binary form of elements", () => {
  it("is what the declaration says, for every field", () => {
    fc.assert(
      fc.property(elements, (list) => {
        const state = create(PageStateSchema, { actionableElements: list });
        expect(fromBinary(PageStateSchema, writeElements(list))).toEqual(
          fromBinary(PageStateSchema, toBinary(PageStateSchema, state)),
        );
        expect(writeElements(list).length).toBe(toBinary(PageStateSchema, state).length);
      }),
    );
  });

  it("is read to the same messages", () => {
    fc.assert(
      fc.property(elements, (list) => {
        const bytes = writeElements(list);
        const written = checked(bytes);
        expect(written.count).toBe(list.length);
        expect(readElements(written)).toEqual(fromBinary(PageStateSchema, bytes).actionableElements);
      }),
    );
  });

  it("is refused when it is anything else, and never read differently from what the declaration says", () => {
    const changed = fc.tuple(elements, fc.nat(), fc.nat(255), fc.boolean());
    fc.assert(
      fc.property(changed, ([list, where, byte, isCut]) => {
        const bytes = writeElements(list);
        if (bytes.length === 0) return;
        const at = where % bytes.length;
        const damaged = isCut ? bytes.slice(0, at) : bytes.with(at, byte);
        let count: number;
        try {
          count = checked(damaged).count;
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(NotPlain);
          return;
        }
        const state = fromBinary(PageStateSchema, damaged);
        expect(state.actionableElements).toHaveLength(count);
        expect(toBinary(PageStateSchema, { ...state, actionableElements: [] })).toHaveLength(0);
      }),
      { numRuns: 500 },
    );
  });

  it("is refused with a field that is not declared, with a text that is none, and with one that is cut off", () => {
    const element = (...bytes: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from([42, bytes.length, ...bytes]);
    expect(checked(element(8, 7)).count).toBe(1);
    expect(() => checked(element(200, 6, 1))).toThrow(NotPlain);
    expect(() => checked(element(13, 0, 0, 0, 0))).toThrow(NotPlain);
    expect(() => checked(element(26, 1, 0xff))).toThrow(NotPlain);
    expect(() => checked(element(26, 9, 65))).toThrow(NotPlain);
    expect(() => checked(Uint8Array.from([10, 0]))).toThrow(NotPlain);
    expect(() => checked(element(8, 255, 255, 255, 255, 255, 1))).toThrow(NotPlain);
  });
});
