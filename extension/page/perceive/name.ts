// Accessible names (W3C accname 1.2 with HTML-AAM). Its own code because it runs over hundreds of elements at every page
// state; checked against dom-accessibility-api by extension/tests/page/name.test.ts.

import { fold } from "../clean";
import { isElement, labelsOf, rootOf, shadowRootOf, shownChildren, tagOf } from "../dom";
import {
  attributeOf,
  childrenOf,
  firstChildOf,
  hasAttribute,
  localNameOf,
  nextSiblingOf,
  nodeTypeOf,
  queryAll,
  textOf,
} from "../native";
import { isSecret } from "../secrets";
import { flows } from "./classify";
import { generatedText, mayHaveGeneratedText } from "./generated";
import { Mark, type Marks, marksOf } from "./marks";
import { roleOf } from "./role";
import { hasLayout, Rendering, renderingOf } from "./visibility";

/** Roles that take their name from what is in them. */
const FROM_CONTENT = new Set(
  (
    "button cell checkbox columnheader gridcell heading link menuitem menuitemcheckbox menuitemradio option radio row " +
    "rowheader switch tab tooltip treeitem"
  ).split(" "),
);

/** Roles that must not be named by the author. */
const UNNAMED = new Set(
  (
    "caption code deletion emphasis generic insertion mark paragraph presentation strong subscript suggestion " +
    "superscript term time"
  ).split(" "),
);

const EMBEDDED_RANGE = new Set("meter progressbar scrollbar slider spinbutton".split(" "));

/** How the computation came to a node, which decides what counts there. */
interface Way {
  /** Inside of what an aria-labelledby points to: no further aria-labelledby is followed. */
  readonly referenced: boolean;
  /** Reached by descending: text counts whatever the role, tooltips only for what has no content. */
  readonly inside: boolean;
  /** What was hidden when the computation was pointed at it counts anyway. */
  readonly hiddenCounts: boolean;
  /** Nodes that have been used, against loops. */
  readonly seen: Set<Node>;
}

/** Tags that HTML has names for: by a label, a child, or an attribute. */
const NATIVE = new Set(
  "area button fieldset figure img input meter optgroup option output progress select summary svg table textarea".split(
    " ",
  ),
);
const NAMING = Mark.Name | Mark.Title | Mark.Placeholder;

/** The accessible name of an element; empty if it has none. */
export function nameOf(element: Element): string {
  return nameOfKnown(element, roleOf(element), marksOf(element));
}

/** The same for an element whose role and attributes are known. */
export function nameOfKnown(element: Element, role: string, { about }: Marks): string {
  if (UNNAMED.has(role) && (about & Mark.Name) === 0) {
    if ((about & Mark.Title) === 0 || role === "presentation") return "";
    return fold(attributeOf(element, "title") ?? "");
  }
  // Without an attribute that names it, and without a name by HTML, there is only its content, if that counts.
  if ((about & NAMING) === 0 && !NATIVE.has(tagOf(element)) && element.namespaceURI !== SVG) {
    if (!FROM_CONTENT.has(role)) return "";
    const text = onlyText(element);
    if (text !== null) return fold(text);
  }
  const way: Way = { referenced: false, inside: false, hiddenCounts: true, seen: new Set() };
  return fold(compute(element, way, role));
}

/** The text of an element in which there is nothing but that; null if there may be more. */
function onlyText(element: Element): string | null {
  const first = firstChildOf(element);
  if (first !== null && (nodeTypeOf(first) !== 3 || nextSiblingOf(first) !== null)) return null;
  if (shadowRootOf(element) !== null || localNameOf(element) === "slot" || tagOf(element) === "details") return null;
  if (hasLayout && mayHaveGeneratedText(element)) return null;
  return first === null ? "" : (first as Text).data;
}

/** The accessible description: what aria-describedby points to, or the title if that is not the name already. */
export function descriptionOf(element: Element, name: string): string {
  const ids = attributeOf(element, "aria-describedby");
  const described = ids === null ? "" : fold(byIds(element, ids));
  if (described !== "") return described;
  const own = fold(attributeOf(element, "aria-description") ?? "");
  if (own !== "") return own;
  const title = fold(attributeOf(element, "title") ?? "");
  return title === name ? "" : title;
}

/** An element may name itself among others; further references are not followed, so there is no loop. */
function byIds(element: Element, ids: string): string {
  const root = rootOf(element);
  const parts: string[] = [];
  for (const id of ids.trim().split(/\s+/)) {
    const target = id === "" ? null : root.getElementById(id);
    if (target === null) continue;
    const hiddenCounts = renderingOf(target) !== Rendering.Painted || attributeOf(target, "aria-hidden") === "true";
    parts.push(compute(target, { referenced: true, inside: false, hiddenCounts, seen: new Set() }));
  }
  return parts.filter((part) => part.trim() !== "").join(" ");
}

function isHidden(element: Element): boolean {
  return attributeOf(element, "aria-hidden") === "true" || renderingOf(element) !== Rendering.Painted;
}

function compute(element: Element, way: Way, known?: string): string {
  if (way.seen.has(element)) return "";
  way.seen.add(element);
  if (!way.hiddenCounts && isHidden(element)) return "";
  const role = known ?? roleOf(element);
  if (!way.referenced) {
    const ids = attributeOf(element, "aria-labelledby");
    const text = ids === null ? "" : byIds(element, ids);
    if (text !== "") return text;
  }
  if (way.inside || way.referenced) {
    const embedded = embeddedValue(element, role);
    if (embedded !== null) return embedded;
  }
  const label = attributeOf(element, "aria-label") ?? "";
  if (label.trim() !== "") return label;
  if (role !== "presentation") {
    const native = nativeName(element, way);
    if (native !== null && native.trim() !== "") return native;
  }
  if (FROM_CONTENT.has(role) || way.inside || way.referenced || tagOf(element) === "summary") {
    const content = contentName(element, way);
    if (content.trim() !== "" || (way.inside && !hasAttribute(element, "title"))) return content;
  }
  return tooltip(element);
}

/** The value of a control that is part of another element's name, as in "Flash the screen [3] times". */
function embeddedValue(element: Element, role: string): string | null {
  const tag = tagOf(element);
  if (isSecret(element)) return "";
  if (role === "textbox" || role === "searchbox") {
    if (tag === "input" || tag === "textarea") return (element as HTMLInputElement).value;
    return textOf(element) ?? "";
  }
  if (role === "combobox" || role === "listbox") {
    if (tag === "select") {
      return Array.from((element as HTMLSelectElement).selectedOptions, (option) => option.label).join(" ");
    }
    if (tag === "input") return (element as HTMLInputElement).value;
    const chosen = Array.from(queryAll(element, '[role="option"][aria-selected="true"]'));
    if (chosen.length > 0) return chosen.map((option) => textOf(option) ?? "").join(" ");
    return role === "listbox" ? "" : null;
  }
  if (EMBEDDED_RANGE.has(role)) {
    const text = attributeOf(element, "aria-valuetext") ?? attributeOf(element, "aria-valuenow");
    if (text !== null) return text;
    if (tag === "input") return (element as HTMLInputElement).value;
    if (tag === "meter" || tag === "progress") return attributeOf(element, "value") ?? "";
    return "";
  }
  return null;
}

function fromLabels(element: Element, way: Way): string | null {
  const labels = labelsOf(element);
  if (labels.length === 0) return null;
  const parts = labels.map((label) => {
    const hiddenCounts = isHidden(label);
    return compute(label, { referenced: true, inside: true, hiddenCounts, seen: new Set(way.seen) });
  });
  return parts.filter((part) => part.trim() !== "").join(" ");
}

function inputName(input: HTMLInputElement, way: Way): string | null {
  switch (input.type) {
    case "button":
    case "reset":
    case "submit": {
      const labelled = fromLabels(input, way);
      if (labelled !== null && labelled.trim() !== "") return labelled;
      if (input.value !== "") return input.value;
      return input.type === "submit" ? "Submit" : input.type === "reset" ? "Reset" : null;
    }
    case "image": {
      const labelled = fromLabels(input, way);
      if (labelled !== null && labelled.trim() !== "") return labelled;
      return attributeOf(input, "alt") || attributeOf(input, "title") || "Submit Query";
    }
    default:
      return fromLabels(input, way);
  }
}

/** The child that names its parent by HTML: legend, caption, figcaption, title. */
function fromChild(element: Element, tag: string, way: Way): string | null {
  for (const child of childrenOf(element)) {
    if (tagOf(child) === tag) return compute(child, { ...way, inside: true, hiddenCounts: false });
  }
  return null;
}

function nativeName(element: Element, way: Way): string | null {
  switch (tagOf(element)) {
    case "img":
    case "area":
      return attributeOf(element, "alt");
    case "input":
      return inputName(element as HTMLInputElement, way);
    case "button":
    case "meter":
    case "output":
    case "progress":
    case "select":
    case "textarea":
      return fromLabels(element, way);
    case "fieldset":
      return fromChild(element, "legend", way);
    case "table":
      return fromChild(element, "caption", way);
    case "figure":
      return fromChild(element, "figcaption", way);
    case "svg":
      return svgTitle(element);
    case "optgroup":
      return attributeOf(element, "label");
    case "option":
      return attributeOf(element, "label");
    default:
      return element.namespaceURI === SVG ? svgTitle(element) : null;
  }
}

const SVG = "http://www.w3.org/2000/svg";

/** The title of a drawing or of a part of one. */
function svgTitle(element: Element): string | null {
  for (const child of childrenOf(element)) if (tagOf(child) === "title") return textOf(child);
  return null;
}

function tooltip(element: Element): string {
  const title = attributeOf(element, "title") ?? "";
  if (title.trim() !== "") return title;
  const tag = tagOf(element);
  if (tag === "input" || tag === "textarea") return attributeOf(element, "placeholder") ?? "";
  return attributeOf(element, "aria-placeholder") ?? "";
}

/** What a picture says is no part of a word. */
function isPicture(element: Element): boolean {
  return tagOf(element) === "img" || attributeOf(element, "role") === "img";
}

/** Whether what is in the element stands apart from its surroundings, so that words do not run together. */
function standsApart(element: Element): boolean {
  if (!hasLayout) return !flows(tagOf(element)) || isPicture(element);
  const display = getComputedStyle(element).display;
  return display !== "inline" ? display !== "contents" : isPicture(element);
}

const NO_TEXT = new Set("head link meta noscript script style template title".split(" "));

function contentName(element: Element, way: Way): string {
  const parts: string[] = [generatedText(element, "::before")];
  const inner: Way = { ...way, inside: true, hiddenCounts: false };
  const folded = tagOf(element) === "details" && !(element as HTMLDetailsElement).open;
  for (const child of shownChildren(element)) {
    if (nodeTypeOf(child) === 3) {
      if (!folded) parts.push((child as Text).data);
      continue;
    }
    if (!isElement(child)) continue;
    const tag = tagOf(child);
    if (tag === "br") parts.push(" ");
    if (NO_TEXT.has(tag) || (folded && tag !== "summary") || isBranch(element, child)) continue;
    // What was hidden as a whole and is named by reference counts with all that is in it.
    const text = compute(
      child,
      way.hiddenCounts && way.referenced ? { ...inner, hiddenCounts: hiddenWith(child) } : inner,
    );
    parts.push(text !== "" && standsApart(child) ? ` ${text} ` : text);
  }
  parts.push(generatedText(element, "::after"));
  return parts.join("");
}

/** The nodes below a node of a tree, or the entries below an entry of a menu, have names of their own. */
function isBranch(element: Element, child: Element): boolean {
  if (!/^(?:group|menu|tree)$/.test(attributeOf(child, "role") ?? "")) return false;
  return /^(?:menuitem|treeitem)/.test(attributeOf(element, "role") ?? "");
}

/** Inside of a hidden reference, what is hidden only because of its parent counts; what hides itself does not. */
function hiddenWith(child: Element): boolean {
  if (attributeOf(child, "aria-hidden") === "true" || hasAttribute(child, "hidden")) return false;
  const style = getComputedStyle(child);
  return style.display !== "none";
}
