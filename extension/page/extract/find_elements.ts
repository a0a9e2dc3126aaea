// Finds elements by role and a part of their name, all over a document. Tags and attributes say which elements may have
// the role, and plain text which may have the name, so that names are worked out only for few.

import { fold } from "../clean";
import { labelsOf, shadowRootsBelow, tagOf } from "../dom";
import { attributeOf, firstElementOf, hasAttribute, query, queryAll, textOf } from "../native";
import { standIn } from "../perceive/classify";
import { nameOf } from "../perceive/name";
import { roleOf } from "../perceive/role";
import { isVisible } from "../perceive/visibility";
import { beginReading } from "../reading";
import { inOrder } from "./order";

/** What is looked for. */
export interface ElementQuery {
  /** A role; empty for any. */
  readonly role: string;
  /** A part of the name, compared without case; empty for any. */
  readonly name: string;
}

/** Which tags may have a role without saying so. */
const BY_ROLE: Readonly<Record<string, string>> = {
  article: "article",
  banner: "header",
  button: "button,summary,input",
  cell: "td",
  checkbox: "input",
  columnheader: "th",
  combobox: "select,input",
  complementary: "aside",
  contentinfo: "footer",
  dialog: "dialog",
  figure: "figure",
  form: "form",
  grid: "table",
  gridcell: "td",
  group: "fieldset,details,optgroup,address,hgroup",
  heading: "h1,h2,h3,h4,h5,h6",
  img: "img,svg",
  link: "a,area",
  list: "ul,ol,menu",
  listbox: "select",
  listitem: "li",
  main: "main",
  meter: "meter",
  navigation: "nav",
  option: "option",
  paragraph: "p",
  progressbar: "progress",
  radio: "input",
  region: "section",
  row: "tr",
  rowheader: "th",
  search: "search",
  searchbox: "input",
  separator: "hr",
  slider: "input",
  spinbutton: "input",
  status: "output",
  switch: "input",
  table: "table",
  textbox: "input,textarea,[contenteditable]",
};

/** What a state lists, as far as tags and attributes tell. */
const ANY =
  "a,area,audio,button,canvas,details,dialog,embed,form,h1,h2,h3,h4,h5,h6,iframe,img,input,meter,object,option,progress," +
  "select,summary,svg,textarea,video,[role],[tabindex],[onclick],[contenteditable],[draggable=true],[aria-label],[title]";

/** Names of other elements, or values of its own, may be the name of these. */
const NAMED_ELSEWHERE = /^(?:fieldset|figure|input|meter|output|progress|select|table|textarea)$/;
const NAMING = "[alt],[aria-label],[aria-labelledby],[title],[placeholder],input,select,svg";

/** Like what people say: "image" is a picture as "img" is. */
function normal(role: string): string {
  const lower = role.trim().toLowerCase();
  return lower === "image" ? "img" : lower === "none" ? "presentation" : lower;
}

function selectorFor(role: string): string {
  if (role === "") return ANY;
  const explicit = /^[a-z-]+$/.test(role)
    ? `[role~="${role}" i]${role === "img" ? ',[role~="image" i]' : ""}`
    : "[role]";
  const tags = BY_ROLE[role];
  return tags === undefined ? explicit : `${explicit},${tags}`;
}

/** Whether an element can have a name with the words in it, without working the name out. */
function mayBeNamed(element: Element, words: string): boolean {
  if (words === "" || NAMED_ELSEWHERE.test(tagOf(element)) || hasAttribute(element, "aria-labelledby")) return true;
  const own = [
    textOf(element),
    attributeOf(element, "aria-label"),
    attributeOf(element, "title"),
    attributeOf(element, "alt"),
  ];
  if (own.some((text) => text?.toLowerCase().includes(words[0] ?? "") && fold(text).toLowerCase().includes(words)))
    return true;
  if (firstElementOf(element) === null) return labelsOf(element).length > 0;
  return labelsOf(element).length > 0 || query(element, NAMING) !== null || spreadsOver(element, words);
}

/** Words of a name may stand in several elements without spaces between; then each of them is in the text. */
function spreadsOver(element: Element, words: string): boolean {
  if (!words.includes(" ")) return false;
  const text = fold(textOf(element) ?? "").toLowerCase();
  return words.split(" ").every((word) => text.includes(word));
}

function isThere(element: Element): boolean {
  return isVisible(element) || standIn(element) !== null;
}

/** The elements of a document that fit, in the order of their roots. */
export function elementsLike({ role, name }: ElementQuery): Element[] {
  beginReading();
  const wanted = normal(role);
  const words = fold(name).toLowerCase();
  const selector = selectorFor(wanted);
  const found: Element[] = [];
  for (const root of [document, ...shadowRootsBelow(document)]) {
    for (const element of queryAll(root, selector)) {
      if (wanted !== "" && roleOf(element) !== wanted) continue;
      if (!mayBeNamed(element, words)) continue;
      if (words !== "" && !saysSo(element, words, wanted)) continue;
      if (isThere(element)) found.push(element);
    }
  }
  return inOrder(found, (element) => element);
}

/** Rows and items are called by what is in them, though that is not their name. */
function saysSo(element: Element, words: string, role: string): boolean {
  if (nameOf(element).toLowerCase().includes(words)) return true;
  const told = /^(?:article|cell|gridcell|listitem|paragraph|row|status|alert|log|treeitem)$/.test(role);
  return (
    told &&
    fold(textOf(element) ?? "")
      .toLowerCase()
      .includes(words)
  );
}
