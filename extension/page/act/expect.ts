// Waits for what is expected of an action to be seen in this document. Looks again when something has changed, and now and then
// for what changes without a mutation. The address, and what comes after the document is left, is the service worker's.

import type { Expectation } from "@gen/tabwire/v1/action_pb";
import { quote } from "../clean";
import { type Sleep, sleeping } from "../clock";
import { failedInTarget, type PageError } from "../errors";
import { isMet } from "./condition";
import type { ActContext } from "./context";

const DEFAULT_MS = 5000;
/** What shows without a mutation (style, time) is seen at such intervals. */
const NOW_AND_THEN = 400;
/** After a look nobody looks again for so many times as long as it took, and at least this long. */
const REST = 4;
const LEAST_REST = 20;

/**
 * Waits until it is met, or its time is over. Null if another part has to tell: for an address, and when the document is
 * being left.
 */
export async function awaitExpectation(expectation: Expectation, ctx: ActContext): Promise<boolean | null> {
  if (expectation.kind.case === "url" || ctx.isLeaving) return null;
  const limit = Math.min(expectation.timeoutMs || DEFAULT_MS, Math.max(0, ctx.timeLeft() - 200));
  const until = performance.now() + limit;
  let changed = false;
  let asleep: Sleep | null = null;
  const observer = new MutationObserver(() => {
    changed = true;
    asleep?.wake();
  });
  for (const root of ctx.roots) {
    observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
  }
  try {
    for (;;) {
      const from = performance.now();
      changed = false;
      if (isMet(expectation, ctx.registry)) return true;
      if (ctx.isLeaving) return null;
      const cost = performance.now() - from;
      if (performance.now() >= until) return false;
      await sleeping(Math.max(LEAST_REST, REST * cost)).done;
      if (changed) continue;
      asleep = sleeping(Math.max(0, Math.min(NOW_AND_THEN, until - performance.now())));
      await asleep.done;
    }
  } finally {
    observer.disconnect();
  }
}

function inWords({ kind, gone }: Expectation): string {
  const seen = gone ? "to vanish" : "to appear";
  switch (kind.case) {
    case "text":
      return `the text ${quote(kind.value)} ${seen}`;
    case "elementId":
      return `element ${kind.value} ${seen}`;
    case "element":
      return `${kind.value.role || "an element"}${kind.value.name === "" ? "" : ` ${quote(kind.value.name)}`} ${seen}`;
    default:
      return "it";
  }
}

/** The error for an expectation that was not met, with what happened instead. */
export function notMet(expectation: Expectation, happened: string): PageError {
  const message = `${happened} What was expected did not come: ${inWords(expectation)}.`;
  return failedInTarget(message, "Look at the page to see what it did instead.");
}
