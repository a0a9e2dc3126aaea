// @vitest-environment jsdom
// Numbers are given once and kept; an element that has come to mean something else is not acted on.

import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { describe, expect, it } from "vitest";
import { PageError } from "../../page/errors";
import { difference, type Fingerprint, Registry } from "../../page/registry";

const SEEN: Fingerprint = {
  role: "button",
  name: "Delete",
  tag: "button",
  type: "submit",
  href: "",
  form: "",
  row: "Ada",
};
const BOX = { x: 0, y: 0, width: 1, height: 1 };

function codeOf(act: () => unknown): ErrorCode | null {
  try {
    act();
    return null;
  } catch (thrown) {
    if (thrown instanceof PageError) return thrown.code;
    throw thrown;
  }
}

describe("numbers", () => {
  it("are dense, kept, and never given again", () => {
    const registry = new Registry();
    const [a, b] = [document.createElement("a"), document.createElement("b")];
    expect([registry.idOf(a), registry.idOf(b), registry.idOf(a)]).toEqual([1, 2, 1]);
    expect(registry.knownIdOf(document.createElement("i"))).toBe(0);
    expect(registry.idOf(document.createElement("i"))).toBe(3);
  });

  it("lead to the living element only", () => {
    const registry = new Registry();
    const element = document.body.appendChild(document.createElement("button"));
    const id = registry.idOf(element);
    expect(registry.resolve(id, document).element).toBe(element);
    expect(codeOf(() => registry.resolve(id + 1, document))).toBe(ErrorCode.TARGET_ELEMENT_NOT_FOUND);
    expect(codeOf(() => registry.resolve(0, document))).toBe(ErrorCode.TARGET_ELEMENT_NOT_FOUND);
    element.remove();
    expect(codeOf(() => registry.resolve(id, document))).toBe(ErrorCode.STALE_ELEMENT);
    const other = document.implementation.createHTMLDocument();
    other.body.append(element);
    expect(codeOf(() => registry.resolve(id, document))).toBe(ErrorCode.STALE_ELEMENT);
  });
});

describe("meaning", () => {
  it.each<[string, Partial<Fingerprint>]>([
    ["name", { name: "Delete all" }],
    ["role", { role: "link" }],
    ["type", { type: "reset" }],
    ["link", { href: "/elsewhere" }],
    ["form", { form: "Payment" }],
    ["row", { row: "Bob" }],
  ])("changes with the %s", (_, change) => {
    const now = { ...SEEN, ...change };
    expect(difference(SEEN, now)).not.toBe("");
    const registry = new Registry();
    const element = document.body.appendChild(document.createElement("button"));
    const id = registry.idOf(element);
    registry.remember(id, SEEN, BOX);
    expect(codeOf(() => registry.revalidate(registry.resolve(id, document), now))).toBe(ErrorCode.STALE_ELEMENT);
    expect(codeOf(() => registry.revalidate(registry.resolve(id, document), SEEN))).toBeNull();
  });

  it("does not change with a count in brackets", () => {
    expect(difference({ ...SEEN, name: "Cart (1)" }, { ...SEEN, name: "Cart (12)" })).toBe("");
    expect(difference({ ...SEEN, name: "Item 1" }, { ...SEEN, name: "Item 12" })).not.toBe("");
  });
});
