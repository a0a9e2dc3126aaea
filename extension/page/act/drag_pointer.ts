// Dragging by the pointer: down, many small moves with the events at whatever is under the pointer, up. Libraries want to see a
// few moves before they pick something up, and time to draw in between; they are given turns and frames, not fixed times.

import { nextTask, pageTimer, sleep } from "../clock";
import { closestShown } from "../dom";
import { isConnected, nodeTypeOf, ownerOf, rootElementOf } from "../native";
import { CONTROL_ROLES, roleOf } from "../perceive/role";
import type { Box } from "../perceive/visibility";
import { clickAt, type Down, letGo, moveOver } from "./dispatch_pointer";
import { elementAt, type Point } from "./hit_test";
import {
  isSelectable,
  mayStartSelection,
  type Place,
  placeAt,
  textFieldOf,
  untilSelectionTold,
} from "./press_defaults";

/** A drag: from where to where, how large what is dragged is, and what the page has done so far. */
export interface Journey {
  readonly from: Point;
  readonly to: () => Point;
  readonly size: Box;
  readonly changes: () => number;
  /** Hold still after the press, until the page reacts. */
  readonly hold?: boolean;
}

/** Pages begin a drag after moves of a few pixels: these are made first. */
const FIRST_MOVES = [2, 5, 9, 13];
/** At most so many moves. */
const MOVES = 120;
/** How long something is held until a page picks it up. */
const HOLD = 800;
/** A page that reacts to a move does so within a frame or two. */
const FRAMES = 50;
/** Libraries that look by a timer do so at least this often, and in a hidden tab once a second. */
const LOOK_BY_TIMER = 60;
const LOOK_LIMIT = 1200;
const LOOKS = 3;

/** Waits until something is so, at most so many milliseconds. */
export async function waitFor(holds: () => boolean, limit: number): Promise<void> {
  const until = performance.now() + limit;
  while (!holds() && performance.now() < until) await sleep(10);
}

/** Lets the page draw: a frame, or where there are none, because the tab is hidden, a moment. */
export async function nextFrame(): Promise<void> {
  if (document.hidden) {
    await nextTask();
    return;
  }
  await Promise.race([new Promise((resolve) => requestAnimationFrame(resolve)), sleep(FRAMES)]);
  await nextTask();
}

/** What is under the pointer; outside of the window, the document. */
export function under(point: Point): Element {
  return elementAt(point) ?? rootElementOf(document);
}

/** A point on the way. */
function between(from: Point, to: Point, part: number): Point {
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function distance(from: Point, to: Point): number {
  return Math.hypot(to.x - from.x, to.y - from.y);
}

/** The points on the way, near enough to each other that a small handle stays under the pointer. */
export function pointsBetween(from: Point, to: Point, size: Box): Point[] {
  const step = Math.max(4, Math.min(25, Math.min(size.width, size.height) / 3));
  const moves = Math.max(5, Math.min(MOVES, Math.ceil(distance(from, to) / step)));
  return Array.from({ length: moves }, (_, i) => between(from, to, (i + 1) / moves));
}

function move(point: Point, down: Down): void {
  moveOver({ element: under(point), point }, down.held, 1);
}

/** The first moves, by which pages tell a drag from a click. Leaves the pointer a few pixels on its way. */
export async function pickUp(down: Down, journey: Journey): Promise<void> {
  await nextTask();
  if (journey.hold === true) {
    const before = journey.changes();
    await waitFor(() => journey.changes() > before, HOLD);
  }
  const to = journey.to();
  const whole = distance(journey.from, to);
  for (const far of FIRST_MOVES) {
    if (far >= whole) break;
    move(between(journey.from, to, far / whole), down);
    await nextTask();
  }
}

/** The rest of the way, and letting go. */
export async function dragByPointer(down: Down, journey: Journey): Promise<void> {
  await nextFrame();
  const selection = selectionFrom(down);
  const first = journey.to();
  const whole = distance(journey.from, first);
  const near = FIRST_MOVES.filter((far) => far < whole).pop() ?? 0;
  for (const point of pointsBetween(
    between(journey.from, first, whole === 0 ? 0 : near / whole),
    first,
    journey.size,
  )) {
    move(point, down);
    await nextTask();
  }
  // What is drawn where it is dropped only when it is hovered for a frame gets that frame.
  await nextFrame();
  const last = journey.to();
  const goal = distance(first, last) > 1 && journey.changes() === 0 ? last : first;
  move(goal, down);
  await nextFrame();
  await holdStill(journey, goal, down);
  if (selection !== null) await untilSelectionTold(() => selection(goal));
  const element = under(goal);
  const clicked = letGo(down, element, goal);
  if (clicked !== null && isConnected(clicked)) clickAt(clicked, goal, { button: down.button, held: down.held }, 1);
}

/**
 * Some libraries look at what is under the pointer by a timer, and only if it has moved since: they get the time to see
 * where it came to rest, with a hand that is as unsteady as a person's. A page that has not reacted at all gets none.
 */
async function holdStill(journey: Journey, goal: Point, down: Down): Promise<void> {
  for (let look = 0, before = 0; look < LOOKS && journey.changes() !== before; look++) {
    before = journey.changes();
    await pageTimer(LOOK_BY_TIMER, LOOK_LIMIT);
    move({ x: goal.x + 1, y: goal.y + 1 }, down);
    await pageTimer(LOOK_BY_TIMER, LOOK_LIMIT);
    move(goal, down);
  }
}

/** Where the press began a selection of text, what extends it to a point; else null. */
function selectionFrom(down: Down): ((to: Point) => void) | null {
  const { element, point } = down;
  if (down.prevented || !isConnected(element) || !isSelectable(element)) return null;
  const field = textFieldOf(element);
  if (field === null && closestShown(element, (at) => CONTROL_ROLES.has(roleOf(at))) !== null) return null;
  const start = placeAt(element, point);
  const inText = start !== null && (field !== null ? start.node === field : liesInText(element, start, point));
  if (start === null || !inText || !mayStartSelection(element)) return null;
  return (to) => {
    const end = placeAt(under(to), to);
    if (end === null) return;
    if (field === null) {
      ownerOf(element).getSelection()?.setBaseAndExtent(start.node, start.offset, end.node, end.offset);
      return;
    }
    const offset = end.node === field ? end.offset : to.x < point.x ? 0 : field.value.length;
    const direction = offset < start.offset ? "backward" : "forward";
    field.setSelectionRange(Math.min(start.offset, offset), Math.max(start.offset, offset), direction);
  };
}

/** Whether a place lies in text of the element that is at the point, not just near it. */
function liesInText(element: Element, place: Place, point: Point): boolean {
  if (nodeTypeOf(place.node) !== 3 || !element.contains(place.node)) return false;
  const range = ownerOf(element).createRange();
  range.selectNodeContents(place.node);
  return Array.from(range.getClientRects()).some(
    (line) => point.y >= line.top && point.y <= line.bottom && point.x >= line.left - 20 && point.x <= line.right + 20,
  );
}
