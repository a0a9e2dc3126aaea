// Failures of the page engine as values. Inside the engine they are thrown as PageError; the engine turns them into the
// ErrorInfo of a result. Whatever else is thrown is a fault of the engine itself.

import { ComponentOrigin, ErrorCode, type ErrorDetails, type ErrorInfo } from "@gen/tabwire/v1/error_pb";

/** What a PageError may say besides its code and message. */
export interface PageErrorOptions {
  /** One instruction: what to do next. */
  readonly remedy?: string;
  /** Facts that go with the code. */
  readonly details?: ErrorDetails["kind"];
  /** True if the same request may succeed when simply sent again. */
  readonly retryable?: boolean;
  /** What is in the field now, for failures that are told by reading it back. */
  readonly valueNow?: string | undefined;
}

/** An expected failure, with the words for a person. */
export class PageError extends Error {
  readonly code: ErrorCode;
  readonly options: PageErrorOptions;

  constructor(code: ErrorCode, message: string, options: PageErrorOptions = {}) {
    super(message);
    this.name = "PageError";
    this.code = code;
    this.options = options;
  }
}

const REMEDIES: Partial<Record<ErrorCode, string>> = {
  [ErrorCode.TARGET_ELEMENT_NOT_FOUND]: "Take a new page state and use an id from it.",
  [ErrorCode.STALE_ELEMENT]: "Take a new page state and use an id from it.",
  [ErrorCode.ELEMENT_COVERED]: "Close or move what is on top, then try again.",
  [ErrorCode.NEEDS_TRUSTED_INPUT]: "Do this step by hand.",
  [ErrorCode.DEADLINE_EXCEEDED]: "Try again with more time.",
};

/** The value that stands for anything thrown. An unexpected fault never carries its own text out. */
export function toErrorInfo(thrown: unknown): ErrorInfo {
  const componentOrigin = ComponentOrigin.CONTENT_SCRIPT;
  if (!(thrown instanceof PageError)) {
    return {
      $typeName: "tabwire.v1.ErrorInfo",
      errorCode: ErrorCode.EXTENSION_INTERNAL_ERROR,
      message: "The page engine failed at this request.",
      componentOrigin,
      retryable: false,
      remedy: "Reload the page and try again.",
      correlationId: "",
    };
  }
  const { remedy = REMEDIES[thrown.code] ?? "", details, retryable = false } = thrown.options;
  return {
    $typeName: "tabwire.v1.ErrorInfo",
    errorCode: thrown.code,
    message: thrown.message,
    componentOrigin,
    remedy,
    retryable,
    correlationId: "",
    ...(details === undefined ? {} : { details: { $typeName: "tabwire.v1.ErrorDetails", kind: details } }),
  };
}

/** The element cannot take the action now. */
export function notInteractable(message: string, remedy: string): PageError {
  return new PageError(ErrorCode.TARGET_ELEMENT_NOT_INTERACTABLE, message, { remedy });
}

/** The element took the action but the page did not do what was asked. */
export function failedInTarget(message: string, remedy: string, valueNow?: string): PageError {
  return new PageError(ErrorCode.OPERATION_FAILED_IN_TARGET, message, { remedy, valueNow });
}

/** A field of the request makes no sense. */
export function invalidArgument(field: string, description: string, message: string): PageError {
  return new PageError(ErrorCode.INVALID_ARGUMENT, message, {
    remedy: `Give ${field} so that it ${description}.`,
    details: {
      case: "fieldViolations",
      value: {
        $typeName: "tabwire.v1.FieldViolationsDetails",
        violations: [{ $typeName: "tabwire.v1.FieldViolation", field, description }],
      },
    },
  });
}
