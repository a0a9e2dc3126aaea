// The members of DOM nodes, read from their prototypes. In a form, a control that is named "children" or "getAttribute"
// takes the place of the member of that name (so it does in a document, for images and forms), and a page could blind the
// engine that way, or a travel site without meaning to. What may be a form or the document is read through here.

type Getter<T> = (this: unknown) => T;

/** The reader of a property, from the prototype that defines it. */
function reader<T>(prototype: object, name: string): (of: Node) => T {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get as Getter<T> | undefined;
  if (get === undefined) return (of) => (of as unknown as Record<string, T>)[name] as T; // no such property here
  return (of) => get.call(of);
}

const N = Node.prototype;
const E = Element.prototype;

export const nodeTypeOf = reader<number>(N, "nodeType");
export const firstChildOf = reader<ChildNode | null>(N, "firstChild");
export const lastChildOf = reader<ChildNode | null>(N, "lastChild");
export const nextSiblingOf = reader<ChildNode | null>(N, "nextSibling");
export const previousSiblingOf = reader<ChildNode | null>(N, "previousSibling");
export const parentNodeOf = reader<Node | null>(N, "parentNode");
export const parentElementOf = reader<Element | null>(N, "parentElement");
export const childNodesOf = reader<NodeListOf<ChildNode>>(N, "childNodes");
export const isConnected = reader<boolean>(N, "isConnected");
export const ownerOf = reader<Document>(N, "ownerDocument");
export const textOf = reader<string | null>(N, "textContent");
export const localNameOf = reader<string>(E, "localName");
export const childrenOf = reader<HTMLCollection>(E, "children");
export const firstElementOf = reader<Element | null>(E, "firstElementChild");
export const nextElementOf = reader<Element | null>(E, "nextElementSibling");
export const previousElementOf = reader<Element | null>(E, "previousElementSibling");
export const elementCountOf = reader<number>(E, "childElementCount");
export const attributesOf = reader<NamedNodeMap>(E, "attributes");
export const openRootOf = reader<ShadowRoot | null>(E, "shadowRoot");
export const bodyOf = reader<HTMLElement | null>(Document.prototype, "body");
export const rootElementOf = reader<HTMLElement>(Document.prototype, "documentElement");
export const titleOf = reader<string>(Document.prototype, "title");
export const readyStateOf = reader<DocumentReadyState>(Document.prototype, "readyState");
export const scrollingElementOf = reader<Element | null>(Document.prototype, "scrollingElement");
export const activeElementOf = reader<Element | null>(Document.prototype, "activeElement");
const slotOfElement = reader<HTMLSlotElement | null>(E, "assignedSlot");
const slotOfText = reader<HTMLSlotElement | null>(Text.prototype, "assignedSlot");

/** The slot a node is shown in; null if it is in none, or in one of a closed root. */
export function assignedSlotOf(node: Node): HTMLSlotElement | null {
  const type = nodeTypeOf(node);
  return type === 1 ? slotOfElement(node) : type === 3 ? slotOfText(node) : null;
}

export function attributeOf(element: Element, name: string): string | null {
  return E.getAttribute.call(element, name);
}

export function hasAttribute(element: Element, name: string): boolean {
  return E.hasAttribute.call(element, name);
}

export function hasAttributes(element: Element): boolean {
  return E.hasAttributes.call(element);
}

export function matches(element: Element, selector: string): boolean {
  return E.matches.call(element, selector);
}

export function closest(element: Element, selector: string): Element | null {
  return E.closest.call(element, selector);
}

export function contains(outer: Node, inner: Node | null): boolean {
  return N.contains.call(outer, inner);
}

export function positionOf(from: Node, to: Node): number {
  return N.compareDocumentPosition.call(from, to);
}

export function rootNodeOf(node: Node): Node {
  return N.getRootNode.call(node);
}

export function boundingBox(element: Element): DOMRect {
  return E.getBoundingClientRect.call(element);
}

/** Whether an element is rendered. Only where there is layout. */
export function checkVisibility(element: Element, options?: CheckVisibilityOptions): boolean {
  return E.checkVisibility.call(element, options);
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
