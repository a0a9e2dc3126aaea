// Addresses and origin patterns: compared part by part, never by how they begin. Chrome's own URL reads them. The twin of
// server/tabwire/policy/origins.py; both are held to tests/vectors/policy/origins.json.

/** What counts of an address. `host` is empty for one that has no origin of its own. */
export interface Address {
  readonly scheme: string;
  readonly host: string;
  readonly port: string;
  /** True for a document of a data:, blob:, filesystem: or file: address. */
  readonly isLocal: boolean;
}

/** A pattern that was read. `scheme` empty: http and https; `port` empty: the scheme's own, "*": any. */
export interface Pattern {
  readonly scheme: string;
  readonly host: string;
  readonly port: string;
  readonly subdomains: boolean;
}

const DEFAULT_PORTS: Record<string, string> = { http: "80", https: "443" };
/** Documents that the browser or a page makes up by itself. */
const LOCAL_SCHEMES = new Set(["data", "blob", "filesystem", "file"]);
/** Name endings that no public server can have. */
const PRIVATE_ENDINGS = [".localhost", ".local", ".internal", ".home.arpa"];
/** Networks of IPv4: address and length of the prefix. */
const NETWORKS_4: readonly (readonly [number, number])[] = [
  [0x00000000, 8],
  [0x0a000000, 8],
  [0x64400000, 10],
  [0x7f000000, 8],
  [0xa9fe0000, 16],
  [0xac100000, 12],
  [0xc0a80000, 16],
  [0xc6120000, 15],
];
const MAX_ADDRESS = 65_536;

/** Reads an address as Chrome does; undefined if it is none. */
export function readAddress(url: string): Address | undefined {
  if (url.length > MAX_ADDRESS || !URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  const scheme = parsed.protocol.slice(0, -1);
  if (LOCAL_SCHEMES.has(scheme)) {
    const holds = scheme === "blob" || scheme === "filesystem";
    const inner = holds ? readAddress(url.trim().slice(scheme.length + 1)) : undefined;
    if (inner !== undefined && DEFAULT_PORTS[inner.scheme] !== undefined) return { ...inner, isLocal: true };
    return { scheme, host: "", port: "", isLocal: true };
  }
  const own = DEFAULT_PORTS[scheme];
  if (own === undefined) return { scheme, host: "", port: "", isLocal: false };
  return { scheme, host: withoutDot(parsed.hostname), port: parsed.port || own, isLocal: false };
}

/** The origin of an address, for a person. */
export function originInWords({ scheme, host, port }: Address): string {
  if (host === "") return `${scheme}:`;
  return `${scheme}://${host}${DEFAULT_PORTS[scheme] === port ? "" : `:${port}`}`;
}

const PATTERN = /^(?:(https?):\/\/)?(\*\.)?(\*|\[[0-9a-fA-F:.]+\]|[^\s/?#@\\:*[\]]+)(?::(\*|[0-9]{1,5}))?\/?$/;

/** Reads an origin pattern; undefined if it is none. */
export function readPattern(text: string): Pattern | undefined {
  const found = PATTERN.exec(text.trim());
  if (found === null) return undefined;
  const [, scheme = "", star, host = "", told = ""] = found;
  const subdomains = star !== undefined;
  const port = told === "" || told === "*" ? told : String(Number(told));
  const own = { scheme, port: scheme !== "" && port === DEFAULT_PORTS[scheme] ? "" : port };
  if (host === "*") return subdomains ? undefined : { ...own, host: "*", subdomains: false };
  const address = readAddress(`https://${host}/`);
  if (address === undefined || address.host === "" || (subdomains && isNumber(address.host))) return undefined;
  if (port !== "*" && Number(port) > 65_535) return undefined;
  return { ...own, host: address.host, subdomains };
}

/** Whether an address lies in a pattern. */
export function matches(pattern: Pattern, { scheme, host, port }: Address): boolean {
  const own = DEFAULT_PORTS[scheme];
  if (own === undefined || (pattern.scheme !== "" && pattern.scheme !== scheme)) return false;
  if (pattern.port !== "*" && port !== (pattern.port || own)) return false;
  if (pattern.host === "*") return true;
  return host === pattern.host || (pattern.subdomains && host.endsWith(`.${pattern.host}`));
}

/** Whether an address lies in one of some patterns. One that cannot be read matches nothing. */
export function matchesAny(patterns: readonly string[], address: Address): boolean {
  return patterns.some((text) => {
    const pattern = readPattern(text);
    return pattern !== undefined && matches(pattern, address);
  });
}

/** Whether a pattern names one private host by itself. */
export function namesPrivate({ host, subdomains }: Pattern): boolean {
  return !subdomains && host !== "*" && isPrivateHost(host);
}

/** Whether a host is on this computer or in a private network: by number, by name without dots, or by ending. */
export function isPrivateHost(host: string): boolean {
  if (host.startsWith("[")) return isPrivate6(groupsOf(host.slice(1, -1)));
  if (isNumber(host)) return isPrivate4(numberOf(host));
  return !host.includes(".") || PRIVATE_ENDINGS.some((ending) => host.endsWith(ending));
}

function isNumber(host: string): boolean {
  return host.startsWith("[") || /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}

function numberOf(host: string): number {
  return host.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function isPrivate4(address: number): boolean {
  return NETWORKS_4.some(([network, length]) => {
    const size = 2 ** (32 - length);
    return Math.floor(address / size) === Math.floor(network / size);
  });
}

function isPrivate6(groups: readonly number[]): boolean {
  const [a = 0, b = 0, c = 0, , , f = 0, g = 0, h = 0] = groups;
  const low = g * 65_536 + h;
  const isFirst = (count: number): boolean => groups.slice(0, count).every((group) => group === 0);
  if (isFirst(5) && f === 0xffff) return isPrivate4(low);
  if (a === 0x64 && b === 0xff9b && groups.slice(2, 6).every((group) => group === 0)) return isPrivate4(low);
  if (a === 0x2002) return isPrivate4(b * 65_536 + c);
  if (isFirst(6) && low <= 1) return true;
  return (a & 0xfe00) === 0xfc00 || (a & 0xffc0) === 0xfe80 || (a & 0xffc0) === 0xfec0;
}

/** The eight groups of an IPv6 address as Chrome writes it. */
function groupsOf(text: string): number[] {
  const [head = "", tail] = text.split("::");
  const read = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const before = read(head);
  const after = read(tail ?? "");
  return [...before, ...new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0), ...after];
}

function withoutDot(hostname: string): string {
  return hostname.endsWith(".") && hostname.length > 1 ? hostname.slice(0, -1) : hostname;
}
