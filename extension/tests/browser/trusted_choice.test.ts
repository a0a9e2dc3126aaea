// Which input an action gets: what it asks for, what the build can do, and what the policy grants, in every combination.

import { create } from "@bufbuild/protobuf";
import { ActionSchema, ActionStatus, InputMode } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { type FrameReply, FrameReplySchema } from "@gen/tabwire/v1/extension_pb";
import { GrantsSchema } from "@gen/tabwire/v1/link_pb";
import { describe, expect, it } from "vitest";
import type { ActionCall } from "../../browser/actions/context";
import { BrowserError } from "../../browser/errors";
import { withBestInput } from "../../browser/trusted/choose";
import type { TrustedInput } from "../../browser/trusted/port";

const FRAME = { frameId: 0, parentFrameId: -1, documentId: "d", url: "https://a.test/", failed: false };

function answered(errorCode?: ErrorCode): FrameReply {
  const status = errorCode === undefined ? ActionStatus.SUCCEEDED : ActionStatus.FAILED;
  const error = errorCode === undefined ? {} : { errorInfo: { errorCode } };
  return create(FrameReplySchema, { kind: { case: "actionResult", value: { status, ...error } } });
}

interface Case {
  readonly mode: InputMode;
  readonly build?: "default";
  readonly grant?: false;
  readonly kind?: "click" | "scroll" | "readText";
  /** What the synthetic way answers. */
  readonly synthetic?: ErrorCode;
  readonly begunAt?: number;
}

/** Who was asked, in order, or the code of the error. */
async function outcome({ mode, build, grant, kind = "click", synthetic, begunAt }: Case): Promise<string> {
  const asked: string[] = [];
  const trusted: TrustedInput = {
    knows: (action) => action.kind.case === "click",
    act: async () => {
      asked.push("trusted");
      return answered();
    },
    answerDialog: async () => false,
    evaluate: async () => ({ kind: "value", json: "1" }),
  };
  const value = { elementId: 1 };
  const action = create(ActionSchema, { inputMode: mode, kind: { case: kind, value } });
  const call = {
    action,
    trusted: build === "default" ? undefined : trusted,
    grants: create(GrantsSchema, { trustedInput: grant ?? true }),
    begunAt,
  } as unknown as ActionCall;
  try {
    await withBestInput(call, FRAME, action, { forbidden: [], secret: "" }, async () => {
      asked.push("synthetic");
      return answered(synthetic);
    });
  } catch (thrown) {
    if (!(thrown instanceof BrowserError)) throw thrown;
    asked.push(ErrorCode[thrown.info.errorCode] ?? "?");
  }
  return asked.join(" ");
}

const { UNSPECIFIED, SYNTHETIC, TRUSTED } = InputMode;
const NEEDED = ErrorCode.NEEDS_TRUSTED_INPUT;

describe("the input of an action", () => {
  it.each<[string, Case]>([
    ["synthetic", { mode: UNSPECIFIED }],
    ["synthetic trusted", { mode: UNSPECIFIED, synthetic: NEEDED }],
    ["synthetic", { mode: UNSPECIFIED, synthetic: ErrorCode.ELEMENT_COVERED }],
    ["synthetic", { mode: UNSPECIFIED, synthetic: NEEDED, grant: false }],
    ["synthetic", { mode: UNSPECIFIED, synthetic: NEEDED, build: "default" }],
    ["synthetic", { mode: SYNTHETIC, synthetic: NEEDED }],
    ["trusted", { mode: TRUSTED }],
    ["POLICY_DENIED", { mode: TRUSTED, grant: false }],
    ["NEEDS_TRUSTED_INPUT", { mode: TRUSTED, build: "default" }],
    ["synthetic", { mode: TRUSTED, kind: "scroll" }],
    ["synthetic", { mode: TRUSTED, kind: "readText", build: "default" }],
    // Nobody can tell what input an earlier life of the service worker has given.
    ["OUTCOME_UNKNOWN", { mode: TRUSTED, begunAt: 5 }],
  ])("is %s for %o", async (expected, given) => {
    expect(await outcome(given)).toBe(expected);
  });
});
