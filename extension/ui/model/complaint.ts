// Turns the refusal of a new task into something the composer can show at its field: the line that was not understood,
// the place in the text to put the caret. Pure.

import type { ErrorInfo } from "@gen/tabwire/v1/error_pb";

/** What to show under the text. */
export interface Complaint {
  readonly message: string;
  readonly remedy: string;
  /** Where a plain command stopped making sense. */
  readonly place?: Place;
  /** What is wrong with single fields of the request. */
  readonly fields: readonly string[];
}

/** A place in the text. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  /** The line itself. */
  readonly text: string;
  /** Where it is in the whole text, as a textarea counts. */
  readonly offset: number;
}

/** Reads an error about a text. */
export function complaintOf(error: ErrorInfo, text: string): Complaint {
  const { message, remedy } = error;
  const details = error.details?.kind;
  switch (details?.case) {
    case "syntax":
      return { message, remedy, fields: [], place: placeIn(text, details.value) };
    case "fieldViolations":
      return { message, remedy, fields: details.value.violations.map((broken) => fieldWords(broken)) };
    default:
      return { message, remedy, fields: [] };
  }
}

/** Finds a place that is told by line and column, both from 1, the column in characters. */
export function placeIn(text: string, at: { line: number; column: number; expected: string }): Place {
  const lines = text.split("\n");
  const line = Math.min(Math.max(at.line, 1), lines.length);
  const content = lines[line - 1] ?? "";
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  // The server counts characters, the textarea counts UTF-16 units.
  const inLine = Array.from(content)
    .slice(0, Math.max(at.column - 1, 0))
    .join("").length;
  return { line, column: Math.max(at.column, 1), expected: at.expected, text: content, offset: before + inLine };
}

function fieldWords({ field, description }: { field: string; description: string }): string {
  const name = field === "user_prompt" ? "The task" : field;
  return `${name}: ${description}`;
}
