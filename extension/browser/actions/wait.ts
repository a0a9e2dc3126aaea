// Waits until a text, an element or an address appears or vanishes, or until the page is quiet. What is waited for is asked
// again and again (conditions.ts), because the wait has to outlive navigations.

import type { ActionResult, WaitAction } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { pause } from "../clock";
import { holds, inWords } from "../conditions";
import { failure } from "../errors";
import { type ActionCall, succeeded } from "./context";

const DEFAULT_MS = 10_000;
const POLL_MS = 100;
/** The last part of the deadline is kept for the answer's way. */
const MARGIN_MS = 250;

/** See WaitAction. */
export async function wait(call: ActionCall<WaitAction>): Promise<ActionResult> {
  const started = Date.now();
  const millis = call.kind.timeoutMs || DEFAULT_MS;
  const until = Math.min(started + millis, call.until - MARGIN_MS);
  const condition = { case: "wait", value: call.kind } as const;
  for (;;) {
    call.signal.throwIfAborted();
    if (await holds({ ...call, documentId: call.action.documentId }, condition)) {
      return succeeded(call, { message: `${capital(inWords(condition))}.` });
    }
    if (Date.now() >= until) break;
    await pause(POLL_MS, call.signal);
  }
  const seconds = Math.round((Date.now() - started) / 100) / 10;
  throw failure(ErrorCode.DEADLINE_EXCEEDED, `Waited ${seconds} s, but not: ${inWords(condition)}.`, {
    remedy: "Look at the page, and wait longer or for something else.",
  });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
