// The tree as a person sees it: light DOM, open and closed shadow roots, slots. Everything that goes up, down or across
// that tree is here; what elements mean is told by perceive/. Nothing in this folder ever writes into the page's DOM.

import {
  activeElementOf,
  allOfTag,
  assignedSlotOf,
  attributeOf,
  bodyOf,
  childNodesOf,
  closest,
  contains,
  hasChildNodes,
  localNameOf,
  matches,
  nodeTypeOf,
  openRootOf,
  ownerOf,
  parentNodeOf,
  positionOf,
  queryAll,
  rootElementOf,
  rootNodeOf,
  treeWalker,
} from "./native";
import { OncePerReading } from "./reading";

interface ChromeDom {
  openOrClosedShadowRoot(element: Element): ShadowRoot | null;
}

const chromeDom = (globalThis as { chrome?: { dom?: ChromeDom } }).chrome?.dom;

/** Built-in elements that may host a shadow root. Custom elements may too. */
const HOST_TAGS = new Set(
  "article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span".split(" "),
);

/** Form controls whose inside is the browser's own. */
const FORM_TAGS = new Set("button fieldset input object output select textarea".split(" "));

/** Elements that a label can belong to, besides form-associated custom elements. */
const LABELABLE = new Set("button input meter output progress select textarea".split(" "));

/** Whether a node is an element. */
export function isElement(node: Node | null | undefined): node is Element {
  return node !== null && node !== undefined && nodeTypeOf(node) === 1;
}

/** Whether a node is a shadow root. */
export function isShadowRoot(node: Node | null): node is ShadowRoot {
  return node !== null && nodeTypeOf(node) === 11 && "host" in node;
}

/** Names of tags in lower case. Looking one up is cheaper than asking whether it is in lower case already. */
const lowered = new Map<string, string>();
/** A page may use any number of names; what is remembered of them is not to grow with it. */
const REMEMBERED = 1_000;

function lower(name: string): string {
  const low = name.toLowerCase();
  if (lowered.size < REMEMBERED) lowered.set(name, low);
  return low;
}

/** The tag in lower case, also in XML documents. */
export function tagOf(element: Element): string {
  const name = localNameOf(element);
  return lowered.get(name) ?? lower(name);
}

/**
 * The shadow root of an element, open or closed. Chrome's call for closed ones costs twenty times the property, so it
 * is made only where a closed root makes sense: custom elements, and built-in hosts without light children.
 */
export function shadowRootOf(element: Element): ShadowRoot | null {
  const open = openRootOf(element);
  if (open !== null || chromeDom === undefined) return open;
  const tag = localNameOf(element);
  const candidate = HOST_TAGS.has(tag) ? !hasChildNodes(element) : tag.includes("-");
  if (!candidate) return null;
  try {
    return chromeDom.openOrClosedShadowRoot(element);
  } catch {
    return null; // not an HTML element, or the extension was replaced under this script
  }
}

/** The nodes that are shown inside an element, in order: of its shadow root, slotted into it, or its own children. */
export function shownChildren(element: Element): Iterable<Node> {
  const root = shadowRootOf(element);
  if (root !== null) return childNodesOf(root);
  return assignedTo(element) ?? childNodesOf(element);
}

/** What is shown in a slot instead of its children; null for anything else, and if nothing is. */
export function assignedTo(element: Element): readonly Node[] | null {
  if (localNameOf(element) !== "slot") return null;
  const assigned = (element as HTMLSlotElement).assignedNodes();
  return assigned.length > 0 ? assigned : null;
}

/** The slot that shows a child of a host with a closed root, for which `assignedSlot` says null. */
function slotInClosedRoot(element: Element, host: Element): Element | null {
  if (!localNameOf(host).includes("-") || openRootOf(host) !== null) return null;
  const root = shadowRootOf(host);
  if (root === null) return null;
  const name = attributeOf(element, "slot") ?? "";
  for (const slot of queryAll(root, "slot")) if ((attributeOf(slot, "name") ?? "") === name) return slot;
  return null;
}

/** The element around a node as it is shown: its slot, its parent, or the host of its shadow root. */
export function shownParent(node: Node): Element | null {
  const slot = assignedSlotOf(node);
  if (slot) return slot;
  const parent = parentNodeOf(node);
  if (parent === null) return null;
  if (isElement(parent)) return isElement(node) ? (slotInClosedRoot(node, parent) ?? parent) : parent;
  return isShadowRoot(parent) ? parent.host : null;
}

/** Whether `inner` is `outer` or shown inside of it. */
export function shownInside(inner: Element, outer: Element): boolean {
  if (contains(outer, inner)) return true;
  for (let at: Element | null = inner; at !== null; at = shownParent(at)) if (at === outer) return true;
  return false;
}

/** The nearest element, from this one up as it is shown, that passes the test. */
export function closestShown(element: Element, test: (candidate: Element) => boolean): Element | null {
  for (let at: Element | null = element; at !== null; at = shownParent(at)) if (test(at)) return at;
  return null;
}

/** The document or shadow root an element lies in, where ids are looked up. */
export function rootOf(element: Element): Document | ShadowRoot {
  const root = rootNodeOf(element);
  return isShadowRoot(root) ? root : ownerOf(element);
}

/** The focused element, looked for through shadow roots; null if nothing but the body has the focus. */
export function deepActiveElement(doc: Document): Element | null {
  let active = activeElementOf(doc);
  while (active !== null) {
    const inner = shadowRootOf(active)?.activeElement ?? null;
    if (inner === null) break;
    active = inner;
  }
  return active === bodyOf(doc) || active === rootElementOf(doc) ? null : active;
}

/** All shadow roots below a node, open and closed. Walks everything: for those who may take milliseconds. */
export function shadowRootsBelow(start: Document | Element | ShadowRoot): ShadowRoot[] {
  const found: ShadowRoot[] = [];
  const queue: (Document | Element | ShadowRoot)[] = [start];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    const own = isElement(at) ? shadowRootOf(at) : null;
    if (own !== null) {
      found.push(own);
      queue.push(own);
    }
    const walker = treeWalker(at, NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const root = shadowRootOf(node as Element);
      if (root === null) continue;
      found.push(root);
      queue.push(root);
    }
  }
  return found;
}

/** Of so many controls the labels are looked for one by one; for more, all labels are gathered once. */
const FEW = 4;

interface Labels {
  asked: number;
  gathered: Map<Element, HTMLLabelElement[]> | null;
}

/** Labels by control. The browser's own list of a control's labels goes through the whole document for each control. */
const labels = new OncePerReading<Labels>(() => ({ asked: 0, gathered: null }));

function gather(root: Document | ShadowRoot): Map<Element, HTMLLabelElement[]> {
  const found = new Map<Element, HTMLLabelElement[]>();
  const all = isShadowRoot(root)
    ? queryAll<HTMLLabelElement>(root, "label")
    : allOfTag<HTMLLabelElement>(root, "label");
  for (const label of all) {
    const control = label.control;
    if (control === null) continue;
    const others = found.get(control);
    if (others === undefined) found.set(control, [label]);
    else others.push(label);
  }
  return found;
}

/** The labels of one control: those that name it, and the one around it. */
function labelsOfOne(element: Element, root: Document | ShadowRoot): HTMLLabelElement[] {
  const id = attributeOf(element, "id") ?? "";
  const naming = id === "" ? [] : Array.from(queryAll<HTMLLabelElement>(root, `label[for="${CSS.escape(id)}"]`));
  const around = closest(element, "label") as HTMLLabelElement | null;
  const all = around === null || naming.includes(around) ? naming : [around, ...naming];
  return all
    .filter((label) => label.control === element)
    .sort((a, b) => ((positionOf(a, b) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0 ? -1 : 1));
}

/** The label elements of a control. */
export function labelsOf(element: Element): readonly HTMLLabelElement[] {
  if (!LABELABLE.has(localNameOf(element))) return [];
  const root = rootOf(element);
  const known = labels.get(root);
  if (++known.asked <= FEW && known.gathered === null) return labelsOfOne(element, root);
  known.gathered ??= gather(root);
  return known.gathered.get(element) ?? [];
}

/** Whether an element is disabled by HTML, itself or by what is around it. */
export function isDisabledByHtml(element: Element): boolean {
  const tag = tagOf(element);
  return (FORM_TAGS.has(tag) || tag === "option" || tag === "optgroup") && matches(element, ":disabled");
}

/** Whether an element is disabled, by HTML or by ARIA, itself or by what is around it. */
export function isDisabled(element: Element): boolean {
  if (isDisabledByHtml(element)) return true;
  return closestShown(element, (at) => attributeOf(at, "aria-disabled") === "true") !== null;
}

/** Whether an element is the outermost one of an editable area: by its attribute, or the body of a document that is. */
export function isEditingHost(element: Element): boolean {
  const value = attributeOf(element, "contenteditable");
  if (value !== null) return value.toLowerCase() !== "false";
  return localNameOf(element) === "body" && ownerOf(element).designMode === "on";
}

/** The value of a property that only some elements have, or undefined. Forms have none of those that are asked for. */
export function property<T>(element: Element, name: string): T | undefined {
  if (localNameOf(element) === "form") return undefined;
  return (element as unknown as Record<string, T | undefined>)[name];
}
