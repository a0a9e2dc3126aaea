// Carries one action out and turns what came of it into the ActionResult of the contract. Which handler does which action
// is told here and nowhere else.

import { create } from "@bufbuild/protobuf";
import {
  type Action,
  type ActionResult,
  ActionResultSchema,
  ActionStatus,
  type OutcomeDetails,
  OutcomeDetailsSchema,
} from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { PageError, toErrorInfo } from "../errors";
import { clickElement } from "./click";
import type { ActContext, Outcome } from "./context";
import { effectsInWords, nothingSeen } from "./effects";
import { hoverOver } from "./hover";
import { inputText } from "./input_text";
import { pressKeys } from "./press_keys";
import { getAttributes, readText, readValue } from "./read";
import { scroll } from "./scroll";
import { selectOption } from "./select_option";

/** Calls the handler of an action. */
function handle(kind: Action["kind"], ctx: ActContext): Promise<Outcome> {
  switch (kind.case) {
    case "click":
      return clickElement(kind.value, ctx);
    case "inputText":
      return inputText(kind.value, ctx);
    case "selectOption":
      return selectOption(kind.value, ctx);
    case "pressKeys":
      return pressKeys(kind.value, ctx);
    case "scroll":
      return scroll(kind.value, ctx);
    case "hover":
      return hoverOver(kind.value, ctx);
    case "readText":
      return readText(kind.value, ctx);
    case "readValue":
      return readValue(kind.value, ctx);
    case "getAttributes":
      return getAttributes(kind.value, ctx);
    default:
      throw new PageError(
        ErrorCode.UNIMPLEMENTED,
        `A document cannot do the action ${kind.case ?? "without a kind"}.`,
        {
          remedy: "Update the extension, or use another action.",
        },
      );
  }
}

function detailsOf(outcome: Outcome): OutcomeDetails {
  const { effects, valueNow, message } = outcome;
  const value = valueNow === undefined ? {} : { valueNow };
  if (effects === undefined) return create(OutcomeDetailsSchema, { message: `${message}.`, ...value });
  const noEffectSeen = outcome.details?.noEffectSeen ?? nothingSeen(effects);
  const clause = noEffectSeen ? "nothing was seen to happen" : effectsInWords(effects);
  return create(OutcomeDetailsSchema, {
    message: clause === "" ? `${message}.` : `${message}; ${clause}.`,
    navigationOccurred: effects.newUrl !== "",
    newUrl: effects.newUrl,
    domChanges: effects.domChanges,
    stillChanging: effects.stillChanging || effects.leaving,
    noEffectSeen,
    ...value,
  });
}

function extractedOf(outcome: Outcome): ActionResult["extracted"] {
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
    outcomeDetails: create(OutcomeDetailsSchema, {
      message: info.message,
      ...(valueNow === undefined ? {} : { valueNow }),
    }),
  };
}

/** Carries out one action in this document. Never throws. */
export async function perform(action: Action, ctx: ActContext): Promise<ActionResult> {
  const begun = performance.now();
  const result = create(ActionResultSchema, { originalActionId: action.id });
  let settleUs = 0;
  try {
    ctx.checkpoint();
    const outcome = await handle(action.kind, ctx);
    settleUs = outcome.effects?.settleUs ?? 0;
    result.status = ActionStatus.SUCCEEDED;
    result.outcomeDetails = detailsOf(outcome);
    result.extracted = extractedOf(outcome);
  } catch (thrown) {
    Object.assign(result, failed(thrown));
  } finally {
    ctx.end();
  }
  const inPageUs = Math.round((performance.now() - begun) * 1000);
  result.timing = { $typeName: "tabwire.v1.Timing", inPageUs, inBrowserUs: 0, settleUs };
  return result;
}
