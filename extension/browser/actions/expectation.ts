// Sees to what an action is expected to bring about: waits until it is to be seen, in whichever document and after whatever
// navigation, and tells an action whose expectation was not met as failed. A document that is the only one of its tab
// looks for itself while it settles (page/act); what it saw is believed.

import { create } from "@bufbuild/protobuf";
import {
  type Action,
  type ActionResult,
  ActionStatus,
  type Expectation,
  OutcomeDetailsSchema,
} from "@gen/tabwire/v1/action_pb";
import { ComponentOrigin, ErrorCode } from "@gen/tabwire/v1/error_pb";
import { pause } from "../clock";
import { holds, inWords } from "../conditions";
import { BrowserError, errorInfo } from "../errors";
import { slotOf } from "../tabs/ids";
import type { ActionCall } from "./context";

const DEFAULT_MS = 5_000;
const POLL_MS = 50;
/** The last part of the deadline is kept for the state after the action and the answer's way. */
const MARGIN_MS = 250;

/** Whether one document can look for itself: it is the only one, and what is expected is in documents at all. */
export function isForDocument(expected: Expectation, slot: number, documents: number): boolean {
  if (expected.kind.case === "elementId") return slotOf(expected.kind.value) === slot;
  return documents === 1 && (expected.kind.case === "text" || expected.kind.case === "element");
}

/** Waits for what is expected of an action that was done, and says in its result whether it was seen. */
export async function seeExpectation(call: ActionCall, result: ActionResult): Promise<void> {
  const expected = call.action.expect;
  if (expected?.kind.case === undefined || result.status !== ActionStatus.SUCCEEDED) return;
  result.outcomeDetails ??= create(OutcomeDetailsSchema);
  const details = result.outcomeDetails;
  if (details.expectationMet === true) return;
  const started = Date.now();
  const millis = expected.timeoutMs || DEFAULT_MS;
  // A document that has waited in vain has used the time up, unless it was left meanwhile.
  const hasWaited = details.expectationMet === false && !details.navigationOccurred;
  const until = hasWaited ? started : Math.min(started + millis, call.until - MARGIN_MS);
  details.expectationMet = await isSeen(call, result.currentTabId || call.tabId, expected, until);
  if (details.expectationMet) return;
  const done = details.message === "" ? "It was done" : details.message.replace(/\.$/, "");
  const seconds = Math.round(millis / 100) / 10;
  result.status = ActionStatus.FAILED;
  result.errorInfo = errorInfo(
    ErrorCode.OPERATION_FAILED_IN_TARGET,
    `${done}; but within ${seconds} s it was not seen that ${inWords({ case: "expectation", value: expected })}.`,
    { origin: ComponentOrigin.PAGE, remedy: "Look at the page to see what happened instead." },
  );
}

async function isSeen(call: ActionCall, tabId: number, expected: Expectation, until: number): Promise<boolean> {
  // Where the action has led to another tab or document, ids of elements are of what was there before.
  const documentId = documentOf(call.action);
  for (;;) {
    call.signal.throwIfAborted();
    try {
      if (await holds({ ...call, tabId, documentId }, { case: "expectation", value: expected })) return true;
    } catch (thrown) {
      // The tab is gone, or shows what no extension may look into: nothing can be seen there any more.
      if (!(thrown instanceof BrowserError)) throw thrown;
      return false;
    }
    if (Date.now() >= until) return false;
    await pause(POLL_MS, call.signal);
  }
}

/** The document that the action's own element was seen in counts for an expected element of the same frame only. */
function documentOf(action: Action): string {
  const expected = action.expect?.kind;
  if (expected?.case !== "elementId") return "";
  const target = action.kind.value as { elementId?: unknown } | undefined;
  const own = typeof target?.elementId === "number" ? target.elementId : 0;
  return own !== 0 && slotOf(own) === slotOf(expected.value) ? action.documentId : "";
}
