// What the asker is looking for, and where the person is: what comes first when a limit bites, and what is listed although
// it lies outside of the covered region.

import type { ElementType, StateHints } from "@gen/tabwire/v1/state_pb";
import { fold, joinPieces } from "../clean";
import { property } from "../dom";
import { attributeOf, queryAll, textOf } from "../native";
import { isSecret } from "../secrets";
import { Kind } from "./classify";
import { elementTypeOf } from "./describe";
import type { Item } from "./item";
import { nameOf } from "./name";
import type { Outside } from "./outside";
import type { Box } from "./visibility";

/** How far around the focus and the last press things count as near, in pixels. */
const NEAR = 250;

/** Attributes that a name may come from. */
const NAMING = ["aria-label", "title", "placeholder", "alt", "value"];
/** Names that do not stand in the text of the block: by reference, by a label elsewhere. They need a closer look. */
const ELSEWHERE = "[aria-labelledby],input,select,textarea,[contenteditable]";

function around(box: Box): Box {
  return { x: box.x - NEAR, y: box.y - NEAR, width: box.width + 2 * NEAR, height: box.height + 2 * NEAR };
}

/** What comes first. */
export class Interest {
  private readonly types: ReadonlySet<ElementType>;
  private readonly roles: ReadonlySet<string>;
  private readonly texts: readonly string[];
  private readonly zones: readonly Box[];
  private readonly verdicts = new Map<Item, boolean>();
  private left: number;

  /** `places` is where the person is: the focused element, the last press. */
  constructor(hints: StateHints | undefined, places: readonly Box[], limit: number) {
    this.types = new Set(hints?.types ?? []);
    this.roles = new Set((hints?.roles ?? []).map((role) => role.trim().toLowerCase()).filter((role) => role !== ""));
    this.texts = (hints?.texts ?? []).map((text) => fold(text).toLowerCase()).filter((text) => text !== "");
    this.zones = places.map(around);
    this.left = limit;
  }

  /** Where the person is, to be compared. */
  get where(): string {
    return JSON.stringify(this.zones);
  }

  /** Whether anything is looked for at all. */
  get isSearching(): boolean {
    return this.types.size > 0 || this.roles.size > 0 || this.texts.length > 0;
  }

  /** Whether a box is near to where the person is. */
  isNear(box: Box): boolean {
    for (const { x, y, width, height } of this.zones) {
      if (box.x <= x + width && x <= box.x + box.width && box.y <= y + height && y <= box.y + box.height) return true;
    }
    return false;
  }

  /** Whether something in a block outside of the region may be what is looked for, so that it has to be walked. */
  mayConcern(element: Element, outside: Outside): boolean {
    if (!this.isSearching || outside.count === 0 || this.left <= 0) return false;
    if (this.types.size > 0 || this.roles.size > 0) return true;
    return [element, ...outside.roots].some((part) => this.mayHold(part));
  }

  private mayHold(part: Element | ShadowRoot): boolean {
    const text = fold(textOf(part) ?? "").toLowerCase();
    if (this.texts.some((wanted) => text.includes(wanted))) return true;
    for (const element of queryAll(part, `${NAMING.map((name) => `[${name}]`).join()},${ELSEWHERE}`)) {
      if (element.matches(ELSEWHERE)) return true;
      if (NAMING.some((name) => this.isWanted(attributeOf(element, name) ?? ""))) return true;
    }
    return false;
  }

  private isWanted(text: string): boolean {
    if (text === "") return false;
    const folded = fold(text).toLowerCase();
    return this.texts.some((wanted) => folded.includes(wanted));
  }

  /** Whether an item is what is looked for. To be asked when all text of it has been gathered. */
  concerns(item: Item): boolean {
    if (!this.isSearching) return false;
    const known = this.verdicts.get(item);
    if (known !== undefined) return known;
    const verdict = this.judge(item);
    this.verdicts.set(item, verdict);
    if (verdict && !item.inRegion) this.left--;
    return verdict;
  }

  private judge(item: Item): boolean {
    const { element, role, kind } = item;
    if (this.roles.has(role)) return true;
    if (this.types.size > 0 && this.types.has(elementTypeOf(element, role, kind))) return true;
    if (this.texts.length === 0) return false;
    if (this.isWanted(joinPieces(item.text)) || this.isWanted(nameOf(element))) return true;
    return !isSecret(element) && this.isWanted(property<string>(element, "value")?.toString() ?? "");
  }

  /** Lower is more important: what is looked for; what is near and in view; what is in view; and of that what can be operated. */
  rank(item: Item): number {
    const told = item.kind === Kind.Text || item.kind === Kind.Image || item.kind === Kind.Scroller;
    const heading = item.kind === Kind.Heading || item.kind === Kind.Form;
    const place = this.isNear(item.box) ? 0 : item.inView ? 1 : 2;
    return (this.concerns(item) ? 0 : 9) + place * 3 + (told ? 2 : heading ? 1 : 0);
  }
}
