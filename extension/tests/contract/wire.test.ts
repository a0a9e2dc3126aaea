// The same golden bytes that the Python tests read: TypeScript reads them to the same JSON and writes the same bytes, and
// keeps what it does not know.

import { readFileSync } from "node:fs";
import { type DescMessage, fromBinary, fromJson, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { registry } from "./registry";

type Sample = { hex: string; json: JsonValue };
const golden: Record<string, Sample[]> = JSON.parse(
  readFileSync(new URL("../../../tests/contract/golden.json", import.meta.url), "utf8"),
);
// Field 5000, varint 7: a number no message of this contract uses.
const unknownField = "c0b80207";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

function schema(name: string): DescMessage {
  const found = registry.getMessage(name);
  if (!found) throw new Error(`${name} is not generated for TypeScript`);
  return found;
}

describe.each(Object.entries(golden))("%s", (name, samples) => {
  it("reads and writes the golden bytes", () => {
    for (const sample of samples) {
      const message = fromBinary(schema(name), bytes(sample.hex));
      expect(toJson(schema(name), message)).toEqual(sample.json);
      expect(hex(toBinary(schema(name), message))).toBe(sample.hex);
      expect(hex(toBinary(schema(name), fromJson(schema(name), sample.json)))).toBe(sample.hex);
    }
  });

  it("keeps fields it does not know", () => {
    for (const sample of samples) {
      const message = fromBinary(schema(name), bytes(sample.hex + unknownField));
      expect(hex(toBinary(schema(name), message))).toBe(sample.hex + unknownField);
    }
  });

  it("keeps enum numbers it does not know", () => {
    for (const field of schema(name).fields) {
      if (field.fieldKind !== "enum") continue;
      const data = Buffer.concat([varint(field.number << 3), varint(4711)]);
      const message = fromBinary(schema(name), data);
      expect(hex(toBinary(schema(name), message))).toBe(hex(data));
    }
  });
});

function varint(value: number): Uint8Array {
  const out: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Uint8Array.from([...out, rest]);
    out.push((rest & 127) | 128);
  }
}
