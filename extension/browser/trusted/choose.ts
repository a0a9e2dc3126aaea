// Chooses for each action whether its input is synthetic or trusted: by what the action asks for, what this build can do,
// and what the policy grants. Trusted input is never given without a grant.

import { type Action, ActionStatus, InputMode } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import type { FrameReply } from "@gen/tabwire/v1/extension_pb";
import { EffectClass } from "@gen/tabwire/v1/options_pb";
import type { ActionCall } from "../actions/context";
import { declared } from "../effects";
import { type BrowserError, failure, outcomeUnknown } from "../errors";
import { mayBeTrusted } from "../policy/checks";
import type { FrameInfo } from "../tabs/frames";
import type { InputGuard, TrustedInput } from "./port";

/** Has an action done by a document. `synthetic` asks the document to do it by itself. Answers what the document answers. */
export async function withBestInput(
  call: ActionCall,
  frame: FrameInfo,
  action: Action,
  guard: InputGuard,
  synthetic: () => Promise<FrameReply>,
): Promise<FrameReply> {
  const trusted = granted(call);
  const isAsked = action.inputMode === InputMode.TRUSTED && declared(action)?.effect !== EffectClass.READ;
  if (isAsked && trusted === undefined) throw missing(call);
  // What there is no such input for, as choosing from a list, is done as ever, and said to be.
  if (!isAsked || trusted?.knows(action) !== true) {
    const reply = await synthetic();
    if (trusted?.knows(action) !== true || !needsTrusted(reply)) return reply;
  }
  if (call.begunAt !== undefined) throw outcomeUnknown("The extension was stopped by Chrome while it gave the input.");
  return await trusted.act(call, frame, action, guard);
}

/** Trusted input, if this action may have it. */
export function granted({ action, grants, trusted }: ActionCall): TrustedInput | undefined {
  return action.inputMode === InputMode.SYNTHETIC || !mayBeTrusted({ grants }) ? undefined : trusted;
}

function needsTrusted({ kind }: FrameReply): boolean {
  if (kind.case !== "actionResult" || kind.value.status !== ActionStatus.FAILED) return false;
  return kind.value.errorInfo?.errorCode === ErrorCode.NEEDS_TRUSTED_INPUT;
}

function missing({ trusted }: ActionCall): BrowserError {
  if (trusted !== undefined) {
    return failure(ErrorCode.POLICY_DENIED, "The policy does not grant trusted input.", {
      remedy: "Have it granted, or do without it.",
    });
  }
  return failure(ErrorCode.NEEDS_TRUSTED_INPUT, "This build of the extension has no trusted input.", {
    remedy: "Install the build with trusted input, or do without it.",
  });
}
