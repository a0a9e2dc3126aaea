// Element ids: a content script numbers the elements of its own document from 1; the tab-wide id is
// slot * 100,000 + that number (state.proto, Element.id). Here the two are turned into each other.

import type { Action, WaitAction } from "@gen/tabwire/v1/action_pb";

const PER_SLOT = 100_000;

/** The tab-wide id of an element. 0 stays 0, which means "none". */
export function tabWideId(slot: number, local: number): number {
  return local === 0 ? 0 : slot * PER_SLOT + local;
}

/** The slot of the frame that a tab-wide id belongs to. */
export function slotOf(id: number): number {
  return Math.floor(id / PER_SLOT);
}

/** The document's own id of an element. */
export function localId(id: number): number {
  return id % PER_SLOT;
}

/** The tab-wide element id that a page action names; 0 if it names none. */
export function targetOf(action: Action): number {
  switch (action.kind.case) {
    case "click":
    case "inputText":
    case "selectOption":
    case "pressKeys":
    case "scroll":
    case "hover":
    case "readText":
    case "readValue":
    case "getAttributes":
      return action.kind.value.elementId;
    case "wait":
      return waitTarget(action.kind.value);
    default:
      return 0;
  }
}

/** The tab-wide element id that a wait names; 0 if it names none. */
export function waitTarget(wait: WaitAction): number {
  return wait.condition.case === "elementId" ? wait.condition.value : 0;
}

/** Turns the element id in a page action into the document's own, in place. */
export function makeLocal(action: Action): void {
  switch (action.kind.case) {
    case "click":
    case "inputText":
    case "selectOption":
    case "pressKeys":
    case "scroll":
    case "hover":
    case "readText":
    case "readValue":
    case "getAttributes":
      action.kind.value.elementId = localId(action.kind.value.elementId);
      break;
    default:
      break;
  }
}
