// Sets the value of a field that takes no typing (numbers, dates, ranges, colours) as a whole, and tells the page.

import { invalidArgument } from "../errors";
import { asWritten } from "./as_written";
import type { Target } from "./context";
import { setNative, tell, tellChanged } from "./write_text";

/** Input types that take no typing: the form of their values, as HTML prescribes it. */
const FORMATS: Readonly<Record<string, { readonly form: string; readonly fits: RegExp }>> = {
  color: { form: "#rrggbb", fits: /^#[0-9a-f]{6}$/i },
  date: { form: "YYYY-MM-DD", fits: /^\d{4,6}-\d{2}-\d{2}$/ },
  "datetime-local": { form: "YYYY-MM-DDThh:mm", fits: /^\d{4,6}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/ },
  month: { form: "YYYY-MM", fits: /^\d{4,6}-\d{2}$/ },
  number: { form: "a number such as 12.5", fits: /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i },
  range: { form: "a number such as 12.5", fits: /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i },
  time: { form: "hh:mm", fits: /^\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/ },
  week: { form: "YYYY-Www", fits: /^\d{4,6}-W\d{2}$/ },
};

/** Sets a number, date, time, range or colour. Answers with what the field should hold then. */
export function setWhole(target: Target, text: string): string {
  const field = target.element as HTMLInputElement;
  const format = FORMATS[field.type];
  const form = format?.form ?? "valid";
  const said = field.type === "datetime-local" ? text.trim().replace(/^(\S+) (?=[\d:.]+$)/, "$1T") : text.trim();
  const fits = format === undefined || said === "" || format.fits.test(said);
  const given = fits ? said : asWritten(field.type, said, navigator.language);
  if (given === null) {
    throw invalidArgument("text", `is ${form}`, `The ${target.words} takes ${form}, not ${JSON.stringify(said)}.`);
  }
  setNative(field, given);
  if (field.value === "" && given !== "") {
    throw invalidArgument(
      "text",
      `is ${form}`,
      `The ${target.words} does not take ${JSON.stringify(given)}: there is no such value.`,
    );
  }
  tell(field, given, "insertReplacementText");
  tellChanged(field);
  return given;
}
