// Finds lists of alike items: siblings of the same shape, as products, search results or messages are, whatever tags they
// are made of.

import { isElement, shadowRootOf, shownChildren, tagOf } from "../dom";
import { attributeOf, childrenOf, elementCountOf, localNameOf, textOf } from "../native";
import { isLeaf, isSkipped } from "../perceive/classify";
import { isAround } from "./main_content";
import { isShown } from "./shown";

/** Alike items and what holds them. */
export interface Repeated {
  readonly holder: Element;
  readonly items: Element[];
}

/** Two of a kind may be chance; with a list's own tag two are enough. */
const LEAST_ITEMS = 3;
const LIST = /^(?:dl|menu|ol|ul)$/;
const TEXT_COUNTED = 400;
/** So many items of a list, or a few more, are taken apart to see how rich they are. */
const TAKEN_APART = 100;
/** Into so many items of a list it is looked for lists in them. */
const LOOKED_INTO = 20;

/** Class names that tell an item's state or place, not its kind. */
const PASSING =
  /^(?:is-|has-)?(?:active|current|even|first|hidden|hover|last|new|odd|open|selected|sponsored|[\w-]*\d+)$/i;

/** The shape of an element, so that siblings can be compared: tag, role and first lasting class. */
export function signatureOf(element: Element): string {
  const words = (attributeOf(element, "class") ?? "").split(/\s+/);
  const kind = words.find((word) => word !== "" && !PASSING.test(word)) ?? "";
  return `${localNameOf(element)}.${kind}:${attributeOf(element, "role") ?? ""}`;
}

/** The largest group of siblings of one shape among elements. */
function groupOf(children: readonly Element[]): Element[] {
  const groups = new Map<string, Element[]>();
  for (const child of children) {
    const signature = signatureOf(child);
    const group = groups.get(signature);
    if (group === undefined) groups.set(signature, [child]);
    else group.push(child);
  }
  let best: Element[] = [];
  for (const group of groups.values()) if (group.length > best.length) best = group;
  return best;
}

function candidates(parent: Element): Element[] {
  const found: Element[] = [];
  for (const child of shownChildren(parent)) {
    if (isElement(child) && !isSkipped(tagOf(child)) && !/^(?:br|hr|wbr)$/.test(tagOf(child))) found.push(child);
  }
  return found;
}

/** The alike items right in an element, if it is a list of some; rows of cards give the cards. */
export function itemsIn(holder: Element): Element[] {
  const children = candidates(holder);
  const group = groupOf(children);
  const least = LIST.test(tagOf(holder)) || attributeOf(holder, "role") === "list" ? 1 : LEAST_ITEMS;
  if (group.length < Math.min(2, least) || group.length * 2 < children.length) return [];
  const shown = group.filter((item) => isShown(item) && (textOf(item) ?? "").trim() !== "");
  const items = ungroup(shown);
  return items.length < least ? [] : items;
}

/** Items that are only rows of items: those are what repeats. */
function ungroup(rows: Element[]): Element[] {
  const inner: Element[][] = [];
  let signature = "";
  for (const row of rows) {
    const group = groupOf(candidates(row));
    const [first] = group;
    if (inner.length === 0) {
      if (first === undefined || elementCountOf(first) < 2) return rows;
      signature = signatureOf(first);
    }
    if (group.length !== elementCountOf(row) || !group.every((item) => signatureOf(item) === signature)) return rows;
    inner.push(group);
  }
  const several = inner.filter((group) => group.length > 1).length * 2 >= rows.length && rows.length > 1;
  return several ? inner.flat().filter(isShown) : rows;
}

/** How much a list says: rich items count, bare links in menus hardly. */
function worthOf(items: readonly Element[], around: boolean): number {
  let text = 0;
  for (const item of items) text += Math.min(TEXT_COUNTED, (textOf(item) ?? "").trim().length);
  // The items are alike, so that some of them, from all over the list, tell how rich they are.
  const step = Math.max(1, Math.floor(items.length / TAKEN_APART));
  const some = items.filter((_, index) => index % step === 0);
  const rich = some.reduce((sum, item) => sum + Math.min(12, partsOf(item)), 0) / Math.max(1, some.length);
  return text * Math.min(3, rich / 2) * (around ? 0.1 : 1);
}

/** How many elements in an item have nothing but text or a picture in them. */
function partsOf(item: Element): number {
  let parts = 0;
  const stack: Element[] = [item];
  for (let at = stack.pop(); at !== undefined && parts < 12; at = stack.pop()) {
    if (elementCountOf(at) === 0) parts++;
    else stack.push(...Array.from(childrenOf(at)));
  }
  return parts;
}

/** The list of alike items below an element that says most; null if there is none. */
export function largestIn(start: Element): (Repeated & { readonly worth: number }) | null {
  let best: (Repeated & { readonly worth: number }) | null = null;
  const stack: { element: Element; around: boolean }[] = [{ element: start, around: false }];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { element } = at;
    const tag = tagOf(element);
    if (isSkipped(tag) || isLeaf(tag) || tag === "svg") continue;
    const around = at.around || (element !== start && isAround(element));
    const isHolder = elementCountOf(element) >= 2 || LIST.test(tag) || shadowRootOf(element) !== null;
    const items = isHolder ? itemsIn(element) : [];
    // Lists in alike items are alike too: a few items tell about all.
    const passed = new Set(items.slice(LOOKED_INTO));
    for (const child of shownChildren(element)) {
      if (isElement(child) && !passed.has(child)) stack.push({ element: child, around });
    }
    if (items.length === 0) continue;
    const worth = worthOf(items, around);
    if (worth > (best?.worth ?? 0)) best = { holder: element, items, worth };
  }
  return best;
}
