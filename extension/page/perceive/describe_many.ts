// Describes given elements by the rules of a state, without what is remembered from take to take.

import type { Element as StateElement } from "@gen/tabwire/v1/state_pb";
import { deepActiveElement } from "../dom";
import { beginReading } from "../reading";
import type { Registry } from "../registry";
import { modalOf } from "./classify";
import { Describer } from "./descriptions";
import { surroundingsOf } from "./scope";
import { Surroundings } from "./surroundings";
import { viewportOf } from "./visibility";
import { walk } from "./walk";

const TEXT_BYTES = 262_144;

/** Describes elements, each null if it is nothing that a state would list. */
export function describeMany(registry: Registry, elements: readonly Element[]): (StateElement | null)[] {
  beginReading();
  const common = { region: null, view: viewportOf(window), text: true, modal: modalOf(document) };
  const items = elements.map((element) => {
    const found = walk({ ...common, start: element, around: surroundingsOf(element) });
    return found.items.find((candidate) => candidate.element === element) ?? null;
  });
  const to = { items: items.filter((item) => item !== null), fresh: null, changed: new Set<Element>() };
  const describer = new Describer(registry, new Surroundings());
  const told = describer.describeAll(to, deepActiveElement(document), TEXT_BYTES).elements;
  let next = 0;
  return items.map((item) => (item === null ? null : (told[next++] ?? null)));
}

/** Describes one element; null if it is nothing that a state would list. */
export function describeOne(registry: Registry, element: Element): StateElement | null {
  return describeMany(registry, [element])[0] ?? null;
}
