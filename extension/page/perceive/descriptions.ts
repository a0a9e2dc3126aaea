// What is told of the items of a state. What was told of an item is kept as long as the walk remembers it (index_memory.ts), so
// that the same message goes out again; where only its place or its parent is another one, a copy is made.

import type { Element as StateElement } from "@gen/tabwire/v1/state_pb";
import { sameValue } from "../../wire/delta";
import { takePlaceBound } from "../reading";
import type { Registry } from "../registry";
import { describe } from "./describe";
import type { Item } from "./item";
import { copyOf, TextBudget, textBytes } from "./limits";
import type { Surroundings } from "./surroundings";

/** The elements of a state, and what was cut from their texts. */
export interface Told {
  readonly elements: StateElement[];
  readonly cut: number;
  /** The number of the active element, if it is among them. */
  readonly activeId: number;
}

/** What is known of the items of a state before they are described. */
export interface ToDescribe {
  readonly items: readonly Item[];
  /** Where those are that were come to, and not remembered; null if that is not known. */
  readonly fresh: readonly number[] | null;
  /** Elements by which others are told, and now otherwise than before. */
  readonly changed: ReadonlySet<Element>;
}

/** Describes items. */
export class Describer {
  private readonly registry: Registry;
  private readonly around: Surroundings;
  private turn = 0;
  private items: readonly Item[] = [];
  private elements: readonly StateElement[] = [];
  /** Where those are that were told as they look at their place. */
  private placeBound: readonly number[] = [];
  private cut = 0;
  private bytes = 0;

  constructor(registry: Registry, around: Surroundings) {
    this.registry = registry;
    this.around = around;
  }

  /** Describes items; remembered ones only if that is needed. */
  describeAll(to: ToDescribe, active: Element | null, bytes: number): Told {
    const elements = this.describeFresh(to, active) ?? this.describeEach(to, active);
    const activeId = active === null ? 0 : this.registry.knownIdOf(active);
    const isListed = activeId !== 0 && elements.some((element) => element.id === activeId);
    this.items = to.items;
    this.elements = elements;
    const told = this.bytes <= bytes ? { elements, cut: 0 } : cutAll(elements, bytes);
    return { elements: told.elements, cut: this.cut + told.cut, activeId: isListed ? activeId : 0 };
  }

  /** If the items are the same ones as last time, in the same order, only the fresh ones have to be described. */
  private describeFresh({ items, fresh, changed }: ToDescribe, active: Element | null): StateElement[] | null {
    const before = this.items;
    if (fresh === null || changed.size > 0 || items.length !== before.length) return null;
    for (let index = 0; index < items.length; index++) if (items[index] !== before[index]) return null;
    const elements = this.elements.slice();
    const bound: number[] = [];
    for (const index of new Set([...fresh, ...this.placeBound])) {
      const item = items[index] as Item;
      const { told } = item;
      const known = told ?? item.before;
      elements[index] = this.describe(item, active);
      this.bytes += (item.told?.bytes ?? 0) - (known?.bytes ?? 0);
      this.cut += (item.told?.cut ?? 0) - (known?.cut ?? 0);
      if (item.told?.isPlaceBound === true) bound.push(index);
    }
    this.placeBound = bound;
    return elements;
  }

  private describeEach({ items, changed }: ToDescribe, active: Element | null): StateElement[] {
    this.turn++;
    this.bytes = 0;
    this.cut = 0;
    const bound: number[] = [];
    for (const item of items) {
      item.listed = this.turn;
      if (item.id === 0) item.id = this.registry.idOf(item.element);
    }
    const elements: StateElement[] = new Array(items.length);
    for (let index = 0; index < items.length; index++) {
      const item = items[index] as Item;
      const isKnown = item.told !== null && !item.told.isPlaceBound && !(changed.size > 0 && isToldWith(item, changed));
      elements[index] = isKnown ? this.update(item) : this.describe(item, active);
      this.bytes += item.told?.bytes ?? 0;
      this.cut += item.told?.cut ?? 0;
      if (item.told?.isPlaceBound === true) bound.push(index);
    }
    this.placeBound = bound;
    return elements;
  }

  private describe(item: Item, active: Element | null): StateElement {
    takePlaceBound();
    const { message, fingerprint, cut, owner, card } = describe(item, item.id, this.around, item.element === active);
    const parentId = this.nearestListed(item);
    message.parentId = parentId;
    const before = (item.told ?? item.before)?.message;
    // The same object says that nothing differs.
    const kept = before !== undefined && sameValue(before, message) ? before : message;
    item.told = { message: kept, parentId, bytes: textBytes(kept), cut, owner, card, isPlaceBound: takePlaceBound() };
    item.before = null;
    item.isMoved = false;
    this.registry.remember(item.id, fingerprint, item.box);
    return kept;
  }

  /** What was told, where it is now. */
  private update(item: Item): StateElement {
    const told = item.told as NonNullable<Item["told"]>;
    const parentId = this.nearestListed(item);
    if (told.parentId === parentId && !item.isMoved) return told.message;
    const { x, y, width, height } = item.box;
    const bounds = { $typeName: "tabwire.v1.Rect", x, y, width, height } as const;
    const message = { ...told.message, bounds, parentId, inViewport: item.inView };
    item.told = { ...told, parentId, message };
    if (item.isMoved) this.registry.moved(item.id, item.box);
    item.isMoved = false;
    return message;
  }

  private nearestListed(item: Item): number {
    for (let at = item.parent; at !== null; at = at.parent) if (at.listed === this.turn) return at.id;
    return 0;
  }
}

function isToldWith({ landmark, heading, row, told }: Item, changed: ReadonlySet<Element>): boolean {
  for (const one of [told?.owner ?? null, landmark, heading, row, told?.card ?? null])
    if (one !== null && changed.has(one)) return true;
  return false;
}

/** Cuts the texts of elements to a number of bytes. What has been told is not written to. */
function cutAll(elements: readonly StateElement[], bytes: number): { elements: StateElement[]; cut: number } {
  const budget = new TextBudget(bytes);
  const cut = elements.map((element) => {
    if (budget.take(textBytes(element))) return element;
    const copy = copyOf(element);
    budget.apply(copy);
    return copy;
  });
  return { elements: cut, cut: budget.cut };
}
