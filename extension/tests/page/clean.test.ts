// Text of the page is made fit to leave it.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, fold, informs, joinPieces, quote, SEAM, utf8Length } from "../../page/clean";

describe("text", () => {
  it("is folded, and loses what shows nothing", () => {
    expect(fold("  a\n\tb\u00a0c ")).toBe("a b c");
    expect(fold("ze\u200bro\ufeff \u202eturned\u2066")).toBe("zero turned");
    expect(fold("\u{e0041}tags\u{e0042}")).toBe("tags");
    expect(fold("\ue001 icon")).toBe("icon");
    expect(fold("a\u0000b\u001bc")).toBe("abc");
  });

  it("keeps the joiners that scripts and emoji need", () => {
    expect(fold("👩‍💻 می‌خواهم")).toBe("👩‍💻 می‌خواهم");
  });

  it("is joined at seams, but not before punctuation", () => {
    expect(joinPieces(["see", SEAM, "about us", SEAM, ", then"])).toBe("see about us, then");
    expect(joinPieces(["(", SEAM, "inside", SEAM, ")"])).toBe("(inside)");
    expect(joinPieces(["Price", SEAM, SEAM, "5"])).toBe("Price 5");
  });

  it("informs if it has a letter, a digit or a currency", () => {
    expect(["a", "7", "€", "字"].every(informs)).toBe(true);
    expect([" ", "·", "| /", "—"].some(informs)).toBe(false);
  });

  it("is cut at whole characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(40), (text, limit) => {
        const kept = cut(text, limit);
        expect(kept.length).toBeLessThanOrEqual(limit);
        expect(text.startsWith(kept)).toBe(true);
        // Half of a pair stays only where the text itself has but the half.
        const split = /[\ud800-\udbff]$/.test(kept) && /^[\udc00-\udfff]/.test(text.slice(kept.length));
        expect(split).toBe(false);
      }),
    );
  });

  it("is counted as it is sent", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
      }),
    );
  });

  it("is quoted in short", () => {
    expect(quote(`a  "b"`)).toBe(`"a "b""`);
    expect(quote("x".repeat(100), 10)).toBe(`"${"x".repeat(10)}…"`);
  });
});
