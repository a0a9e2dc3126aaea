// Roles: explicit ones, and those HTML implies (ARIA in HTML). And from the role, what an element is for a reader who
// does not know HTML.

import { ElementType } from "@gen/tabwire/v1/state_pb";
import { closestShown, isEditingHost, tagOf } from "../dom";
import { attributeOf, childrenOf, closest, hasAttribute, parentElementOf } from "../native";
import { ANY, Mark } from "./marks";

const KNOWN = new Set(
  (
    "alert alertdialog application article banner blockquote button caption cell checkbox code columnheader combobox " +
    "complementary contentinfo definition deletion dialog document emphasis feed figure form generic grid gridcell " +
    "group heading img image insertion link list listbox listitem log main mark marquee math menu menubar menuitem " +
    "menuitemcheckbox menuitemradio meter navigation none note option paragraph presentation progressbar radio " +
    "radiogroup region row rowgroup rowheader scrollbar search searchbox separator slider spinbutton status strong " +
    "subscript suggestion superscript switch tab table tablist tabpanel term textbox time timer toolbar tooltip tree " +
    "treegrid treeitem"
  ).split(" "),
);

/** Roles a person operates. */
export const CONTROL_ROLES: ReadonlySet<string> = new Set(
  (
    "button checkbox combobox link listbox menuitem menuitemcheckbox menuitemradio option radio searchbox slider " +
    "spinbutton switch tab textbox treeitem"
  ).split(" "),
);

/** Landmarks, and dialogs, which say as much about where something is. */
export const LANDMARK_ROLES: ReadonlySet<string> = new Set(
  "alertdialog banner complementary contentinfo dialog main navigation region search".split(" "),
);

const TAG_ROLES: Readonly<Record<string, string>> = {
  address: "group",
  article: "article",
  aside: "complementary",
  blockquote: "blockquote",
  button: "button",
  caption: "caption",
  code: "code",
  datalist: "listbox",
  dd: "definition",
  del: "deletion",
  details: "group",
  dfn: "term",
  dialog: "dialog",
  dt: "term",
  em: "emphasis",
  fieldset: "group",
  figure: "figure",
  form: "form",
  h1: "heading",
  h2: "heading",
  h3: "heading",
  h4: "heading",
  h5: "heading",
  h6: "heading",
  hgroup: "group",
  hr: "separator",
  html: "document",
  ins: "insertion",
  main: "main",
  mark: "mark",
  math: "math",
  menu: "list",
  meter: "meter",
  nav: "navigation",
  ol: "list",
  optgroup: "group",
  option: "option",
  output: "status",
  p: "paragraph",
  progress: "progressbar",
  search: "search",
  strong: "strong",
  sub: "subscript",
  summary: "button",
  sup: "superscript",
  table: "table",
  tbody: "rowgroup",
  textarea: "textbox",
  tfoot: "rowgroup",
  thead: "rowgroup",
  time: "time",
  tr: "row",
  ul: "list",
};
const BY_TAG = new Map(Object.entries(TAG_ROLES));

const BY_INPUT_TYPE: Readonly<Record<string, string>> = {
  button: "button",
  checkbox: "checkbox",
  color: "button",
  file: "button",
  image: "button",
  number: "spinbutton",
  radio: "radio",
  range: "slider",
  reset: "button",
  search: "searchbox",
  submit: "button",
};

const SECTIONING = new Set("article aside main nav section".split(" "));

function inSectioning(element: Element): boolean {
  return (
    closestShown(element, (at) => {
      if (at === element) return false;
      const role = attributeOf(at, "role");
      return role === null ? SECTIONING.has(tagOf(at)) : /^(article|complementary|main|navigation|region)$/.test(role);
    }) !== null
  );
}

/** Whether the author gives an element a name. */
export function labelled(element: Element): boolean {
  return (
    (attributeOf(element, "aria-label") ?? "").trim() !== "" ||
    (attributeOf(element, "aria-labelledby") ?? "").trim() !== "" ||
    (attributeOf(element, "title") ?? "").trim() !== ""
  );
}

function inputRole(input: HTMLInputElement): string {
  const type = input.type;
  if (type === "hidden") return "";
  if (type === "checkbox" && hasAttribute(input, "switch")) return "switch";
  const role = BY_INPUT_TYPE[type];
  const listed = hasAttribute(input, "list") && /^(email|search|tel|text|url)$/.test(type);
  return listed ? "combobox" : (role ?? "textbox");
}

function cellRole(element: Element): string {
  const table = closest(element, "table");
  const grid = /^(grid|treegrid)$/.test(table?.getAttribute("role") ?? "");
  if (tagOf(element) === "td") return grid ? "gridcell" : "cell";
  const scope = (attributeOf(element, "scope") ?? "").toLowerCase();
  if (scope === "row" || scope === "rowgroup") return "rowheader";
  if (scope === "col" || scope === "colgroup") return "columnheader";
  const row = parentElementOf(element);
  const mixed = row !== null && Array.from(childrenOf(row)).some((cell) => tagOf(cell) === "td");
  return mixed ? "rowheader" : "columnheader";
}

/** Whether it is worth asking if an element can be edited. */
function mayEdit(tag: string, about: number): boolean {
  return (about & Mark.Editable) !== 0 || tag === "body";
}

/** The role that HTML implies; empty if it implies none. */
export function impliedRole(element: Element, about: number = ANY): string {
  const tag = tagOf(element);
  switch (tag) {
    case "a":
    case "area":
      return hasAttribute(element, "href") || hasAttribute(element, "xlink:href") ? "link" : "generic";
    case "img":
      return attributeOf(element, "alt") === "" && !labelled(element) ? "presentation" : "img";
    case "svg":
      return "img";
    case "input":
      return inputRole(element as HTMLInputElement);
    case "select": {
      const select = element as HTMLSelectElement;
      return select.multiple || select.size > 1 ? "listbox" : "combobox";
    }
    case "li":
      return closest(element, "ul,ol,menu") !== null ? "listitem" : "generic";
    case "td":
    case "th":
      return cellRole(element);
    case "header":
      return inSectioning(element) ? "generic" : "banner";
    case "footer":
      return inSectioning(element) ? "generic" : "contentinfo";
    case "section":
      return labelled(element) ? "region" : "generic";
    default:
      return BY_TAG.get(tag) ?? (mayEdit(tag, about) && isEditingHost(element) ? "textbox" : "");
  }
}

/** Attributes that keep an element from being presentational. */
function focusableOrGlobal(element: Element): boolean {
  const tag = tagOf(element);
  if (/^(a|area|button|input|select|textarea|summary|iframe)$/.test(tag)) return true;
  return hasAttribute(element, "tabindex") || isEditingHost(element);
}

/** The ARIA role, explicit or implied; empty if there is none. `about` is what its attributes are about (marks.ts). */
export function roleOf(element: Element, about: number = ANY): string {
  const given = (about & Mark.Role) === 0 ? null : attributeOf(element, "role");
  if (given !== null) {
    for (const token of given.toLowerCase().split(/\s+/)) {
      if (!KNOWN.has(token)) continue;
      if ((token === "none" || token === "presentation") && focusableOrGlobal(element)) break;
      // Without a name these two say no more than what the tag does.
      if ((token === "form" || token === "region") && !labelled(element)) continue;
      return token === "image" ? "img" : token === "none" ? "presentation" : token;
    }
  }
  return impliedRole(element, about);
}

/** Looked up for every element, which is quicker in a map than in an object. */
function byName(types: Readonly<Record<string, ElementType>>): ReadonlyMap<string, ElementType> {
  return new Map(Object.entries(types));
}

const TYPE_BY_ROLE: ReadonlyMap<string, ElementType> = byName({
  alertdialog: ElementType.DIALOG,
  button: ElementType.BUTTON,
  cell: ElementType.CELL,
  checkbox: ElementType.CHECKBOX,
  columnheader: ElementType.CELL,
  combobox: ElementType.SELECT,
  dialog: ElementType.DIALOG,
  form: ElementType.FORM,
  gridcell: ElementType.CELL,
  heading: ElementType.HEADING,
  img: ElementType.IMAGE,
  link: ElementType.LINK,
  listbox: ElementType.SELECT,
  listitem: ElementType.LIST_ITEM,
  menuitem: ElementType.MENU_ITEM,
  menuitemcheckbox: ElementType.MENU_ITEM,
  menuitemradio: ElementType.MENU_ITEM,
  meter: ElementType.TEXT_CONTENT,
  option: ElementType.OPTION,
  progressbar: ElementType.TEXT_CONTENT,
  radio: ElementType.RADIO,
  rowheader: ElementType.CELL,
  search: ElementType.FORM,
  searchbox: ElementType.INPUT_FIELD,
  slider: ElementType.RANGE,
  spinbutton: ElementType.RANGE,
  switch: ElementType.CHECKBOX,
  tab: ElementType.TAB,
  textbox: ElementType.INPUT_FIELD,
  treeitem: ElementType.LIST_ITEM,
});

const TYPE_BY_TAG: ReadonlyMap<string, ElementType> = byName({
  audio: ElementType.VIDEO,
  canvas: ElementType.CANVAS,
  frame: ElementType.FRAME,
  iframe: ElementType.FRAME,
  object: ElementType.FRAME,
  embed: ElementType.FRAME,
  svg: ElementType.IMAGE,
  textarea: ElementType.INPUT_FIELD,
  video: ElementType.VIDEO,
});

function inputType(input: HTMLInputElement, role: string): ElementType {
  switch (input.type) {
    case "range":
      return ElementType.RANGE;
    case "checkbox":
      return ElementType.CHECKBOX;
    case "radio":
      return ElementType.RADIO;
    case "button":
    case "image":
    case "reset":
    case "submit":
      return TYPE_BY_ROLE.get(role) ?? ElementType.BUTTON;
    default:
      return ElementType.INPUT_FIELD; // also number, date, colour, file, and comboboxes that take text
  }
}

/** What an element is. `otherwise` is the answer for what has neither a telling role nor a telling tag. */
export function typeOf(element: Element, role: string, otherwise: ElementType): ElementType {
  const tag = tagOf(element);
  if (tag === "input") return inputType(element as HTMLInputElement, role);
  if (tag === "select") return ElementType.SELECT;
  const byTag = TYPE_BY_TAG.get(tag);
  if (byTag !== undefined && !CONTROL_ROLES.has(role)) return byTag;
  return TYPE_BY_ROLE.get(role) ?? otherwise;
}
