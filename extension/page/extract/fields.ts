// Reads alike items as rows: finds the values in each item, sets the same value of all items in one column by where it
// stands and what its markup says, and names the columns.

import { fold } from "../clean";
import { isElement, shownChildren, tagOf } from "../dom";
import { attributeOf, childrenOf, localNameOf, nodeTypeOf } from "../native";
import { flows, isLeaf, isSkipped } from "../perceive/classify";
import { headingLevel } from "./headings";
import { addressOf, isShown, lineText, linkOf } from "./shown";

/** A value of an item. */
interface Field {
  /** Where it stands in its item; the same for the same value of other items. */
  readonly key: string;
  readonly name: string;
  text: string;
  link: string;
  readonly isButton: boolean;
}

/** Items as rows of columns. */
export interface Aligned {
  readonly columns: string[];
  readonly rows: { readonly element: Element; readonly cells: string[]; readonly links: string[] }[];
}

/** Items deeper than this are no items of a list. */
const DEEPEST = 40;

const LASTING = /^[a-z][a-z_-]{2,40}$/i;
/** Class names that tell how something looks or that a program made. */
const LOOKS =
  /^(?:(?:css|sc|jsx?|ng|v|is|has|text|font|flex|grid|col|row|block|inline|hidden|items|justify|align|bg|border|rounded|shadow|mt|mb|ml|mr|mx|my|pt|pb|pl|pr|px|py|w|h|d|float|pull|clear|small|large|bold|truncate|wrap|wrapper|container|inner|outer|content|clearfix)(?:-.*)?|[a-z]*[A-Z]\w*[A-Z0-9]\w*)$/;

/** What an author calls a value by class, as `price` in `product-card__price`. */
function wordOf(element: Element): string {
  for (const word of (attributeOf(element, "class") ?? "").split(/\s+/)) {
    if (!LASTING.test(word) || LOOKS.test(word)) continue;
    const parts = word.split(/__|--|[-_]/).filter((part) => part.length > 2);
    return (parts.at(-1) ?? word).toLowerCase();
  }
  return "";
}

/** What markup says that a value is. */
function nameOf(element: Element): string {
  const told =
    attributeOf(element, "itemprop") ?? attributeOf(element, "data-label") ?? attributeOf(element, "data-field");
  if (told !== null && told.trim() !== "") return fold(told);
  if (headingLevel(element) > 0) return "title";
  const tag = tagOf(element);
  if (tag === "time") return "date";
  if (tag === "img") return "image";
  const word = wordOf(element);
  if (word !== "") return word;
  return tag === "a" ? "link" : "text";
}

const PRICE = /^(?:[^\d\s]{0,4}\s*)?(?:[$€£¥₹]\s*\d|\d[\d.,\s]*\s*(?:[$€£¥₹]|(?:EUR|USD|GBP|CHF|kr)\b))/;

function isButton(element: Element): boolean {
  return tagOf(element) === "button" || attributeOf(element, "role") === "button";
}

/** Whether an element is one value: text stands right in it, or nothing is in it that is set apart. */
function isValue(element: Element): boolean {
  let inline = true;
  for (const child of shownChildren(element)) {
    if (nodeTypeOf(child) === 3 && (child as Text).data.trim() !== "") return true;
    if (isElement(child) && isShown(child) && !(flows(tagOf(child)) && localNameOf(child) !== "a")) inline = false;
  }
  return inline && Array.from(childrenOf(element)).every((child) => !isLeaf(tagOf(child)));
}

/** Where a child stands among its siblings: by class if it has a telling one, else by its place among those of its tag. */
function step(child: Element): string {
  const tag = localNameOf(child);
  const word = (attributeOf(child, "class") ?? "").split(/\s+/).find((name) => name !== "") ?? "";
  if (word !== "") return `${tag}.${word}`;
  let place = 0;
  for (let at = child.previousElementSibling; at !== null; at = at.previousElementSibling) {
    if (localNameOf(at) === tag && (attributeOf(at, "class") ?? "") === "") place++;
  }
  return `${tag}#${place}`;
}

class Reader {
  readonly fields: Field[] = [];
  private readonly item: Element;

  constructor(item: Element) {
    this.item = item;
  }

  read(element: Element, key: string, depth: number): void {
    const tag = tagOf(element);
    if (depth > DEEPEST || isSkipped(tag) || !isShown(element)) return;
    if (tag === "img") {
      this.add(element, key, fold(attributeOf(element, "alt") ?? ""), "");
    } else if (element !== this.item && (isLeaf(tag) || isButton(element) || isValue(element))) {
      this.add(element, key, lineText(element), linkOf(element, this.item));
    } else {
      this.inside(element, key, depth);
    }
  }

  private inside(element: Element, key: string, depth: number): void {
    let own = "";
    for (const child of shownChildren(element)) {
      if (nodeTypeOf(child) === 3) own += (child as Text).data;
      else if (isElement(child)) this.read(child, `${key}>${step(child)}`, depth + 1);
    }
    const text = fold(own);
    if (/[\p{L}\p{N}]/u.test(text))
      this.add(element, `${key}>text`, text, tagOf(element) === "a" ? addressOf(element) : "");
  }

  private add(element: Element, key: string, text: string, link: string): void {
    if (text === "" && link === "") return;
    const same = this.fields.find((field) => field.key === key);
    if (same !== undefined) {
      if (text !== "") same.text = same.text === "" ? text : `${same.text}, ${text}`;
      if (same.link === "") same.link = link;
      return;
    }
    this.fields.push({ key, name: nameOf(element), text, link, isButton: isButton(element) });
  }
}

function fieldsOf(item: Element): Field[] {
  if (tagOf(item) !== "a" && isWhole(item)) {
    return [{ key: "", name: "text", text: lineText(item), link: linkOf(item, item), isButton: false }];
  }
  const reader = new Reader(item);
  reader.read(item, "", 0);
  // An item that is a link as a whole leads where its first value says.
  const first = reader.fields.find((field) => field.text !== "");
  if (first !== undefined && first.link === "" && tagOf(item) === "a") first.link = addressOf(item);
  return reader.fields;
}

/** An item without parts is one value. */
function isWhole(item: Element): boolean {
  return (
    Array.from(childrenOf(item)).every((child) => flows(tagOf(child)) && !isLeaf(tagOf(child)) && !isButton(child)) &&
    childrenOf(item).length < 2
  );
}

interface Column {
  readonly key: string;
  readonly name: string;
  readonly order: number;
}

/** The columns of all items: each key once, where it stands on the whole. */
function columnsOf(items: readonly (readonly Field[])[]): Column[] {
  const seen = new Map<
    string,
    { name: string; sum: number; count: number; texts: Set<string>; button: boolean; links: number }
  >();
  for (const fields of items) {
    fields.forEach((field, index) => {
      const known = seen.get(field.key) ?? {
        name: field.name,
        sum: 0,
        count: 0,
        texts: new Set(),
        button: false,
        links: 0,
      };
      known.sum += index;
      known.count++;
      known.texts.add(field.text);
      known.button ||= field.isButton;
      if (field.link !== "") known.links++;
      seen.set(field.key, known);
    });
  }
  return Array.from(seen)
    .filter(([, column]) => !(column.button && column.texts.size === 1)) // the same button in every item says nothing
    .map(([key, column]) => ({ key, name: guess(column.name, column.texts), order: column.sum / column.count }))
    .sort((a, b) => a.order - b.order);
}

function guess(name: string, texts: ReadonlySet<string>): string {
  if (name !== "text") return name;
  const all = [...texts].filter((text) => text !== "");
  return all.length > 0 && all.every((text) => PRICE.test(text)) ? "price" : name;
}

function unique(names: readonly string[]): string[] {
  const used = new Map<string, number>();
  return names.map((name) => {
    const count = (used.get(name) ?? 0) + 1;
    used.set(name, count);
    return count === 1 ? name : `${name} ${count}`;
  });
}

/** So many items are looked at to find the columns; all of a list of thousands are not needed for that. */
const SAMPLE = 200;

/** Reads items as rows. `wanted` are the items whose rows are asked for. */
export function align(items: readonly Element[], wanted: readonly Element[]): Aligned {
  const read = new Map<Element, Field[]>();
  for (const item of [...items.slice(0, SAMPLE), ...wanted]) if (!read.has(item)) read.set(item, fieldsOf(item));
  const columns = columnsOf([...read.values()]);
  const rows = wanted.map((element) => {
    const fields = new Map((read.get(element) ?? []).map((field) => [field.key, field]));
    const told = columns.map((column) => fields.get(column.key));
    return { element, cells: told.map((f) => f?.text ?? ""), links: told.map((f) => f?.link ?? "") };
  });
  return { columns: unique(columns.map((column) => column.name)), rows };
}
