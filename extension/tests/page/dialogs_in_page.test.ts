// The script in the page's world: what it weighs, and that it uses nothing from outside of itself.

import { minify } from "vite";
import { describe, expect, it } from "vitest";
import { watchDialogs } from "../../page/dialogs_in_page";
import { objection } from "../../page/leave";

describe("what is injected by its source", () => {
  it("weighs less than 2 kB in the page's world", async () => {
    const { code } = await minify("script.js", `globalThis.watch = ${String(watchDialogs)};`);
    expect(code.length).toBeGreaterThan(500);
    expect(code.length).toBeLessThan(2048);
  });

  it.each([watchDialogs, objection])("stands on its own", (script) => {
    // In a strict function of its own every name from outside would be one of these.
    expect(String(script)).not.toMatch(/__vi|import_|_vitest|\bchrome\b/);
  });
});
