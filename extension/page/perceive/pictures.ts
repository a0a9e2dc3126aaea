// What is shown without a word: boxes that are only painted, elements that style turns into a picture, and the shapes of
// SVG drawings. A person sees and presses them, so they are told, but icons and ornaments of controls are not.

import { isElement, tagOf } from "../dom";
import {
  attributeOf,
  boundingBox,
  childrenOf,
  closest,
  firstChildOf,
  firstElementOf,
  hasAttribute,
  nextSiblingOf,
  nodeTypeOf,
  ownerOf,
  queryAll,
} from "../native";
import { OncePerReading } from "../reading";
import { Kind } from "./kind";
import type { Box } from "./visibility";

/** Shapes that may be told apart. Lines are axes and connections: what they join is told. */
const SHAPES = new Set("circle ellipse image path polygon rect use".split(" "));
const SHAPE_SELECTOR = [...SHAPES, "text"].join(",");

/** A drawing is larger than any icon, and has not so many shapes that nobody could name one. */
const DRAWING_PIXELS = 60;
const DRAWING_SHAPES = 80;

const SVG = "http://www.w3.org/2000/svg";

/** Whether an element is a shape or a text of an SVG. */
export function isSvgPart(element: Element): boolean {
  return element.namespaceURI === SVG && tagOf(element) !== "svg";
}

interface Drawings {
  readonly judged: WeakMap<Element, boolean>;
}

const drawings = new OncePerReading<Drawings>(() => ({ judged: new WeakMap() }));

/** Whether an SVG is a drawing with parts rather than an icon. */
function isDrawing(svg: Element): boolean {
  const { judged } = drawings.get(ownerOf(svg));
  const known = judged.get(svg);
  if (known !== undefined) return known;
  const box = boundingBox(svg);
  const verdict = box.width >= DRAWING_PIXELS && box.height >= DRAWING_PIXELS;
  judged.set(svg, verdict);
  return verdict;
}

function hasTitle(element: Element): boolean {
  const first = firstElementOf(element);
  if (first === null) return false;
  if (tagOf(first) === "title") return true;
  for (const child of childrenOf(element)) if (tagOf(child) === "title") return true;
  return false;
}

/** What an SVG is: a picture if it says what it shows or is a drawing; an icon is nothing by itself. */
export function svgKind(svg: Element): Kind | null {
  if ((svg as SVGElement).ownerSVGElement !== null) return null;
  if (hasAttribute(svg, "aria-label") || hasAttribute(svg, "role") || hasTitle(svg)) return Kind.Image;
  return isDrawing(svg) ? Kind.Image : null;
}

/** What a shape is: a picture of its own if it has a title, or is one of not too many in a drawing. */
export function shapeKind(element: Element, tag: string): Kind | null {
  if (!SHAPES.has(tag) || element.namespaceURI !== SVG) return null;
  const svg = (element as SVGElement).ownerSVGElement;
  if (svg === null) return null;
  if (hasTitle(element)) return Kind.Image;
  return isDrawing(svg) && hasFewShapes(svg) ? Kind.Image : null;
}

const counts = new OncePerReading(() => new WeakMap<Element, boolean>());

function hasFewShapes(svg: Element): boolean {
  const judged = counts.get(ownerOf(svg));
  const known = judged.get(svg);
  if (known !== undefined) return known;
  const verdict = queryAll(svg, SHAPE_SELECTOR).length <= DRAWING_SHAPES;
  judged.set(svg, verdict);
  return verdict;
}

/** A picture's least size, and what part of the window it may fill before it is a background. */
const SMALLEST = 8;
const LARGEST_PART = 0.25;
/** An icon's largest size. */
const ICON = 48;

/** Whether nothing is shown in an element but what style paints. */
function isEmpty(element: Element): boolean {
  for (let node = firstChildOf(element); node !== null; node = nextSiblingOf(node)) {
    if (isElement(node)) return false;
    if (nodeTypeOf(node) === 3 && (node as Text).data.trim() !== "") return false;
  }
  return true;
}

/** The alpha of a computed colour. */
function isClear(color: string): boolean {
  return color === "transparent" || color === "" || /^rgba\(.*,\s*0(\.0\d*)?\)$/.test(color);
}

/** Whether style makes a picture of an element: in place of its content, or behind it. */
function showsPicture(style: CSSStyleDeclaration): boolean {
  return style.content.startsWith("url(") || style.backgroundImage.includes("url(");
}

function isPainted(style: CSSStyleDeclaration): boolean {
  if (showsPicture(style) || style.backgroundImage !== "none") return true;
  if (!isClear(style.backgroundColor)) return true;
  return style.borderTopWidth !== "0px" && style.borderTopStyle !== "none" && style.borderLeftWidth !== "0px";
}

/** What an element without any content of its own is: a picture if it is painted and neither a line nor a background. */
export function pictureKind(element: Element, tag: string, box: Box, style: CSSStyleDeclaration): Kind | null {
  if (tag === "body" || tag === "html" || isSvgPart(element)) return null;
  if (box.width < SMALLEST || box.height < SMALLEST || !isEmpty(element)) return null;
  const view = ownerOf(element).defaultView;
  if (view === null || box.width * box.height > LARGEST_PART * view.innerWidth * view.innerHeight) return null;
  // The empty cells of a table have borders and stripes by the hundred; what is painted cell by cell has a style of its own.
  if (
    (tag === "td" || tag === "th" || tag === "tr") &&
    !hasAttribute(element, "style") &&
    !hasAttribute(element, "bgcolor")
  )
    return null;
  return isPainted(style) ? Kind.Image : null;
}

const ICON_CLASS = /(?:^|[\s_-])(?:icon|icons|glyphicon|fa|fas|far|fab|bi|mdi|material-icons)(?:$|[\s_-])/i;

/** Whether an empty element inside of something clickable is an icon that may be pressed by itself. */
export function isIcon(element: Element, box: Box): boolean {
  if (box.width < SMALLEST || box.height < SMALLEST || box.width > ICON || box.height > ICON) return false;
  if (isSvgPart(element) || !isEmpty(element)) return false;
  const style = getComputedStyle(element);
  if (style.cursor !== "pointer") return false;
  return showsPicture(style) || ICON_CLASS.test(attributeOf(element, "class") ?? "");
}

/** The colour of an element's background as #rrggbb; empty if it has none. */
export function backgroundOf(element: Element): string {
  const color = getComputedStyle(element).backgroundColor;
  return isClear(color) ? "" : asHex(color);
}

/** The picture that style shows in an element: the address in short; empty if there is none. */
export function styledPicture(element: Element): string {
  const style = getComputedStyle(element);
  const found = /url\("?([^")]*)"?\)/.exec(style.content) ?? /url\("?([^")]*)"?\)/.exec(style.backgroundImage);
  const url = found?.[1] ?? "";
  return url.startsWith("data:") ? "" : url;
}

/** A computed colour as #rrggbb where that says it all. */
export function asHex(color: string): string {
  const parts = /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/.exec(color);
  if (parts === null || parts[4] !== undefined) return color;
  return `#${parts
    .slice(1, 4)
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join("")}`;
}

const GEOMETRY: Readonly<Record<string, string>> = {
  circle: "r cx cy",
  ellipse: "rx ry cx cy",
  image: "href",
  polygon: "points",
  rect: "width height",
  use: "href",
};

/** What tells a part of a drawing from the others: colours and measures. */
export function drawn(element: Element): Record<string, string> {
  const told: Record<string, string> = {};
  if (!isSvgPart(element)) return told;
  const style = getComputedStyle(element);
  const tag = tagOf(element);
  if (style.fill !== "none" && (tag !== "text" || style.fill !== "rgb(0, 0, 0)")) told.fill = asHex(style.fill);
  if (style.stroke !== "none") told.stroke = asHex(style.stroke);
  for (const name of (GEOMETRY[tag] ?? "").split(" ")) {
    const value = name === "" ? null : attributeOf(element, name);
    if (value !== null && value !== "") told[name] = value.slice(0, 100);
  }
  return told;
}

/** Where an area of an image map is shown; null if no image that can be seen uses the map. */
export function areaBox(area: Element): Box | null {
  const map = closest(area, "map");
  const name = map === null ? "" : (attributeOf(map, "name") ?? attributeOf(map, "id") ?? "");
  if (name === "") return null;
  const image = Array.from(queryAll<HTMLImageElement>(ownerOf(area), "img[usemap],input[usemap]")).find((candidate) => {
    return attributeOf(candidate, "usemap") === `#${name}` && boundingBox(candidate).width > 0;
  });
  if (image === undefined) return null;
  const box = boundingBox(image);
  const shape = (attributeOf(area, "shape") ?? "rect").toLowerCase();
  const [a = 0, b = 0, c = 0, ...more] = (attributeOf(area, "coords") ?? "").split(/[\s,;]+/).map(Number);
  if (shape === "default" || Number.isNaN(a + b + c)) return box;
  if (shape.startsWith("circ")) return { x: box.x + a - c, y: box.y + b - c, width: 2 * c, height: 2 * c };
  const xs = [a, c, ...more.filter((_, index) => index % 2 === 1)];
  const ys = [b, ...more.filter((_, index) => index % 2 === 0)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { x: box.x + left, y: box.y + top, width: Math.max(...xs) - left, height: Math.max(...ys) - top };
}
