// How the TypeScript unit tests run: plain Node unless a test file asks for jsdom in its first line
// (`// @vitest-environment jsdom`).

import { defineConfig } from "vitest/config";
import { alias, generatedCode } from "./vite.gen.ts";

export default defineConfig({
  plugins: [generatedCode()],
  resolve: { alias },
  test: {
    include: ["tests/**/*.test.ts", "tests/**/*.test.tsx"],
    environment: "node",
    restoreMocks: true,
    testTimeout: 60_000,
  },
});
