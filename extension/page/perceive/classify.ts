// What an element is to the walk: something to list, something to pass through, or nothing. Decides by tag, role and
// attributes first, and asks the style only where these say nothing.

import { isDisabled, isEditingHost, labelsOf, tagOf } from "../dom";
import {
  attributeOf,
  childrenOf,
  closest,
  elementCountOf,
  firstElementOf,
  hasAttribute,
  hasAttributes,
  localNameOf,
  queryAll,
} from "../native";
import { CONTROL_ROLES, labelled } from "./role";
import { type Box, isVisible } from "./visibility";

/** Why an element is a candidate for the state. */
export enum Kind {
  /** Operated by a person: its role says so. */
  Control,
  /** Clickable by handler, tabindex or cursor although its role does not say so. */
  Clickable,
  Heading,
  /** Text that is no part of a control. */
  Text,
  Image,
  Media,
  Canvas,
  Frame,
  Dialog,
  Form,
  /** Shows only a part of what is in it. */
  Scroller,
}

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

/** Whether letters before and after the tag may be one word. */
export function glues(tag: string): boolean {
  return GLUED.has(tag);
}

const HANDLERS = ["onclick", "onmousedown", "onmouseup", "onpointerdown", "onpointerup", "ng-click", "data-ng-click"];

/** Whether an attribute says that something happens at a press. */
export function hasHandler(element: Element): boolean {
  if (!hasAttributes(element)) return false;
  for (const name of HANDLERS) if (hasAttribute(element, name)) return true;
  return /\bclick\b/.test(attributeOf(element, "jsaction") ?? "");
}

/** Roles that may be focusable for scrolling or reading without being one thing to press. */
const PRESSABLE_ROLES = new Set(["", "cell", "generic", "gridcell", "img", "listitem", "row"]);

function takesFocus(element: Element, role: string): boolean {
  if (!PRESSABLE_ROLES.has(role)) return false;
  const index = attributeOf(element, "tabindex");
  return index !== null && Number.parseInt(index, 10) >= 0;
}

/** What an element is by tag, role and attributes alone; null if they do not make it a candidate. */
export function kindOf(element: Element, tag: string, role: string): Kind | null {
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
  if (tag === "svg" && (hasAttribute(element, "aria-label") || hasAttribute(element, "role"))) return Kind.Image;
  if (isEditingHost(element)) return Kind.Control;
  if (hasHandler(element) || takesFocus(element, role)) return Kind.Clickable;
  if ((role === "form" && labelled(element)) || role === "search") return Kind.Form;
  return null;
}

function isPartOfSelect(element: Element, tag: string): boolean {
  return tag === "option" && closest(element, "select,datalist") !== null;
}

/** Where a pointer cursor on the whole says nothing about the parts: each part is judged for itself. */
export function isCollection(element: Element, tag: string): boolean {
  if (/^(body|dl|g|html|main|ol|svg|table|tbody|tfoot|thead|tr|ul)$/.test(tag)) return true;
  const first = firstElementOf(element);
  if (first === null || elementCountOf(element) < 3) return false;
  for (const child of childrenOf(element)) {
    if (localNameOf(child) !== localNameOf(first)) return false;
    if (child.classList[0] !== first.classList[0]) return false;
  }
  return true;
}

/** Whether an element shows a hand to the pointer. */
export function hasPointerCursor(element: Element): boolean {
  return getComputedStyle(element).cursor === "pointer";
}

/** Too large to be one thing to click: a wrapper that handles clicks for what is in it. */
export function isWrapper(element: Element, box: Box, view: Box): boolean {
  return elementCountOf(element) > 0 && box.width * box.height > 0.5 * view.width * view.height;
}

/** A visible label that stands for a control that is not painted itself, as styled check boxes and upload buttons do. */
export function standIn(element: Element): HTMLLabelElement | null {
  if (tagOf(element) !== "input" || isDisabled(element)) return null;
  if (!/^(checkbox|file|radio)$/.test((element as HTMLInputElement).type)) return null;
  return labelsOf(element).find((label) => isVisible(label)) ?? null;
}

/** Whether an element is inert by attribute: it is shown, but takes no input. */
export function isInert(element: Element): boolean {
  return hasAttribute(element, "inert");
}

/** Whether a modal dialog of the document makes everything outside of it inert. */
export function modalOf(doc: Document): Element | null {
  const modals = queryAll(doc, "dialog:modal");
  return modals[modals.length - 1] ?? null;
}
