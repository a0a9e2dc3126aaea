// The answer to a look at a tab: a whole state, or what has changed since an earlier one, and which of the two is worth it.
// Pure; who is looked at, and what was told before, is for perceive.ts.

import { create } from "@bufbuild/protobuf";
import { type Element, type PageState, type StateDelta, StateDeltaSchema } from "@gen/tabwire/v1/state_pb";
import type { ElementChanges } from "../../wire/delta";
import type { ToldState } from "./told_states";

/** A state of a tab, whole or by what has changed since the state that was asked for. */
export interface Look {
  readonly answer:
    | { readonly case: "pageState"; readonly value: PageState }
    | { readonly case: "stateDelta"; readonly value: StateDelta };
  /** The whole state, also where the answer is a delta. */
  whole(): PageState;
}

/** A state that is told whole; `whole` gives it with its elements where `state` holds them written already. */
export function wholeLook(state: PageState, whole: () => PageState = () => state): Look {
  return { answer: { case: "pageState", value: state }, whole };
}

/** A state that is told by what has changed since an earlier one. */
export function deltaLook(base: ToldState, head: PageState, changes: ElementChanges, whole: () => PageState): Look {
  const { removedIds, inserted, changed, shifts } = changes;
  const lists = { removedIds, inserted, changed, shifts };
  const value = create(StateDeltaSchema, { baseRevision: base.revision, head, ...lists });
  return { answer: { case: "stateDelta", value }, whole };
}

/** The elements, new where the earlier state of the tab did not have them. A document knows only its own elements. */
export function markNew(elements: readonly Element[], before: readonly Element[]): Element[] {
  const known = new Set(before.map((element) => element.id));
  return elements.map((element) => {
    const isNew = !known.has(element.id);
    return element.isNew === isNew ? element : { ...element, isNew };
  });
}

/** Whether a delta takes clearly less than a state of so many elements. A shift is about a quarter of an element. */
export function isWorthIt(changes: ElementChanges, size: number): boolean {
  const inserted = changes.inserted.reduce((sum, run) => sum + run.elements.length, 0);
  const weight = inserted + changes.changed.length + changes.shifts.length / 4 + changes.removedIds.length / 20;
  return weight <= 0.7 * size;
}
