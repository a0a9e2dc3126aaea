// Finds the entries of lists that are made of other elements: in the list itself, in the popup that it names, or in the one that
// opened; through shadow roots and slots, as they are shown.

import { isElement, rootOf, shownChildren, tagOf } from "../dom";
import { attributeOf, isConnected, matches, queryAll } from "../native";
import { isSkipped } from "../perceive/classify";
import { isVisible } from "../perceive/visibility";

const ENTRIES =
  '[role="option"],[role="menuitem"],[role="menuitemcheckbox"],[role="menuitemradio"],[role="treeitem"],[role="radio"],' +
  'input[type="radio"]';
const LISTS = '[role="listbox"],[role="menu"],[role="tree"],[role="radiogroup"]';
/** So many nodes of a list are looked at. */
const LOOKED_AT = 20_000;

/** What passes a test in what is shown inside of an element, in order. Does not look into what passed. */
function shownWithin(start: Element, test: (element: Element) => boolean): Element[] {
  const found: Element[] = [];
  const stack: Node[] = Array.from(shownChildren(start)).reverse();
  for (let left = LOOKED_AT, node = stack.pop(); node !== undefined && left > 0; left--, node = stack.pop()) {
    if (!isElement(node) || isSkipped(tagOf(node))) continue;
    if (test(node)) found.push(node);
    else stack.push(...Array.from(shownChildren(node)).reverse());
  }
  return found;
}

/** The visible entries in an element. */
export function entriesWithin(container: Element): Element[] {
  return shownWithin(container, (element) => matches(element, ENTRIES) && isVisible(element));
}

/** The popups that an element names. */
function popupsOf(element: Element): Element[] {
  const ids = ["aria-controls", "aria-owns"].map((name) => attributeOf(element, name) ?? "").join(" ");
  const roots = [rootOf(element), document];
  return ids
    .split(/\s+/)
    .map((id) =>
      id === "" ? null : (roots.map((root) => root.getElementById(id)).find((popup) => popup !== null) ?? null),
    )
    .filter((popup) => popup !== null);
}

/** The lists that are shown, in the document and in the roots around an element. */
export function shownLists(element: Element): Element[] {
  const roots = new Set<Document | ShadowRoot>([rootOf(element), document]);
  return Array.from(roots).flatMap((root) => Array.from(queryAll(root, LISTS)).filter(isVisible));
}

/** The visible entries of a list: its own, of the popups it names, or of the only list that came up since `before`. */
export function entriesOf(element: Element, before: readonly Element[]): Element[] {
  if (!isConnected(element)) return [];
  for (const container of [element, ...popupsOf(element)]) {
    const entries = entriesWithin(container);
    if (entries.length > 0) return entries;
  }
  const lists = shownLists(element);
  const opened = lists.filter((list) => !before.includes(list));
  // A menu that opens inside of another one is in both.
  const innermost = opened.filter((list) => !opened.some((other) => other !== list && list.contains(other)));
  const list = innermost.length > 0 ? innermost[innermost.length - 1] : lists.length === 1 ? lists[0] : undefined;
  const isOpen = opened.length > 0 || attributeOf(element, "aria-expanded") === "true";
  return list !== undefined && isOpen ? entriesWithin(list) : [];
}
