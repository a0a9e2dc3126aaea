// Writes a policy as rules of Chrome's own filter (declarativeNetRequest), which holds for everything a tab loads, redirects
// included, without anybody's doing. What its patterns cannot tell is looked after in task_tabs.ts. Pure.

import { type EffectivePolicy, Permission } from "@gen/tabwire/v1/policy_pb";
import { namesPrivate, type Pattern, readPattern } from "../../policy/origins";

type Rule = chrome.declarativeNetRequest.Rule;
type Types = chrome.declarativeNetRequest.ResourceType[];

const DOCUMENTS = ["main_frame", "sub_frame"] as Types;
/** What a page sends that has nothing to do with how it looks. */
const SENT = ["ping", "csp_report"] as Types;
const EVERYTHING = [
  ...DOCUMENTS,
  ...SENT,
  ...["stylesheet", "script", "image", "font", "object", "xmlhttprequest", "media", "websocket", "webtransport"],
  ...["webbundle", "other"],
] as Types;

enum Priority {
  Rest = 1,
  Allowed = 2,
  Private = 3,
  Named = 4,
  Denied = 5,
}

const USER = "(?:[^/?#@]*@)?";
const END = "(?:[/?#]|$)";
const DEFAULT_PORTS: Record<string, string> = { http: "80", https: "443" };
/** Hosts on this computer and in private networks, as Chrome writes them. */
const PRIVATE_HOSTS = [
  String.raw`(?:0|10|127)\.[0-9.]+`,
  String.raw`100\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.[0-9.]+`,
  String.raw`169\.254\.[0-9.]+`,
  String.raw`172\.(?:1[6-9]|2[0-9]|3[01])\.[0-9.]+`,
  String.raw`192\.168\.[0-9.]+`,
  String.raw`198\.1[89]\.[0-9.]+`,
  String.raw`\[(?:::1?|f[cd][0-9a-f:]*|fe[89a-f][0-9a-f]:[0-9a-f:]*|::ffff:(?:a|7f|c0a8|ac1|a9fe)[0-9a-f:]*)\]`,
  String.raw`[a-z0-9_-]+\.?`,
  String.raw`[a-z0-9._-]+\.(?:localhost|local|internal|home\.arpa)\.?`,
];

/** The rules of a policy for some tabs, numbered from `firstId`. */
export function networkRules(policy: EffectivePolicy, tabIds: readonly number[], firstId: number): Rule[] {
  const rules: Rule[] = [];
  const add = (priority: Priority, type: "allow" | "block", regexFilter: string, resourceTypes: Types): void => {
    const condition = { regexFilter, resourceTypes, tabIds: [...tabIds], isUrlFilterCaseSensitive: false };
    const action = { type: type as chrome.declarativeNetRequest.RuleActionType };
    rules.push({ id: firstId + rules.length, priority, action, condition });
  };
  // A document has to lie in what every level allows: what one level does not name is blocked, whatever another names.
  const lists = policy.levels.map(({ allowedOrigins }) => allowedOrigins).filter((list) => list.length > 0);
  const common = lists.map(read).reduce<readonly Pattern[] | undefined>(inBoth, undefined);
  if (common !== undefined) {
    add(Priority.Rest, "block", "^(?:https?|wss?)://", [...DOCUMENTS, ...SENT]);
    for (const pattern of common) add(Priority.Allowed, "allow", regexOf(pattern), [...DOCUMENTS, ...SENT]);
  }
  if (policy.privateNetwork !== Permission.ALLOW) {
    for (const host of PRIVATE_HOSTS) {
      add(Priority.Private, "block", `^(?:https?|wss?)://${USER}${host}(?::[0-9]+)?${END}`, EVERYTHING);
    }
    for (const pattern of (common ?? []).filter(namesPrivate))
      add(Priority.Named, "allow", regexOf(pattern), EVERYTHING);
  }
  for (const pattern of policy.levels.flatMap(({ deniedOrigins }) => read(deniedOrigins))) {
    add(Priority.Denied, "block", regexOf(pattern), EVERYTHING);
  }
  if (policy.plainHttp !== Permission.ALLOW) add(Priority.Denied, "block", "^http://", DOCUMENTS);
  return rules;
}

function inBoth(all: readonly Pattern[] | undefined, list: readonly Pattern[]): readonly Pattern[] {
  if (all === undefined) return list;
  return all.flatMap((a) => list.map((b) => intersection(a, b)).filter((pattern) => pattern !== undefined));
}

/** The pattern of the addresses that lie in two patterns; undefined if none does. */
export function intersection(a: Pattern, b: Pattern): Pattern | undefined {
  const scheme = a.scheme === "" || a.scheme === b.scheme ? b.scheme : b.scheme === "" ? a.scheme : undefined;
  const inner = innerHost(a, b) ?? innerHost(b, a);
  if (scheme === undefined || inner === undefined) return undefined;
  const full = (port: string): string => (port === "" ? (DEFAULT_PORTS[scheme] ?? "") : port);
  const port = a.port === "*" ? b.port : b.port === "*" || full(a.port) === full(b.port) ? a.port : undefined;
  return port === undefined ? undefined : { ...inner, scheme, port };
}

/** The hosts of `b`, if they lie in those of `a`. */
function innerHost(a: Pattern, b: Pattern): Pick<Pattern, "host" | "subdomains"> | undefined {
  const { host, subdomains } = b;
  if (a.host === "*" || (a.subdomains && host.endsWith(`.${a.host}`))) return { host, subdomains };
  return a.host === host ? { host, subdomains: a.subdomains && subdomains } : undefined;
}

function read(texts: readonly string[]): Pattern[] {
  return texts.map(readPattern).filter((pattern) => pattern !== undefined);
}

/** A pattern as a regular expression over addresses as Chrome writes them. */
export function regexOf({ scheme, host, port, subdomains }: Pattern): string {
  const schemes = scheme === "" ? "(?:https?|wss?)" : scheme === "https" ? "(?:https|wss)" : "(?:http|ws)";
  const name = host === "*" ? "[^/?#@]*?" : escaped(host);
  const sub = subdomains ? "(?:[^/?#@:]*\\.)?" : "";
  const dot = host === "*" || host.startsWith("[") ? "" : "\\.?";
  // Chrome leaves a scheme's own port out.
  const isOwn = port === "" || port === DEFAULT_PORTS[scheme];
  const ports = port === "*" ? "(?::[0-9]+)?" : isOwn ? "" : `:${port}`;
  return `^${schemes}://${USER}${sub}${name}${dot}${ports}${END}`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
