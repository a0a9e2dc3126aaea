// The entries of a list to choose from: of a select, of a list box, of what a combo box shows or would show, and of the
// suggestions of a field.

import type { SelectOption } from "@gen/tabwire/v1/state_pb";
import { cut, fold } from "../clean";
import { isDisabled, rootOf, tagOf } from "../dom";
import { attributeOf, hasAttribute, matches, query, queryAll } from "../native";
import { ATTRIBUTE_LIMIT } from "./attributes";
import { nameOf } from "./name";

/** At most so many entries are told with a state; the rest is counted. */
export const OPTION_LIMIT = 100;

/** The first entries of a list, and how many there are. */
export interface Options {
  readonly told: SelectOption[];
  readonly omitted: number;
}

const NONE: Options = { told: [], omitted: 0 };

/** The list box of an element: itself, the one in it, or the one that it says it controls. */
export function listboxOf(element: Element, role: string): Element | null {
  if (role === "listbox") return element;
  if (role !== "combobox") return null;
  const ids = attributeOf(element, "aria-controls") ?? attributeOf(element, "aria-owns") ?? "";
  for (const id of ids.trim().split(/\s+/)) {
    const found = id === "" ? null : rootOf(element).getElementById(id);
    if (found === null) continue;
    return attributeOf(found, "role") === "listbox" ? found : query(found, "[role=listbox]");
  }
  return query(element, "[role=listbox]");
}

/** The entries of a list box, also those that it owns without holding them. */
export function entriesOf(listbox: Element): Element[] {
  const found = Array.from(queryAll(listbox, "[role=option]"));
  const owned = attributeOf(listbox, "aria-owns") ?? "";
  for (const id of owned.trim().split(/\s+/)) {
    const entry = id === "" ? null : rootOf(listbox).getElementById(id);
    if (entry !== null && attributeOf(entry, "role") === "option" && !found.includes(entry)) found.push(entry);
  }
  return found;
}

function first<T>(entries: ArrayLike<T>, tell: (entry: T, index: number) => SelectOption): Options {
  const told = Array.from({ length: Math.min(entries.length, OPTION_LIMIT) }, (_, index) =>
    tell(entries[index] as T, index),
  );
  return { told, omitted: entries.length - told.length };
}

function native(option: HTMLOptionElement, index: number): SelectOption {
  return {
    $typeName: "tabwire.v1.SelectOption",
    index,
    label: cut(fold(option.label), ATTRIBUTE_LIMIT),
    value: cut(option.value, ATTRIBUTE_LIMIT),
    selected: option.selected,
    disabled: matches(option, ":disabled"),
  };
}

function aria(option: Element, index: number): SelectOption {
  return {
    $typeName: "tabwire.v1.SelectOption",
    index,
    label: cut(nameOf(option), ATTRIBUTE_LIMIT),
    value: cut(attributeOf(option, "data-value") ?? "", ATTRIBUTE_LIMIT),
    selected: attributeOf(option, "aria-selected") === "true" || attributeOf(option, "aria-checked") === "true",
    disabled: isDisabled(option),
  };
}

/** The entries of a list to choose from. */
export function optionsOf(element: Element, role: string): Options {
  const tag = tagOf(element);
  if (tag === "select") return first((element as HTMLSelectElement).options, native);
  if (tag === "input" && hasAttribute(element, "list")) {
    const { list } = element as HTMLInputElement;
    // A suggestion is not chosen: what is in the field is told as its value.
    if (list !== null)
      return first((list as HTMLDataListElement).options, (o, i) => ({ ...native(o, i), selected: false }));
  }
  const listbox = listboxOf(element, role);
  return listbox === null ? NONE : first(entriesOf(listbox), aria);
}
