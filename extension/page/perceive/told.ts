// What was told last, for each way of asking: so that the next answer can say what is new in it, and be only the difference
// to what the asker holds; and the revision, which grows whenever anything that is told differs from what was told before.

import type { FrameDelta, FrameState } from "@gen/tabwire/v1/extension_pb";
import { type Element as StateElement, type StateRequest, StateScope } from "@gen/tabwire/v1/state_pb";
import { diffElements, type ElementChanges, sameValue } from "../../wire/delta";

/** So many ways of asking are remembered. */
const REMEMBERED = 4;

/** Two requests with the same key ask for the same. */
function keyOf(request: StateRequest): string {
  const { scope, elementId, maxElements, maxTextBytes, includeText, hints } = request;
  const wanted = [hints?.types ?? [], hints?.roles ?? [], hints?.texts ?? []];
  return JSON.stringify([scope || StateScope.VIEWPORT, elementId, maxElements, maxTextBytes, includeText, wanted]);
}

/** A state without its elements, and without what differs from take to take. */
function headOf(state: FrameState): FrameState {
  return { ...state, elements: [], inPageUs: 0, revision: 0 };
}

function isNothing({ removedIds, inserted, changed, shifts }: ElementChanges): boolean {
  return removedIds.length + inserted.length + changed.length + shifts.length === 0;
}

/** Roughly how much there is to carry. */
function weight(elements: number, shifts: number): number {
  return elements * 10 + shifts;
}

function weightOf({ removedIds, inserted, changed, shifts }: ElementChanges): number {
  const fresh = inserted.reduce((sum, run) => sum + run.elements.length, 0);
  return weight(fresh + changed.length, shifts.length) + removedIds.length / 4;
}

/** Remembers what was told. */
export class Told {
  private readonly states = new Map<string, FrameState>();
  private last: readonly StateElement[] | null = null;
  private revision = 0;

  /** Takes note that the document was seen to change. */
  noticeChange(): void {
    this.revision++;
  }

  /** The elements, with those marked that were not in the state before this one. What has been told is not written to. */
  markNew(request: StateRequest, elements: StateElement[]): StateElement[] {
    const before = this.states.get(keyOf(request))?.elements ?? this.last;
    if (before === null) return elements;
    let from = 0;
    while (from < elements.length && from < before.length && isOfSame(elements[from], before[from])) from++;
    if (from === elements.length) return elements;
    const known = new Set<number>();
    for (let index = from; index < before.length; index++) known.add((before[index] as StateElement).id);
    const marked = elements.slice();
    for (let index = from; index < marked.length; index++) {
      const element = marked[index] as StateElement;
      if (known.has(element.id)) continue;
      marked[index] = { ...element, isNew: true };
      withNew.add(marked);
    }
    return marked;
  }

  /** Numbers a state and remembers it. Answers with the difference to `base`, if that is known and the shorter answer. */
  tell(request: StateRequest, state: FrameState, base: number): FrameState | FrameDelta {
    const key = keyOf(request);
    const before = this.states.get(key);
    const changes = before === undefined ? null : diffElements(before.elements, state.elements);
    if (before === undefined || changes === null || !isSame(before, state, changes)) this.revision++;
    state.revision = this.revision;
    this.remember(key, state);
    if (request.scope !== StateScope.ELEMENT) this.last = state.elements;
    if (before === undefined || changes === null || base === 0 || before.revision !== base) return state;
    if (weightOf(changes) >= weight(state.elements.length, 0) && !isNothing(changes)) return state;
    return {
      $typeName: "tabwire.v1.FrameDelta",
      baseRevision: base,
      head: { ...state, elements: [] },
      ...changes,
    };
  }

  private remember(key: string, state: FrameState): void {
    this.states.delete(key);
    this.states.set(key, state);
    for (const oldest of this.states.keys()) {
      if (this.states.size <= REMEMBERED) break;
      this.states.delete(oldest);
    }
  }
}

const withNew = new WeakSet<readonly StateElement[]>();

function hasNew({ elements }: FrameState): boolean {
  return withNew.has(elements);
}

/** The same object need not be looked into. */
function isOfSame(a: StateElement | undefined, b: StateElement | undefined): boolean {
  return a === b || a?.id === b?.id;
}

/** Whether nothing that is told differs. Newness is told too: it ends with the next state. */
function isSame(before: FrameState, now: FrameState, changes: ElementChanges): boolean {
  if (!isNothing(changes) || !sameValue(headOf(before), headOf(now))) return false;
  return !hasNew(before) && !hasNew(now);
}
