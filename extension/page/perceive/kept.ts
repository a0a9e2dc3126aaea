// Which items of a state are kept within its limit, and what is told of the others. If the items are those of the last state
// and none of them ranks otherwise, that need not be worked out again.

import type { Interest } from "./hints";
import type { Findings, Item } from "./item";
import { keep } from "./limits";
import type { Omissions } from "./sections";

/** What is kept of the items that were found. */
export interface Kept {
  readonly items: readonly Item[];
  /** Where those are that were come to, and not remembered; null if that is not known. */
  readonly fresh: readonly number[] | null;
  readonly omissions: Omissions;
}

interface Last {
  readonly items: readonly Item[];
  readonly limit: number;
  readonly zones: string;
  readonly ranks: readonly number[];
  readonly kept: readonly Item[];
  /** Where each item is among those that are kept; -1 for the others. */
  readonly places: Int32Array;
  readonly omissions: Omissions;
}

/** Keeps what matters most of a whole page. */
export class Keeper {
  private last: Last | null = null;

  /** For what has no memory. */
  static keep({ items, omissions }: Findings, limit: number, interest: Interest): Kept {
    const kept = keep(items, limit, (item) => interest.rank(item));
    omissions.addDropped(items, kept);
    return { items: kept, fresh: null, omissions };
  }

  /** Of a whole page with a memory; `isMoved` tells that some remembered items are elsewhere. */
  keep(found: Findings, limit: number, interest: Interest, isMoved: boolean): Kept {
    const { items, fresh, omissions } = found;
    if (items.length <= limit) {
      this.last = null;
      return { items, fresh: isMoved ? null : fresh, omissions };
    }
    const known = isMoved ? null : this.known(found, limit, interest);
    if (known !== null) return known;
    const ranks = items.map((item) => interest.rank(item));
    let next = 0;
    const kept = keep(items, limit, () => ranks[next++] ?? 0);
    const places = new Int32Array(items.length).fill(-1);
    for (let at = 0, place = 0; at < items.length && place < kept.length; at++)
      if (items[at] === kept[place]) places[at] = place++;
    omissions.addDropped(items, kept);
    this.last = { items, limit, zones: interest.where, ranks, kept, places, omissions };
    return { items: kept, fresh: null, omissions };
  }

  private known({ items, fresh }: Findings, limit: number, interest: Interest): Kept | null {
    const { last } = this;
    if (last === null || last.limit !== limit || last.zones !== interest.where) return null;
    if (last.items.length !== items.length) return null;
    for (let at = 0; at < items.length; at++) if (items[at] !== last.items[at]) return null;
    const places: number[] = [];
    for (const at of fresh) {
      const place = last.places[at] ?? -1;
      if (place < 0 || interest.rank(items[at] as Item) !== last.ranks[at]) return null;
      places.push(place);
    }
    return { items: last.kept, fresh: places, omissions: last.omissions };
  }
}
