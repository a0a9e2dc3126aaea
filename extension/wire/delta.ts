// What differs between two lists of elements, and how the later one is made of the earlier one and the difference: the
// rules of StateDelta in state.proto. Pure, and without the protobuf runtime, because both the page (which tells the
// difference of one document) and the service worker (which folds it, and tells that of a tab) use it.
//
// `is_new` is no difference: in what a fold gives, it is true exactly for the elements that the base did not have.

import type { BoundsShift, Element, ElementRun, Rect } from "@gen/tabwire/v1/state_pb";

/** The lists of a StateDelta or FrameDelta. */
export interface ElementChanges {
  removedIds: number[];
  inserted: ElementRun[];
  changed: Element[];
  shifts: BoundsShift[];
}

/** Thrown when a difference does not belong to the state it is to be folded into. */
export class DeltaMismatch extends Error {}

/** Whether two values of plain messages tell the same. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return a.every((value, index) => sameValue(value, b[index]));
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return keys.every((key) => key in right && sameValue(left[key], right[key]));
}

/** Whether two elements tell the same but for where they are. */
function sameApartFromPlace(a: Element, b: Element): boolean {
  const [left, right] = [a as unknown as Record<string, unknown>, b as unknown as Record<string, unknown>];
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  for (const key of keys) {
    if (key === "bounds" || key === "inViewport" || key === "isNew") continue;
    if (!(key in right) || !sameValue(left[key], right[key])) return false;
  }
  return true;
}

/** How far an element has moved, if that is all and can be told exactly. */
function movement(from: Rect | undefined, to: Rect | undefined): { dx: number; dy: number } | null {
  if (from === undefined || to === undefined) return null;
  if (from.width !== to.width || from.height !== to.height) return null;
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  return from.x + dx === to.x && from.y + dy === to.y ? { dx, dy } : null;
}

/**
 * For each number whether it belongs to a longest rising run of all, taken in order; negative numbers never do. What
 * belongs to it has kept its place among the others.
 */
export function risingRun(numbers: readonly number[]): boolean[] {
  const tails: number[] = []; // index of the last number of the best run of each length
  const before: number[] = new Array(numbers.length).fill(-1);
  for (const [index, value] of numbers.entries()) {
    if (value < 0) continue;
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((numbers[tails[middle] as number] as number) < value) low = middle + 1;
      else high = middle;
    }
    if (low > 0) before[index] = tails[low - 1] as number;
    tails[low] = index;
  }
  const kept: boolean[] = new Array(numbers.length).fill(false);
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at] as number) kept[at] = true;
  return kept;
}

/** Puts a difference together, element by element in the new order. */
class Differ {
  readonly changes: ElementChanges = { removedIds: [], inserted: [], changed: [], shifts: [] };
  private run: ElementRun | null = null;
  private shift: BoundsShift | null = null;
  private last: Element | null = null;

  insert(element: Element): void {
    if (this.run === null) {
      this.run = { $typeName: "tabwire.v1.ElementRun", afterId: this.last?.id ?? 0, elements: [] };
      this.changes.inserted.push(this.run);
    }
    this.run.elements.push(element);
    this.last = element; // a shift goes on behind it
  }

  stay(old: Element, now: Element): void {
    this.run = null;
    this.last = now;
    if (old === now) {
      this.shift = null;
      return;
    }
    const moved = sameApartFromPlace(old, now) ? movement(old.bounds, now.bounds) : null;
    if (moved === null) {
      if (sameApartFromPlace(old, now) && sameValue(old.bounds, now.bounds) && old.inViewport === now.inViewport)
        this.shift = null; // without bounds, and the same
      else this.changes.changed.push(now);
      return;
    }
    if (moved.dx === 0 && moved.dy === 0 && old.inViewport === now.inViewport) this.shift = null;
    else this.move(now, moved);
  }

  private move({ id, inViewport }: Element, { dx, dy }: { dx: number; dy: number }): void {
    const { shift } = this;
    if (shift?.dx === dx && shift.dy === dy && shift.inViewport === inViewport) {
      shift.lastId = id;
      return;
    }
    this.shift = { $typeName: "tabwire.v1.BoundsShift", firstId: id, lastId: id, dx, dy, inViewport };
    this.changes.shifts.push(this.shift);
  }
}

/** Whether both tell of one element. The same object need not be looked into. */
function isOfSame(a: Element | undefined, b: Element | undefined): boolean {
  return a === b || a?.id === b?.id;
}

/** How many elements two lists have in common, in order, from their beginning. */
function commonStart(before: readonly Element[], after: readonly Element[]): number {
  const most = Math.min(before.length, after.length);
  let at = 0;
  while (at < most && isOfSame(before[at], after[at])) at++;
  return at;
}

/** How many they have in common at their end, without those at the beginning. */
function commonEnd(before: readonly Element[], after: readonly Element[], start: number): number {
  const most = Math.min(before.length, after.length) - start;
  let at = 0;
  while (at < most && isOfSame(before[before.length - 1 - at], after[after.length - 1 - at])) at++;
  return at;
}

/** What makes the later list of the earlier one. */
export function diffElements(before: readonly Element[], after: readonly Element[]): ElementChanges {
  const start = commonStart(before, after);
  const end = commonEnd(before, after, start);
  const differ = new Differ();
  for (let at = 0; at < start; at++) differ.stay(before[at] as Element, after[at] as Element);
  diffMiddle(differ, before.slice(start, before.length - end), after.slice(start, after.length - end));
  for (let at = end; at > 0; at--)
    differ.stay(before[before.length - at] as Element, after[after.length - at] as Element);
  return differ.changes;
}

/** What differs between lists of which nothing is known. */
function diffMiddle(differ: Differ, before: readonly Element[], after: readonly Element[]): void {
  if (before.length + after.length === 0) return;
  const places = new Map(before.map((element, index) => [element.id, index]));
  const kept = risingRun(after.map((element) => places.get(element.id) ?? -1));
  const stays = new Set<number>();
  for (const [index, element] of after.entries()) {
    if (kept[index] === true) {
      stays.add(element.id);
      differ.stay(before[places.get(element.id) as number] as Element, element);
    } else differ.insert(element);
  }
  for (const { id } of before) if (!stays.has(id)) differ.changes.removedIds.push(id);
}

/** An element as it is when it was there before. */
function known(element: Element): Element {
  return element.isNew ? { ...element, isNew: false } : element;
}

/** Puts the inserted runs into what has stayed. */
function merge(stayed: readonly Element[], runs: readonly ElementRun[]): Element[] {
  const folded: Element[] = [];
  let at = 0;
  for (const run of runs) {
    while (run.afterId !== 0 && folded.at(-1)?.id !== run.afterId) {
      const next = stayed[at++];
      if (next === undefined) throw new DeltaMismatch(`There is no element ${run.afterId} to insert after.`);
      folded.push(next);
    }
    folded.push(...run.elements);
  }
  folded.push(...stayed.slice(at));
  return folded;
}

/** Moves what has shifted. `settled` are the ids of what has its place already. */
function shiftAll(folded: Element[], shifts: readonly BoundsShift[], settled: ReadonlySet<number>): void {
  if (shifts.length === 0) return;
  const places = new Map(folded.map((element, index) => [element.id, index]));
  for (const shift of shifts) {
    const first = places.get(shift.firstId);
    const last = places.get(shift.lastId);
    if (first === undefined || last === undefined || last < first)
      throw new DeltaMismatch(`There are no elements ${shift.firstId} to ${shift.lastId} to shift.`);
    for (let index = first; index <= last; index++) {
      const element = folded[index] as Element;
      if (settled.has(element.id) || element.bounds === undefined) continue;
      const bounds = { ...element.bounds, x: element.bounds.x + shift.dx, y: element.bounds.y + shift.dy };
      folded[index] = { ...element, bounds, inViewport: shift.inViewport };
    }
  }
}

/** Makes the later list of the earlier one, which is left as it is. Throws DeltaMismatch if it is of another state. */
export function foldElements(before: readonly Element[], changes: ElementChanges): Element[] {
  const removed = new Set(changes.removedIds);
  const stayed = before.filter((element) => !removed.has(element.id)).map(known);
  if (stayed.length + removed.size !== before.length)
    throw new DeltaMismatch("Elements are to be taken away that are not there.");
  const folded = merge(stayed, changes.inserted);
  const settled = new Set(changes.inserted.flatMap((run) => run.elements.map((element) => element.id)));
  const changed = new Map(changes.changed.map((element) => [element.id, element]));
  for (const [index, element] of folded.entries()) {
    const now = changed.get(element.id);
    if (now === undefined) continue;
    folded[index] = known(now);
    settled.add(now.id);
    changed.delete(now.id);
  }
  if (changed.size > 0) throw new DeltaMismatch("Elements have changed that are not there.");
  shiftAll(folded, changes.shifts, settled);
  return folded;
}
