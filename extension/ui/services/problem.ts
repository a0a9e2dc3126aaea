// Failures as values: everything that can go wrong in the panel ends as one ErrorInfo with one remedy. What the transport
// itself says is told apart by link/diagnose.ts; how a problem looks is up to views/problem.tsx.

import { create } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { ComponentOrigin, ErrorCode, type ErrorInfo, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";

/** An ErrorInfo that travels as an exception inside the panel. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly info: ErrorInfo;

  constructor(info: ErrorInfo) {
    super(info.message);
    this.info = info;
  }
}

/** Tells what stands between the panel and a server; link/diagnose.ts is the real one. */
export type Diagnose = (serverUrl: string, error: unknown) => Promise<{ readonly error: ErrorInfo }>;

/** An error that the panel itself notices. */
export function panelError(code: ErrorCode, message: string, remedy: string): ErrorInfo {
  return create(ErrorInfoSchema, {
    errorCode: code,
    message,
    remedy,
    componentOrigin: ComponentOrigin.BACKGROUND,
  });
}

/** The ErrorInfo that the server put into a failed call, if it did. */
export function serverError(error: unknown): ErrorInfo | undefined {
  return ConnectError.from(error).findDetails(ErrorInfoSchema)[0];
}

/** Makes a Problem of whatever a call of the server threw. */
export async function problemOf(error: unknown, serverUrl: string, diagnose: Diagnose): Promise<Problem> {
  if (error instanceof Problem) return error;
  const info = serverError(error) ?? (await diagnose(serverUrl, error)).error;
  return new Problem(info);
}

/** The ErrorInfo of anything that was thrown inside the panel; a fault of our own is named as one. */
export function infoOf(error: unknown): ErrorInfo {
  if (error instanceof Problem) return error.info;
  console.error("tabwire: unexpected error in the panel", error);
  return panelError(
    ErrorCode.EXTENSION_INTERNAL_ERROR,
    "Something went wrong in the side panel.",
    "Close the panel and open it again.",
  );
}
