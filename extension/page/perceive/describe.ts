// Turns what the walk found, or a single element, into the Element message of the contract, and into the fingerprint
// that the registry keeps.

import { ElementType, type Element as StateElement } from "@gen/tabwire/v1/state_pb";
import { cut, fold, joinPieces, quote } from "../clean";
import { isEditingHost, labelsOf, property, tagOf } from "../dom";
import { attributeOf, textOf } from "../native";
import type { Fingerprint } from "../registry";
import { isSecret } from "../secrets";
import type { Link } from "./ancestry";
import { tellingAttributes } from "./attributes";
import { Kind } from "./classify";
import { formOf, rowOf } from "./context";
import type { Item } from "./item";
import { Mark, type Marks, marksOf } from "./marks";
import { nameOf, nameOfKnown } from "./name";
import { isObscured } from "./obscured";
import { operationsOf } from "./operations";
import { optionsOf } from "./options";
import { isSvgPart } from "./pictures";
import { roleOf, typeOf } from "./role";
import { shortValueOf, statesOf } from "./states";
import { Surroundings } from "./surroundings";

/** At most so many characters of an element's text are told with a state. */
const TEXT_LIMIT = 1000;
const NAME_LIMIT = 400;

/** What a kind is if neither role nor tag tell. */
const OTHERWISE: Readonly<Record<Kind, ElementType>> = {
  [Kind.Control]: ElementType.GENERIC,
  [Kind.Clickable]: ElementType.GENERIC,
  [Kind.Heading]: ElementType.HEADING,
  [Kind.Text]: ElementType.TEXT_CONTENT,
  [Kind.Image]: ElementType.IMAGE,
  [Kind.Media]: ElementType.VIDEO,
  [Kind.Canvas]: ElementType.CANVAS,
  [Kind.Frame]: ElementType.FRAME,
  [Kind.Dialog]: ElementType.DIALOG,
  [Kind.Form]: ElementType.FORM,
  [Kind.Scroller]: ElementType.GENERIC,
};

/** What an element is, for the kind the walk found it to be. */
export function elementTypeOf(element: Element, role: string, kind: Kind): ElementType {
  if (role === "combobox" && isEditingHost(element)) return ElementType.INPUT_FIELD;
  const type = typeOf(element, role, OTHERWISE[kind]);
  // Text in something that is a group or a picture by role only is text all the same.
  return kind === Kind.Text && (type === ElementType.FORM || type === ElementType.DIALOG) ? OTHERWISE[kind] : type;
}

/** The text of a candidate: what the walk gathered, or for controls that hide their text in attributes, their value. */
function itemText(item: Item, value: string | undefined, { about }: Marks): string {
  const container = item.kind === Kind.Form || item.kind === Kind.Dialog || item.kind === Kind.Scroller;
  // What only flows through a container is told with the elements in it.
  const gathered = (container && !item.ownText) || item.text.length === 0 ? "" : joinPieces(item.text);
  if (gathered !== "" || isSecret(item.element)) return gathered;
  const editable = (about & Mark.Editable) !== 0 || tagOf(item.element) === "body";
  return editable && isEditingHost(item.element) ? fold(value ?? "") : "";
}

/** A password field that shows what is in it is still the same field. */
function inputTypeOf(element: Element, tag: string): string {
  const type = tag === "button" || tag === "input" ? (property<string>(element, "type") ?? "") : "";
  return type === "password" ? "text" : type;
}

/** What an element means, for the registry. */
export function fingerprintOf(
  element: Element,
  known: { role: string; name: string; form: string; row: string },
): Fingerprint {
  const { role, name, form, row } = known;
  const tag = tagOf(element);
  return { role, name, form, row, tag, type: inputTypeOf(element, tag), href: attributeOf(element, "href") ?? "" };
}

/** One element of a state, with what the registry is to remember of it and what was cut from its text. */
export interface Described {
  readonly message: StateElement;
  readonly fingerprint: Fingerprint;
  readonly cut: number;
  /** The form that it belongs to, and the row or card that it is told with. */
  readonly owner: Element | null;
  readonly card: Element | null;
}

function isHiddenFromPerson(item: Item, link: Link, style: CSSStyleDeclaration): boolean {
  if (item.label !== null || isReachedByLabel(item)) return false;
  return isObscured(link, item.box, style, item.kind === Kind.Text || item.kind === Kind.Heading);
}

/** A painted but transparent or tiny check box is read by its label. */
function isReachedByLabel(item: Item): boolean {
  if (item.role !== "checkbox" && item.role !== "radio" && item.role !== "switch") return false;
  return labelsOf(item.element).length > 0;
}

/** What is only seen may be pressed where it is seen; a picture with a name is told for what it shows. */
function isBarePicture(element: Element, kind: Kind, role: string, name: string): boolean {
  if (kind === Kind.Canvas) return true;
  if (kind !== Kind.Image || role === "progressbar" || role === "meter") return false;
  return name === "" || isSvgPart(element) || tagOf(element) === "svg";
}

/** Tags of what can belong to a form that it does not stand in. */
const FORMED = new Set("button fieldset input label legend object option output select textarea".split(" "));

function hasForm(element: Element): boolean {
  return FORMED.has(tagOf(element));
}

/** Describes a candidate. */
export function describe(item: Item, id: number, around: Surroundings, focused: boolean): Described {
  const { element, role, kind, box } = item;
  const marks = marksOf(element);
  const style = item.style ?? getComputedStyle(element);
  item.style = null;
  const link = around.link(element, style);
  const fullName = nameOfKnown(element, role, marks);
  const name = cut(fullName, NAME_LIMIT);
  const obscured = isHiddenFromPerson(item, link, style);
  const state = statesOf(element, { role, marks, focused, obscured, disabled: item.inert || link.disabled });
  const value = shortValueOf(element, role, marks);
  const text = itemText(item, value, marks);
  const options = optionsOf(element, role);
  const type = elementTypeOf(element, role, kind);
  const attributes = tellingAttributes(element, { role, kind, name, text, marks });
  const owner = (hasForm(element) ? property<Element | null>(element, "form") : null) ?? item.form;
  const form = around.form(owner);
  const said = kind === Kind.Text || kind === Kind.Heading;
  const row = said ? "" : around.row(item.row);
  const nearest = said || kind === Kind.Form ? null : around.card(link, item.row);
  const card = around.row(nearest);
  const message: StateElement = {
    $typeName: "tabwire.v1.Element",
    id,
    type,
    tag: tagOf(element),
    textContent: cut(text, TEXT_LIMIT),
    attributes,
    isVisible: (item.painted || item.ownText) && box.width > 0 && box.height > 0,
    availableOperations: operationsOf(element, {
      role,
      clickable: kind === Kind.Clickable || isBarePicture(element, kind, role, name),
      scrollable: item.scrollable,
      disabled: state.disabled,
      readonly: state.readonly,
      marks,
    }),
    role: role || (kind === Kind.Clickable || kind === Kind.Scroller ? "generic" : ""),
    name,
    states: state,
    bounds: { $typeName: "tabwire.v1.Rect", x: box.x, y: box.y, width: box.width, height: box.height },
    frameSlot: 0,
    options: options.told,
    optionsOmitted: options.omitted,
    form,
    landmark: around.landmark(item.landmark),
    heading: around.heading(item.heading),
    isNew: false,
    parentId: 0,
    inViewport: item.inView,
    // A row that is known by this very element says nothing more.
    row: card === name || card === text ? "" : card,
    column: around.column(link),
  };
  if (value !== undefined) message.currentValue = value;
  const dropped = Math.max(0, text.length - TEXT_LIMIT) + Math.max(0, fullName.length - NAME_LIMIT);
  return {
    message,
    fingerprint: fingerprintOf(element, { role, name, form, row }),
    cut: dropped,
    owner,
    card: nearest,
  };
}

/** What an element means now, by the same rules, for one that the walk has not just passed. */
export function meaningNow(element: Element, seen: Fingerprint): Fingerprint {
  const around = new Surroundings();
  return fingerprintOf(element, {
    role: roleOf(element),
    name: cut(nameOf(element), NAME_LIMIT),
    form: around.form(formOf(element)),
    // Text and headings are told without their row, so nothing can be said about it.
    row: seen.row === "" ? "" : around.row(rowOf(element)),
  });
}

/** An element for a message, as `button "Add to cart"`. */
export function inWords(element: Element): string {
  const said = nameOf(element) || fold(isSecret(element) ? "" : (textOf(element) ?? ""));
  const what = roleOf(element) || tagOf(element);
  const word = what === "generic" || what === "presentation" ? tagOf(element) : what;
  return said === "" ? word : `${word} ${quote(said, 60)}`;
}
