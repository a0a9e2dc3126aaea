// Where the person is, which comes first when a limit bites. What an asker looks for comes before that: it is known to
// search.ts, which is rarely needed and not there before it is.

import type { StateHints } from "@gen/tabwire/v1/state_pb";
import { Kind } from "./classify";
import type { Item } from "./item";
import type { Outside } from "./outside";
import type { Box } from "./visibility";

/** How far around the focus and the last press things count as near, in pixels. */
const NEAR = 250;

function around(box: Box): Box {
  return { x: box.x - NEAR, y: box.y - NEAR, width: box.width + 2 * NEAR, height: box.height + 2 * NEAR };
}

/** Whether an asker may look for something. */
export function hasHints(hints: StateHints | undefined): hints is StateHints {
  return hints !== undefined && hints.types.length + hints.roles.length + hints.texts.length > 0;
}

/** What comes first. */
export class Interest {
  private readonly zones: readonly Box[];

  /** `places` is where the person is: the focused element, the last press. */
  constructor(places: readonly Box[]) {
    this.zones = places.map(around);
  }

  /** Where the person is, to be compared. */
  get where(): string {
    return JSON.stringify(this.zones);
  }

  /** Whether anything is looked for at all. */
  get isSearching(): boolean {
    return false;
  }

  /** Whether a box is near to where the person is. */
  isNear(box: Box): boolean {
    for (const { x, y, width, height } of this.zones) {
      if (box.x <= x + width && x <= box.x + box.width && box.y <= y + height && y <= box.y + box.height) return true;
    }
    return false;
  }

  /** Whether something in a block outside of the region may be what is looked for, so that it has to be walked. */
  mayConcern(_element: Element, _outside: Outside): boolean {
    return false;
  }

  /** Whether an item is what is looked for. To be asked when all text of it has been gathered. */
  concerns(_item: Item): boolean {
    return false;
  }

  /** Lower is more important: what is looked for; what is near and in view; what is in view; and of that what can be operated. */
  rank(item: Item): number {
    const told = item.kind === Kind.Text || item.kind === Kind.Image || item.kind === Kind.Scroller;
    const heading = item.kind === Kind.Heading || item.kind === Kind.Form;
    const place = this.isNear(item.box) ? 0 : item.inView ? 1 : 2;
    return (this.concerns(item) ? 0 : 9) + place * 3 + (told ? 2 : heading ? 1 : 0);
  }
}
