// What an action on a real element would lead to, found out right before it is done: what is pressed, what it is called, and
// which form it sends. How that is judged is told in policy/consequences.ts. The server judges by what the state tells; this
// is the second look, at the document itself.

import type { Action } from "@gen/tabwire/v1/action_pb";
import { type ApprovalDetails, ErrorCode } from "@gen/tabwire/v1/error_pb";
import type { Consequence } from "@gen/tabwire/v1/policy_pb";
import { classify, type Facts, type Field } from "../../policy/consequences";
import { fold } from "../clean";
import { closestShown, property, tagOf } from "../dom";
import { PageError } from "../errors";
import { attributeOf, hasAttribute, queryAll, textOf } from "../native";
import { nameOf } from "../perceive/name";
import { isEnter, isPressing } from "./pressing";

/** A form of more fields is looked into only so far. */
const MAX_FIELDS = 80;
const MAX_TEXT = 200;
const PRESSABLE = /^(a|area|button|summary|input|option|select|textarea)$/;
const PRESSED_ROLES = /^(button|link|menuitem|menuitemcheckbox|menuitemradio|option|radio|switch|tab|checkbox)$/;
const BUTTON_TYPES = /^(submit|image|button|reset)$/;
/** What stands for a form where there is none. */
const LIKE_FORM = 'dialog,fieldset,[role="dialog"],[role="alertdialog"],[role="form"]';
const HANDLERS = ["onclick", "onmousedown", "onmouseup", "onpointerdown", "onpointerup", "ontouchend"] as const;
const LABELS = ["aria-label", "value", "title", "alt"] as const;

/** What an action would press. */
interface Pressed {
  readonly element: Element;
  /** By Enter in a field, which sends its form. */
  readonly byEnter: boolean;
}

/** Refuses what an action must not lead to. */
export interface ActionGuard {
  /** Throws APPROVAL_NEEDED if the action on this element would lead to it. */
  check(about: Element | null): void;
  /** The same for one key that is about to be pressed. */
  checkKey(name: string, focused: Element): void;
}

/** The guard of an action. */
export function guardOf(action: Action, forbidden: readonly Consequence[]): ActionGuard {
  const look = (pressed: Pressed | undefined): void => {
    if (pressed !== undefined) refuse(classify(factsOf(pressed)), forbidden);
  };
  return {
    check: (about) => look(about === null ? undefined : pressedBy(action, about)),
    checkKey: (name, focused) => look(pressedByKey(name, focused)),
  };
}

function pressedByKey(name: string, focused: Element): Pressed | undefined {
  const byEnter = isTextField(focused);
  return (byEnter ? isEnter(name) : isPressing(name)) ? { element: focused, byEnter } : undefined;
}

function refuse(found: ReadonlySet<Consequence>, forbidden: readonly Consequence[]): void {
  const consequences = forbidden.filter((one) => found.has(one));
  if (consequences.length === 0) return;
  throw new PageError(ErrorCode.APPROVAL_NEEDED, "It would lead to something that has to be approved first.", {
    remedy: "Ask the person to approve it.",
    details: {
      case: "approval",
      // Without its bytes, which messages of pages do not carry: the digest is the server's to make.
      value: { $typeName: "tabwire.v1.ApprovalDetails", consequences, what: "", url: "" } as unknown as ApprovalDetails,
    },
  });
}

function pressedBy({ kind }: Action, about: Element): Pressed | undefined {
  switch (kind.case) {
    case "click":
    case "setChecked":
    case "drag":
      return { element: about, byEnter: false };
    case "inputText":
      return kind.value.submit ? { element: about, byEnter: true } : undefined;
    default:
      return undefined; // keys are looked at one by one
  }
}

function factsOf({ element, byEnter }: Pressed): Facts {
  const pressed = byEnter ? element : (closestShown(element, isPressable) ?? element);
  const form = formOf(pressed);
  const button = byEnter && form !== null ? defaultButton(form) : null;
  const link = byEnter ? null : closestShown(pressed, (at) => tagOf(at) === "a" && hasAttribute(at, "href"));
  const submits = form !== null && (byEnter || sends(pressed, form));
  return {
    kind: "",
    changes: false,
    activates: true,
    submits,
    isLink: link !== null && !hasAttribute(link, "role") && isWay(link),
    address: link === null || isHandled(link) ? "" : (attributeOf(link, "href") ?? ""),
    downloads: link !== null && hasAttribute(link, "download"),
    acceptsDialog: false,
    labels: byEnter ? (button === null ? [] : labelsFor(button)) : labelsFor(pressed),
    fields: submits ? fieldsOf(form) : [],
  };
}

/** Whether a link leads to a page, and is no mere handle for a script. */
function isWay(link: Element): boolean {
  const written = (attributeOf(link, "href") ?? "").trim();
  return !written.startsWith("#") && /^https?:/i.test(property<string>(link, "href") ?? "");
}

/** Whether the page's markup says that it does something when this is pressed. What its scripts heed nobody can tell. */
function isHandled(link: Element): boolean {
  const handled = (at: Element): boolean => HANDLERS.some((name) => hasAttribute(at, name));
  return closestShown(link, handled) !== null || Array.from(queryAll(link, "*")).some(handled);
}

function isPressable(element: Element): boolean {
  return PRESSABLE.test(tagOf(element)) || PRESSED_ROLES.test(attributeOf(element, "role") ?? "");
}

function isTextField(element: Element): boolean {
  const tag = tagOf(element);
  return (
    tag === "input" && !/^(button|checkbox|file|image|radio|reset|submit)$/.test((element as HTMLInputElement).type)
  );
}

/** Everything that a person, or another program, is told that an element is. */
function labelsFor(element: Element): string[] {
  const told = [nameOf(element), fold((textOf(element) ?? "").slice(0, 4 * MAX_TEXT)).slice(0, MAX_TEXT)];
  for (const name of LABELS) told.push(attributeOf(element, name) ?? "");
  if (tagOf(element) === "input" && BUTTON_TYPES.test((element as HTMLInputElement).type)) {
    told.push((element as HTMLInputElement).value);
  }
  return [...new Set(told)].filter((label) => label !== "");
}

/** The form of an element, or what stands for one. */
function formOf(element: Element): Element | null {
  const own = property<Element | null>(element, "form") ?? null;
  return own ?? closestShown(element, (at) => tagOf(at) === "form" || at.matches(LIKE_FORM));
}

/** Whether pressing an element sends the form: its button does, and any other one where it has none. */
function sends(element: Element, form: Element): boolean {
  const tag = tagOf(element);
  const type = tag === "button" || tag === "input" ? (element as HTMLInputElement).type : "";
  if (type === "submit" || type === "image") return true;
  const isButton = type === "button" || attributeOf(element, "role") === "button";
  return isButton && defaultButton(form) === null;
}

function defaultButton(form: Element): Element | null {
  return (
    queryAll(form, 'button:not([type="button"],[type="reset"]),input[type="submit"],input[type="image"]')[0] ?? null
  );
}

function fieldsOf(form: Element): Field[] {
  const controls = tagOf(form) === "form" ? Array.from((form as HTMLFormElement).elements) : [];
  const found = controls.length > 0 ? controls : Array.from(queryAll(form, "input,select,textarea"));
  return found.slice(0, MAX_FIELDS).map((element) => ({
    type: tagOf(element) === "textarea" ? "textarea" : (property<string>(element, "type") ?? ""),
    autocomplete: attributeOf(element, "autocomplete") ?? "",
    labels: [nameOf(element), ...["name", "id", "placeholder"].map((name) => attributeOf(element, name) ?? "")].filter(
      (label) => label !== "",
    ),
  }));
}
