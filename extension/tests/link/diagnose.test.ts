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
function network(statuses: Record<string, number> = {}): { readonly probe: Probe; readonly asked: string[] } {
  const asked: string[] = [];
  const probe: Probe = async (url) => {
    asked.push(url);
    const status = statuses[url];
    if (status === undefined) throw FETCH_FAILED;
    return { status };
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
    new ConnectError("Jwt is expired", Code.Unauthenticated),
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
    "`tabwire paths`",
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
  [Code.InvalidArgument, ErrorCode.INVALID_ARGUMENT, ConnectionTrouble.NETWORK],
])("what the server itself says is kept: %s", async (code, errorCode, trouble) => {
  const { probe, asked } = network();
  const diagnosis = await diagnose(SERVER_URL, answered(code, errorCode, "Do this."), probe);
  const expected: Partial<ErrorInfo> = { errorCode, message: "said by the server", remedy: "Do this." };
  expect(diagnosis.error).toMatchObject(expected);
  expect(diagnosis.trouble).toBe(trouble);
  expect(asked).toEqual([]);
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
