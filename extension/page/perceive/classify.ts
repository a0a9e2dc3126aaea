// What an element is to the walk: something to list, something to pass through, or nothing. Decides by tag, role and
// attributes first, and asks the style only where these say nothing.

import { isDisabled, isEditingHost, isElement, labelsOf, tagOf } from "../dom";
import {
  allOfTag,
  attributeOf,
  childrenOf,
  closest,
  elementCountOf,
  firstChildOf,
  firstElementOf,
  hasAttribute,
  hasAttributes,
  localNameOf,
  matches,
  nextSiblingOf,
  nodeTypeOf,
  previousSiblingOf,
} from "../native";
import { hasHandler, saysDraggable } from "./handlers";
import { Kind } from "./kind";
import { ANY, Mark } from "./marks";
import { isIcon, isSvgPart, shapeKind, svgKind } from "./pictures";
import { CONTROL_ROLES, labelled } from "./role";
import { editorOfProxy } from "./typing_proxy";
import { type Box, hasLayout, isVisible } from "./visibility";

export { hasHandler } from "./handlers";
export { Kind } from "./kind";
export { pictureKind } from "./pictures";

/** Tags that show nothing by themselves and hold nothing that is shown. */
const SKIPPED = new Set(
  "base col colgroup datalist head link meta noembed noframes noscript param rp script source style template title track".split(
    " ",
  ),
);

/** Tags whose inside is the browser's own. */
const LEAVES = new Set(
  "audio canvas embed frame iframe img input meter object progress select textarea video".split(" "),
);

/** Tags that flow with the text around them. What is set apart by style all the same gets a space around it. */
const INLINE = new Set(
  (
    "a abbr b bdi bdo big button cite code data del dfn em font i img input ins kbd label mark meter output q ruby s " +
    "samp select slot small span strike strong sub sup svg textarea time tspan tt u var wbr"
  ).split(" "),
);

/** Inline tags that change the look of letters inside a word. */
const GLUED = new Set(
  "b bdi bdo big del dfn em font i ins mark s small strike strong sub sup tspan tt u wbr".split(" "),
);

/** Whether a tag is never looked into. */
export function isSkipped(tag: string): boolean {
  return SKIPPED.has(tag);
}

/** Whether the walk does not go into an element of this tag. */
export function isLeaf(tag: string): boolean {
  return LEAVES.has(tag);
}

/** Whether the text of an element of this tag flows with the text around it. */
export function flows(tag: string): boolean {
  return INLINE.has(tag);
}

/** An element with its style, which is asked for when it is needed. */
interface Styled {
  readonly element: Element;
  readonly style: CSSStyleDeclaration;
}

/** Whether letters before and after the element may be one word. */
export function glues(tag: string, styled: Styled): boolean {
  return GLUED.has(tag) || (TIGHT.has(tag) && isTight(styled));
}

/** Inline tags that are as tight as those, unless style sets them apart. */
const TIGHT = new Set("a abbr acronym cite code data kbd q samp span time tt".split(" "));

/** Whether something stands right beside an element, without a space that is in the text. */
function touchesText(element: Element): boolean {
  const before = previousSiblingOf(element);
  const after = nextSiblingOf(element);
  const meets = (node: Node, at: number): boolean =>
    nodeTypeOf(node) === 3 ? !/^\s?$/.test((node as Text).data.at(at) ?? "") : isElement(node);
  return (before !== null && meets(before, -1)) || (after !== null && meets(after, 0));
}

/** Whether an inline element leaves no gap to what stands beside it. Style is asked only where it makes a difference. */
function isTight(styled: Styled): boolean {
  if (!hasLayout || !touchesText(styled.element)) return false;
  const { style } = styled;
  if (style.display !== "inline" || style.position === "absolute") return false;
  const gaps = [style.marginLeft, style.marginRight, style.paddingLeft, style.paddingRight];
  return gaps.every((gap) => Number.parseFloat(gap) < 2);
}

/** Roles that may be focusable for scrolling or reading without being one thing to press. */
const PRESSABLE_ROLES = new Set([
  "",
  "cell",
  "generic",
  "gridcell",
  "img",
  "listitem",
  "row",
  "scrollbar",
  "separator",
]);

function takesFocus(element: Element, role: string): boolean {
  if (!PRESSABLE_ROLES.has(role)) return false;
  const index = attributeOf(element, "tabindex");
  return index !== null && Number.parseInt(index, 10) >= 0;
}

const PRESSING = Mark.Press | Mark.Events;
const DRAGGED = Mark.Drag | Mark.Class;

function isPressed(element: Element, role: string, about: number): boolean {
  if ((about & PRESSING) !== 0 && hasHandler(element)) return true;
  if ((about & Mark.TabIndex) !== 0 && takesFocus(element, role)) return true;
  return (about & DRAGGED) !== 0 && saysDraggable(element);
}

/** What an element is by tag, role and attributes (`about`, see marks.ts) alone; null if they make it no candidate. */
export function kindOf(element: Element, tag: string, role: string, about: number = ANY): Kind | null {
  switch (tag) {
    case "iframe":
    case "frame":
      return Kind.Frame;
    case "canvas":
      return CONTROL_ROLES.has(role) ? Kind.Control : Kind.Canvas;
    case "video":
    case "audio":
      return Kind.Media;
    case "object":
    case "embed":
      return Kind.Frame;
    case "summary":
      return Kind.Control;
    case "input":
      return (element as HTMLInputElement).type === "hidden" ? null : Kind.Control;
    case "label":
      return null; // told with its control; one without a control may still be clickable by its cursor
    case "dialog":
      return Kind.Dialog;
  }
  if (CONTROL_ROLES.has(role)) return isPartOfSelect(element, tag) ? null : Kind.Control;
  if (role === "heading") return Kind.Heading;
  if (role === "dialog" || role === "alertdialog") return Kind.Dialog;
  if (role === "img" && tag !== "svg") return Kind.Image;
  if (role === "progressbar" || role === "meter") return Kind.Image; // a picture of a number
  if (about !== 0 || tag === "body") {
    if (isEditingHost(element)) return Kind.Control;
    if (isPressed(element, role, about)) return Kind.Clickable;
  }
  if (tag === "svg") return svgKind(element);
  if (tag === "a") return isBareLink(element) ? Kind.Clickable : null;
  if (role === "") return shapeKind(element, tag);
  if ((role === "form" && labelled(element)) || role === "search") return Kind.Form;
  return null;
}

/** A link without an address that is not only a mark to jump to: something happens when it is pressed. */
function isBareLink(element: Element): boolean {
  if (hasAttribute(element, "name") || firstChildOf(element) === null) return false;
  return hasAttributes(element);
}

function isPartOfSelect(element: Element, tag: string): boolean {
  return tag === "option" && closest(element, "select,datalist") !== null;
}

const COLLECTIONS = new Set("body dl g html main menu ol svg table tbody tfoot thead tr ul".split(" "));

/** Where a pointer cursor on the whole says nothing about the parts: each part is judged for itself. */
export function isCollection(element: Element, tag: string): boolean {
  if (COLLECTIONS.has(tag)) return true;
  const first = firstElementOf(element);
  if (first === null) return false;
  const count = elementCountOf(element);
  if (count < 2 || count > MANY_PARTS) return count > MANY_PARTS;
  const alike = count === 2 ? hasSameInside : hasSameClass;
  for (const child of childrenOf(element)) if (!alike(child, first)) return false;
  return true;
}

/** With more parts than these nothing is one thing to press. */
const MANY_PARTS = 200;

function hasSameClass(child: Element, first: Element): boolean {
  return localNameOf(child) === localNameOf(first) && child.classList[0] === first.classList[0];
}

/** Two parts are alike if each is made of the same tags, and of more than text. */
function hasSameInside(child: Element, first: Element): boolean {
  if (localNameOf(child) !== localNameOf(first) || elementCountOf(child) === 0) return false;
  if (child === first) return true;
  const tags = (of: Element): string => Array.from(childrenOf(of), localNameOf).join();
  return tags(child) === tags(first);
}

/**
 * What an element is inside of something that is clickable without being a control, as a card or a row: something of its
 * own if it hears presses itself, is an icon that shows a hand, or is an item of a list in it. `box` is asked for only then.
 */
export function insideClickable(
  element: Element,
  tag: string,
  role: string,
  kind: Kind | null,
  box: () => Box,
): Kind | null {
  if (kind === Kind.Clickable) return kind;
  if (!hasLayout || kind !== null) return null;
  if ((tag === "li" || tag === "tr" || role === "listitem" || role === "row") && hasPointerCursor(element)) {
    return Kind.Clickable;
  }
  const small = firstElementOf(element) === null && !isSvgPart(element) && !isLeaf(tag);
  return small && isIcon(element, box()) ? Kind.Clickable : null;
}

/** Whether an element shows a hand to the pointer. */
export function hasPointerCursor(element: Element, style: CSSStyleDeclaration = getComputedStyle(element)): boolean {
  return style.cursor === "pointer";
}

/** Too large to be one thing to click: a wrapper that handles clicks for what is in it. */
export function isWrapper(element: Element, box: Box, view: Box): boolean {
  return elementCountOf(element) > 0 && box.width * box.height > 0.5 * view.width * view.height;
}

/**
 * What stands for a control that is not shown itself: a visible label, as of styled check boxes and upload buttons, or the
 * editor that a field catches the typing for.
 */
export function standIn(element: Element): Element | null {
  if (tagOf(element) !== "input") return editorOfProxy(element);
  if (isDisabled(element)) return null;
  if (!/^(checkbox|file|radio)$/.test((element as HTMLInputElement).type)) return null;
  return labelsOf(element).find((label) => isVisible(label)) ?? null;
}

/** Whether an element is inert by attribute: it is shown, but takes no input. */
export function isInert(element: Element, about: number = ANY): boolean {
  return (about & Mark.Inert) !== 0 && hasAttribute(element, "inert");
}

/** Whether a modal dialog of the document makes everything outside of it inert. */
export function modalOf(doc: Document): Element | null {
  const modals = Array.from(allOfTag(doc, "dialog")).filter((dialog) => matches(dialog, ":modal"));
  return modals.at(-1) ?? null;
}
