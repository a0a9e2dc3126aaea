// What holds for an element by what is around it: disabled, transparent, in a cell, on a background. Hundreds of elements
// share what is around them, so each element on the way up is asked once in one describing.

import { shownParent } from "../dom";
import { attributeOf, hasAttributes } from "../native";
import { isCell } from "./columns";
import { isOneOfMany } from "./context";
import { type Behind, behindAll, ownBackground } from "./contrast";

/** A cell is not looked for in more levels than this around an element. */
const CELL_LEVELS = 12;

/** An element and all around it, as they are shown. */
export class Link {
  readonly element: Element;
  readonly up: Link | null;
  /** It, or something around it, is disabled by ARIA. */
  readonly disabled: boolean;
  /** How much of it shines through, with all around it. */
  readonly opacity: number;
  /** The cell it stands in, or is, and how many levels up that is. */
  private readonly cellAt: Element | null;
  private readonly cellLevels: number;
  private many: boolean | undefined;
  private style: CSSStyleDeclaration | null;
  private back: Behind | null | undefined;

  constructor(element: Element, up: Link | null, style: CSSStyleDeclaration) {
    const marked = hasAttributes(element);
    this.element = element;
    this.up = up;
    this.style = style;
    this.disabled = up?.disabled === true || (marked && attributeOf(element, "aria-disabled") === "true");
    this.opacity = (up === null ? 1 : up.opacity) * Number(style.opacity || 1);
    if (isCell(element)) {
      this.cellAt = element;
      this.cellLevels = 0;
    } else {
      this.cellAt = up === null ? null : up.cellAt;
      this.cellLevels = up === null ? 0 : up.cellLevels + 1;
    }
    this.many = undefined;
    this.back = undefined;
  }

  get cell(): Element | null {
    return this.cellLevels < CELL_LEVELS ? this.cellAt : null;
  }

  /** Whether it is one of several alike. */
  get isOneOfMany(): boolean {
    this.many ??= isOneOfMany(this.element);
    return this.many;
  }

  /** Is asked once, so that the style need not be kept any longer. */
  private ownBackground(): Behind | null | undefined {
    const style = this.style ?? getComputedStyle(this.element);
    this.style = null;
    return ownBackground(this.element, style);
  }

  /** What is behind all in it; null if that cannot be said. */
  get behind(): Behind | null {
    let known: Link | null = this;
    let answer: Behind | null | undefined;
    for (; known !== null && answer === undefined; known = known.up) {
      answer = known.back === undefined ? known.ownBackground() : known.back;
    }
    if (answer === undefined) answer = behindAll();
    for (let at: Link | null = this; at !== known && at !== null; at = at.up) at.back = answer;
    return answer;
  }
}

/** All that was asked in one describing. */
export class Ancestry {
  private readonly links = new Map<Element, Link>();

  /** `style` is the style of the element, for those who have it already. */
  of(element: Element, style?: CSSStyleDeclaration): Link {
    const known = this.links.get(element);
    if (known !== undefined) return known;
    const parent = shownParent(element);
    const up = parent === null ? null : (this.links.get(parent) ?? this.from(parent));
    return this.add(element, up, style ?? getComputedStyle(element));
  }

  /** From the outermost one that is not known yet inwards: pages nest deeper than functions may. */
  private from(start: Element): Link {
    const missing: Element[] = [];
    let at: Element | null = start;
    for (; at !== null && !this.links.has(at); at = shownParent(at)) missing.push(at);
    let up = at === null ? null : (this.links.get(at) ?? null);
    for (let i = missing.length - 1; i >= 0; i--) {
      const element = missing[i] as Element;
      up = this.add(element, up, getComputedStyle(element));
    }
    return up as Link;
  }

  private add(element: Element, up: Link | null, style: CSSStyleDeclaration): Link {
    const link = new Link(element, up, style);
    this.links.set(element, link);
    return link;
  }
}
