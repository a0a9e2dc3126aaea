// Finds elements by role and a part of their name, all over a document. Tags and attributes say which elements may have
// the role, and plain text which may have the name, so that names are worked out only for few.

import { fold } from "../clean";
import { isShadowRoot, labelsOf, shadowRootsBelow, tagOf } from "../dom";
import {
  allOfTag,
  attributeOf,
  firstElementOf,
  hasAttribute,
  hasAttributes,
  localNameOf,
  matches,
  query,
  queryAll,
  textOf,
  treeWalker,
} from "../native";
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
const ANY_TAG = new Set(
  (
    "a area audio button canvas details dialog embed form h1 h2 h3 h4 h5 h6 iframe img input meter object option progress " +
    "select summary svg textarea video"
  ).split(" "),
);
const ANY_ATTRIBUTE = "[role],[tabindex],[onclick],[contenteditable],[draggable=true],[aria-label],[title]";

/** Names of other elements, or values of its own, may be the name of these. */
const NAMED_ELSEWHERE = /^(?:fieldset|figure|input|meter|output|progress|select|table|textarea)$/;
const NAMING = "[alt],[aria-label],[aria-labelledby],[title],[placeholder],input,select,svg";

/** Like what people say: "image" is a picture as "img" is. */
function normal(role: string): string {
  const lower = role.trim().toLowerCase();
  return lower === "image" ? "img" : lower === "none" ? "presentation" : lower;
}

/** Those that say that they have a role. */
function selectorFor(role: string): string {
  if (!/^[a-z-]+$/.test(role)) return "[role]";
  return `[role~="${role}" i]${role === "img" ? ',[role~="image" i]' : ""}`;
}

/** What a state may list below a root. Asking for each tag is cheaper than having Chrome try a long selector everywhere. */
function anything(root: Document | ShadowRoot): Element[] {
  const found: Element[] = [];
  const walker = treeWalker(root, NodeFilter.SHOW_ELEMENT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node as Element;
    if (ANY_TAG.has(localNameOf(element)) || (hasAttributes(element) && matches(element, ANY_ATTRIBUTE))) {
      found.push(element);
    }
  }
  return found;
}

/** What may have a role below a root, in no order. */
function candidates(root: Document | ShadowRoot, role: string): Iterable<Element> {
  if (role === "") return anything(root);
  const tags = BY_ROLE[role];
  if (isShadowRoot(root))
    return queryAll(root, tags === undefined ? selectorFor(role) : `${selectorFor(role)},${tags}`);
  const found = new Set<Element>();
  for (const tag of tags?.split(",") ?? []) {
    for (const element of tag.startsWith("[") ? queryAll(root, tag) : allOfTag(root, tag)) found.add(element);
  }
  for (const element of queryAll(root, selectorFor(role))) found.add(element);
  return found;
}

const NAMES = ["aria-label", "title", "alt"];
/** Whether a text has the words in it. */
function says(text: string | null, words: string): boolean {
  if (text === null || text === "") return false;
  if (text.toLowerCase().includes(words)) return true;
  const folded = fold(text);
  return folded !== text && folded.toLowerCase().includes(words);
}

/** Whether an element can have a name with the words in it, without working the name out. */
function mayBeNamed(element: Element, words: string): boolean {
  if (words === "" || NAMED_ELSEWHERE.test(tagOf(element)) || hasAttribute(element, "aria-labelledby")) return true;
  if (says(textOf(element), words)) return true;
  for (const name of hasAttributes(element) ? NAMES : []) if (says(attributeOf(element, name), words)) return true;
  if (labelsOf(element).length > 0) return true;
  return firstElementOf(element) !== null && (query(element, NAMING) !== null || spreadsOver(element, words));
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
  const found: Element[] = [];
  for (const root of [document, ...shadowRootsBelow(document)]) {
    for (const element of candidates(root, wanted)) {
      if (!mayBeNamed(element, words)) continue;
      if (wanted !== "" && roleOf(element) !== wanted) continue;
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
  return told && says(textOf(element), words);
}
