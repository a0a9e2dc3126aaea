// What a page does by itself, so that nobody waits for it: parts that change all the time (clocks, tickers, animations made
// by hand), and how long after a first reaction this page is used to react further.

/** A part changes by itself if it has changed in so many turns, over so many milliseconds, without growing. */
const TURNS = 4;
const SPAN = 250;

/** How long no further change may come, in milliseconds: at first, at least, at most. */
const START = 40;
const SHORTEST = 4;
const LONGEST = 150;
/** What is left of the pause when the page was seen to be at rest without it. */
const CALMER = 0.5;
/** What is added to the longest pause that was seen. */
const MARGIN = 20;

interface Tally {
  turns: number;
  first: number;
  last: number;
  growth: number;
}

/** Nodes that were found to change by themselves. Kept while they live. */
const ticking = new WeakSet<Node>();

/** Whether a node was found to change by itself. */
export function isTicking(node: Node): boolean {
  return ticking.has(node);
}

function growthOf(record: MutationRecord): number {
  return record.type === "childList" ? record.addedNodes.length - record.removedNodes.length : 0;
}

/** Finds out which nodes tick, from the changes that are seen during one wait. */
export class Tickers {
  private readonly tallies = new Map<Node, Tally>();

  /** Takes note of what changed in one turn. Answers the nodes that were just found to tick. */
  note(records: readonly MutationRecord[], now: number): Node[] {
    const found: Node[] = [];
    for (const record of records) {
      const node = record.target;
      let tally = this.tallies.get(node);
      if (tally === undefined) {
        tally = { turns: 0, first: now, last: 0, growth: 0 };
        this.tallies.set(node, tally);
      }
      tally.growth += growthOf(record);
      if (tally.last === now) continue;
      tally.last = now;
      tally.turns++;
    }
    for (const [node, tally] of this.tallies) {
      if (tally.last !== now || tally.turns < TURNS || now - tally.first < SPAN || ticking.has(node)) continue;
      // What grows is loading or being written: that is waited for.
      if (Math.abs(tally.growth) >= tally.turns / 2) continue;
      ticking.add(node);
      found.push(node);
    }
    return found;
  }
}

/** How a page is used to react: one for each document. Pages that react at once are not waited for long. */
export class Habits {
  private pause = START;

  /** How long no further change may come before the page counts as at rest. */
  get quiet(): number {
    return this.pause;
  }

  /** A change came so many milliseconds after the one before, or after the action. */
  late(gap: number): void {
    if (gap <= LONGEST) this.pause = Math.min(LONGEST, Math.max(this.pause, gap + MARGIN));
  }

  /** The page reacted at once, and nothing came later. */
  calm(): void {
    this.pause = Math.max(SHORTEST, this.pause * CALMER);
  }
}
