// Counts what a state leaves out because it lies outside of the covered region, without asking for the place of every
// element in it: what lies in a box outside of the region lies outside too. Where that turns out wrong (something is
// fixed to the viewport although it stands in a part that is scrolled away), it says so, and the walk looks at everything.

import { informs } from "../clean";
import { isElement, shadowRootOf, shownChildren, tagOf } from "../dom";
import { lastChildOf, localNameOf, nodeTypeOf, previousSiblingOf } from "../native";
import { flows, isLeaf, isSkipped, Kind, kindOf } from "./classify";
import { isSection } from "./context";
import { roleOf } from "./role";
import { type Box, boxOf, Rendering, renderingOf, touches } from "./visibility";

/** What lies in an element outside of the region. */
export interface Outside {
  /** Candidates in it, without the element itself. */
  readonly count: number;
  /** The last heading in it that what comes after stands under. */
  readonly heading: Element | null;
  readonly roots: readonly ShadowRoot[];
  /** Something in it lies in the region all the same. */
  readonly surprise: boolean;
}

interface Step {
  readonly element: Element;
  /** The text here belongs to a control. */
  readonly owned: boolean;
  /** The block that text here is part of. */
  readonly block: Element;
  /** A heading here says nothing about what comes after. */
  readonly closed: boolean;
}

function isCounted(element: Element, kind: Kind, region: Box): "counted" | "hidden" | "surprise" {
  if (renderingOf(element) !== Rendering.Painted) return "hidden";
  const box = boxOf(element);
  if (box.width <= 0 || box.height <= 0) return "hidden";
  if (touches(box, region)) return "surprise";
  return kind === Kind.Heading ? "hidden" : "counted"; // a heading is counted by its text
}

class Look {
  readonly roots: ShadowRoot[] = [];
  readonly counted = new Set<Element>();
  readonly stack: Step[] = [];
  heading: Element | null = null;
  private readonly text: boolean;

  constructor(text: boolean) {
    this.text = text;
  }

  /** Takes what is shown in an element: text at once, elements later. */
  open(parent: Element, step: Omit<Step, "element">): void {
    const root = shadowRootOf(parent);
    if (root !== null) this.roots.push(root);
    const inner = root ?? parent;
    if (localNameOf(parent) === "slot") {
      for (const node of Array.from(shownChildren(parent)).reverse()) this.take(node, step);
      return;
    }
    for (let node = lastChildOf(inner); node !== null; node = previousSiblingOf(node)) this.take(node, step);
  }

  private take(node: Node, step: Omit<Step, "element">): void {
    if (isElement(node)) {
      this.stack.push({ ...step, element: node });
      return;
    }
    if (nodeTypeOf(node) !== 3 || step.owned || this.counted.has(step.block) || !informs((node as Text).data)) return;
    const told = this.text || roleOf(step.block) === "heading";
    if (told && renderingOf(step.block) === Rendering.Painted) this.counted.add(step.block);
  }
}

/** Looks through an element whose box is outside of the region. */
export function lookOutside(start: Element, region: Box, text: boolean, owned: boolean): Outside {
  const look = new Look(text);
  look.open(start, { owned, block: start, closed: false });
  for (let step = look.stack.pop(); step !== undefined; step = look.stack.pop()) {
    const { element } = step;
    const tag = tagOf(element);
    if (isSkipped(tag)) continue;
    const role = roleOf(element);
    const kind = kindOf(element, tag, role);
    if (kind !== null && (!step.owned || kind === Kind.Control || kind === Kind.Frame)) {
      const found = isCounted(element, kind, region);
      if (found === "surprise") return { count: 0, heading: null, roots: [], surprise: true };
      if (found === "counted") look.counted.add(element);
    }
    if (role === "heading" && !step.closed) look.heading = element;
    if (isLeaf(tag)) continue;
    const owns = step.owned || kind === Kind.Control || kind === Kind.Clickable || tag === "label";
    const block = flows(tag) ? step.block : element;
    look.open(element, { owned: owns, block, closed: step.closed || isSection(element) });
  }
  return { count: look.counted.size, heading: look.heading, roots: look.roots, surprise: false };
}
