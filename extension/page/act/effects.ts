// What the page did in answer to an action, as far as it can be seen from inside: nodes changed, address, focus, scroll,
// value. Navigation to another document is reported by the service worker, which outlives this one.

import { deepActiveElement, property, tagOf } from "../dom";
import { parentElementOf } from "../native";
import { roleOf } from "../perceive/role";
import { checkedOf, currentValueOf } from "../perceive/states";

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
}

/** Takes the snapshot; `element` is the one the action is about. */
export function snapshot(element: Element | null): Snapshot {
  return {
    url: document.location.href,
    active: deepActiveElement(document),
    scroll: `${window.scrollX},${window.scrollY}`,
    own: element === null ? "" : ownState(element),
  };
}

function ownState(element: Element): string {
  const role = roleOf(element);
  const parts = [checkedOf(element, role), currentValueOf(element, role) ?? property<string>(element, "value") ?? ""];
  if (tagOf(element) === "summary") parts.push(parentElementOf(element)?.hasAttribute("open") === true ? "open" : "");
  return parts.join("|");
}

/** What happened, as a clause for the outcome's sentence. */
export function effectsInWords(effects: Effects): string {
  if (effects.leaving) {
    return effects.destination === "" ? "the page is being left" : `the page is going to ${effects.destination}`;
  }
  const parts: string[] = [];
  if (effects.newUrl !== "") parts.push(`the address is ${effects.newUrl} now`);
  if (effects.domChanges > 0)
    parts.push(`${effects.domChanges} ${effects.domChanges === 1 ? "node" : "nodes"} changed`);
  if (effects.stillChanging) parts.push("the page is still changing");
  return parts.join("; ");
}

/** True if nothing at all was seen to happen. */
export function nothingSeen(effects: Effects): boolean {
  return !effects.leaving && effects.newUrl === "" && effects.domChanges === 0 && !effects.otherChange;
}
