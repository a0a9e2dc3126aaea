import { describe, expect, it } from "vitest";
import { toAscii } from "../../vite.ascii.ts";

describe("scripts in ASCII", () => {
  it("mean the same", () => {
    const code = '[`\ufdd0`, "é😀", /[à-é]/u.test("ä"), /^😀$/u.test("😀")]';
    const ascii = toAscii(code);
    expect(/^[\0-\x7f]*$/.test(ascii)).toBe(true);
    expect(new Function(`return ${ascii}`)()).toEqual(["\ufdd0", "é😀", true, true]);
  });
});
