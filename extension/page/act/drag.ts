// DragAction: takes hold of an element and lets go of it over another one, or some way off. How it is dragged is told by the
// page: what it declares draggable is dragged as the browser does (drag_native.ts), all else by the pointer (drag_pointer.ts).

import type { DragAction } from "@gen/tabwire/v1/action_pb";
import { closestShown, property, tagOf } from "../dom";
import { failedInTarget, invalidArgument } from "../errors";
import { attributeOf, isConnected, matches, query } from "../native";
import { roleOf } from "../perceive/role";
import { currentValueOf } from "../perceive/states";
import { boxOf, viewportOf } from "../perceive/visibility";
import { makeReady, type Ready, requireWritable, scrollIntoView } from "./actionable";
import type { ActContext, Outcome, Target } from "./context";
import { moveOver, NOTHING_HELD, press, putDown } from "./dispatch_pointer";
import { dragNatively } from "./drag_native";
import { dragByPointer, type Journey, pickUp } from "./drag_pointer";
import { dragRange } from "./drag_range";
import { elementAt, type Point } from "./hit_test";

/** Where a drag goes, looked up when it is needed: pages move their targets when something is picked up. */
type Goal = (from: Point) => Point;

function goalOf(action: DragAction, to: Target | null): Goal {
  const { offsetX, offsetY } = action;
  if (to === null) return (from) => ({ x: from.x + (offsetX ?? 0), y: from.y + (offsetY ?? 0) });
  return () => {
    const box = boxOf(to.element);
    const x = offsetX ?? box.width / 2;
    const y = offsetY ?? box.height / 2;
    if (x < 0 || y < 0 || x > box.width || y > box.height) {
      const size = `${Math.round(box.width)} x ${Math.round(box.height)} pixels`;
      throw invalidArgument("offset_x", "lies in the target", `The ${to.words} is ${size} large.`);
    }
    return { x: box.x + Math.min(x, box.width - 0.5), y: box.y + Math.min(y, box.height - 0.5) };
  };
}

/** Whether a point lies in the viewport. */
function inView(point: Point): boolean {
  const view = viewportOf(window);
  return point.x >= 0 && point.y >= 0 && point.x < view.width && point.y < view.height;
}

/** The element that the browser would drag by itself, if a drag starts at this one. */
function draggableAround(element: Element): HTMLElement | null {
  const found = closestShown(element, (at) => {
    if (attributeOf(at, "draggable") === "true") return true;
    if (attributeOf(at, "draggable") === "false") return false;
    return tagOf(at) === "img" || (tagOf(at) === "a" && matches(at, "[href]"));
  });
  return found === null || property<boolean>(found, "draggable") !== true ? null : (found as HTMLElement);
}

function inWordsOfWay(action: DragAction, to: Target | null): string {
  if (to !== null) return `onto the ${to.words}`;
  const parts = [[action.offsetX ?? 0, "right", "left"] as const, [action.offsetY ?? 0, "down", "up"] as const].filter(
    ([by]) => by !== 0,
  );
  return `by ${parts.map(([by, plus, minus]) => `${Math.abs(by)} pixels ${by > 0 ? plus : minus}`).join(" and ")}`;
}

/** Whether what happens to an element may not show in the document, so that doing it twice could be wrong. */
function isPainted(element: Element): boolean {
  return /^(canvas|embed|iframe|object|video)$/.test(tagOf(element)) || query(element, "canvas,iframe,video") !== null;
}

async function carry(ready: Ready, journey: Journey): Promise<string> {
  const { hit } = ready;
  moveOver(hit);
  const down = putDown(hit);
  await pickUp(down, journey);
  const source = down.prevented ? null : draggableAround(hit.element);
  if (source !== null) {
    const native = await dragNatively(source, down, journey);
    if (native === "dropped") return "";
    if (native === "refused") {
      if (journey.changes() > 0) return "which the page did not take there";
      const remedy = "Look for another place to drop it, or another way to do the same.";
      throw failedInTarget(`The ${ready.target.words} was not taken where it was let go.`, remedy);
    }
  }
  await dragByPointer(down, journey);
  if (journey.changes() > 0 || isPainted(hit.element) || !isConnected(hit.element)) return "";
  // Some pages pick up only what is held for a while. Nothing has happened so far, so it is tried once more like that.
  moveOver(hit);
  const held = putDown(hit);
  await pickUp(held, { ...journey, hold: true });
  await dragByPointer(held, journey);
  return "";
}

/** Drags an element. */
export async function drag(action: DragAction, ctx: ActContext): Promise<Outcome> {
  const target = ctx.target(action.elementId);
  const to = action.toElementId === 0 ? null : ctx.target(action.toElementId);
  if (to === null && (action.offsetX ?? 0) === 0 && (action.offsetY ?? 0) === 0) {
    throw invalidArgument("to_element_id", "names the target", "The drag has neither a target nor a distance.");
  }
  const start = { x: action.startX, y: action.startY };
  if (to !== null) {
    // Both ends in view, if the view is large enough for it.
    scrollIntoView(to.element, "nearest");
    scrollIntoView(target.element, "nearest");
  }
  const ready = await makeReady(ctx, to === null ? target : { ...target, seenAt: null }, start);
  const goal = goalOf(action, to);
  const way = inWordsOfWay(action, to);
  const element = target.element;
  if (tagOf(element) === "input" && (element as HTMLInputElement).type === "range") {
    requireWritable(target);
    return dragRange(target, goal(ready.hit.point), way, ctx);
  }
  goal(ready.hit.point);
  const watch = ctx.begin(element);
  const role = roleOf(element);
  const before = currentValueOf(element, role);
  const journey: Journey = {
    from: ready.hit.point,
    to: () => {
      if (to !== null && isConnected(to.element) && !inView(goal(ready.hit.point)))
        scrollIntoView(to.element, "nearest");
      return goal(ready.hit.point);
    },
    size: boxOf(element),
    changes: () => watch.changes,
  };
  const remark = await carry(ready, journey);
  if (role === "slider" && isConnected(element) && currentValueOf(element, role) === before)
    await pressAt(journey.to());
  const effects = await ctx.settle();
  const valueNow = role === "slider" && isConnected(element) ? currentValueOf(element, role) : undefined;
  return { message: `Dragged the ${target.words} ${way}${remark === "" ? "" : `, ${remark}`}`, effects, valueNow };
}

/** Sliders that want the pointer captured, which no script can do, still go where their track is pressed. */
async function pressAt(point: Point): Promise<void> {
  const element = elementAt(point);
  if (element !== null) await press({ element, point }, { held: NOTHING_HELD });
}
