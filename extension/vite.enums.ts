// Enums as plain numbers in the scripts that are put into pages: the contract's, and the project's own. TypeScript makes an object
// of an enum, with all its names; as a module of constants the names that are used become numbers, and the rest is left out.

import type { Plugin } from "vite";

const ENUM = /^export enum (\w+) \{$([\s\S]*?)^\}$/gm;
const MEMBER = /^ {2}(\w+)(?: = ([\d_]+))?,$/gm;

/** The parts of code that are enums, by name. A member without a number has the one after that of the member before it. */
export function enumsOf(code: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name, body] of code.matchAll(ENUM)) {
    let next = 0;
    const members = Array.from((body ?? "").matchAll(MEMBER), ([, member, value]) => {
      if (value !== undefined) next = Number(value.replaceAll("_", ""));
      return `export const ${member} = ${next++};`;
    });
    found.set(name ?? "", members.join("\n"));
  }
  return found;
}

/** Whether a file of the project asks for a member by a name that only the running code knows. */
function isAskedByName(code: string, name: string): boolean {
  return code.includes(`typeof ${name}`);
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
      if (!isScript || !id.endsWith(".ts") || id.includes("/node_modules/")) return null;
      const enums = enumsOf(code);
      for (const [name, body] of enums) bodies.set(`${prefix}${id}#${name}`, body);
      const made = code.replace(ENUM, (whole, name: string) => {
        if (isAskedByName(code, name)) return whole;
        return `import * as ${name} from ${JSON.stringify(`${prefix}${id}#${name}`)};\nexport { ${name} };`;
      });
      if (made === code) return null;
      return { code: made, map: null };
    },
  };
}
