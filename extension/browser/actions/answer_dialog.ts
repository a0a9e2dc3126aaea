// AnswerDialogAction where there is nothing to be done again (dialog_round.ts does that): the answer "no", a dialog that
// stands open, or no dialog at all.

import type { ActionResult, AnswerDialogAction } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { failure } from "../errors";
import { granted } from "../trusted/choose";
import { type ActionCall, succeeded } from "./context";

/** See AnswerDialogAction. */
export async function answerDialog(call: ActionCall<AnswerDialogAction>): Promise<ActionResult> {
  if (call.round.blocked !== undefined) {
    const answered = await granted(call)?.answerDialog(call.tabId, call.kind);
    if (answered !== true) throw call.round.blocked;
    return succeeded(call, { message: "Answered the dialog." });
  }
  const last = await call.memory.get(call.tabId);
  if (last?.refused === undefined || call.kind.accept) {
    throw failure(ErrorCode.FAILED_PRECONDITION, "No dialog of this tab waits for an answer.", {
      remedy: "Do what opens the dialog first.",
    });
  }
  await call.memory.forget(call.tabId);
  return succeeded(call, { message: "The page has been told so already; nothing was left to do." });
}
