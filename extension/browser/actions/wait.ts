// Waits until a text, an element or an address appears or vanishes, or until the page is quiet. The documents are asked
// again and again, because the wait has to outlive navigations.

import { clone, create } from "@bufbuild/protobuf";
import { type ActionResult, type WaitAction, WaitActionSchema } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { pause } from "../clock";
import { BrowserError, failure } from "../errors";
import type { FrameInfo } from "../frames";
import { localId, slotOf, waitTarget } from "../ids";
import { restriction } from "../restricted";
import { assignSlots } from "../tab_record";
import { type ActionCall, succeeded } from "./context";

const DEFAULT_MS = 10_000;
const POLL_MS = 100;
/** How long one document may take to answer. */
const CHECK_MS = 2_000;
/** The last part of the deadline is kept for the answer's way. */
const MARGIN_MS = 250;

/** See WaitAction. */
export async function wait(call: ActionCall<WaitAction>): Promise<ActionResult> {
  const started = Date.now();
  const millis = call.kind.timeoutMs || DEFAULT_MS;
  const until = Math.min(started + millis, call.until - MARGIN_MS);
  for (;;) {
    call.signal.throwIfAborted();
    if (await holds(call)) return succeeded(call, { message: `${capital(describe(call.kind))}.` });
    if (Date.now() >= until) break;
    await pause(POLL_MS, call.signal);
  }
  const seconds = Math.round((Date.now() - started) / 100) / 10;
  throw failure(ErrorCode.DEADLINE_EXCEEDED, `Waited ${seconds} s, but not: ${describe(call.kind)}.`, {
    remedy: "Look at the page, and wait longer or for something else.",
  });
}

async function holds(call: ActionCall<WaitAction>): Promise<boolean> {
  const { condition, gone } = call.kind;
  const tab = await call.tabs.get(call.tabId);
  if (condition.case === "url") return (tab.url ?? "").includes(condition.value) !== gone;
  const frames = await call.frames.list(call.tabId);
  const refused = restriction(tab.url ?? "", { failed: frames[0]?.failed ?? false });
  if (refused !== undefined) throw new BrowserError(refused);
  switch (condition.case) {
    case "text": {
      const answers = await Promise.all(frames.map((frame) => ask(call, frame, call.kind)));
      return gone ? allHold(answers) : answers.includes(true);
    }
    case "elementId":
      return await elementHolds(call, frames);
    default: {
      if (tab.status === "loading") return false;
      const answers = await Promise.all(frames.map((frame) => ask(call, frame, call.kind)));
      return allHold(answers);
    }
  }
}

/** What has to hold everywhere: the main document has to say so, and no other one may say otherwise. */
function allHold(answers: readonly (boolean | undefined)[]): boolean {
  return answers[0] === true && answers.every((answer) => answer !== false);
}

async function elementHolds(call: ActionCall<WaitAction>, frames: readonly FrameInfo[]): Promise<boolean> {
  const id = waitTarget(call.kind);
  const record = await call.records.get(call.tabId);
  const sameMain = frames[0]?.documentId === record.mainDocument;
  assignSlots(record, frames);
  const frame = frames.find((candidate) => record.slots[candidate.frameId] === slotOf(id));
  const sameDocument = call.action.documentId === "" || call.action.documentId === frame?.documentId;
  // An element is gone with its document, and never comes back with another one.
  if (frame === undefined || !sameMain || !sameDocument) return call.kind.gone;
  const own = clone(WaitActionSchema, call.kind);
  own.condition = { case: "elementId", value: localId(id) };
  return (await ask(call, frame, own)) === true;
}

/** Asks one document. Undefined if it cannot say: it is on its way out, or no extension may look into it. */
async function ask(call: ActionCall, frame: FrameInfo, condition: WaitAction): Promise<boolean | undefined> {
  if (restriction(frame.url, { failed: frame.failed }) !== undefined) return undefined;
  const request = create(FrameRequestSchema, { kind: { case: "check", value: { wait: condition } } });
  try {
    const reply = await call.frames.ask(call.tabId, frame, request, CHECK_MS);
    return reply.kind.case === "condition" ? reply.kind.value.holds : undefined;
  } catch (thrown) {
    if (thrown instanceof BrowserError) return undefined;
    throw thrown;
  }
}

function describe(wait: WaitAction): string {
  const { condition, gone } = wait;
  switch (condition.case) {
    case "text":
      return `the text "${condition.value}" is ${gone ? "gone" : "there"}`;
    case "elementId":
      return `the element ${condition.value} is ${gone ? "gone" : "there"}`;
    case "url":
      return `the address ${gone ? "no longer contains" : "contains"} "${condition.value}"`;
    default:
      return "the page is quiet";
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
