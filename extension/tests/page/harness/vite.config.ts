// Bundles the engine for tests/e2e_page into one script, as the product's own build does.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { alias, generatedCode } from "../../../vite.gen.ts";

export default defineConfig({
  plugins: [generatedCode()],
  resolve: { alias },
  publicDir: false,
  logLevel: "warn",
  build: {
    target: "chrome120",
    emptyOutDir: false,
    lib: {
      entry: fileURLToPath(new URL("content.ts", import.meta.url)),
      formats: ["iife"],
      name: "tabwireHarness",
      fileName: () => "content.js",
    },
  },
});
