// What counts as the same text when a field is read back.

import { describe, expect, it } from "vitest";
import { sameParagraphs, sameWhenBare, saysTheSame } from "../../page/act/compare";

describe("texts that are read back", () => {
  it.each([
    ["one\ntwo", "one\n\ntwo", true],
    ["one\ntwo", "one\ntwo\n", true],
    ["a b", "a\u00a0b", true],
    ["", "\u200b\n", true],
    ["one\ntwo", "one two", false],
    ["one\ntwo", "two\none", false],
    ["one", "one two", false],
    ["  indented", "indented", false],
  ])("have the same paragraphs: %j, %j", (a, b, same) => {
    expect(sameParagraphs(a, b)).toBe(same);
  });

  it.each([
    ["5551234", "(555) 1234", true],
    ["loud", "LOUD", true],
    ["", "", false],
    ["...", "!!!", false],
    ["12", "123", false],
  ])("are the same without their layout: %j, %j", (a, b, same) => {
    expect(sameWhenBare(a, b)).toBe(same);
  });

  it("say the same apart from white space", () => {
    expect(saysTheSame("a b\n", "ab")).toBe(true);
    expect(saysTheSame("a.b", "ab")).toBe(false);
  });
});
