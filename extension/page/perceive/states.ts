// What an element is like right now: checked, expanded, disabled and so on; and what is in it, read from the live
// properties and never from attributes.

import { type ElementStates, Toggle } from "@gen/tabwire/v1/state_pb";
import { cut, fold, visibleCharacters } from "../clean";
import { isDisabledByHtml, isEditingHost, rootOf, tagOf } from "../dom";
import { attributeOf, childrenOf, hasAttribute, matches, parentElementOf, queryAll, textOf } from "../native";
import { isSecret, toldOfSecret } from "../secrets";
import { Mark, type Marks } from "./marks";
import { isTypingProxy } from "./typing_proxy";

/** Roles of what is on or off. */
export const CHECKABLE: ReadonlySet<string> = new Set(
  "checkbox menuitemcheckbox menuitemradio radio switch".split(" "),
);
const SELECTABLE = new Set("cell columnheader gridcell option row rowheader tab treeitem".split(" "));

/** At most so many characters of a value are told with a state; ReadValueAction reads it whole. */
export const VALUE_LIMIT = 1000;

function ariaToggle(element: Element, attribute: string): Toggle {
  switch (attributeOf(element, attribute)) {
    case "true":
      return Toggle.ON;
    case "false":
      return Toggle.OFF;
    case "mixed":
      return Toggle.MIXED;
    default:
      return Toggle.UNSPECIFIED;
  }
}

function toggle(on: boolean): Toggle {
  return on ? Toggle.ON : Toggle.OFF;
}

/** Whether something that can be checked is. */
export function checkedOf(element: Element, role: string): Toggle {
  const input = element as HTMLInputElement;
  if (tagOf(element) === "input" && (input.type === "checkbox" || input.type === "radio")) {
    return input.indeterminate ? Toggle.MIXED : toggle(input.checked);
  }
  const told = ariaToggle(element, "aria-checked");
  // Entries of lists and trees may be checked besides being selected.
  if (role === "option" || role === "treeitem") return told;
  if (!CHECKABLE.has(role)) return Toggle.UNSPECIFIED;
  return told === Toggle.UNSPECIFIED ? Toggle.OFF : told;
}

function expandedOf(element: Element): Toggle {
  const tag = tagOf(element);
  if (tag === "summary") {
    const details = parentElementOf(element);
    if (details !== null && tagOf(details) === "details") return toggle((details as HTMLDetailsElement).open);
  }
  const told = ariaToggle(element, "aria-expanded");
  if (told !== Toggle.UNSPECIFIED || !hasAttribute(element, "popovertarget")) return told;
  const popover = rootOf(element).getElementById(attributeOf(element, "popovertarget") ?? "");
  return popover === null ? told : toggle(matches(popover, ":popover-open"));
}

function isInvalid(element: Element): boolean {
  const told = attributeOf(element, "aria-invalid");
  if (told !== null && told !== "false" && told !== "") return true;
  // :user-invalid says so only after the person has had a chance to fill the field in.
  return FIELDS.has(tagOf(element)) && matches(element, ":user-invalid");
}

/** Whether an element can be read but not changed. */
export function isReadonly(element: Element): boolean {
  const tag = tagOf(element);
  if ((tag === "input" || tag === "textarea") && (element as HTMLInputElement).readOnly) return true;
  return attributeOf(element, "aria-readonly") === "true";
}

/** What is known of an element that is described. */
interface Known {
  readonly role: string;
  readonly marks: Marks;
  readonly focused: boolean;
  readonly obscured: boolean;
  /** By what is around it, or by ARIA. */
  readonly disabled: boolean;
}

/** Tags with states of their own, besides those that attributes of ARIA tell. */
const STATEFUL = new Set("input select summary textarea".split(" "));
const FIELDS = new Set("input select textarea".split(" "));

/** The states of an element. */
export function statesOf(element: Element, known: Known): ElementStates {
  const { role } = known;
  const tag = tagOf(element);
  // Without an attribute that tells of a state, and without a state of its own, there is nothing to ask for.
  const telling = (known.marks.about & Mark.State) !== 0;
  const asks = telling || STATEFUL.has(tag);
  return {
    $typeName: "tabwire.v1.ElementStates",
    checked: asks || CHECKABLE.has(role) ? checkedOf(element, role) : Toggle.UNSPECIFIED,
    selected: telling && SELECTABLE.has(role) ? ariaToggle(element, "aria-selected") : Toggle.UNSPECIFIED,
    pressed: telling && role === "button" ? ariaToggle(element, "aria-pressed") : Toggle.UNSPECIFIED,
    expanded: asks ? expandedOf(element) : Toggle.UNSPECIFIED,
    disabled: known.disabled || isDisabledByHtml(element),
    required:
      telling &&
      (attributeOf(element, "aria-required") === "true" || (hasAttribute(element, "required") && FIELDS.has(tag))),
    invalid: asks && isInvalid(element),
    readonly: asks && isReadonly(element),
    focused: known.focused,
    obscured: known.obscured,
  };
}

/** Input types whose value is what a button says or what a form sends, not something that was filled in. */
const NO_VALUE = new Set("button checkbox hidden image radio reset submit".split(" "));

/** What is in a field, whole. Undefined for what has no value, and always for secrets. */
export function currentValueOf(element: Element, role: string): string | undefined {
  if (isSecret(element)) return toldOfSecret(element);
  switch (tagOf(element)) {
    case "input": {
      const input = element as HTMLInputElement;
      if (NO_VALUE.has(input.type)) return undefined;
      if (input.type === "file") return Array.from(input.files ?? [], (file) => file.name).join(", ");
      return input.value;
    }
    case "textarea":
      if (isTypingProxy(element)) return undefined; // what it holds is not the editor's text
      return (element as HTMLTextAreaElement).value;
    case "select":
      return Array.from((element as HTMLSelectElement).selectedOptions, (option) => fold(option.label)).join(", ");
    case "progress":
      return String((element as HTMLProgressElement).value);
    case "meter":
      return String((element as HTMLMeterElement).value);
    default:
      return ariaValue(element, role);
  }
}

/** What stands in an editable area, line by line. */
export function editedText(element: Element): string {
  // biome-ignore lint/performance/useDomNodeTextContent: lines are what a person sees, so layout has to be asked
  const shown = (element as HTMLElement).innerText ?? textOf(element) ?? "";
  return (shown === "" ? undrawnText(element) : shown).replace(/\n$/, "");
}

/** Of what has `content-visibility` nothing is laid out before it comes to be drawn, which in a hidden tab is never. */
function undrawnText(element: Element): string {
  const lines = Array.from(childrenOf(element), (line) => textOf(line) ?? "");
  return lines.length === 0 ? (textOf(element) ?? "") : lines.join("\n");
}

function ariaValue(element: Element, role: string): string | undefined {
  if (isEditingHost(element)) {
    return visibleCharacters(editedText(element));
  }
  if (/^(meter|progressbar|scrollbar|slider|spinbutton)$/.test(role)) {
    return attributeOf(element, "aria-valuetext") ?? attributeOf(element, "aria-valuenow") ?? undefined;
  }
  if (role === "listbox") {
    const chosen = Array.from(queryAll(element, '[role="option"][aria-selected="true"]'));
    return chosen.map((option) => fold(textOf(option) ?? "")).join(", ");
  }
  if (role === "combobox") return fold(textOf(element) ?? "");
  return undefined;
}

/** Tags and roles of what may have a value. */
const VALUED_TAGS = new Set("input meter progress select textarea".split(" "));
const VALUED_ROLES = new Set("combobox listbox meter progressbar scrollbar slider spinbutton".split(" "));

/** What is in a field, as a state tells it. */
export function shortValueOf(element: Element, role: string, { about }: Marks): string | undefined {
  const tag = tagOf(element);
  const mayHave = VALUED_TAGS.has(tag) || VALUED_ROLES.has(role) || (about & Mark.Editable) !== 0 || tag === "body";
  if (!mayHave) return undefined;
  const value = currentValueOf(element, role);
  return value === undefined ? undefined : cut(value, VALUE_LIMIT);
}
