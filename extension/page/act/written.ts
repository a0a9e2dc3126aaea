// What became of a text after the field was left. Some fields lay out, correct or drop what is in them only then. Leaving a
// field at once to see would close the suggestions that the next action may want to choose from, so the field is looked at
// again when a later action has moved the focus, and what that action says then includes it.

import { deepActiveElement } from "../dom";
import { isConnected } from "../native";
import { isSecret } from "../secrets";

interface Remembered {
  readonly field: WeakRef<Element>;
  readonly words: string;
  readonly value: string;
}

let last: Remembered | null = null;

/** Remembers what a text field held when it was read back. Never called for secrets. */
export function rememberWritten(field: Element, words: string, value: string): void {
  last = { field: new WeakRef(field), words, value };
}

/** If the field that was written into last has been left and holds something else since, a clause that says so. */
export function newsOfWritten(): string {
  const field = last?.field.deref();
  if (last === null || field === undefined || !isConnected(field) || isSecret(field)) {
    last = null;
    return "";
  }
  if (deepActiveElement(document) === field) return "";
  const { words, value } = last;
  last = null;
  const now = (field as HTMLInputElement).value;
  return now === value ? "" : `since it was left, the ${words} holds ${JSON.stringify(now)}`;
}
