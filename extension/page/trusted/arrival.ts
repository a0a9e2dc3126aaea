// Sees where a press arrives that the browser gives. Between the look at the page and the press, the page may slide
// something else under the pointer; what was pressed then cannot be taken back, but it must not be told as done.

import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import type { InputPlan } from "@gen/tabwire/v1/extension_pb";
import type { Target } from "../act/context";
import { elementAt, type Hit, reaches } from "../act/hit_test";
import { shownInside, shownParent, tagOf } from "../dom";
import { PageError } from "../errors";
import { inWords } from "../perceive/describe";

const PRESSES = ["pointerdown", "mousedown"] as const;
/** What is pressed in these is seen by nobody here. */
const FRAMES = new Set(["iframe", "frame", "object", "embed"]);

/** Has the input given, which begins with a press on the target. Throws if the press arrived at something else. */
export async function givePress(
  give: (plan: InputPlan) => Promise<void>,
  plan: InputPlan,
  target: Target,
  hit: Hit,
): Promise<void> {
  let met: Element | null = null;
  const over = new AbortController();
  const onPress = (event: MouseEvent): void => {
    if (event.isTrusted) met ??= elementAt({ x: event.clientX, y: event.clientY });
  };
  for (const type of PRESSES) {
    window.addEventListener(type, onPress, { capture: true, passive: true, signal: over.signal });
  }
  try {
    await give(plan);
  } finally {
    over.abort();
  }
  met ??= frameAt(hit);
  if (met === null || isMeant(met, target, hit)) return;
  throw new PageError(
    ErrorCode.OPERATION_FAILED_IN_TARGET,
    `The press arrived at the ${inWords(met)} instead of the ${target.words}: the page changed just before it.`,
    { remedy: "Look at the page before you repeat it." },
  );
}

/** The frame that lies where was pressed. A page can keep presses from being seen, but not those in frames. */
function frameAt({ point }: Hit): Element | null {
  const now = elementAt(point);
  return now !== null && FRAMES.has(tagOf(now)) ? now : null;
}

/** Whether it is the target, what was hit in its place at the look, or what the page has put there for the same. */
function isMeant(met: Element, target: Target, hit: Hit): boolean {
  if (reaches(met, target.element) || shownInside(met, hit.element)) return true;
  for (let at: Element | null = met; at !== null; at = shownParent(at)) if (inWords(at) === target.words) return true;
  return false;
}
