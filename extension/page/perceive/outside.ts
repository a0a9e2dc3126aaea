// Counts what a state leaves out because it lies outside of the covered region, without asking for the place of every
// element in it: what lies in a box outside of the region lies outside too. Where that turns out wrong (something is
// fixed to the viewport although it stands in a part that is scrolled away), it says so, and the walk looks at everything.

import { informs } from "../clean";
import { isElement, shadowRootOf, shownChildren, tagOf } from "../dom";
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
  readonly node: Node;
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

/** Looks through an element whose box is outside of the region. */
export function lookOutside(start: Element, region: Box, text: boolean, owned: boolean): Outside {
  const roots: ShadowRoot[] = [];
  const counted = new Set<Element>();
  let heading: Element | null = null;
  const stack: Step[] = [];
  const push = (parent: Element, step: Omit<Step, "node">): void => {
    const root = shadowRootOf(parent);
    if (root !== null) roots.push(root);
    const children = Array.from(root === null ? shownChildren(parent) : root.childNodes);
    for (let i = children.length - 1; i >= 0; i--) {
      const node = children[i];
      if (node !== undefined) stack.push({ ...step, node });
    }
  };
  push(start, { owned, block: start, closed: false });
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    const { node, block } = step;
    if (node.nodeType === 3) {
      if (step.owned || counted.has(block) || !informs((node as Text).data)) continue;
      const told = text || roleOf(block) === "heading";
      if (told && renderingOf(block) === Rendering.Painted) counted.add(block);
      continue;
    }
    if (!isElement(node)) continue;
    const tag = tagOf(node);
    if (isSkipped(tag)) continue;
    const role = roleOf(node);
    const kind = kindOf(node, tag, role);
    if (kind !== null && (!step.owned || kind === Kind.Control || kind === Kind.Frame)) {
      const found = isCounted(node, kind, region);
      if (found === "surprise") return { count: 0, heading: null, roots: [], surprise: true };
      if (found === "counted") counted.add(node);
    }
    if (role === "heading" && !step.closed) heading = node;
    if (isLeaf(tag)) continue;
    const owns = step.owned || kind === Kind.Control || kind === Kind.Clickable || tag === "label";
    push(node, { owned: owns, block: flows(tag) ? block : node, closed: step.closed || isSection(node) });
  }
  return { count: counted.size, heading, roots, surprise: false };
}
