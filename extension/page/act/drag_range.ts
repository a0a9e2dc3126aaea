// Dragging the thumb of a range field: the browser's own control, so its value is set to what the place means, with the
// events that a drag has.

import { failedInTarget } from "../errors";
import { isConnected } from "../native";
import { boxOf } from "../perceive/visibility";
import type { ActContext, Outcome, Target } from "./context";
import { focusOn } from "./focus";
import type { Point } from "./hit_test";

/** About as wide as Chrome draws the thumb; its middle goes no nearer to the ends than half of this. */
const THUMB = 16;

function stepped(value: number, min: number, max: number, step: number): number {
  if (step === 0) return value;
  const steps = Math.round((value - min) / step);
  return Math.min(min + steps * step, min + Math.floor((max - min) / step + 1e-9) * step);
}

/** What a place on the track means, from 0 at its start to 1 at its end. */
function partAt(input: HTMLInputElement, point: Point): number {
  const box = boxOf(input);
  const style = getComputedStyle(input);
  const vertical = style.writingMode.startsWith("vertical") || style.appearance === "slider-vertical";
  const length = (vertical ? box.height : box.width) - THUMB;
  const at = (vertical ? point.y - box.y : point.x - box.x) - THUMB / 2;
  const part = Math.max(0, Math.min(1, at / Math.max(1, length)));
  return style.direction === "rtl" || style.appearance === "slider-vertical" ? 1 - part : part;
}

/** How far the thumb is now. */
function partNow(input: HTMLInputElement, min: number, max: number): number {
  return max === min ? 0 : (input.valueAsNumber - min) / (max - min);
}

/** Drags the thumb to a point; by a distance, when it was taken hold of where the thumb is not. */
export async function dragRange(target: Target, goal: Point, way: string, ctx: ActContext): Promise<Outcome> {
  const input = target.element as HTMLInputElement;
  const min = input.min === "" ? 0 : Number(input.min);
  const max = Math.max(min, input.max === "" ? 100 : Number(input.max));
  const step = input.step === "any" ? 0 : Number(input.step) || 1;
  const box = boxOf(input);
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const moved = way.startsWith("by")
    ? partAt(input, goal) - partAt(input, middle) + partNow(input, min, max)
    : partAt(input, goal);
  const wanted = stepped(min + Math.max(0, Math.min(1, moved)) * (max - min), min, max, step);
  ctx.begin(input);
  focusOn(input);
  const before = input.value;
  input.value = String(wanted);
  const value = input.value;
  if (value !== before) {
    input.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  const effects = await ctx.settle("own effect");
  const valueNow = isConnected(input) ? input.value : undefined;
  if (valueNow !== undefined && valueNow !== value) {
    throw failedInTarget(
      `The ${target.words} did not keep ${value}; it is at ${valueNow} now.`,
      "Look at what the page allows.",
      valueNow,
    );
  }
  return { message: `Dragged the ${target.words} ${way}, to ${value}`, effects, valueNow };
}
