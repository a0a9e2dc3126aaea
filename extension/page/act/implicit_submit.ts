// What Enter in a field does to its form (HTML: implicit submission).

import { isDisabled } from "../dom";
import { localNameOf, query } from "../native";

/** Field types of which a form without a submit button may have only one for Enter to submit it. */
const BLOCKING = /^(date|datetime-local|email|month|number|password|search|tel|text|time|url|week)$/;

function defaultButton(form: HTMLFormElement): HTMLElement | null {
  for (const element of form.elements) {
    const type = (element as HTMLInputElement).type;
    if (type === "submit" && /^(button|input)$/i.test(localNameOf(element))) return element as HTMLElement;
  }
  return query<HTMLElement>(form, 'input[type="image"]');
}

/** Submits the form of a field as Enter does: by a click on its default button, if it has one. */
export function submitImplicitly(field: HTMLInputElement): void {
  const form = field.form;
  if (form === null) return;
  const button = defaultButton(form);
  if (button !== null) {
    if (!isDisabled(button)) button.click();
    return;
  }
  const blocking = Array.from(form.elements).filter((element) => BLOCKING.test((element as HTMLInputElement).type));
  if (blocking.length <= 1) form.requestSubmit();
}
