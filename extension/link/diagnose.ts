// Finds out what stands between a browser and its server. Chrome tells a failed fetch's cause to nobody, so a refused
// connection and an untrusted certificate look the same; asking the same port over plain HTTP tells them apart, because
// Tabwire's edge answers that with 426. What a person can do about each trouble is said in problems.ts.

import { Code } from "@connectrpc/connect";
import { ErrorCode, type ErrorInfo, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import { ConnectionTrouble } from "@gen/tabwire/v1/extension_pb";
import {
  badAddress,
  badToken,
  brokenNetwork,
  type Diagnosis,
  nothingListening,
  notTabwire,
  serverDown,
  untrustedCertificate,
  wrongOrigin,
} from "./problems";
import { asConnectError } from "./transport";

const PROBE_TIMEOUT_MS = 3_000;
/** What a TLS port says to plain HTTP: Tabwire's edge 426, most others 400. */
const ASKS_FOR_TLS: ReadonlySet<number> = new Set([400, 426]);

/** What a probe needs of `fetch`. */
export type Probe = (url: string, init: RequestInit) => Promise<Pick<Response, "status">>;

/** Tells what a failed call means. Never throws. */
export async function diagnose(
  serverUrl: string,
  error: unknown,
  probe: Probe = (url, init) => fetch(url, init),
): Promise<Diagnosis> {
  const failed = asConnectError(error);
  const info = failed.findDetails(ErrorInfoSchema)[0];
  if (info !== undefined) return ofServer(info);
  switch (failed.code) {
    case Code.Unauthenticated:
      return badToken();
    case Code.PermissionDenied:
      return wrongOrigin();
    case Code.Unavailable:
      return serverDown();
    default:
      return probeServer(serverUrl, failed.code, probe);
  }
}

/** The server itself answered: its error is shown as it is, and sorted. */
function ofServer(error: ErrorInfo): Diagnosis {
  switch (error.errorCode) {
    case ErrorCode.PROTOCOL_REVISION_UNSUPPORTED:
      return { trouble: ConnectionTrouble.VERSION, error };
    case ErrorCode.UNAUTHENTICATED:
    case ErrorCode.PERMISSION_DENIED:
      return { trouble: ConnectionTrouble.TOKEN, error };
    case ErrorCode.UNAVAILABLE:
    case ErrorCode.INTERNAL:
      return { trouble: ConnectionTrouble.SERVER_DOWN, error };
    default:
      return { trouble: ConnectionTrouble.NETWORK, error };
  }
}

async function probeServer(serverUrl: string, code: Code, probe: Probe): Promise<Diagnosis> {
  let url: URL;
  try {
    url = new URL(serverUrl);
  } catch {
    return badAddress(serverUrl);
  }
  if (url.protocol !== "https:") return badAddress(serverUrl);
  const secure = await statusOf(url.href, probe);
  if (secure !== undefined) {
    // TLS works: either it was the way that broke, or what answers there speaks no gRPC-web.
    return code === Code.Unimplemented ? notTabwire(serverUrl) : brokenNetwork(serverUrl);
  }
  if (!isLoopback(url.hostname)) return brokenNetwork(serverUrl); // plain HTTP leaves this computer for nobody
  const plain = await statusOf(`http://${url.host}/`, probe);
  if (plain === undefined) return nothingListening(serverUrl);
  return ASKS_FOR_TLS.has(plain) ? untrustedCertificate(serverUrl) : notTabwire(serverUrl);
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.startsWith("127.") || hostname === "[::1]";
}

/** The status with which the address answers; undefined if nothing comes of it. */
async function statusOf(url: string, probe: Probe): Promise<number | undefined> {
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const response = await probe(url, { signal, cache: "no-store", credentials: "omit", redirect: "manual" });
    return response.status;
  } catch {
    return undefined; // why it failed is exactly what Chrome does not tell; the caller compares two failures
  }
}
