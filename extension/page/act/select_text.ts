// SelectTextAction: selects text as a person does with the mouse, so that what opens on a selection opens. The passage is
// looked for in the text as it is shown, with white space folded, also across elements.

import type { SelectTextAction } from "@gen/tabwire/v1/action_pb";
import { cut, fold, quote } from "../clean";
import { pageTimer } from "../clock";
import { closestShown, isElement, rootOf, shadowRootOf, tagOf } from "../dom";
import { failedInTarget, notInteractable } from "../errors";
import { nodeTypeOf, ownerOf, parentElementOf, treeWalker } from "../native";
import { isSkipped } from "../perceive/classify";
import { CONTROL_ROLES, roleOf } from "../perceive/role";
import { Rendering, renderingOf } from "../perceive/visibility";
import { isSecret } from "../secrets";
import { scrollIntoView, surfaceOf } from "./actionable";
import type { ActContext, Outcome, Target } from "./context";
import { clickAt, letGo, moveOver, putDown } from "./dispatch_pointer";
import { elementAt, type Point } from "./hit_test";
import { isSelectable, mayStartSelection, type Place, textFieldOf, untilSelectionTold } from "./press_defaults";

/** Pages that follow a selection do so within this, and in a hidden tab with the next second. */
const FOLLOWED = 120;
const FOLLOWED_LIMIT = 1200;

/** Text with white space folded, and where each character of it comes from. */
interface Folded {
  readonly text: string;
  readonly places: readonly Place[];
}

class Folding {
  private text = "";
  private readonly places: Place[] = [];
  private gap = false;

  add(node: Node, data: string, base: number): void {
    for (let i = 0; i < data.length; i++) {
      const sign = data.charAt(i);
      if (/[\s\u00a0]/.test(sign)) this.gap = true;
      else if (fold(sign) !== "" || /[\ud800-\udfff\u200c\u200d]/.test(sign)) {
        if (this.gap && this.text !== "") this.put(" ", { node, offset: base + i });
        this.gap = false;
        this.put(sign, { node, offset: base + i });
      }
    }
  }

  /** Lines and blocks are apart although there is no white space between them. */
  part(): void {
    this.gap = true;
  }

  private put(sign: string, place: Place): void {
    this.text += sign;
    this.places.push(place);
  }

  done(): Folded {
    return { text: this.text, places: this.places };
  }
}

/** The text of an element as it is shown. A range cannot leave a shadow root, so it is one root's text. */
function shownText(element: Element): Folded {
  const folding = new Folding();
  const start = shadowRootOf(element) ?? element;
  const walker = treeWalker(start, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, (node) =>
    isElement(node) && (isSkipped(tagOf(node)) || renderingOf(node) === Rendering.None)
      ? NodeFilter.FILTER_REJECT
      : NodeFilter.FILTER_ACCEPT,
  );
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (isElement(node)) {
      if (tagOf(node) === "br" || getComputedStyle(node).display !== "inline") folding.part();
      continue;
    }
    const parent = parentElementOf(node);
    if (parent !== null && renderingOf(parent) !== Rendering.Painted) continue;
    folding.add(node, (node as Text).data, 0);
  }
  return folding.done();
}

function textOfField(field: HTMLInputElement | HTMLTextAreaElement): Folded {
  const folding = new Folding();
  folding.add(field, field.value, 0);
  return folding.done();
}

/** Where a passage begins and ends. Throws if it is not there. */
function find(folded: Folded, passage: string, words: string): readonly [Place, Place, string] {
  const wanted = fold(passage);
  const { text, places } = folded;
  let at = wanted === "" ? 0 : text.indexOf(wanted);
  if (at === -1) at = text.toLowerCase().indexOf(wanted.toLowerCase());
  const length = wanted === "" ? text.length : wanted.length;
  const first = places[at];
  const last = places[at + length - 1];
  if (at === -1 || first === undefined || last === undefined) {
    const shown = text === "" ? "no text" : quote(text, 200);
    throw notInteractable(
      `The ${words} does not show ${quote(passage)}; it has ${shown}.`,
      "Use a passage as it is shown.",
    );
  }
  return [first, { node: last.node, offset: last.offset + 1 }, text.slice(at, at + length)];
}

/** The points where a person would press and let go. */
function ends(range: Range): readonly [Point, Point] | null {
  const lines = Array.from(range.getClientRects()).filter((line) => line.width > 0 && line.height > 0);
  const first = lines[0];
  const last = lines[lines.length - 1];
  if (first === undefined || last === undefined) return null;
  return [
    { x: first.left, y: first.top + first.height / 2 },
    { x: last.right, y: last.top + last.height / 2 },
  ];
}

/** Presses at one point, selects, and lets go at another. Answers false if the page objects to the selection. */
async function dragAcross(element: Element, from: Point, to: Point, select: () => void): Promise<boolean> {
  const start = elementAt(from);
  const under = start !== null && element.contains(start) ? start : element;
  moveOver({ element: under, point: from });
  const down = putDown({ element: under, point: from });
  if (!mayStartSelection(under)) return false;
  const end = elementAt(to);
  const last = end !== null && element.contains(end) ? end : element;
  moveOver({ element: last, point: { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 } }, down.held, 1);
  moveOver({ element: last, point: to }, down.held, 1);
  await untilSelectionTold(select);
  const clicked = letGo(down, last, to);
  const inControl = clicked !== null && closestShown(clicked, (at) => CONTROL_ROLES.has(roleOf(at))) !== null;
  // A click on a control would press it, which nobody means who selects its text.
  if (clicked !== null && !inControl) clickAt(clicked, to, {}, 1);
  return true;
}

async function selectInField(
  target: Target,
  field: HTMLInputElement | HTMLTextAreaElement,
  passage: string,
  ctx: ActContext,
) {
  const [start, end, text] = find(textOfField(field), passage, target.words);
  scrollIntoView(field, "nearest");
  ctx.begin(field);
  const box = field.getBoundingClientRect();
  const y = box.top + Math.min(box.height / 2, 12);
  const select = (): void => field.setSelectionRange(start.offset, end.offset);
  if (!(await dragAcross(field, { x: box.left + 4, y }, { x: box.right - 4, y }, select))) throw objected(target.words);
  return { text, holds: () => field.selectionStart === start.offset && field.selectionEnd === end.offset };
}

async function selectInText(target: Target, passage: string, ctx: ActContext) {
  const { element, words } = target;
  const [start, end, text] = find(shownText(element), passage, words);
  const holder = isElement(start.node) ? start.node : parentElementOf(start.node);
  if (holder !== null && !isSelectable(holder)) {
    throw notInteractable(`The text of the ${words} cannot be selected.`, "Read it with read_text instead.");
  }
  const range = ownerOf(element).createRange();
  range.setStart(start.node, start.offset);
  range.setEnd(end.node, end.offset);
  if (holder !== null) scrollIntoView(holder, "nearest");
  const [from, to] = ends(range) ?? [null, null];
  if (from === null || to === null) throw notInteractable(`The text of the ${words} is not shown.`, "Open it first.");
  ctx.begin(element);
  const selection = ownerOf(element).getSelection();
  const select = (): void => selection?.setBaseAndExtent(start.node, start.offset, end.node, end.offset);
  if (!(await dragAcross(element, from, to, select))) throw objected(words);
  const inRoot = nodeTypeOf(rootOf(element)) === 11 || shadowRootOf(element) !== null;
  // A selection inside of a shadow root is told to nobody outside of it.
  return { text, holds: () => inRoot || fold(selection?.toString() ?? "") === fold(range.toString()) };
}

function objected(words: string) {
  return failedInTarget(
    `The page does not let the text of the ${words} be selected.`,
    "Read it with read_text instead.",
  );
}

/** Selects text in an element. */
export async function selectText(action: SelectTextAction, ctx: ActContext): Promise<Outcome> {
  const target = ctx.target(action.elementId);
  const field = textFieldOf(target.element);
  if (field === null) surfaceOf(target);
  const done = await (field === null
    ? selectInText(target, action.text, ctx)
    : selectInField(target, field, action.text, ctx));
  // Judged before the page has had time to put the selection elsewhere on purpose, as toolbars do.
  const held = done.holds();
  // Toolbars and editors look at the selection a moment after the button was let go, and the next action may take it away.
  await pageTimer(FOLLOWED, FOLLOWED_LIMIT);
  const effects = await ctx.settle();
  if (!held && !done.holds()) {
    throw failedInTarget(`The page did not keep the selection in the ${target.words}.`, "Try a smaller passage.");
  }
  const shown = field !== null && isSecret(field) ? `${done.text.length} characters` : quote(cut(done.text, 200), 200);
  return { message: `Selected ${shown} in the ${target.words}`, effects, details: { noEffectSeen: false } };
}
