// The scripts that are put into pages, as the build makes them: how large they are, and that the second file of the engine
// holds nothing of the first one's a second time.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { describe, expect, it } from "vitest";
import { toAscii } from "../../vite.ascii.ts";
import { enumsAsConstants, enumsOf } from "../../vite.enums.ts";
import { alias, generatedCode } from "../../vite.gen.ts";
import { filesOf, sharedModules, sharedNames } from "../../vite.shared.ts";

/** What is needed for a look, a click and typing, as files and gzipped. */
const LIMIT = 60_000;

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const entryOf = (name: string): string => at(`entrypoints/${name}/index.ts`);

interface Script {
  readonly code: string;
  readonly modules: readonly string[];
}

/** Whether a module is the project's, and neither a package's nor made up by the build. */
function isOwn(id: string): boolean {
  return !id.startsWith("\0") && !id.includes("/node_modules/");
}

async function built(name: string): Promise<Script> {
  const result = await build({
    configFile: false,
    root: at(""),
    publicDir: false,
    logLevel: "silent",
    plugins: [sharedModules(), enumsAsConstants(), generatedCode()],
    resolve: { alias },
    define: { "import.meta.env.MODE": '"production"' },
    build: {
      target: "chrome120",
      write: false,
      lib: { entry: entryOf(name), formats: ["iife"], name, fileName: () => `${name}.js` },
    },
  });
  const outputs = Array.isArray(result) ? result : [result];
  const chunks = outputs.flatMap((output) => ("output" in output ? output.output : []));
  const chunk = chunks.find((file) => file.type === "chunk");
  if (chunk?.type !== "chunk") throw new Error(`no script came of ${name}`);
  const own = Object.entries(chunk.modules).filter(([id, { renderedLength }]) => renderedLength > 0 && isOwn(id));
  return { code: toAscii(chunk.code), modules: own.map(([id]) => id) };
}

describe("the scripts in pages", () => {
  it("are small enough for a look, a click and typing", async () => {
    const [engine, frame] = await Promise.all([built("engine"), built("frame")]);
    const size = [engine, frame].reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
    expect(size).toBeLessThan(LIMIT);
  });

  it("share modules, so that none of them is there twice", async () => {
    const [engine, extras] = await Promise.all([built("engine"), built("extras")]);
    expect(extras.modules.filter((id) => engine.modules.includes(id))).toEqual([]);
    expect(extras.modules).toContain(at("page/extract/markdown.ts"));
    expect(engine.modules).not.toContain(at("page/extract/markdown.ts"));
  });

  it("have the enums of the contract as they are", async () => {
    const { ErrorCode } = await import("@gen/tabwire/v1/error_pb");
    const found = enumsOf(readFileSync(at("../gen/es/tabwire/v1/error_pb.ts"), "utf8")).get("ErrorCode") ?? "";
    const told = Array.from(found.matchAll(/const (\w+) = (\d+);/g), ([, name, value]) => [name, Number(value)]);
    expect(told).toEqual(Object.entries(ErrorCode).filter(([, value]) => typeof value === "number"));
  });

  it("have the project's own enums as they are", async () => {
    const { Kind } = await import("../../page/perceive/kind");
    const found = enumsOf(readFileSync(at("page/perceive/kind.ts"), "utf8")).get("Kind") ?? "";
    const told = Array.from(found.matchAll(/const (\w+) = (\d+);/g), ([, name, value]) => [name, Number(value)]);
    expect(told).toEqual(Object.entries(Kind).filter(([, value]) => typeof value === "number"));
    const numbered = enumsOf("export enum Bit {\n  /** One. */\n  One = 16_384,\n  Next,\n}\n").get("Bit");
    expect(numbered).toBe("export const One = 16384;\nexport const Next = 16385;");
  });

  it("agree on what is shared, in either flavour", () => {
    for (const mode of ["production", "trusted"]) {
      const names = sharedNames(mode);
      expect(names).toContain(`${at("page/errors.ts")}#PageError`);
      const engine = filesOf(entryOf("engine"), mode);
      expect(names.every((name) => engine.has(name.split("#")[0] ?? ""))).toBe(true);
    }
  });
});
