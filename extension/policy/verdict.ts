// Judges addresses and consequences by what is in force. Pure. The twin of server/tabwire/policy/verdict.py; both are held
// to tests/vectors/policy/verdicts.json. The server has judged before; here it is done once more, about what is really shown.

import { Consequence, type EffectivePolicy, Permission, type PolicyRule } from "@gen/tabwire/v1/policy_pb";
import {
  type Address,
  isPrivateHost,
  matches,
  matchesAny,
  namesPrivate,
  originInWords,
  readAddress,
  readPattern,
} from "./origins";

/** Addresses of Chrome's own, and of documents that have the origin of the one that made them. */
const NOT_JUDGED = new Set(["about", "chrome", "chrome-error", "chrome-extension", "devtools", "view-source"]);

/** Why a document may not be shown or looked into. */
export interface Denial {
  /** What it is, as `https://evil.example`. */
  readonly what: string;
}

/** Whether a document of this address may be shown or looked into; why not. */
export function judgeAddress(policy: EffectivePolicy, url: string, isMain = true): Denial | undefined {
  const address = readAddress(url);
  if (address === undefined) return url === "" ? undefined : { what: "what is no address" };
  if (NOT_JUDGED.has(address.scheme)) return undefined;
  if (address.isLocal) {
    if (isMain && policy.localDocuments !== Permission.ALLOW) return { what: `${url.split(":")[0]}: documents` };
    if (address.host === "") return undefined;
  }
  return judgeOrigin(policy, address);
}

function judgeOrigin(policy: EffectivePolicy, address: Address): Denial | undefined {
  const origin = originInWords(address);
  for (const { deniedOrigins, allowedOrigins } of policy.levels) {
    if (matchesAny(deniedOrigins, address)) return { what: origin };
    if (allowedOrigins.length > 0 && !matchesAny(allowedOrigins, address)) return { what: origin };
  }
  if (policy.privateNetwork !== Permission.ALLOW && isPrivateHost(address.host) && !isNamed(policy, address)) {
    return { what: `${origin}, an address of a private network` };
  }
  if (policy.plainHttp !== Permission.ALLOW && address.scheme === "http")
    return { what: `${origin}, without encryption` };
  return undefined;
}

/** Whether an allowed origin names this private address itself. */
function isNamed(policy: EffectivePolicy, address: Address): boolean {
  return policy.levels.some(({ allowedOrigins }) =>
    allowedOrigins.some((text) => {
      const pattern = readPattern(text);
      return pattern !== undefined && namesPrivate(pattern) && matches(pattern, address);
    }),
  );
}

/** Whether something that leads to this may be done at an address. */
export function permissionOf(policy: EffectivePolicy, url: string, consequence: Consequence): Permission {
  const address = readAddress(url);
  const said: Permission[] = policy.levels
    .map(({ rules }) => first(rules, address, consequence))
    .filter((permission) => permission !== Permission.UNSPECIFIED);
  if (said.length === 0) said.push(first(policy.defaults, address, consequence) || Permission.ALLOW);
  return [Permission.DENY, Permission.ASK].find((permission) => said.includes(permission)) ?? Permission.ALLOW;
}

const EVERY_CONSEQUENCE = [
  Consequence.BUY,
  Consequence.SEND,
  Consequence.DELETE,
  Consequence.PUBLISH,
  Consequence.CREDENTIALS,
  Consequence.DIALOG,
  Consequence.UPLOAD,
  Consequence.DOWNLOAD,
  Consequence.JAVASCRIPT,
  Consequence.ANY_CHANGE,
];

/** What may not be led to at an address, but for what was approved. */
export function forbiddenAt(policy: EffectivePolicy, url: string, approved: readonly Consequence[]): Consequence[] {
  return EVERY_CONSEQUENCE.filter((one) => {
    const permission = permissionOf(policy, url, one);
    return permission === Permission.DENY || (permission === Permission.ASK && !approved.includes(one));
  });
}

function first(rules: readonly PolicyRule[], address: Address | undefined, consequence: Consequence): Permission {
  const rule = rules.find(
    ({ consequences, origins }) =>
      (consequences.length === 0 || consequences.includes(consequence)) &&
      (origins.length === 0 || (address !== undefined && matchesAny(origins, address))),
  );
  return rule?.permission ?? Permission.UNSPECIFIED;
}
