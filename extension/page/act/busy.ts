// Signs that a page is still at work: busy marks, indeterminate progress bars, spinners, and movements that will end. Looks
// only at what appeared or began to move since an action began, so that what always spins is not waited for.

import { isElement, tagOf } from "../dom";
import { attributeOf, isConnected, matches, queryAll } from "../native";
import { isVisible } from "../perceive/visibility";

const MARKS = '[aria-busy="true"],[role="progressbar"]:not([aria-valuenow]),progress:not([value])';

/** What authors call things that turn while something is loading. */
const SPINNER =
  /(^|[-_\s])(spinner|spinning|loader|loading|skeleton|shimmer|throbber)|CircularProgress|progress-circular/i;

/** Movements of these change where something is or whether it can be seen. */
const MOVES = new Set(
  "opacity transform translate scale rotate height width maxHeight maxWidth top left right bottom margin clipPath visibility display".split(
    " ",
  ),
);
/** A movement that would take longer is not waited for. */
const MOVEMENT_LIMIT = 600;

function targetOf(animation: Animation): Element | null {
  return (animation.effect as KeyframeEffect | null)?.target ?? null;
}

function isEndless(animation: Animation): boolean {
  return animation.effect?.getComputedTiming().endTime === Number.POSITIVE_INFINITY;
}

function nameOfSpinner(element: Element): boolean {
  for (let at: Element | null = element, level = 0; at !== null && level < 3; at = at.parentElement, level++) {
    if (SPINNER.test(`${attributeOf(at, "class") ?? ""} ${at.id}`)) return true;
    if (attributeOf(at, "role") === "progressbar") return true;
  }
  return false;
}

function running(): Animation[] {
  return document.getAnimations().filter((animation) => animation.playState === "running");
}

/** Marks of work that came up since its construction. */
export class BusyMarks {
  private readonly marks = new Set<Element>();
  private readonly before: ReadonlySet<Animation>;

  constructor() {
    this.before = new Set(running());
  }

  /** Looks for marks in what has changed. */
  note(records: readonly MutationRecord[]): void {
    for (const record of records) {
      if (record.type === "attributes") this.consider(record.target);
      for (const node of record.addedNodes) {
        if (!isElement(node)) continue;
        this.consider(node);
        for (const inside of queryAll(node, MARKS)) this.marks.add(inside);
      }
    }
  }

  private consider(node: Node): void {
    if (isElement(node) && tagOf(node) !== "body" && matches(node, MARKS)) this.marks.add(node);
  }

  /** Whether a mark or a spinner that came up is still there. */
  isBusy(): boolean {
    for (const mark of this.marks) {
      if (isConnected(mark) && matches(mark, MARKS) && isVisible(mark)) return true;
      this.marks.delete(mark);
    }
    return running().some((animation) => {
      if (this.before.has(animation) || !isEndless(animation)) return false;
      const element = targetOf(animation);
      return element !== null && nameOfSpinner(element) && isVisible(element);
    });
  }

  /**
   * In how many milliseconds the last movement ends that the action set off, as of a dialog that fades in. 0 if nothing moves,
   * or the tab is hidden, where nothing moves on.
   */
  moving(): number {
    if (document.hidden) return 0;
    let left = 0;
    for (const animation of running()) {
      if (this.before.has(animation) || isEndless(animation)) continue;
      const end = Number(animation.effect?.getComputedTiming().endTime ?? 0);
      const rest = (end - Number(animation.currentTime ?? end)) / (animation.playbackRate || 1);
      if (rest > left && rest <= MOVEMENT_LIMIT && movesSomething(animation)) left = rest;
    }
    return left;
  }
}

function movesSomething(animation: Animation): boolean {
  const effect = animation.effect as KeyframeEffect | null;
  return effect?.getKeyframes().some((frame) => Object.keys(frame).some((name) => MOVES.has(name))) ?? false;
}
