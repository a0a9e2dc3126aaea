// How the TypeScript unit tests run: plain Node unless a test file asks for jsdom in its first line
// (`// @vitest-environment jsdom`).
//
// A process of its own for each file costs more than most files do. Files whose code keeps nothing between tests share
// one; what works on Chrome's doubles or in a document, which are global, has one for each file.

import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { alias, generatedCode } from "./vite.gen.ts";

const ALL = "tests/**/*.test.{ts,tsx}";
const FOLDERS_OF_SHARING = ["compat", "contract", "fuzz", "link", "page", "policy", "wire"];

/** The test files of a folder, without those that ask for an environment. */
function sharingIn(folder: string): string[] {
  const inside = readdirSync(new URL(`tests/${folder}`, import.meta.url), { recursive: true, encoding: "utf8" });
  const files = inside.filter((name) => /\.test\.tsx?$/.test(name)).map((name) => `tests/${folder}/${name}`);
  return files.filter((file) => !readFileSync(new URL(file, import.meta.url), "utf8").includes("@vitest-environment"));
}

const sharing = FOLDERS_OF_SHARING.flatMap(sharingIn);

export default defineConfig({
  plugins: [generatedCode()],
  resolve: { alias },
  test: {
    restoreMocks: true,
    testTimeout: 60_000,
    projects: [
      { extends: true, test: { name: "sharing", include: sharing, isolate: false, unstubGlobals: true } },
      { extends: true, test: { name: "apart", include: [ALL], exclude: sharing } },
    ],
  },
});
