// Keeps a state within its limits, and counts honestly what that leaves out. What can be operated and is in the viewport
// comes first; the order of reading is kept.

import type { Element as StateElement } from "@gen/tabwire/v1/state_pb";
import { cut, utf8Length } from "../clean";
import { Kind } from "./classify";
import type { Item } from "./item";

/** Lower is more important. Ranks are small whole numbers. */
function plainRank(item: Item): number {
  const told = item.kind === Kind.Text || item.kind === Kind.Image || item.kind === Kind.Scroller;
  const heading = item.kind === Kind.Heading || item.kind === Kind.Form;
  return (item.inView ? 0 : 3) + (told ? 2 : heading ? 1 : 0);
}

/** The most important `limit` items, in their order. */
export function keep(items: readonly Item[], limit: number, rank: (item: Item) => number = plainRank): Item[] {
  if (items.length <= limit) return [...items];
  const ranks = items.map(rank);
  const counts: number[] = [];
  for (const at of ranks) counts[at] = (counts[at] ?? 0) + 1;
  let room = limit;
  const quota = Array.from(counts, (count = 0) => {
    const taken = Math.min(count, room);
    room -= taken;
    return taken;
  });
  return items.filter((_, index) => {
    const at = ranks[index] ?? 0;
    const left = quota[at] ?? 0;
    quota[at] = left - 1;
    return left > 0;
  });
}

/** Spends a budget of bytes on texts, in order; answers with how many characters had to be cut. */
export class TextBudget {
  private left: number;
  cut = 0;

  constructor(bytes: number) {
    this.left = bytes;
  }

  private spend(text: string): string {
    const bytes = utf8Length(text);
    if (bytes <= this.left) {
      this.left -= bytes;
      return text;
    }
    let kept = cut(text, Math.max(0, this.left));
    while (kept !== "" && utf8Length(kept) > this.left) kept = cut(kept, Math.floor(kept.length / 2));
    this.left = 0;
    this.cut += text.length - kept.length;
    return kept;
  }

  /** Takes away what texts need that are told whole. Answers false, and takes nothing, if there is not so much left. */
  take(bytes: number): boolean {
    if (bytes > this.left) return false;
    this.left -= bytes;
    return true;
  }

  /** Cuts the texts of an element to what is left. Names first: without them nothing can be told apart. */
  apply(element: StateElement): void {
    element.name = this.spend(element.name);
    if (element.currentValue !== undefined) element.currentValue = this.spend(element.currentValue);
    element.textContent = this.spend(element.textContent);
    for (const option of element.options) option.label = this.spend(option.label);
    for (const [name, value] of Object.entries(element.attributes)) element.attributes[name] = this.spend(value);
  }
}

/** How many bytes the texts of an element take that `TextBudget` cuts. */
export function textBytes(element: StateElement): number {
  let bytes = utf8Length(element.name) + utf8Length(element.textContent) + utf8Length(element.currentValue ?? "");
  for (const option of element.options) bytes += utf8Length(option.label);
  for (const name in element.attributes) bytes += utf8Length(element.attributes[name] ?? "");
  return bytes;
}

/** A copy of an element, to be cut. */
export function copyOf(element: StateElement): StateElement {
  const options = element.options.map((option) => ({ ...option }));
  return { ...element, attributes: { ...element.attributes }, options };
}
