// Finds out what stands between a browser and its server. Chrome tells a failed fetch's cause to nobody, so a refused
// connection and a certificate that it refuses look the same; asking the same port over plain HTTP tells them apart,
// because Tabwire's edge answers that with 426, and with what its certificate says. Nobody vouches for that answer: it
// only helps to choose the words. What a person can do about each trouble is said in problems.ts.

import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorCode, type ErrorInfo, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import { ConnectionTrouble } from "@gen/tabwire/v1/extension_pb";
import {
  badAddress,
  badToken,
  brokenNetwork,
  busy,
  certificateEnded,
  certificateOfOther,
  clockOff,
  type Diagnosis,
  endedToken,
  missingToken,
  nothingListening,
  notTabwire,
  serverDown,
  tooLarge,
  untrustedCertificate,
  wrongOrigin,
} from "./problems";
import { asConnectError } from "./transport";

const PROBE_TIMEOUT_MS = 3_000;
/** What a TLS port says to plain HTTP: Tabwire's edge 426, most others 400. */
const ASKS_FOR_TLS: ReadonlySet<number> = new Set([400, 426]);

/** Where a call failed for a limit without saying when to come again. */
const RETRY_MS = 1_000;
/** Clocks may differ by so much before tokens and certificates suffer. */
const MAX_CLOCK_OFFSET_MS = 5 * 60_000;
/** The headers in which the edge says what it refuses, and what its certificate says. */
const EDGE = "x-tabwire-edge";
const CERTIFICATE = "x-tabwire-certificate";

/** What a probe needs of `fetch`. */
export type Probe = (url: string, init: RequestInit) => Promise<Pick<Response, "status" | "headers">>;

/** What is known about this side. */
export interface Here {
  /** The clock, in milliseconds since 1970. */
  readonly now: number;
  /** The origin that calls come from. */
  readonly origin: string;
}

/** Tells what a failed call means. Never throws. */
export async function diagnose(
  serverUrl: string,
  error: unknown,
  probe: Probe = (url, init) => fetch(url, init),
  here: Here = { now: Date.now(), origin: globalThis.location?.origin ?? "" },
): Promise<Diagnosis> {
  const failed = asConnectError(error);
  const info = failed.findDetails(ErrorInfoSchema)[0];
  if (info !== undefined) return ofServer(info);
  switch (failed.code) {
    case Code.Unauthenticated:
      return ofToken(failed, here);
    case Code.PermissionDenied:
      return wrongOrigin(here.origin);
    case Code.ResourceExhausted:
      return ofLimit(failed);
    case Code.Unavailable:
      return serverDown();
    default:
      return probeServer(serverUrl, failed.code, probe, here);
  }
}

/** The edge refused the token, in Envoy's words. */
function ofToken(failed: ConnectError, here: Here): Diagnosis {
  if (failed.rawMessage.includes("missing")) return missingToken();
  if (!failed.rawMessage.includes("expired")) return badToken();
  const offset = clockOffset(failed.metadata, here.now);
  return Math.abs(offset) > MAX_CLOCK_OFFSET_MS ? clockOff(offset) : endedToken();
}

/** The edge has reached one of its limits. */
function ofLimit(failed: ConnectError): Diagnosis {
  const name = failed.metadata.get(EDGE) ?? "unknown";
  if (name === "too-large") return tooLarge(name);
  const seconds = Number(failed.metadata.get("retry-after"));
  return busy(name, seconds > 0 ? seconds * 1000 : RETRY_MS);
}

/** How far the clock of whoever answered is ahead of ours, in milliseconds; 0 if it said no time. */
function clockOffset(headers: Headers, now: number): number {
  const theirs = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(theirs) ? 0 : theirs - now;
}

/** The server itself answered: its error is shown as it is, and sorted. */
function ofServer(error: ErrorInfo): Diagnosis {
  switch (error.errorCode) {
    case ErrorCode.PROTOCOL_REVISION_UNSUPPORTED:
    case ErrorCode.UNIMPLEMENTED: // a server that does not even know the call
      return { trouble: ConnectionTrouble.VERSION, error };
    case ErrorCode.UNAUTHENTICATED:
    case ErrorCode.PERMISSION_DENIED:
      return { trouble: ConnectionTrouble.TOKEN, error };
    case ErrorCode.RESOURCE_EXHAUSTED:
      return { trouble: ConnectionTrouble.BUSY, error };
    case ErrorCode.UNAVAILABLE:
    case ErrorCode.INTERNAL:
      return { trouble: ConnectionTrouble.SERVER_DOWN, error };
    default:
      return { trouble: ConnectionTrouble.NETWORK, error };
  }
}

async function probeServer(serverUrl: string, code: Code, probe: Probe, here: Here): Promise<Diagnosis> {
  let url: URL;
  try {
    url = new URL(serverUrl);
  } catch {
    return badAddress(serverUrl);
  }
  if (url.protocol !== "https:") return badAddress(serverUrl);
  const secure = await answerOf(url.href, probe);
  if (secure !== undefined) {
    // TLS works: either it was the way that broke, or what answers there speaks no gRPC-web.
    return code === Code.Unimplemented ? notTabwire(serverUrl) : brokenNetwork(serverUrl);
  }
  if (!isLoopback(url.hostname)) return brokenNetwork(serverUrl); // plain HTTP leaves this computer for nobody
  const plain = await answerOf(`http://${url.host}/`, probe);
  if (plain === undefined) return nothingListening(serverUrl);
  if (!ASKS_FOR_TLS.has(plain.status)) return notTabwire(serverUrl);
  return ofCertificate(serverUrl, url.hostname.replace(/^\[|\]$/g, ""), plain.headers, here.now);
}

/** TLS failed where an edge listens: for what its certificate says, or else because its authority is not known here. */
function ofCertificate(serverUrl: string, host: string, headers: Headers, now: number): Diagnosis {
  const begins = Date.parse(headers.get(`${CERTIFICATE}-begins`) ?? "");
  const ends = Date.parse(headers.get(`${CERTIFICATE}-ends`) ?? "");
  const names = (headers.get(`${CERTIFICATE}-names`) ?? "").split(",").map((name) => name.trim());
  if (now < begins || now > ends) {
    const offset = clockOffset(headers, now);
    const goodForServer = now + offset >= begins && now + offset <= ends;
    if (goodForServer && Math.abs(offset) > MAX_CLOCK_OFFSET_MS) return clockOff(offset);
    return certificateEnded(serverUrl, now > ends ? new Date(ends) : undefined);
  }
  const isForOthers = names[0] !== "" && !names.includes(host);
  return isForOthers ? certificateOfOther(serverUrl, host, names) : untrustedCertificate(serverUrl);
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.startsWith("127.") || hostname === "[::1]";
}

/** What the address answers; undefined if nothing comes of it. */
async function answerOf(url: string, probe: Probe): Promise<Pick<Response, "status" | "headers"> | undefined> {
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    return await probe(url, { signal, cache: "no-store", credentials: "omit", redirect: "manual" });
  } catch {
    return undefined; // why it failed is exactly what Chrome does not tell; the caller compares two failures
  }
}
