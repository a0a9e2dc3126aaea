// How the extension is built, and its manifest. Entry points are found by WXT in entrypoints/; nothing is imported by
// magic, so every file says what it uses.

import preact from "@preact/preset-vite";
import { defineConfig } from "wxt";
import identity from "./identity.json";
import { asciiOnly } from "./vite.ascii.ts";
import { enumsAsConstants } from "./vite.enums.ts";
import { alias, generatedCode } from "./vite.gen.ts";
import { sharedModules } from "./vite.shared.ts";

export default defineConfig({
  imports: false,
  entrypointsDir: "entrypoints",
  publicDir: "public",
  outDir: ".output",
  alias,
  vite: () => ({
    plugins: [sharedModules(), enumsAsConstants(), generatedCode(), preact(), asciiOnly()],
    build: { target: "chrome120" },
  }),
  // `wxt build --mode trusted` gives the second flavour: input that pages cannot tell from a person's, by Chrome's
  // debugger. It has the same key, so that each replaces the other and the server knows both.
  manifest: ({ mode }) => ({
    name: mode === "trusted" ? "Tabwire (trusted input)" : "Tabwire",
    description: "An agent that works in your own Chrome, on your word.",
    // The public key pins the extension's id (identity.json), which the edge lets in by its origin.
    key: identity.key,
    minimum_chrome_version: "120",
    permissions: [
      "tabs",
      "tabGroups",
      "scripting",
      "storage",
      "offscreen",
      "alarms",
      "webNavigation",
      "sidePanel",
      "contextMenus",
      "downloads",
      // What a policy forbids is blocked in the tabs of tasks, and only there (browser/policy/network_rules.ts).
      "declarativeNetRequestWithHostAccess",
      // Is there only once the person has allowed user scripts in the extension's details (actions/run_javascript.ts).
      "userScripts",
      ...(mode === "trusted" ? ["debugger" as const] : []),
    ],
    host_permissions: ["<all_urls>"],
    content_scripts: [
      {
        // entrypoints/frame/index.ts says why this is not left to WXT.
        js: ["frame.js"],
        matches: ["<all_urls>"],
        all_frames: true,
        match_about_blank: true,
        match_origin_as_fallback: true,
        run_at: "document_start",
        world: "ISOLATED",
      },
    ],
    action: { default_title: "Open Tabwire" },
    icons: { 16: "icon/16.png", 32: "icon/32.png", 48: "icon/48.png", 128: "icon/128.png" },
    content_security_policy: {
      extension_pages:
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
        "connect-src 'self' https: http:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    },
    commands: {
      _execute_action: {
        suggested_key: { default: "Alt+Shift+T" },
        description: "Open the Tabwire side panel",
      },
    },
  }),
});
