// Turns what the walk found, or a single element, into the Element message of the contract, and into the fingerprint
// that the registry keeps.

import { create } from "@bufbuild/protobuf";
import {
  type ElementStates,
  ElementType,
  RectSchema,
  type SelectOption,
  SelectOptionSchema,
  type Element as StateElement,
  ElementSchema as StateElementSchema,
} from "@gen/tabwire/v1/state_pb";
import { cut, fold, joinPieces, quote } from "../clean";
import { isDisabled, isEditingHost, labelsOf, property, tagOf } from "../dom";
import { attributeOf, hasAttributes, matches, queryAll, textOf } from "../native";
import type { Fingerprint } from "../registry";
import { isSecret } from "../secrets";
import { Kind } from "./classify";
import { formName, formOf, landmarkName, rowKey, rowOf } from "./context";
import { descriptionOf, nameOf } from "./name";
import { operationsOf } from "./operations";
import { roleOf, typeOf } from "./role";
import { isReadonly, shortValueOf, statesOf } from "./states";
import { isObscured } from "./visibility";
import type { Item } from "./walk";

/** At most so many characters of an element's text are told with a state. */
const TEXT_LIMIT = 1000;
const NAME_LIMIT = 400;
const ATTRIBUTE_LIMIT = 300;
const OPTION_LIMIT = 100;

const TELLING = (
  "type href placeholder name title alt src value min max step maxlength pattern accept multiple target download " +
  "autocomplete inputmode aria-haspopup aria-current aria-sort aria-level data-testid"
).split(" ");

/** What is the same for many elements of one state and costs time to find: names of forms, landmarks, headings, rows. */
export class Surroundings {
  private readonly cache = new Map<Element, string>();

  private get(element: Element | null, read: (element: Element) => string): string {
    if (element === null) return "";
    const known = this.cache.get(element);
    if (known !== undefined) return known;
    const fresh = read(element);
    this.cache.set(element, fresh);
    return fresh;
  }

  form(element: Element | null): string {
    return this.get(element, formName);
  }

  landmark(element: Element | null): string {
    // A form can be a landmark too, under another name: the role stands before it.
    return element === null ? "" : landmarkName(element);
  }

  heading(element: Element | null): string {
    return this.get(element, (heading) => cut(nameOf(heading) || fold(textOf(heading) ?? ""), 120));
  }

  row(element: Element | null): string {
    return this.get(element, rowKey);
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

/** What the author called something that says nothing to a reader, as an icon without a name. */
function authorsWords(element: Element): Record<string, string> {
  const told: Record<string, string> = {};
  for (const attribute of ["id", "class"]) {
    const value = fold(attributeOf(element, attribute) ?? "");
    if (value !== "") told[attribute] = cut(value, 100);
  }
  return told;
}

/** The attributes that help to tell an element from others. */
function tellingAttributes(element: Element, name: string): Record<string, string> {
  const told: Record<string, string> = {};
  if (!hasAttributes(element)) return told;
  for (const attribute of TELLING) {
    const value = attributeOf(element, attribute);
    if (value === null) continue;
    if (
      attribute === "value" &&
      !/^(button|checkbox|radio|submit|reset)$/.test(property<string>(element, "type") ?? "")
    )
      continue;
    if (attribute === "title" && fold(value) === name) continue;
    told[attribute] = cut(fold(value), ATTRIBUTE_LIMIT);
  }
  const description = descriptionOf(element, name);
  if (description !== "" && description !== told.title) told.description = cut(description, ATTRIBUTE_LIMIT);
  return told;
}

/** The entries of a list to choose from. */
export function optionsOf(element: Element, role: string): SelectOption[] {
  if (tagOf(element) === "select") {
    return Array.from((element as HTMLSelectElement).options, (option, index) =>
      create(SelectOptionSchema, {
        index,
        label: cut(fold(option.label), ATTRIBUTE_LIMIT),
        value: cut(option.value, ATTRIBUTE_LIMIT),
        selected: option.selected,
        disabled: matches(option, ":disabled"),
      }),
    );
  }
  if (role !== "listbox") return [];
  return Array.from(queryAll(element, '[role="option"]'), (option, index) =>
    create(SelectOptionSchema, {
      index,
      label: cut(nameOf(option), ATTRIBUTE_LIMIT),
      value: cut(attributeOf(option, "data-value") ?? "", ATTRIBUTE_LIMIT),
      selected: attributeOf(option, "aria-selected") === "true",
      disabled: isDisabled(option),
    }),
  );
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
  const obscured = !seen && isObscured(item.element, item.box, textual);
  return statesOf(item.element, item.role, { focused, obscured, inert: item.inert });
}

/** A painted but transparent or tiny check box is read by its label. */
function isReachedByLabel(item: Item): boolean {
  if (item.role !== "checkbox" && item.role !== "radio" && item.role !== "switch") return false;
  return labelsOf(item.element).length > 0;
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
  const attributes = tellingAttributes(element, name);
  const operable = kind === Kind.Control || kind === Kind.Clickable;
  if (operable && name === "" && text === "") Object.assign(attributes, authorsWords(element));
  const form = around.form(property<Element | null>(element, "form") ?? item.form);
  const message = create(StateElementSchema, {
    id,
    type,
    tag: tagOf(element),
    textContent: cut(text, TEXT_LIMIT),
    attributes,
    isVisible: (item.painted || item.ownText) && box.width > 0 && box.height > 0,
    availableOperations: operationsOf(element, {
      role,
      clickable: kind === Kind.Clickable,
      scrollable: item.scrollable,
      disabled: state.disabled,
      readonly: isReadonly(element),
    }),
    role: role || (kind === Kind.Clickable || kind === Kind.Scroller ? "generic" : ""),
    name,
    states: state,
    bounds: create(RectSchema, { x: box.x, y: box.y, width: box.width, height: box.height }),
    options: options.slice(0, OPTION_LIMIT),
    optionsOmitted: Math.max(0, options.length - OPTION_LIMIT),
    form,
    landmark: around.landmark(item.landmark),
    heading: around.heading(item.heading),
    inViewport: item.inView,
    ...(value === undefined ? {} : { currentValue: value }),
  });
  const row = kind === Kind.Text || kind === Kind.Heading ? "" : around.row(item.row);
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
