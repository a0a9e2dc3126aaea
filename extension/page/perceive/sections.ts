// Where things were left out: the parts of the page that hold them, so that an asker can take the state of one of them. A
// part is a landmark, a form, a list or table, or a block with a heading of its own; many alike parts are told as the list
// they make up.

import type { OmittedSection } from "@gen/tabwire/v1/state_pb";
import { cut, fold } from "../clean";
import { isElement, shadowRootOf, shownParent, tagOf } from "../dom";
import { parentNodeOf, textOf } from "../native";
import type { Registry } from "../registry";
import { landmarkName, landmarkRole } from "./context";
import type { Item } from "./item";
import { nameOf } from "./name";
import { roleOf } from "./role";

/** At most so many are told. */
const MOST = 20;
/** So many parts with the same parent are told as one: their parent. */
const ALIKE = 8;
const TITLE = 120;

/** How much was left out of a part. */
export interface LeftOut {
  count: number;
  /** The heading in the part that says what it is about, or else the one that it stands under. */
  readonly title: Element | null;
  readonly under: Element | null;
}

/** What was left out, by part. */
export class Omissions {
  private readonly byPart = new Map<Element, LeftOut>();

  add(part: Element, count: number, title: Element | null, under: Element | null): void {
    const known = this.byPart.get(part);
    if (known !== undefined) known.count += count;
    else this.byPart.set(part, { count, title, under });
  }

  /** Adds those items that were found and are not told. */
  addDropped(items: readonly Item[], kept: readonly Item[]): void {
    if (items.length === kept.length) return;
    const told = new Set(kept);
    for (const item of items) if (!told.has(item)) this.add(item.part ?? item.element, 1, null, item.heading);
  }

  /** The parts that something was left out of, the largest number first. */
  sections(registry: Registry): OmittedSection[] {
    const parts = gather(this.byPart);
    const largest = [...parts].sort((a, b) => b[1].count - a[1].count).slice(0, MOST);
    return largest.map(([part, left]) => ({
      $typeName: "tabwire.v1.OmittedSection",
      elementId: registry.idOf(part),
      title: titleOf(part, left),
      elementsOmitted: left.count,
    }));
  }
}

/** Puts many parts of one parent together. */
function gather(byPart: ReadonlyMap<Element, LeftOut>): Map<Element, LeftOut> {
  const children = new Map<Element, Element[]>();
  let last: Node | null = null;
  let shared: Element | null = null; // what is around all children of the last one
  for (const part of byPart.keys()) {
    const holder = parentNodeOf(part);
    if (holder !== last) {
      last = holder;
      // The children of a host may be shown in different slots.
      shared = isElement(holder) && shadowRootOf(holder) === null ? holder : null;
    }
    const parent = shared ?? shownParent(part);
    if (parent === null) continue;
    const others = children.get(parent);
    if (others === undefined) children.set(parent, [part]);
    else others.push(part);
  }
  const parts = new Map(byPart);
  for (const [parent, alike] of children) {
    if (alike.length < ALIKE) continue;
    const own = byPart.get(parent);
    let count = own?.count ?? 0;
    for (const part of alike) {
      count += byPart.get(part)?.count ?? 0;
      parts.delete(part);
    }
    const under = own?.under ?? byPart.get(alike[0] as Element)?.under ?? null;
    parts.set(parent, { count, title: null, under });
  }
  return parts;
}

/** What a part is called: its landmark, its name, the heading in it, or the heading it stands under. */
function titleOf(part: Element, { title, under }: LeftOut): string {
  if (landmarkRole(part) !== "") return landmarkName(part);
  const role = roleOf(part);
  const word = role === "" || role === "generic" || role === "presentation" ? tagOf(part) : role;
  const heading = title ?? under;
  const said = nameOf(part) || fold((heading === null ? "" : textOf(heading)) ?? "");
  return said === "" ? word : `${word} "${cut(said, TITLE)}"`;
}
