// HoverAction: moves the pointer over an element. What opens by a handler opens; what opens by the style sheet's :hover
// alone cannot be opened by a script, and is not said to have.

import type { HoverAction } from "@gen/tabwire/v1/action_pb";
import { makeReady } from "./actionable";
import type { ActContext, Outcome } from "./context";
import { moveOver } from "./dispatch_pointer";

/** What opens on hovering mostly does so a little later; in a hidden tab with the next second. */
const GRACE = 300;
const GRACE_HIDDEN = 1100;

/** Hovers over an element. */
export async function hoverOver(action: HoverAction, ctx: ActContext): Promise<Outcome> {
  const target = ctx.target(action.elementId);
  const ready = await makeReady(ctx, target, { x: action.offsetX, y: action.offsetY });
  ctx.begin(target.element);
  moveOver(ready.hit);
  const effects = await ctx.settle(document.hidden ? GRACE_HIDDEN : GRACE);
  return { message: `Moved the pointer over the ${target.words}`, effects };
}
