// How the bundler and the unit tests find the generated code, which lies beside this folder and not inside of it: the
// name "@gen", and a rule that what the generated code itself imports is looked up in this folder's packages.

import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const here = fileURLToPath(new URL("./", import.meta.url));
const generated = fileURLToPath(new URL("../gen/es", import.meta.url));

/** Import names that stand for folders. The same are told to TypeScript in tsconfig.json. */
export const alias: Record<string, string> = { "@gen": generated };

/** Resolves the packages that generated code imports, as if it lay in this folder. */
export function generatedCode(): Plugin {
  return {
    name: "tabwire-generated-code",
    enforce: "pre",
    async resolveId(source, importer) {
      if (importer === undefined || !importer.startsWith(generated) || !source.startsWith("@bufbuild/")) return null;
      return this.resolve(source, `${here}package.json`, { skipSelf: true });
    },
  };
}
