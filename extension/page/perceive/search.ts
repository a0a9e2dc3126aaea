// What an asker looks for: it comes first when a limit bites, and is listed although it lies outside of the covered region.

import type { ElementType, StateHints } from "@gen/tabwire/v1/state_pb";
import { fold, joinPieces } from "../clean";
import { property } from "../dom";
import { attributeOf, queryAll, textOf } from "../native";
import { isSecret } from "../secrets";
import { elementTypeOf } from "./describe";
import { Interest } from "./hints";
import type { Item } from "./item";
import { nameOf } from "./name";
import type { Outside } from "./outside";
import type { Box } from "./visibility";

/** Attributes that a name may come from. */
const NAMING = ["aria-label", "title", "placeholder", "alt", "value"];
/** Names that do not stand in the text of the block: by reference, by a label elsewhere. They need a closer look. */
const ELSEWHERE = "[aria-labelledby],input,select,textarea,[contenteditable]";

/** What comes first, with what is looked for. */
export class Search extends Interest {
  private readonly types: ReadonlySet<ElementType>;
  private readonly roles: ReadonlySet<string>;
  private readonly texts: readonly string[];
  private readonly verdicts = new Map<Item, boolean>();
  private left: number;

  /** `places` is where the person is: the focused element, the last press. */
  constructor(hints: StateHints, places: readonly Box[], limit: number) {
    super(places);
    this.types = new Set(hints.types);
    this.roles = new Set(hints.roles.map((role) => role.trim().toLowerCase()).filter((role) => role !== ""));
    this.texts = hints.texts.map((text) => fold(text).toLowerCase()).filter((text) => text !== "");
    this.left = limit;
  }

  override get isSearching(): boolean {
    return this.types.size > 0 || this.roles.size > 0 || this.texts.length > 0;
  }

  override mayConcern(element: Element, outside: Outside): boolean {
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

  override concerns(item: Item): boolean {
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
}
