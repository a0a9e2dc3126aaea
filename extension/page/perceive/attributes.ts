// The attributes that are told with an element because they help to tell it from others: what the author wrote, the limits
// of what takes a number, and for what has neither name nor text its colours, picture and the author's words.

import { cut, fold } from "../clean";
import { property, tagOf } from "../dom";
import { attributeOf, childrenOf, hasAttributes } from "../native";
import { Kind } from "./kind";
import { descriptionOf } from "./name";
import { backgroundOf, drawn, isSvgPart, styledPicture } from "./pictures";

export const ATTRIBUTE_LIMIT = 300;
const WORDS_LIMIT = 100;

const TELLING = (
  "type href placeholder name title alt src value min max step maxlength pattern accept multiple target download " +
  "autocomplete inputmode aria-haspopup aria-current aria-sort aria-level aria-roledescription data-testid"
).split(" ");

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

function marksOf(element: Element): string[] {
  const words = attributeOf(element, "class");
  return words === null ? [] : words.split(/\s+/).filter((word) => MARK.test(word));
}

/** The marks of something that can be operated; for what is no control also those of the parts that show its icon. */
function marks(element: Element, kind: Kind): string {
  const found = marksOf(element);
  if (kind === Kind.Clickable) {
    let left = 4;
    for (const child of childrenOf(element)) {
      if (left-- === 0) break;
      found.push(...marksOf(child));
    }
  }
  return cut([...new Set(found)].join(" "), WORDS_LIMIT);
}

const NUMBERED = new Set("meter progressbar scrollbar slider spinbutton".split(" "));

/** From where to where a number goes. */
function limits(element: Element, role: string): Record<string, string> {
  if (!NUMBERED.has(role)) return {};
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

/** What the author wrote. */
function written(element: Element): Record<string, string> {
  const told: Record<string, string> = {};
  for (const attribute of TELLING) {
    const value = attributeOf(element, attribute);
    if (value === null) continue;
    if (
      attribute === "value" &&
      !/^(button|checkbox|radio|submit|reset)$/.test(property<string>(element, "type") ?? "")
    )
      continue;
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

/** The attributes that help to tell an element from others. */
export function tellingAttributes(
  element: Element,
  known: { role: string; kind: Kind; name: string; text: string },
): Record<string, string> {
  const { role, kind, name, text } = known;
  const told: Record<string, string> = hasAttributes(element) ? written(element) : {};
  if (told.title === name) delete told.title;
  const description = hasAttributes(element) ? descriptionOf(element, name) : "";
  if (description !== "" && description !== told.title) told.description = cut(description, ATTRIBUTE_LIMIT);
  const operable = kind === Kind.Control || kind === Kind.Clickable;
  if (operable) {
    const marked = marks(element, kind);
    if (marked !== "") told.class = marked;
  }
  Object.assign(told, limits(element, role));
  if ((operable || kind === Kind.Image) && name === "" && text === "") {
    const src = told.src;
    Object.assign(told, looks(element));
    if (src !== undefined) told.src = src;
  }
  if (isSvgPart(element)) Object.assign(told, drawn(element));
  return told;
}
