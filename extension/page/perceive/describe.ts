// Turns what the walk found, or a single element, into the Element message of the contract, and into the fingerprint
// that the registry keeps.

import { type ElementStates, ElementType, type Element as StateElement } from "@gen/tabwire/v1/state_pb";
import { cut, fold, joinPieces, quote } from "../clean";
import { isEditingHost, labelsOf, property, tagOf } from "../dom";
import { attributeOf, boundingBox, textOf } from "../native";
import type { Fingerprint } from "../registry";
import { isSecret } from "../secrets";
import { tellingAttributes } from "./attributes";
import { Kind } from "./classify";
import { ColumnHeaders } from "./columns";
import { cardOf, formName, formOf, landmarkName, rowKey, rowOf } from "./context";
import type { Item } from "./item";
import { nameOf } from "./name";
import { operationsOf } from "./operations";
import { optionsOf } from "./options";
import { isSvgPart } from "./pictures";
import { roleOf, typeOf } from "./role";
import { isReadonly, shortValueOf, statesOf } from "./states";
import { isObscured } from "./visibility";

/** At most so many characters of an element's text are told with a state. */
const TEXT_LIMIT = 1000;
const NAME_LIMIT = 400;

/** What is the same for many elements of one state and costs time to find: names of forms, landmarks, headings, rows. */
export class Surroundings {
  private readonly cache = new Map<Element, string>();
  private readonly landmarks = new Map<Element, string>();
  private readonly columns = new ColumnHeaders();

  private get(element: Element | null, read: (element: Element) => string, cache = this.cache): string {
    if (element === null) return "";
    const known = cache.get(element);
    if (known !== undefined) return known;
    const fresh = read(element);
    cache.set(element, fresh);
    return fresh;
  }

  form(element: Element | null): string {
    return this.get(element, formName);
  }

  landmark(element: Element | null): string {
    // A form can be a landmark too, under another name: the role stands before it.
    return this.get(element, landmarkName, this.landmarks);
  }

  heading(element: Element | null): string {
    return this.get(element, (heading) => cut(nameOf(heading) || fold(textOf(heading) ?? ""), 120));
  }

  row(element: Element | null): string {
    return this.get(element, rowKey);
  }

  /** What tells the nearest row or card around an element from the others. */
  card(element: Element, row: Element | null): string {
    return this.row(cardOf(element, row));
  }

  column(element: Element): string {
    return this.columns.of(element);
  }
}

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
function itemText(item: Item, value: string | undefined): string {
  const container = item.kind === Kind.Form || item.kind === Kind.Dialog || item.kind === Kind.Scroller;
  // What only flows through a container is told with the elements in it.
  const gathered = container && !item.ownText ? "" : joinPieces(item.text);
  if (gathered !== "" || isSecret(item.element)) return gathered;
  return isEditingHost(item.element) ? fold(value ?? "") : "";
}

/** A password field that shows what is in it is still the same field. */
function inputTypeOf(element: Element): string {
  const type = /^(button|input)$/.test(tagOf(element)) ? (property<string>(element, "type") ?? "") : "";
  return type === "password" ? "text" : type;
}

/** What an element means, for the registry. */
export function fingerprintOf(
  element: Element,
  known: { role: string; name: string; form: string; row: string },
): Fingerprint {
  return { ...known, tag: tagOf(element), type: inputTypeOf(element), href: attributeOf(element, "href") ?? "" };
}

/** One element of a state, with what the registry is to remember of it and what was cut from its text. */
export interface Described {
  readonly message: StateElement;
  readonly fingerprint: Fingerprint;
  readonly cut: number;
}

function states(item: Item, focused: boolean): ElementStates {
  const textual = item.kind === Kind.Text || item.kind === Kind.Heading;
  const seen = item.label !== null || isReachedByLabel(item);
  const obscured = !seen && (isClippedAway(item.element) || isObscured(item.element, item.box, textual));
  return statesOf(item.element, item.role, { focused, obscured, inert: item.inert });
}

/** Whether an element has no size of its own and cuts off what is in it. */
function isClippedAway(element: Element): boolean {
  const own = boundingBox(element);
  if (own.width > 0 && own.height > 0) return false;
  return /hidden|clip/.test(getComputedStyle(element).overflow);
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

/** Describes a candidate. */
export function describe(item: Item, id: number, around: Surroundings, focused: boolean): Described {
  const { element, role, kind, box } = item;
  const fullName = nameOf(element);
  const name = cut(fullName, NAME_LIMIT);
  const state = states(item, focused);
  const value = shortValueOf(element, role);
  const text = itemText(item, value);
  const options = optionsOf(element, role);
  const type = elementTypeOf(element, role, kind);
  const attributes = tellingAttributes(element, { role, kind, name, text });
  const form = around.form(property<Element | null>(element, "form") ?? item.form);
  const said = kind === Kind.Text || kind === Kind.Heading;
  const row = said ? "" : around.row(item.row);
  const card = said || kind === Kind.Form ? "" : around.card(element, item.row);
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
      readonly: isReadonly(element),
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
    column: around.column(element),
    ...(value === undefined ? {} : { currentValue: value }),
  };
  const dropped = Math.max(0, text.length - TEXT_LIMIT) + Math.max(0, fullName.length - NAME_LIMIT);
  return { message, fingerprint: fingerprintOf(element, { role, name, form, row }), cut: dropped };
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
