// What may stand between a browser and its server, each as one error with its one remedy. Which of them it is, is found out
// by diagnose.ts.

import { create } from "@bufbuild/protobuf";
import {
  ComponentOrigin,
  ErrorCode,
  ErrorDetailsSchema,
  type ErrorInfo,
  ErrorInfoSchema,
} from "@gen/tabwire/v1/error_pb";
import { ConnectionTrouble } from "@gen/tabwire/v1/extension_pb";

/** What is in the way, and the error that says so. */
export interface Diagnosis {
  readonly trouble: ConnectionTrouble;
  readonly error: ErrorInfo;
}

function problem(
  trouble: ConnectionTrouble,
  errorCode: ErrorCode,
  message: string,
  remedy: string,
  retryable: boolean,
): Diagnosis {
  const componentOrigin = ComponentOrigin.OFFSCREEN;
  return { trouble, error: create(ErrorInfoSchema, { errorCode, message, remedy, componentOrigin, retryable }) };
}

/** A limit was reached; `name` is the edge's word for it, `retryAfterMs` 0 if waiting does not help. */
function limited(name: string, retryAfterMs: number, message: string, remedy: string): Diagnosis {
  const found = problem(ConnectionTrouble.BUSY, ErrorCode.RESOURCE_EXHAUSTED, message, remedy, retryAfterMs > 0);
  found.error.details = create(ErrorDetailsSchema, { kind: { case: "limit", value: { name, retryAfterMs } } });
  return found;
}

/** Nothing answers at the address. */
export function nothingListening(serverUrl: string): Diagnosis {
  const message = `Nothing answers at ${serverUrl}: Tabwire is not running there.`;
  const remedy = "Start it with `tabwire up`.";
  return problem(ConnectionTrouble.NOTHING_LISTENING, ErrorCode.UNAVAILABLE, message, remedy, true);
}

/** Another program answers at the address. */
export function notTabwire(serverUrl: string): Diagnosis {
  const message = `Another program answers at ${serverUrl}.`;
  const remedy = "End that program, or start Tabwire on another port: `TABWIRE_PORT=9443 tabwire up`.";
  return problem(ConnectionTrouble.NOTHING_LISTENING, ErrorCode.UNAVAILABLE, message, remedy, true);
}

/** Chrome does not trust the server's certificate. */
export function untrustedCertificate(serverUrl: string): Diagnosis {
  const message = `Chrome does not trust the certificate of ${serverUrl}.`;
  const remedy = "Run `tabwire certs install`, then restart Chrome.";
  return problem(ConnectionTrouble.CERTIFICATE, ErrorCode.UNAVAILABLE, message, remedy, true);
}

/** The certificate's time is over, or has not begun. */
export function certificateEnded(serverUrl: string, ends: Date | undefined): Diagnosis {
  const when = ends === undefined ? "is not good yet" : `ended on ${ends.toISOString().slice(0, 10)}`;
  const message = `The certificate of ${serverUrl} ${when}.`;
  const remedy = "Start `tabwire up` again; it makes a new one.";
  return problem(ConnectionTrouble.CERTIFICATE_EXPIRED, ErrorCode.UNAVAILABLE, message, remedy, true);
}

/** The certificate is for other names than the one in the address. */
export function certificateOfOther(serverUrl: string, host: string, names: readonly string[]): Diagnosis {
  const message = `The certificate of ${serverUrl} is not for ${host}, but for ${names.join(", ")}.`;
  const remedy = `Set TABWIRE_HOST_NAMES=${host} and start \`tabwire up\` again, or use one of its names.`;
  return problem(ConnectionTrouble.CERTIFICATE_HOST, ErrorCode.UNAVAILABLE, message, remedy, true);
}

/** The clocks differ so much that good tokens or certificates look ended. `offsetMs` is how far the server's is ahead. */
export function clockOff(offsetMs: number): Diagnosis {
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  const order = offsetMs > 0 ? "behind" : "ahead of";
  const message = `This computer's clock is ${minutes} minutes ${order} the server's.`;
  const remedy = "Set the clock that is wrong; Tabwire tries again by itself.";
  return problem(ConnectionTrouble.CLOCK, ErrorCode.UNAVAILABLE, message, remedy, true);
}

/** Too many calls, or too little memory for them. */
export function busy(name: string, retryAfterMs: number): Diagnosis {
  const seconds = Math.ceil(retryAfterMs / 1000);
  const remedy = `Wait ${seconds} second${seconds === 1 ? "" : "s"}; Tabwire tries again by itself.`;
  return limited(name, retryAfterMs, "The server has too many calls to answer to take this one.", remedy);
}

/** What was sent is larger than the edge takes. */
export function tooLarge(name: string): Diagnosis {
  const remedy = "Send less at once, or set a larger TABWIRE_MAX_MESSAGE_BYTES and start `tabwire up` again.";
  return limited(name, 0, "The message is larger than the server takes.", remedy);
}

/** The edge answers, the server behind it does not. */
export function serverDown(): Diagnosis {
  const message = "Tabwire's edge answers, but its server does not. It may be starting.";
  const remedy = "Wait a moment; if it stays like this, run `tabwire doctor`.";
  return problem(ConnectionTrouble.SERVER_DOWN, ErrorCode.UNAVAILABLE, message, remedy, true);
}

/** The token is refused. */
export function badToken(): Diagnosis {
  const message = "The server does not accept this browser's token any more.";
  const remedy = "Pair this browser again: run `tabwire pair`.";
  return problem(ConnectionTrouble.TOKEN, ErrorCode.UNAUTHENTICATED, message, remedy, false);
}

/** The token's time is over. A fresh one is got by itself; this is seen only where that fails. */
export function endedToken(): Diagnosis {
  const message = "This browser's token has ended.";
  const remedy = "Wait a moment for a fresh one; if it stays like this, pair again: run `tabwire pair`.";
  return problem(ConnectionTrouble.TOKEN, ErrorCode.UNAUTHENTICATED, message, remedy, false);
}

/** There is no token. */
export function missingToken(): Diagnosis {
  const message = "This browser is not paired with the server.";
  const remedy = "Pair it: run `tabwire pair`.";
  return problem(ConnectionTrouble.TOKEN, ErrorCode.UNAUTHENTICATED, message, remedy, false);
}

/** The edge lets other extensions in, but not this one. */
export function wrongOrigin(origin: string): Diagnosis {
  const message = `The server does not let this extension (${origin}) in.`;
  const remedy = `Set TABWIRE_ALLOWED_ORIGINS=${origin}, then start \`tabwire up\` again.`;
  return problem(ConnectionTrouble.ORIGIN, ErrorCode.PERMISSION_DENIED, message, remedy, false);
}

/** The connection was there, and broke. */
export function brokenNetwork(serverUrl: string): Diagnosis {
  const message = `The connection to ${serverUrl} broke.`;
  const remedy = "Check the network; Tabwire tries again by itself.";
  return problem(ConnectionTrouble.NETWORK, ErrorCode.UNAVAILABLE, message, remedy, true);
}

/** The address cannot be used. */
export function badAddress(serverUrl: string): Diagnosis {
  const message = `"${serverUrl}" is not the address of a Tabwire server.`;
  const remedy = "Give the address that `tabwire up` shows, as https://127.0.0.1:8443.";
  return problem(ConnectionTrouble.NETWORK, ErrorCode.INVALID_ARGUMENT, message, remedy, false);
}
