// Bundles every file of src/pages into one HTML page of dist/ by the same name, with the script and the styles it needs.
// Served by tests/e2e_page/harness.py as /kits/dist/<name>.html.

import { readdirSync } from "node:fs";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const pages = fileURLToPath(new URL("src/pages", import.meta.url));
const entries = Object.fromEntries(
  readdirSync(pages).map((file) => [basename(file, extname(file)), `${pages}/${file}`]),
);

/** Writes the HTML page of each entry. */
function htmlPages() {
  return {
    name: "html-pages",
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk" || !chunk.isEntry || !(chunk.name in entries)) continue;
        const styles = stylesOf(chunk, bundle).map((file) => `<link rel="stylesheet" href="./${file}">`);
        const script = `<script type="module" src="./${chunk.fileName}"></script>`;
        const head = `<meta charset="utf-8"><title>${chunk.name}</title>${styles.join("")}`;
        const source = `<!doctype html><html lang="en"><head>${head}</head><body><main id="root"></main>${script}</body></html>\n`;
        this.emitFile({ type: "asset", fileName: `${chunk.name}.html`, source });
      }
    },
  };
}

/** The styles of a chunk and of what it imports. */
function stylesOf(chunk, bundle, seen = new Set()) {
  if (seen.has(chunk)) return [];
  seen.add(chunk);
  const below = chunk.imports.flatMap((name) => {
    const next = bundle[name];
    return next?.type === "chunk" ? stylesOf(next, bundle, seen) : [];
  });
  return [...new Set([...below, ...(chunk.viteMetadata?.importedCss ?? [])])];
}

/** Draft.js needs what React 19 took away, so it and its page get React 18. */
function olderReact() {
  return {
    name: "older-react",
    enforce: "pre",
    async resolveId(source, importer) {
      const found = /^react(-dom)?(\/.*)?$/.exec(source);
      if (found === null || !/\/(draft-js|fbjs|react-18|react-dom-18|draft\.jsx)(\/|$)/.test(importer ?? ""))
        return null;
      return await this.resolve(`react${found[1] ?? ""}-18${found[2] ?? ""}`, importer, { skipSelf: true });
    },
  };
}

export default defineConfig({
  base: "./",
  publicDir: false,
  logLevel: "error",
  plugins: [olderReact(), htmlPages()],
  define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
  worker: { format: "es" },
  build: {
    target: "chrome120",
    minify: false,
    chunkSizeWarningLimit: 20_000,
    reportCompressedSize: false,
    rolldownOptions: { input: entries },
  },
});
