// What the page did in answer to an action, as far as it can be seen from inside: nodes changed, things opened, address,
// focus, scroll, value, a form kept from being sent. Navigation to another document is reported by the service worker,
// which outlives this one.

import { Toggle } from "@gen/tabwire/v1/state_pb";
import { cut, fold } from "../clean";
import { deepActiveElement, property, tagOf } from "../dom";
import { attributeOf, isConnected, parentElementOf } from "../native";
import { inWords } from "../perceive/describe";
import { takesText } from "../perceive/operations";
import { roleOf } from "../perceive/role";
import { checkedOf, currentValueOf } from "../perceive/states";
import { beginReading } from "../reading";
import type { Watch } from "./watch";

/** What was seen between the beginning of an action and the page's coming to rest. */
export interface Effects {
  /** Nodes added, removed or changed. */
  readonly domChanges: number;
  /** The page was still changing when the waiting ended. */
  readonly stillChanging: boolean;
  /** The document is being left. */
  readonly leaving: boolean;
  /** Where to, if it said so. */
  readonly destination: string;
  /** The address afterwards if it changed without a new document. */
  readonly newUrl: string;
  /** What was opened, in words. */
  readonly opened: readonly string[];
  /** The element of the action is no longer there. */
  readonly gone: boolean;
  /** What has the focus now, in words, if it went elsewhere than to the element. */
  readonly focusOn: string;
  /** Why the browser did not send a form, and the field that is the reason, in words; null if it did not object. */
  readonly refusal: { readonly field: string; readonly message: string } | null;
  /** What state the element has now, in words, if it has another one than before. */
  readonly became: string;
  /** Anything else that differs: focus, scroll position, value or state of the element. */
  readonly otherChange: boolean;
  readonly settleUs: number;
}

/** What is compared before and after. Values stay inside the page: only whether they differ is told. */
export interface Snapshot {
  readonly url: string;
  readonly active: Element | null;
  readonly scroll: string;
  readonly own: string;
  readonly state: string;
}

/** Takes the snapshot; `element` is the one the action is about. */
export function snapshot(element: Element | null): Snapshot {
  return {
    url: document.location.href,
    active: deepActiveElement(document),
    scroll: `${window.scrollX},${window.scrollY}`,
    own: element === null ? "" : ownState(element),
    state: element === null ? "" : stateInWords(element),
  };
}

function ownState(element: Element): string {
  const role = roleOf(element);
  const parts = [checkedOf(element, role), currentValueOf(element, role) ?? property<string>(element, "value") ?? ""];
  if (tagOf(element) === "summary") parts.push(parentElementOf(element)?.hasAttribute("open") === true ? "open" : "");
  return parts.join("|");
}

const CHECKED: Readonly<Record<number, string>> = {
  [Toggle.OFF]: "unchecked",
  [Toggle.ON]: "checked",
  [Toggle.MIXED]: "mixed",
};

/** Whether the element is checked, expanded, selected or pressed, in words. */
function stateInWords(element: Element): string {
  const summary = tagOf(element) === "summary" ? parentElementOf(element)?.hasAttribute("open") : undefined;
  const expanded = summary ?? ariaFlag(element, "aria-expanded");
  return [
    CHECKED[checkedOf(element, roleOf(element))] ?? "",
    expanded === undefined ? "" : expanded ? "expanded" : "collapsed",
    ariaFlag(element, "aria-selected") === true ? "selected" : "",
    ariaFlag(element, "aria-pressed") === undefined
      ? ""
      : ariaFlag(element, "aria-pressed")
        ? "pressed"
        : "not pressed",
  ]
    .filter((word) => word !== "")
    .join(" and ");
}

function ariaFlag(element: Element, name: string): boolean | undefined {
  const value = attributeOf(element, name);
  return value === "true" ? true : value === "false" ? false : undefined;
}

/** Tells what happened since the snapshot. */
export function effectsOf(
  watch: Watch,
  before: Snapshot,
  element: Element | null,
  waited: Pick<Effects, "stillChanging" | "settleUs">,
): Effects {
  beginReading();
  const domChanges = watch.changes;
  const gone = element !== null && !isConnected(element);
  const after = snapshot(gone ? null : element);
  const focusMoved = after.active !== before.active;
  const elsewhere = focusMoved && after.active !== null && after.active !== element;
  // That what is pressed has the focus then goes without saying, but not for a field.
  const focusTells = focusMoved && (elsewhere || element === null || after.active === null || takesText(element));
  return {
    ...waited,
    domChanges,
    leaving: watch.isLeaving,
    destination: watch.destination,
    newUrl: after.url === before.url ? "" : after.url,
    opened: watch.isLeaving ? [] : watch.openings.told(),
    gone,
    became: after.state === before.state ? "" : after.state,
    focusOn: elsewhere && after.active !== null ? inWords(after.active) : "",
    refusal: watch.invalid === null ? null : refusalOf(watch.invalid),
    otherChange:
      gone || focusTells || after.scroll !== before.scroll || after.own !== before.own || after.state !== before.state,
  };
}

function refusalOf(field: Element): Effects["refusal"] {
  const message = fold(property<string>(field, "validationMessage") ?? "");
  return message === "" ? null : { field: inWords(field), message: cut(message, 300) };
}

/** What happened, as a clause for the outcome's sentence. */
export function effectsInWords(effects: Effects): string {
  if (effects.leaving) {
    return effects.destination === "" ? "the page is being left" : `the page is going to ${effects.destination}`;
  }
  const parts: string[] = [];
  if (effects.refusal !== null) {
    parts.push(`the form was not sent because of the ${effects.refusal.field}: ${effects.refusal.message}`);
  }
  for (const what of effects.opened) parts.push(`${/^alert/.test(what) ? "an" : "a"} ${what} opened`);
  if (effects.became !== "") parts.push(`it is ${effects.became} now`);
  if (effects.newUrl !== "") parts.push(`the address is ${effects.newUrl} now`);
  if (effects.domChanges > 0)
    parts.push(`${effects.domChanges} ${effects.domChanges === 1 ? "node" : "nodes"} changed`);
  if (effects.gone) parts.push("the element is gone");
  if (effects.focusOn !== "") parts.push(`the focus is on the ${effects.focusOn} now`);
  if (effects.stillChanging) parts.push("the page is still changing");
  return parts.join("; ").replace(/\.$/, "");
}

/** True if nothing at all was seen to happen. */
export function nothingSeen(effects: Effects): boolean {
  return (
    !effects.leaving &&
    effects.newUrl === "" &&
    effects.domChanges === 0 &&
    effects.opened.length === 0 &&
    effects.refusal === null &&
    !effects.otherChange
  );
}
