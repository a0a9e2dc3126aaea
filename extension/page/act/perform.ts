// Carries one action out and turns what came of it into the ActionResult of the contract. Which handler does which action
// is told here, and in rare.ts for those that are rarely needed.

import {
  type Action,
  type ActionResult,
  ActionStatus,
  type Expectation,
  type OutcomeDetails,
} from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { NOTHING_SEEN } from "../../wire/words";
import { PageError, toErrorInfo } from "../errors";
import { clickElement } from "./click";
import type { ActContext, Outcome } from "./context";
import { effectsInWords, nothingSeen } from "./effects";
import { inputText } from "./input_text";
import { newsOfWritten } from "./written";

/** Actions that may press something. */
const PRESSING = /^(click|drag|inputText|pressKeys|setChecked)$/;

/** Calls the handler of an action. */
async function handle(kind: Action["kind"], ctx: ActContext): Promise<Outcome> {
  switch (kind.case) {
    case "click":
      return clickElement(kind.value, ctx);
    case "inputText":
      return inputText(kind.value, ctx);
    default:
      return (await ctx.extras()).handleRarely(kind, ctx);
  }
}

/** Outcome details of which only some are told. */
function outcomeDetails(told: Partial<OutcomeDetails>): OutcomeDetails {
  return {
    $typeName: "tabwire.v1.OutcomeDetails",
    message: "",
    navigationOccurred: false,
    newUrl: "",
    openedTabIds: [],
    domChanges: 0,
    dialogs: [],
    download: "",
    stillChanging: false,
    noEffectSeen: false,
    trustedInputUsed: false,
    validationMessage: "",
    ...told,
  };
}

function detailsOf(outcome: Outcome): OutcomeDetails {
  const { effects, valueNow, message } = outcome;
  const value = valueNow === undefined ? {} : { valueNow };
  if (effects === undefined) return outcomeDetails({ message: `${message}.`, ...value });
  const noEffectSeen = outcome.details?.noEffectSeen ?? nothingSeen(effects);
  const clauses = [noEffectSeen ? NOTHING_SEEN : effectsInWords(effects), newsOfWritten()];
  const clause = clauses.filter((part) => part !== "").join("; ");
  return outcomeDetails({
    message: clause === "" ? `${message}.` : `${message}; ${clause}.`,
    navigationOccurred: effects.newUrl !== "",
    newUrl: effects.newUrl,
    domChanges: effects.domChanges,
    stillChanging: effects.stillChanging || effects.leaving,
    noEffectSeen,
    validationMessage: effects.refusal?.message ?? "",
    ...value,
  });
}

function extractedOf(outcome: Outcome): ActionResult["extracted"] {
  if (outcome.extracted !== undefined) return outcome.extracted;
  if (outcome.attributes !== undefined) {
    return { case: "attributeMap", value: { $typeName: "tabwire.v1.AttributeMap", attributes: outcome.attributes } };
  }
  return outcome.text === undefined ? { case: undefined } : { case: "text", value: outcome.text };
}

function failed(thrown: unknown): Partial<ActionResult> {
  const cancelled = thrown instanceof PageError && thrown.code === ErrorCode.CANCELLED;
  if (!(thrown instanceof PageError)) console.error("Tabwire: unexpected error in an action", thrown);
  const valueNow = thrown instanceof PageError ? thrown.options.valueNow : undefined;
  const info = toErrorInfo(thrown);
  return {
    status: cancelled ? ActionStatus.CANCELLED : ActionStatus.FAILED,
    errorInfo: info,
    outcomeDetails: outcomeDetails({
      message: info.message,
      ...(valueNow === undefined ? {} : { valueNow }),
    }),
  };
}

/** Waits for what was expected. An action whose expectation is not met has failed, and still tells what did happen. */
async function judge(result: ActionResult, expect: Expectation, ctx: ActContext): Promise<void> {
  const details = result.outcomeDetails;
  const { awaitExpectation, notMet } = await ctx.extras();
  const met = await awaitExpectation(expect, ctx);
  if (details === undefined || met === null) return;
  details.expectationMet = met;
  if (met) return;
  result.status = ActionStatus.FAILED;
  result.errorInfo = toErrorInfo(notMet(expect, details.message));
}

/** Carries out one action in this document. Never throws. `by` does it in another way than with synthetic events. */
export async function perform(
  action: Action,
  ctx: ActContext,
  by: (kind: Action["kind"]) => Promise<Outcome> = (kind) => handle(kind, ctx),
): Promise<ActionResult> {
  const begun = performance.now();
  const result: ActionResult = {
    $typeName: "tabwire.v1.ActionResult",
    originalActionId: action.id,
    status: ActionStatus.UNSPECIFIED,
    extracted: { case: undefined },
    stateAfter: { case: undefined },
    currentTabId: 0,
  };
  let settleUs = 0;
  try {
    ctx.checkpoint();
    if (ctx.forbidden.length > 0 && PRESSING.test(action.kind.case ?? ""))
      ctx.guard = (await ctx.extras()).guardOf(action, ctx.forbidden);
    // That it cannot be judged is to be found out before it is done.
    if (action.expect !== undefined) await ctx.extras();
    const outcome = await by(action.kind);
    settleUs = outcome.effects?.settleUs ?? 0;
    result.status = ActionStatus.SUCCEEDED;
    result.outcomeDetails = detailsOf(outcome);
    result.extracted = extractedOf(outcome);
    if (action.expect !== undefined) await judge(result, action.expect, ctx);
  } catch (thrown) {
    Object.assign(result, failed(thrown));
  } finally {
    ctx.end();
  }
  const inPageUs = Math.round((performance.now() - begun) * 1000);
  result.timing = { $typeName: "tabwire.v1.Timing", inPageUs, inBrowserUs: 0, settleUs };
  return result;
}
