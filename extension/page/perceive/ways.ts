// What is remembered of one document for each way of asking: one who asks for the viewport and for the whole page by turns
// gets both by what has changed since. At most two ways are remembered, since each holds all that it tells of.

import type { Registry } from "../registry";
import { Describer } from "./descriptions";
import type { Forgetful } from "./index_memory";
import { PageIndex } from "./index_page";
import { Keeper } from "./kept";

const REMEMBERED = 2;

/** What is remembered for one way of asking. */
export class Way {
  readonly page = new PageIndex();
  readonly keeper = new Keeper();
  readonly describer: Describer;

  constructor(registry: Registry) {
    this.describer = new Describer(registry, this.page.around);
  }
}

/** All that are remembered, the one asked last at the end. What has changed is forgotten by each. */
export class Ways implements Forgetful {
  private readonly registry: Registry;
  private readonly ways = new Map<string, Way>();

  constructor(registry: Registry) {
    this.registry = registry;
  }

  /** The way with a key; the one that was not asked for longest makes room for a new one. */
  of(key: string): Way {
    const way = this.ways.get(key) ?? new Way(this.registry);
    this.ways.delete(key);
    this.ways.set(key, way);
    for (const oldest of this.ways.keys()) {
      if (this.ways.size <= REMEMBERED) break;
      this.ways.delete(oldest);
    }
    return way;
  }

  /** Lets go of all of them. */
  clear(): void {
    this.ways.clear();
  }

  beginTake(): void {
    for (const { page } of this.ways.values()) page.memory.beginTake();
  }

  forgetAll(): void {
    for (const { page } of this.ways.values()) page.memory.forgetAll();
  }

  forget(element: Element): void {
    for (const { page } of this.ways.values()) page.memory.forget(element);
  }

  forgetBelow(element: Element): void {
    for (const { page } of this.ways.values()) page.memory.forgetBelow(element);
  }

  forgetChildren(holder: Node): void {
    for (const { page } of this.ways.values()) page.memory.forgetChildren(holder);
  }
}
