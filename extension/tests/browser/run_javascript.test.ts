// RunJavascriptAction: a script is begun at most once, by one of the ways there are, and only where that is granted.

import { create } from "@bufbuild/protobuf";
import { type Action, type ActionResult, ActionSchema } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { GrantsSchema } from "@gen/tabwire/v1/link_pb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerDialog } from "../../browser/actions/answer_dialog";
import type { ActionCall } from "../../browser/actions/context";
import { documentGone, runJavascript } from "../../browser/actions/run_javascript";
import { dialogOpen } from "../../browser/dialogs/dialogs";
import { BrowserError } from "../../browser/errors";
import type { IsMeant } from "../../browser/trusted/port";

const FRAME = { frameId: 0, parentFrameId: -1, documentId: "d", url: "https://a.test/", failed: false };

/** What was run, in order. */
let ran: string[];

beforeEach(() => {
  ran = [];
});
afterEach(() => vi.unstubAllGlobals());

interface Ways {
  readonly userScript?: (code: string) => unknown;
  readonly asText?: () => unknown;
  readonly trustedInput?: boolean;
  /** The origin that the debugger finds. */
  readonly origin?: string;
}

function callOf({ userScript, asText, trustedInput = true, origin = "https://a.test" }: Ways): ActionCall {
  const execute = async ({ js }: { js: { code: string }[] }) => {
    ran.push("user script");
    return [{ result: userScript?.(js[0]?.code ?? "") }];
  };
  const executeScript = async () => {
    ran.push("text");
    return [{ result: asText?.() }];
  };
  vi.stubGlobal("chrome", {
    scripting: { executeScript },
    ...(userScript === undefined ? {} : { userScripts: { execute } }),
  });
  const evaluate = async (_call: ActionCall, _script: string, isMeant: IsMeant) => {
    if (!(await isMeant(origin))) throw documentGone();
    ran.push("debugger");
    return { kind: "value", json: "1" };
  };
  const kind = { code: "return 1", accept: true, text: "" };
  const action: Action = create(ActionSchema, { kind: { case: "runJavascript", value: kind } });
  return {
    ...{ action, kind, tabId: 1, until: Date.now() + 5_000, effect: { begun: false } },
    signal: new AbortController().signal,
    grants: create(GrantsSchema, { trustedInput, javascriptOrigins: ["https://a.test"] }),
    tabs: { awake: async () => ({}) },
    frames: { main: async () => FRAME },
    dialogs: { opened: () => new Promise(() => {}) },
    round: { catchUp: async () => {} },
    trusted: { evaluate, answerDialog: async () => true },
  } as unknown as ActionCall;
}

async function outcome(ways: Ways): Promise<string> {
  try {
    const result: ActionResult = await runJavascript(callOf(ways) as never);
    return String(result.extracted.value);
  } catch (thrown) {
    if (!(thrown instanceof BrowserError)) throw thrown;
    expect(thrown.info.retryable).toBe(false);
    return ErrorCode[thrown.info.errorCode] ?? "?";
  }
}

const isParse = (code: string): boolean => code.includes('"script"');

describe("a script", () => {
  it("that was begun and gave nothing is not begun again", async () => {
    const lost = (code: string): unknown => (isParse(code) ? "script" : undefined);
    expect(await outcome({ userScript: lost })).toBe("OUTCOME_UNKNOWN");
    expect(ran).toEqual(["user script", "user script"]);
  });

  it("that is none goes the other way, which knows the reason", async () => {
    expect(await outcome({ userScript: () => undefined })).toBe("1");
    expect(ran).toEqual(["user script", "user script", "debugger"]);
  });

  it.each<[string, Ways]>([
    ["OUTCOME_UNKNOWN", { userScript: () => "no JSON" }],
    ["OUTCOME_UNKNOWN", { userScript: () => "null" }],
    ["OUTCOME_UNKNOWN", { trustedInput: false, asText: () => undefined }],
    ["OUTCOME_UNKNOWN", { trustedInput: false, asText: () => fail("The frame was removed.") }],
    ["STALE_ELEMENT", { trustedInput: false, asText: () => fail("No document with id d in tab with id 1") }],
    ["STALE_ELEMENT", { origin: "https://bank.test" }],
  ])("ends with %s for %o", async (expected, ways) => {
    expect(await outcome(ways)).toBe(expected);
    expect(ran).not.toContain("debugger");
  });

  it("does not run in the document that has come meanwhile", async () => {
    const call = callOf({});
    const main = vi.fn(async () => ({ ...FRAME, documentId: "next" })).mockResolvedValueOnce(FRAME);
    await expect(runJavascript({ ...call, frames: { main } } as never)).rejects.toThrow();
    expect(ran).toEqual([]);
  });
});

describe("without a grant for trusted input", () => {
  it("a script does not run by the debugger", async () => {
    expect(await outcome({ trustedInput: false, asText: () => ({ json: "2" }) })).toBe("2");
    expect(ran).toEqual(["text"]);
  });

  it("the debugger answers no dialog", async () => {
    const blocked = { ...callOf({ trustedInput: false }), round: { blocked: dialogOpen(undefined) } };
    await expect(answerDialog(blocked as never)).rejects.toThrow("does not answer");
    const granted = { ...callOf({}), round: blocked.round };
    expect((await answerDialog(granted as never)).outcomeDetails?.message).toBe("Answered the dialog.");
  });
});

function fail(message: string): never {
  throw new Error(message);
}
