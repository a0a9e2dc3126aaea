// What may stand between a browser and its server, each as one error with its one remedy. Which of them it is, is found out
// by diagnose.ts.

import { create } from "@bufbuild/protobuf";
import { ComponentOrigin, ErrorCode, type ErrorInfo, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
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

/** The edge lets another extension in. */
export function wrongOrigin(): Diagnosis {
  const message = "The server does not let this extension in.";
  const remedy = "Load the extension that belongs to this server; `tabwire paths` shows its folder.";
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
