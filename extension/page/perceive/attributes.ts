// The attributes that are told with an element because they help to tell it from others: what the author wrote, the limits
// of what takes a number, and for what has neither name nor text its colours, picture and the author's words.

import { cut, fold } from "../clean";
import { property, tagOf } from "../dom";
import { attributeOf, firstElementOf, nextElementOf } from "../native";
import { isSecret } from "../secrets";
import { Kind } from "./kind";
import { Mark, type Marks, TELLING } from "./marks";
import { descriptionOf } from "./name";
import { backgroundOf, drawn, isSvgPart, styledPicture } from "./pictures";

export const ATTRIBUTE_LIMIT = 300;
const WORDS_LIMIT = 100;

/** What the author called something that says nothing to a reader, as an icon without a name. */
function authorsWords(element: Element): Record<string, string> {
  const told: Record<string, string> = {};
  for (const attribute of ["id", "class", "data-value"]) {
    const value = fold(attributeOf(element, attribute) ?? "");
    if (value !== "") told[attribute] = cut(value, WORDS_LIMIT);
  }
  return told;
}

/** Class names by which pages say what something is like or what its icon shows, where ARIA would have words for it. */
const MARK = new RegExp(
  "^(?:is-|has-|ui-state-|ui-icon-|state-|icon-|fa-)?(?:active|selected|current|checked|unchecked|disabled|done|" +
    "completed?|(?:un)?read|starred|folder|file|directory|leaf|expand(?:ed|able)|collaps(?:ed|able|ible)|open(?:ed)?|" +
    "closed|pressed|highlight(?:ed)?|error|invalid|warning|correct|wrong|sold-?out|(?:un)?available|booked|past|today|" +
    "online|offline|liked|favou?rited?|pinned|(?:un)?locked|loading|busy|draggable|droppable)$",
  "i",
);

/** There are few values of class on a page, so each is read once. */
const read = new Map<string, readonly string[]>();
/** A page may use any number of them; what is remembered is not to grow with it. */
const REMEMBERED = 1_000;
const NOTHING: readonly string[] = [];

function wordsIn(words: string): readonly string[] {
  const known = read.get(words);
  if (known !== undefined) return known;
  const found = words.split(/\s+/).filter((word) => MARK.test(word));
  if (read.size < REMEMBERED) read.set(words, found);
  return found;
}

function classMarks(element: Element): readonly string[] {
  const words = attributeOf(element, "class");
  return words === null ? NOTHING : wordsIn(words);
}

/** The marks of something that can be operated; for what is no control also those of the parts that show its icon. */
function marks(element: Element, kind: Kind, about: number): string {
  const own = (about & Mark.Class) === 0 ? NOTHING : classMarks(element);
  if (kind !== Kind.Clickable) return own.length === 0 ? "" : cut([...new Set(own)].join(" "), WORDS_LIMIT);
  const found = new Set(own);
  let left = 4;
  for (let child = firstElementOf(element); child !== null && left > 0; child = nextElementOf(child), left--) {
    for (const word of classMarks(child)) found.add(word);
  }
  return found.size === 0 ? "" : cut([...found].join(" "), WORDS_LIMIT);
}

const NUMBERED = new Set("meter progressbar scrollbar slider spinbutton".split(" "));

/** From where to where a number goes. */
function limits(element: Element): Record<string, string> {
  const told: Record<string, string> = {};
  const native = /^(?:meter|progress)$/.test(tagOf(element)) || property<string>(element, "type") === "range";
  for (const end of ["min", "max"] as const) {
    const value = attributeOf(element, end) ?? attributeOf(element, `aria-value${end}`);
    if (value !== null) told[end] = cut(fold(value), WORDS_LIMIT);
    else if (native && !(end === "min" && tagOf(element) === "progress")) {
      told[end] = String(property<number | string>(element, end) || (end === "min" ? 0 : 100));
    }
  }
  return told;
}

/** Fields whose attribute `value` is not what stands in them. */
const SAYS_VALUE = new Set("button checkbox radio submit reset".split(" "));

/** What the author wrote. `telling` says which attributes there are. */
function written(element: Element, telling: number): Record<string, string> {
  const told: Record<string, string> = {};
  for (let index = 0, left = telling; left !== 0; index++, left >>>= 1) {
    if ((left & 1) === 0) continue;
    const attribute = TELLING[index] as string;
    const value = attributeOf(element, attribute);
    if (value === null) continue;
    if (attribute === "value" && !SAYS_VALUE.has(property<string>(element, "type") ?? "")) continue;
    told[attribute] = cut(fold(value), ATTRIBUTE_LIMIT);
  }
  return told;
}

/** What a thing without name and text looks like. */
function looks(element: Element): Record<string, string> {
  const told = authorsWords(element);
  if (isSvgPart(element)) return told;
  const color = backgroundOf(element);
  if (color !== "") told["background-color"] = color;
  const picture = styledPicture(element);
  if (picture !== "") told.src = cut(picture.slice(picture.lastIndexOf("/") + 1), WORDS_LIMIT);
  return told;
}

/** What is known of an element that is described. */
interface Known {
  readonly role: string;
  readonly kind: Kind;
  readonly name: string;
  readonly text: string;
  readonly marks: Marks;
}

/** The attributes that help to tell an element from others. */
export function tellingAttributes(element: Element, known: Known): Record<string, string> {
  const { role, kind, name, text } = known;
  const { about, telling } = known.marks;
  const told: Record<string, string> = telling === 0 ? {} : written(element, telling);
  // Also where the page shows for the moment what is in it: so it is painted over in pictures (browser/states/picture.ts).
  if (isSecret(element)) told.type = "password";
  const describing = (about & (Mark.Title | Mark.Description)) !== 0;
  if (describing && told.title === name) delete told.title;
  const description = describing ? descriptionOf(element, name) : "";
  if (description !== "" && description !== told.title) told.description = cut(description, ATTRIBUTE_LIMIT);
  const operable = kind === Kind.Control || kind === Kind.Clickable;
  if (operable) {
    const marked = marks(element, kind, about);
    if (marked !== "") told.class = marked;
  }
  if (NUMBERED.has(role)) Object.assign(told, limits(element));
  if ((operable || kind === Kind.Image) && name === "" && text === "") {
    const src = told.src;
    Object.assign(told, looks(element));
    if (src !== undefined) told.src = src;
  }
  if (isSvgPart(element)) Object.assign(told, drawn(element));
  return told;
}
