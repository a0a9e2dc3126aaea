// Writes the built scripts in ASCII: whatever lies outside is escaped. Chrome refuses an extension whose content script
// holds certain characters (U+FDD0 and its like), and says only that the file is not UTF-8.

import type { Plugin } from "vite";

/** Escapes all that is not ASCII. In strings, templates and patterns an escape means the same as the character. */
export function toAscii(code: string): string {
  // One UTF-16 unit at a time: a pair of escapes is read as the pair of units it stands for.
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Makes all scripts of the bundle ASCII, after they were minified. */
export function asciiOnly(): Plugin {
  return {
    name: "tabwire-ascii-only",
    enforce: "post",
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "chunk") file.code = toAscii(file.code);
      }
    },
  };
}
