// Lets the engine's second file (entrypoints/extras) work with the engine's own modules. A content script cannot import, and
// a second copy of a module would have a state of its own: another list of elements, other errors, another pointer. So what
// the second file takes of the engine's modules is put into a list by the engine (`virtual:tabwire-shared`), and taken from
// there by number. Both builds find out what that is from the sources, in the same way.

import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const here = fileURLToPath(new URL("./", import.meta.url));
const ENGINE = resolve(here, "entrypoints/engine/index.ts");
const EXTRAS = resolve(here, "entrypoints/extras/index.ts");
const SHARED = "virtual:tabwire-shared";

/** One import of values: from which file, and what. */
interface Taken {
  readonly file: string;
  readonly names: readonly string[];
}

const STATEMENT = /^(?:import|export)\s+(type\s+)?(?:\{([^}]*)\}|(\*\s+as\s+\w+|\w+))\s+from\s+"([^"]+)";/gm;

/** Finds the file of an import; null for packages and generated code, of which every script has its own part. */
function fileOf(source: string, importer: string): string | null {
  if (!source.startsWith(".") || importer.endsWith("_pb.ts")) return null;
  const path = resolve(dirname(importer), source);
  return existsSync(`${path}.ts`) ? `${path}.ts` : path;
}

/** The values that a file imports from files of the project. A whole namespace is told by the name `*`. */
function takenBy(file: string): Taken[] {
  const found: Taken[] = [];
  for (const [, type, list, whole, source] of readFileSync(file, "utf8").matchAll(STATEMENT)) {
    const from = type === undefined ? fileOf(source ?? "", file) : null;
    if (from === null) continue;
    const all = whole === undefined ? (list ?? "").split(",").map((name) => name.trim()) : ["*"];
    const names = all.filter((name) => name !== "" && !name.startsWith("type "));
    if (names.length > 0) found.push({ file: from, names: names.map((name) => name.split(/\s+as\s+/)[0] ?? name) });
  }
  return found;
}

/** All files that a script is made of. Input by the browser is only in the flavour that has it. */
export function filesOf(entry: string, mode: string): Set<string> {
  const files = new Set([entry]);
  for (const file of files) {
    for (const taken of takenBy(file)) {
      if (mode === "trusted" || !taken.file.includes("/page/trusted/")) files.add(taken.file);
    }
  }
  return files;
}

/** What the second file takes of the engine's modules: `file#name`, in the order in which it is numbered. */
export function sharedNames(mode: string): string[] {
  const engine = filesOf(ENGINE, mode);
  const names = new Set<string>();
  for (const file of filesOf(EXTRAS, mode)) {
    if (engine.has(file)) continue;
    for (const taken of takenBy(file)) {
      if (!engine.has(taken.file)) continue;
      if (taken.names.includes("*")) throw new Error(`${file} takes all of ${taken.file}, which is the engine's`);
      for (const name of taken.names) names.add(`${taken.file}#${name}`);
    }
  }
  return [...names].sort();
}

/** The engine's side: the list. */
function listOf(names: readonly string[]): string {
  const imports = names.map((entry, at) => {
    const [file, name] = entry.split("#");
    return `import { ${name} as $${at} } from ${JSON.stringify(file)};`;
  });
  return `${imports.join("\n")}\nexport const shared = [${names.map((_, at) => `$${at}`).join(", ")}];`;
}

/** The second file's side: a module of the engine, out of the list. */
function moduleOf(file: string, names: readonly string[]): string {
  const lines = names.flatMap((entry, at) => {
    const [from, name] = entry.split("#");
    return from === file ? [`export const ${name} = globalThis.tabwireResident.shared[${at}];`] : [];
  });
  return lines.join("\n");
}

/** Joins the two scripts. */
export function sharedModules(): Plugin {
  const prefix = `\0${SHARED}:`;
  let mode = "production";
  let isExtras = false;
  let engine = new Set<string>();
  let names: string[] = [];
  return {
    name: "tabwire-shared-modules",
    enforce: "pre",
    config(config, env) {
      mode = env.mode;
      const { lib } = config.build ?? {};
      isExtras = typeof lib === "object" && String(lib.entry).includes("entrypoints/extras/");
    },
    buildStart() {
      names = sharedNames(mode);
      engine = filesOf(ENGINE, mode);
    },
    resolveId(source, importer) {
      if (source === SHARED) return `\0${SHARED}`;
      const file = importer === undefined || importer.startsWith("\0") ? null : fileOf(source, importer);
      return isExtras && file !== null && engine.has(file) ? prefix + file : null;
    },
    load(id) {
      if (id === `\0${SHARED}`) return listOf(names);
      return id.startsWith(prefix) ? moduleOf(id.slice(prefix.length), names) : null;
    },
  };
}
