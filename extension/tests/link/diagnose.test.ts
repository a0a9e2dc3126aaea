// Troubles are told apart, each with its one remedy.

import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorCode, type ErrorInfo, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import { ConnectionTrouble } from "@gen/tabwire/v1/extension_pb";
import { expect, it } from "vitest";
import { diagnose, type Probe } from "../../link/diagnose";

const SERVER_URL = "https://127.0.0.1:8443";
const FETCH_FAILED = new TypeError("Failed to fetch");

/** A network in which these addresses answer with these statuses. */
function network(
  statuses: Record<string, number> = {},
  headers: Record<string, string> = {},
): { readonly probe: Probe; readonly asked: string[] } {
  const asked: string[] = [];
  const probe: Probe = async (url) => {
    asked.push(url);
    const status = statuses[url];
    if (status === undefined) throw FETCH_FAILED;
    return { status, headers: new Headers(headers) };
  };
  return { probe, asked };
}

function answered(code: Code, errorCode: ErrorCode, remedy: string): ConnectError {
  const value = create(ErrorInfoSchema, { errorCode, message: "said by the server", remedy });
  return new ConnectError("refused", code, undefined, [{ desc: ErrorInfoSchema, value }]);
}

it.each<[string, unknown, Record<string, number>, ConnectionTrouble, ErrorCode, string]>([
  ["nothing listens", FETCH_FAILED, {}, ConnectionTrouble.NOTHING_LISTENING, ErrorCode.UNAVAILABLE, "`tabwire up`"],
  [
    "the certificate is not trusted",
    FETCH_FAILED,
    { "http://127.0.0.1:8443/": 426 },
    ConnectionTrouble.CERTIFICATE,
    ErrorCode.UNAVAILABLE,
    "Run `tabwire certs install`, then restart Chrome.",
  ],
  [
    "another program has the port",
    FETCH_FAILED,
    { "http://127.0.0.1:8443/": 200 },
    ConnectionTrouble.NOTHING_LISTENING,
    ErrorCode.UNAVAILABLE,
    "another port",
  ],
  [
    "the connection broke, and is there again",
    FETCH_FAILED,
    { "https://127.0.0.1:8443/": 404, "http://127.0.0.1:8443/": 426 },
    ConnectionTrouble.NETWORK,
    ErrorCode.UNAVAILABLE,
    "by itself",
  ],
  [
    "a stream broke with a plain string",
    "network error",
    { "https://127.0.0.1:8443/": 404 },
    ConnectionTrouble.NETWORK,
    ErrorCode.UNAVAILABLE,
    "by itself",
  ],
  [
    "another server has the port",
    new ConnectError("HTTP 404", Code.Unimplemented),
    { "https://127.0.0.1:8443/": 404 },
    ConnectionTrouble.NOTHING_LISTENING,
    ErrorCode.UNAVAILABLE,
    "another port",
  ],
  [
    "the server behind the edge is down",
    new ConnectError("no healthy upstream", Code.Unavailable),
    {},
    ConnectionTrouble.SERVER_DOWN,
    ErrorCode.UNAVAILABLE,
    "`tabwire doctor`",
  ],
  [
    "the edge refuses the token",
    new ConnectError("Jwt verification fails", Code.Unauthenticated),
    {},
    ConnectionTrouble.TOKEN,
    ErrorCode.UNAUTHENTICATED,
    "`tabwire pair`",
  ],
  [
    "the edge refuses the extension",
    new ConnectError("RBAC: access denied", Code.PermissionDenied),
    {},
    ConnectionTrouble.ORIGIN,
    ErrorCode.PERMISSION_DENIED,
    "TABWIRE_ALLOWED_ORIGINS=",
  ],
])("%s", async (_name, error, statuses, trouble, code, remedy) => {
  const diagnosis = await diagnose(SERVER_URL, error, network(statuses).probe);
  expect(ConnectionTrouble[diagnosis.trouble]).toBe(ConnectionTrouble[trouble]);
  expect(diagnosis.error.errorCode).toBe(code);
  expect(diagnosis.error.remedy).toContain(remedy);
  expect(diagnosis.error.message).not.toBe("");
});

it.each<[Code, ErrorCode, ConnectionTrouble]>([
  [Code.FailedPrecondition, ErrorCode.PROTOCOL_REVISION_UNSUPPORTED, ConnectionTrouble.VERSION],
  [Code.Unauthenticated, ErrorCode.UNAUTHENTICATED, ConnectionTrouble.TOKEN],
  [Code.PermissionDenied, ErrorCode.PERMISSION_DENIED, ConnectionTrouble.TOKEN],
  [Code.Unavailable, ErrorCode.UNAVAILABLE, ConnectionTrouble.SERVER_DOWN],
  [Code.ResourceExhausted, ErrorCode.RESOURCE_EXHAUSTED, ConnectionTrouble.BUSY],
  [Code.InvalidArgument, ErrorCode.INVALID_ARGUMENT, ConnectionTrouble.NETWORK],
])("what the server itself says is kept: %s", async (code, errorCode, trouble) => {
  const { probe, asked } = network();
  const diagnosis = await diagnose(SERVER_URL, answered(code, errorCode, "Do this."), probe);
  const expected: Partial<ErrorInfo> = { errorCode, message: "said by the server", remedy: "Do this." };
  expect(diagnosis.error).toMatchObject(expected);
  expect(diagnosis.trouble).toBe(trouble);
  expect(asked).toEqual([]);
});

const NOW = Date.parse("2026-11-21T12:00:00Z");
const HOUR = 3_600_000;
const here = { now: NOW, origin: "chrome-extension://abcdefghijklmnopabcdefghijklmnop" };

function http(ms: number): string {
  return new Date(ms).toUTCString();
}

function certificate(begins: number, ends: number, names = "localhost, 127.0.0.1, ::1", date = NOW) {
  return {
    "x-tabwire-certificate-begins": new Date(begins).toISOString(),
    "x-tabwire-certificate-ends": new Date(ends).toISOString(),
    "x-tabwire-certificate-names": names,
    date: http(date),
  };
}

const GOOD = certificate(NOW - HOUR, NOW + HOUR);

it.each<[string, string, Record<string, string>, ConnectionTrouble, string]>([
  [
    "is good, so its authority is not known",
    SERVER_URL,
    GOOD,
    ConnectionTrouble.CERTIFICATE,
    "`tabwire certs install`",
  ],
  ["says nothing", SERVER_URL, {}, ConnectionTrouble.CERTIFICATE, "`tabwire certs install`"],
  [
    "has ended",
    SERVER_URL,
    certificate(NOW - 2 * HOUR, NOW - HOUR),
    ConnectionTrouble.CERTIFICATE_EXPIRED,
    "`tabwire up` again",
  ],
  [
    "is not good yet",
    SERVER_URL,
    certificate(NOW + HOUR, NOW + 2 * HOUR),
    ConnectionTrouble.CERTIFICATE_EXPIRED,
    "`tabwire up` again",
  ],
  [
    "has ended by our clock alone",
    SERVER_URL,
    certificate(NOW - 3 * HOUR, NOW - HOUR, undefined, NOW - 2 * HOUR),
    ConnectionTrouble.CLOCK,
    "Set the clock",
  ],
  [
    "is for other names",
    "https://127.0.0.2:8443",
    GOOD,
    ConnectionTrouble.CERTIFICATE_HOST,
    "TABWIRE_HOST_NAMES=127.0.0.2",
  ],
  [
    "is for an address in brackets",
    "https://[::1]:8443",
    GOOD,
    ConnectionTrouble.CERTIFICATE,
    "`tabwire certs install`",
  ],
])("a certificate that %s", async (_name, url, headers, trouble, remedy) => {
  const { probe } = network({ [`${url.replace("https", "http")}/`]: 426 }, headers);
  const diagnosis = await diagnose(url, FETCH_FAILED, probe, here);
  expect(ConnectionTrouble[diagnosis.trouble]).toBe(ConnectionTrouble[trouble]);
  expect(diagnosis.error.remedy).toContain(remedy);
  expect(diagnosis.error.retryable).toBe(true);
});

it.each<[string, Record<string, string>, ConnectionTrouble, string]>([
  ["Jwt is missing", {}, ConnectionTrouble.TOKEN, "Pair it"],
  ["Jwt is expired", { date: http(NOW) }, ConnectionTrouble.TOKEN, "pair again"],
  ["Jwt is expired", { date: http(NOW + 2 * HOUR) }, ConnectionTrouble.CLOCK, "Set the clock"],
  ["Jwt verification fails", { date: http(NOW) }, ConnectionTrouble.TOKEN, "`tabwire pair`"],
])("the edge says: %s %j", async (words, headers, trouble, remedy) => {
  const error = new ConnectError(words, Code.Unauthenticated, headers);
  const diagnosis = await diagnose(SERVER_URL, error, network().probe, here);
  expect(ConnectionTrouble[diagnosis.trouble]).toBe(ConnectionTrouble[trouble]);
  expect(diagnosis.error.remedy).toContain(remedy);
});

it.each<[Record<string, string>, string, number]>([
  [{ "x-tabwire-edge": "rate-limited", "retry-after": "20" }, "rate-limited", 20_000],
  [{ "x-tabwire-edge": "overloaded", "retry-after": "2" }, "overloaded", 2_000],
  [{ "x-tabwire-edge": "too-large" }, "too-large", 0],
  [{}, "unknown", 1_000],
])("a limit of the edge: %j", async (headers, name, retryAfterMs) => {
  const error = new ConnectError("refused", Code.ResourceExhausted, headers);
  const diagnosis = await diagnose(SERVER_URL, error, network().probe, here);
  expect(diagnosis.trouble).toBe(ConnectionTrouble.BUSY);
  expect(diagnosis.error.errorCode).toBe(ErrorCode.RESOURCE_EXHAUSTED);
  expect(diagnosis.error.details?.kind).toMatchObject({ case: "limit", value: { name, retryAfterMs } });
  expect(diagnosis.error.retryable).toBe(retryAfterMs > 0);
});

it("names the origin that is not let in", async () => {
  const error = new ConnectError("RBAC: access denied", Code.PermissionDenied);
  const diagnosis = await diagnose(SERVER_URL, error, network().probe, here);
  expect(diagnosis.error.remedy).toContain(`TABWIRE_ALLOWED_ORIGINS=${here.origin}`);
});

it("asks nothing of other computers in plain HTTP", async () => {
  const { probe, asked } = network();
  const diagnosis = await diagnose("https://tabwire.example.com", FETCH_FAILED, probe);
  expect(diagnosis.trouble).toBe(ConnectionTrouble.NETWORK);
  expect(asked).toEqual(["https://tabwire.example.com/"]);
});

it.each(["", "127.0.0.1:8443", "http://127.0.0.1:8443", "ftp://x"])("says so if %j is no address", async (url) => {
  const diagnosis = await diagnose(url, FETCH_FAILED, network().probe);
  expect(diagnosis.error.errorCode).toBe(ErrorCode.INVALID_ARGUMENT);
  expect(diagnosis.error.remedy).toContain("https://127.0.0.1:8443");
});
