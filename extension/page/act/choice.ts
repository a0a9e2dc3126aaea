// Finds the entry of a list that a word means.

import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { fold, quote } from "../clean";
import { PageError } from "../errors";

/** An entry, for looking it up. */
export interface Choice<T> {
  readonly label: string;
  readonly value: string;
  readonly entry: T;
}

/** The entry that a word means: by exact label or value, then without regard to case. */
export function matchOf<T>(choices: readonly Choice<T>[], wanted: string): Choice<T> | undefined {
  const exact = fold(wanted);
  const lower = exact.toLowerCase();
  return (
    choices.find((choice) => choice.label === exact) ??
    choices.find((choice) => choice.value === wanted) ??
    choices.find((choice) => choice.label.toLowerCase() === lower) ??
    choices.find((choice) => choice.value.toLowerCase() === lower)
  );
}

/** The entry that a word means. Throws with what there is, if there is none. */
export function findChoice<T>(choices: readonly Choice<T>[], wanted: string, words: string): Choice<T> {
  const found = matchOf(choices, wanted);
  if (found !== undefined) return found;
  const shown = choices.slice(0, 30).map((choice) => quote(choice.label || choice.value));
  const more = choices.length > 30 ? ` and ${choices.length - 30} more` : "";
  const has = shown.length === 0 ? "It shows none at all." : `It has ${shown.join(", ")}${more}.`;
  throw new PageError(ErrorCode.TARGET_ELEMENT_NOT_FOUND, `The ${words} has no entry ${quote(wanted)}. ${has}`, {
    remedy: "Use one of these labels.",
  });
}
