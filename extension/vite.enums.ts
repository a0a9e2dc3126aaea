// The enums of the contract as plain numbers in the scripts that are put into pages. TypeScript makes an object of an enum, with
// all its names; as a module of constants the names that are used become numbers, and the rest is left out.

import type { Plugin } from "vite";

const ENUM = /^export enum (\w+) \{$([\s\S]*?)^\}$/gm;
const MEMBER = /^ {2}(\w+) = (\d+),$/gm;

/** The parts of generated code that are enums, by name. */
export function enumsOf(code: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name, body] of code.matchAll(ENUM)) {
    const members = Array.from(
      (body ?? "").matchAll(MEMBER),
      ([, member, value]) => `export const ${member} = ${value};`,
    );
    found.set(name ?? "", members.join("\n"));
  }
  return found;
}

/** Makes modules of constants of the enums, in scripts. */
export function enumsAsConstants(): Plugin {
  const prefix = "\0tabwire-enum:";
  const bodies = new Map<string, string>();
  let isScript = false;
  return {
    name: "tabwire-enums-as-constants",
    enforce: "pre",
    config(config) {
      isScript = typeof config.build?.lib === "object";
    },
    resolveId(source) {
      return source.startsWith(prefix) ? source : null;
    },
    load(id) {
      return id.startsWith(prefix) ? (bodies.get(id) ?? null) : null;
    },
    transform(code, id) {
      if (!isScript || !id.endsWith("_pb.ts")) return null;
      for (const [name, body] of enumsOf(code)) bodies.set(`${prefix}${id}#${name}`, body);
      const made = code.replace(ENUM, (_, name: string) => {
        return `export * as ${name} from ${JSON.stringify(`${prefix}${id}#${name}`)};`;
      });
      return { code: made, map: null };
    },
  };
}
