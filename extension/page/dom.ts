// The tree as a person sees it: light DOM, open and closed shadow roots, slots. Everything that goes up, down or across
// that tree is here; what elements mean is told by perceive/. Nothing in this folder ever writes into the page's DOM.

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

/** Whether a node is an element. */
export function isElement(node: Node | null | undefined): node is Element {
  return node?.nodeType === 1;
}

/** Whether a node is a shadow root. */
export function isShadowRoot(node: Node | null): node is ShadowRoot {
  return node !== null && node.nodeType === 11 && "host" in node;
}

/** The tag in lower case, also in XML documents. */
export function tagOf(element: Element): string {
  return element.localName.toLowerCase();
}

/**
 * The shadow root of an element, open or closed. Chrome's call for closed ones costs twenty times the property, so it
 * is made only where a closed root makes sense: custom elements, and built-in hosts without light children.
 */
export function shadowRootOf(element: Element): ShadowRoot | null {
  const open = element.shadowRoot;
  if (open !== null || chromeDom === undefined) return open;
  const tag = element.localName;
  const candidate = tag.includes("-") || (element.firstChild === null && HOST_TAGS.has(tag));
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
  if (root !== null) return root.childNodes;
  if (element.localName === "slot") {
    const assigned = (element as HTMLSlotElement).assignedNodes();
    if (assigned.length > 0) return assigned;
  }
  return element.childNodes;
}

/** The slot that shows a child of a host with a closed root, for which `assignedSlot` says null. */
function slotInClosedRoot(element: Element, host: Element): Element | null {
  if (!host.localName.includes("-") || host.shadowRoot !== null) return null;
  const root = shadowRootOf(host);
  if (root === null) return null;
  const name = element.getAttribute("slot") ?? "";
  for (const slot of root.querySelectorAll("slot")) if ((slot.getAttribute("name") ?? "") === name) return slot;
  return null;
}

/** The element around a node as it is shown: its slot, its parent, or the host of its shadow root. */
export function shownParent(node: Node): Element | null {
  const slot = (node as Element | Text).assignedSlot;
  if (slot) return slot;
  const parent = node.parentNode;
  if (parent === null) return null;
  if (isElement(parent)) return isElement(node) ? (slotInClosedRoot(node, parent) ?? parent) : parent;
  return isShadowRoot(parent) ? parent.host : null;
}

/** Whether `inner` is `outer` or shown inside of it. */
export function shownInside(inner: Element, outer: Element): boolean {
  if (outer.contains(inner)) return true;
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
  const root = element.getRootNode();
  return isShadowRoot(root) ? root : element.ownerDocument;
}

/** The focused element, looked for through shadow roots; null if nothing but the body has the focus. */
export function deepActiveElement(doc: Document): Element | null {
  let active = doc.activeElement;
  while (active !== null) {
    const inner = shadowRootOf(active)?.activeElement ?? null;
    if (inner === null) break;
    active = inner;
  }
  return active === doc.body || active === doc.documentElement ? null : active;
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
    for (const element of at.querySelectorAll("*")) {
      const root = shadowRootOf(element);
      if (root === null) continue;
      found.push(root);
      queue.push(root);
    }
  }
  return found;
}

/** The label elements of a control. */
export function labelsOf(element: Element): HTMLLabelElement[] {
  const labels = (element as HTMLInputElement).labels;
  return labels ? Array.from(labels) : [];
}

/** Whether an element is disabled, by HTML or by ARIA, itself or by what is around it. */
export function isDisabled(element: Element): boolean {
  const tag = tagOf(element);
  if ((FORM_TAGS.has(tag) || tag === "option" || tag === "optgroup") && element.matches(":disabled")) return true;
  return closestShown(element, (at) => at.getAttribute("aria-disabled") === "true") !== null;
}

/** Whether an element is the outermost one of an editable area. */
export function isEditingHost(element: Element): boolean {
  const value = element.getAttribute("contenteditable");
  return value !== null && value.toLowerCase() !== "false";
}

/** The value of a property that only some elements have, or undefined. */
export function property<T>(element: Element, name: string): T | undefined {
  return (element as unknown as Record<string, T | undefined>)[name];
}
