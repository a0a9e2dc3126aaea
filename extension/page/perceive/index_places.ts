// Whether what is remembered is still where it was. After a change some of the remembered items are measured: those next to
// what was looked at anew, and one of every so many of all others, another one each time. If all of these are where they were, so is
// what lies between; else each one is measured. In a covered region of ordinary size each one is measured at any rate.

import type { PageMemory } from "./index_memory";
import type { Findings, Item } from "./item";
import { type Box, boxOf, isSameBox } from "./visibility";

/** With no more items each one is measured. */
const FEW = 320;
/** One of so many is measured otherwise. Primes, so that they meet every column of a table or grid. */
const STRIDES = [61, 127, 251, 509] as const;
/** In longer pages that is one of more, so that not many more than these are measured. */
const SAMPLES = 250;
/** So many on each side of what was looked at anew are measured. */
const BESIDE = 40;

/** Knows which of the items have to be measured. */
export class Places {
  private turn = 0;
  private scroll = "";

  /** To be called at each take. Answers whether all has been scrolled. */
  beginTake(): boolean {
    this.turn++;
    const before = this.scroll;
    this.scroll = `${window.scrollX} ${window.scrollY}`;
    return before !== "" && before !== this.scroll;
  }

  /**
   * Finds out where the remembered items are. Answers whether any is elsewhere; what may be told otherwise for that has been
   * forgotten. `isAll` asks for all of them.
   */
  check({ all, fresh }: Findings, isAll: boolean, view: Box, memory: PageMemory): boolean {
    if (!isAll && all.length > FEW && this.isStill(all, fresh)) return false;
    return measureAll(all, view, memory);
  }

  private isStill(items: readonly Item[], fresh: readonly number[]): boolean {
    let checked = 0; // those before have been measured as far as they have to be
    for (const index of fresh) {
      const end = Math.min(items.length, index + BESIDE + 1);
      for (let at = Math.max(checked, index - BESIDE); at < end; at++) if (!isWhereItWas(items[at])) return false;
      checked = Math.max(checked, end);
    }
    const stride = STRIDES.find((one) => items.length / one <= SAMPLES) ?? STRIDES[3];
    for (let at = this.turn % stride; at < items.length; at += stride) if (!isWhereItWas(items[at])) return false;
    return isWhereItWas(items.at(-1));
  }
}

/** One that was come to just now is where it was measured to be. */
function isWhereItWas(item: Item | undefined): boolean {
  if (item === undefined) return true;
  return isSameBox(item.box, boxOf(item.label ?? item.element));
}

function measureAll(items: readonly Item[], view: Box, memory: PageMemory): boolean {
  let moved = false;
  for (const item of items) {
    if (item.met === memory.walk) continue;
    const now = boxOf(item.label ?? item.element);
    const before = item.box;
    if (isSameBox(before, now)) continue;
    moved = true;
    const isSameSize = before.width === now.width && before.height === now.height;
    if (!isSameSize || !item.isFree(view) || isAtEdge(before) || isAtEdge(now)) memory.forget(item.element);
    item.moveTo(now);
  }
  return moved;
}

/** Whether nothing of it can be seen because it lies beyond the edges of the document, or nearly so. */
function isAtEdge({ x, y, width, height }: Box): boolean {
  return x + width + window.scrollX <= 1 || y + height + window.scrollY <= 1;
}
