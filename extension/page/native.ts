// The members of DOM nodes, read from their prototypes. In a form, a control that is named "children" or "getAttribute"
// takes the place of the member of that name (so it does in a document, for images and forms), and a page could blind the
// engine that way, or a travel site without meaning to. What may be a form or the document is read through here.

type Getter<T> = (this: unknown) => T;

/** The getter of a property, from the prototype that defines it; one that answers by name where there is none. */
function getter<T>(prototype: object, name: string): Getter<T> {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get as Getter<T> | undefined;
  return (
    get ??
    function (this: unknown) {
      return (this as Record<string, T>)[name] as T;
    }
  );
}

const N = Node.prototype;
const E = Element.prototype;
const D = Document.prototype;

// Each has a function of its own around a getter that never changes: so Chrome's compiler calls the getter directly. One
// function made many times over, for all of them, would be several times as slow, and these are called for every node.
// The mark on each tells the bundler that one that is not used can be left out.
const getNodeTypeOf = /* @__PURE__ */ getter<number>(N, "nodeType");
const getFirstChildOf = /* @__PURE__ */ getter<ChildNode | null>(N, "firstChild");
const getLastChildOf = /* @__PURE__ */ getter<ChildNode | null>(N, "lastChild");
const getNextSiblingOf = /* @__PURE__ */ getter<ChildNode | null>(N, "nextSibling");
const getPreviousSiblingOf = /* @__PURE__ */ getter<ChildNode | null>(N, "previousSibling");
const getParentNodeOf = /* @__PURE__ */ getter<Node | null>(N, "parentNode");
const getParentElementOf = /* @__PURE__ */ getter<Element | null>(N, "parentElement");
const getChildNodesOf = /* @__PURE__ */ getter<NodeListOf<ChildNode>>(N, "childNodes");
const getIsConnected = /* @__PURE__ */ getter<boolean>(N, "isConnected");
const getOwnerOf = /* @__PURE__ */ getter<Document>(N, "ownerDocument");
const getTextOf = /* @__PURE__ */ getter<string | null>(N, "textContent");
const getLocalNameOf = /* @__PURE__ */ getter<string>(E, "localName");
const getChildrenOf = /* @__PURE__ */ getter<HTMLCollection>(E, "children");
const getFirstElementOf = /* @__PURE__ */ getter<Element | null>(E, "firstElementChild");
const getNextElementOf = /* @__PURE__ */ getter<Element | null>(E, "nextElementSibling");
const getPreviousElementOf = /* @__PURE__ */ getter<Element | null>(E, "previousElementSibling");
const getElementCountOf = /* @__PURE__ */ getter<number>(E, "childElementCount");
const getAttributesOf = /* @__PURE__ */ getter<NamedNodeMap>(E, "attributes");
const getOpenRootOf = /* @__PURE__ */ getter<ShadowRoot | null>(E, "shadowRoot");
const getBodyOf = /* @__PURE__ */ getter<HTMLElement | null>(D, "body");
const getRootElementOf = /* @__PURE__ */ getter<HTMLElement>(D, "documentElement");
const getTitleOf = /* @__PURE__ */ getter<string>(D, "title");
const getReadyStateOf = /* @__PURE__ */ getter<DocumentReadyState>(D, "readyState");
const getScrollingElementOf = /* @__PURE__ */ getter<Element | null>(D, "scrollingElement");
const getActiveElementOf = /* @__PURE__ */ getter<Element | null>(D, "activeElement");
const getSlotOfElement = /* @__PURE__ */ getter<HTMLSlotElement | null>(E, "assignedSlot");
const getSlotOfText = /* @__PURE__ */ getter<HTMLSlotElement | null>(Text.prototype, "assignedSlot");

export const nodeTypeOf = (of: Node): number => getNodeTypeOf.call(of);
export const firstChildOf = (of: Node): ChildNode | null => getFirstChildOf.call(of);
export const lastChildOf = (of: Node): ChildNode | null => getLastChildOf.call(of);
export const nextSiblingOf = (of: Node): ChildNode | null => getNextSiblingOf.call(of);
export const previousSiblingOf = (of: Node): ChildNode | null => getPreviousSiblingOf.call(of);
export const parentNodeOf = (of: Node): Node | null => getParentNodeOf.call(of);
export const parentElementOf = (of: Node): Element | null => getParentElementOf.call(of);
export const childNodesOf = (of: Node): NodeListOf<ChildNode> => getChildNodesOf.call(of);
export const isConnected = (of: Node): boolean => getIsConnected.call(of);
export const ownerOf = (of: Node): Document => getOwnerOf.call(of);
export const textOf = (of: Node): string | null => getTextOf.call(of);
export const localNameOf = (of: Node): string => getLocalNameOf.call(of);
export const childrenOf = (of: Node): HTMLCollection => getChildrenOf.call(of);
export const firstElementOf = (of: Node): Element | null => getFirstElementOf.call(of);
export const nextElementOf = (of: Node): Element | null => getNextElementOf.call(of);
export const previousElementOf = (of: Node): Element | null => getPreviousElementOf.call(of);
export const elementCountOf = (of: Node): number => getElementCountOf.call(of);
export const attributesOf = (of: Node): NamedNodeMap => getAttributesOf.call(of);
export const openRootOf = (of: Node): ShadowRoot | null => getOpenRootOf.call(of);
export const bodyOf = (of: Node): HTMLElement | null => getBodyOf.call(of);
export const rootElementOf = (of: Node): HTMLElement => getRootElementOf.call(of);
export const titleOf = (of: Node): string => getTitleOf.call(of);
export const readyStateOf = (of: Node): DocumentReadyState => getReadyStateOf.call(of);
export const scrollingElementOf = (of: Node): Element | null => getScrollingElementOf.call(of);
export const activeElementOf = (of: Node): Element | null => getActiveElementOf.call(of);
const slotOfElement = (of: Node): HTMLSlotElement | null => getSlotOfElement.call(of);
const slotOfText = (of: Node): HTMLSlotElement | null => getSlotOfText.call(of);

/** The slot a node is shown in; null if it is in none, or in one of a closed root. */
export function assignedSlotOf(node: Node): HTMLSlotElement | null {
  const type = nodeTypeOf(node);
  return type === 1 ? slotOfElement(node) : type === 3 ? slotOfText(node) : null;
}

const getAttribute = E.getAttribute;
const getAttributeNames = E.getAttributeNames;
const hasAttributeMethod = E.hasAttribute;
const hasAttributesMethod = E.hasAttributes;
const matchesMethod = E.matches;
const closestMethod = E.closest;
const containsMethod = N.contains;
const compareDocumentPosition = N.compareDocumentPosition;
const getRootNode = N.getRootNode;
const getBoundingClientRect = E.getBoundingClientRect;
const checkVisibilityMethod = E.checkVisibility;

export function attributeOf(element: Element, name: string): string | null {
  return getAttribute.call(element, name);
}

export function hasAttribute(element: Element, name: string): boolean {
  return hasAttributeMethod.call(element, name);
}

export function attributeNamesOf(element: Element): string[] {
  return getAttributeNames.call(element);
}

export function hasAttributes(element: Element): boolean {
  return hasAttributesMethod.call(element);
}

export function matches(element: Element, selector: string): boolean {
  return matchesMethod.call(element, selector);
}

export function closest(element: Element, selector: string): Element | null {
  return closestMethod.call(element, selector);
}

export function contains(outer: Node, inner: Node | null): boolean {
  return containsMethod.call(outer, inner);
}

export function positionOf(from: Node, to: Node): number {
  return compareDocumentPosition.call(from, to);
}

export function rootNodeOf(node: Node): Node {
  return getRootNode.call(node);
}

export function boundingBox(element: Element): DOMRect {
  return getBoundingClientRect.call(element);
}

/** Whether an element is rendered. Only where there is layout. */
export function checkVisibility(element: Element, options?: CheckVisibilityOptions): boolean {
  return checkVisibilityMethod.call(element, options);
}

/** What is at a point of a document, or of a shadow root that has it. */
export function elementFromPoint(root: Document | ShadowRoot, x: number, y: number): Element | null {
  return nodeTypeOf(root) === 9 ? Document.prototype.elementFromPoint.call(root, x, y) : root.elementFromPoint(x, y);
}

/** The prototype whose query methods a node has. */
function queries(node: ParentNode): Pick<Document, "querySelector" | "querySelectorAll"> {
  const type = nodeTypeOf(node);
  return type === 1 ? E : type === 9 ? Document.prototype : DocumentFragment.prototype;
}

export function query<T extends Element = Element>(node: ParentNode, selector: string): T | null {
  return queries(node).querySelector.call(node, selector) as T | null;
}

export function queryAll<T extends Element = Element>(node: ParentNode, selector: string): NodeListOf<T> {
  return queries(node).querySelectorAll.call(node, selector) as NodeListOf<T>;
}

/** All elements of a tag in a document: a live list, which Chrome keeps between questions. */
export function allOfTag<T extends Element = Element>(doc: Document, tag: string): HTMLCollectionOf<T> {
  return Document.prototype.getElementsByTagName.call(doc, tag) as unknown as HTMLCollectionOf<T>;
}

/** Whether there is anything in a node. Asking for its first child would make an object of that. */
export function hasChildNodes(node: Node): boolean {
  return N.hasChildNodes.call(node);
}

/** Goes through what is below a node, in order: much faster than a list of all of it. */
export function treeWalker(root: Node, show: number, filter: NodeFilter | null = null): TreeWalker {
  return Document.prototype.createTreeWalker.call(document, root, show, filter);
}
