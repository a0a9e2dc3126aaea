// Errors as values on the service worker's side: how an ErrorInfo is made, and how whatever was thrown becomes one.
// What the codes mean is said in proto/tabwire/v1/error.proto.

import { create } from "@bufbuild/protobuf";
import {
  ComponentOrigin,
  ErrorCode,
  type ErrorDetails,
  type ErrorInfo,
  ErrorInfoSchema,
} from "@gen/tabwire/v1/error_pb";

/** What may be said about an error beyond its code and message. */
export interface ErrorExtras {
  /** What a person can do next, as one instruction. */
  readonly remedy?: string;
  /** True if the same request may succeed when simply sent again. */
  readonly retryable?: boolean;
  /** Which part noticed it; the service worker unless said otherwise. */
  readonly origin?: ComponentOrigin;
  readonly details?: ErrorDetails;
}

/** Makes an ErrorInfo. */
export function errorInfo(code: ErrorCode, message: string, extras: ErrorExtras = {}): ErrorInfo {
  const info = create(ErrorInfoSchema, {
    errorCode: code,
    message,
    componentOrigin: extras.origin ?? ComponentOrigin.BACKGROUND,
    retryable: extras.retryable ?? false,
    remedy: extras.remedy ?? "",
  });
  if (extras.details !== undefined) info.details = extras.details;
  return info;
}

/** An ErrorInfo on its way up the stack. It becomes a value again where a command or a request ends. */
export class BrowserError extends Error {
  readonly info: ErrorInfo;

  constructor(info: ErrorInfo) {
    super(info.message);
    this.name = "BrowserError";
    this.info = info;
  }
}

/** Makes an error to throw. */
export function failure(code: ErrorCode, message: string, extras: ErrorExtras = {}): BrowserError {
  return new BrowserError(errorInfo(code, message, extras));
}

/** The ErrorInfo in whatever was thrown. What nobody foresaw is logged here and becomes EXTENSION_INTERNAL_ERROR. */
export function toErrorInfo(thrown: unknown): ErrorInfo {
  if (thrown instanceof BrowserError) return thrown.info;
  console.error("Tabwire: unexpected error", thrown);
  return errorInfo(ErrorCode.EXTENSION_INTERNAL_ERROR, "The extension met a fault of its own.", {
    remedy: "Try again; if it happens again, reload the extension on chrome://extensions.",
    retryable: true,
  });
}

/** The text of whatever was thrown, for matching against Chrome's own messages. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The error of a tab that is gone, or of another run of the browser. Who named it knows by which number. */
export function tabNotFound(which = "The tab is closed."): BrowserError {
  return failure(ErrorCode.TAB_NOT_FOUND, which, { remedy: "Open a tab, or name one that is open." });
}

/** The error of a command whose deadline passed while it was carried out. */
export function deadlinePassed(): BrowserError {
  return failure(ErrorCode.DEADLINE_EXCEEDED, "The deadline passed before the action was done.", {
    remedy: "Look at the page before you repeat it.",
    retryable: true,
  });
}

/** The error of a command that was begun, perhaps with effect, and of which nobody can tell any more. */
export function outcomeUnknown(message: string): BrowserError {
  return failure(ErrorCode.OUTCOME_UNKNOWN, message, { remedy: "Look at the page before you repeat it." });
}
