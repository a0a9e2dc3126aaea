// Dates and times as people write them, in the form that fields take: "5/20/2010" and "9:37 PM". Which of two numbers is the
// month is told as the field itself shows it, by the browser's language, unless only one of them can be.

const DATE = /^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})$/;
const TIME = /^(\d{1,2}):(\d{2})(?:\s*([ap])\.?m\.?)?$/i;
const MONTH = /^(\d{1,2})[./-](\d{4})$/;
const MOMENT = /^(\S+?),?\s+(.+)$/;
const YEAR_DIGITS = 4;
const MONTHS = 12;
const NOON = 12;

/** The value of a field of a type for what somebody wrote; null where that is nothing that can be told for certain. */
export function asWritten(type: string, text: string, language: string): string | null {
  if (type === "date") return date(text, language);
  if (type === "time") return time(text);
  if (type === "month") {
    const [, month = "", year = ""] = MONTH.exec(text) ?? [];
    return year === "" ? null : `${year}-${two(month)}`;
  }
  if (type !== "datetime-local") return null;
  const [, first = "", second = ""] = MOMENT.exec(text) ?? [];
  const [day, hour] = [/^\d{4}-\d{2}-\d{2}$/.test(first) ? first : date(first, language), time(second)];
  return day === null || hour === null ? null : `${day}T${hour}`;
}

function date(text: string, language: string): string | null {
  const [, first = "", separator, second = "", third = ""] = DATE.exec(text) ?? [];
  if (first.length === YEAR_DIGITS) return `${first}-${two(second)}-${two(third)}`;
  if (third.length !== YEAR_DIGITS || first.length > 2) return null;
  // Where dots stand between them the day comes before the month (CLDR's short dates, all languages but Ngomba).
  const monthFirst = separator !== "." && monthStandsFirst(language);
  let [month, day] = monthFirst ? [first, second] : [second, first];
  if (Number(month) > MONTHS && Number(day) <= MONTHS) [month, day] = [day, month];
  return `${third}-${two(month)}-${two(day)}`;
}

function monthStandsFirst(language: string): boolean {
  const parts = new Intl.DateTimeFormat(language, {
    year: "numeric",
    month: "numeric",
    day: "numeric",
  }).formatToParts();
  const order = parts.map((part) => part.type);
  return order.indexOf("month") < order.indexOf("day");
}

function time(text: string): string | null {
  const [, hours = "", minutes = "", half = ""] = TIME.exec(text) ?? [];
  if (minutes === "") return null;
  if (half === "") return `${two(hours)}:${minutes}`;
  const hour = Number(hours);
  if (hour < 1 || hour > NOON) return null;
  return `${two(String((hour % NOON) + (half.toLowerCase() === "p" ? NOON : 0)))}:${minutes}`;
}

function two(digits: string): string {
  return digits.padStart(2, "0");
}
