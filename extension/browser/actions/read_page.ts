// Reads the text of the whole page: of the main document and then of every document inside of it.

import { clone, create } from "@bufbuild/protobuf";
import { type ActionResult, ActionSchema, ActionStatus, type ReadTextAction } from "@gen/tabwire/v1/action_pb";
import { FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { fromMillis } from "../clock";
import { BrowserError } from "../errors";
import type { FrameInfo } from "../frames";
import { restriction } from "../restricted";
import type { ActionCall } from "./context";
import { inPage } from "./in_page";

/** How long a document inside the page may take. */
const CHILD_MS = 2_500;

/** See ReadTextAction. */
export async function readText(call: ActionCall<ReadTextAction>): Promise<ActionResult> {
  const result = await inPage(call);
  if (call.kind.elementId !== 0 || result.status !== ActionStatus.SUCCEEDED) return result;
  const children = (await call.frames.list(call.tabId)).filter((frame) => frame.frameId !== 0);
  const texts = await Promise.all(children.map((frame) => textOf(call, frame)));
  const own = result.extracted.case === "text" ? result.extracted.value : "";
  if (texts.every((text) => text === "")) return result;
  const value = [own, ...texts].filter((text) => text.trim() !== "").join("\n\n");
  result.extracted = { case: "text", value };
  if (result.outcomeDetails !== undefined) {
    result.outcomeDetails.message = `Read the page and the documents inside of it: ${value.length} characters.`;
  }
  return result;
}

/** The text of one document inside the page; empty if it cannot be read. */
async function textOf(call: ActionCall, frame: FrameInfo): Promise<string> {
  if (restriction(frame.url, { failed: frame.failed }) !== undefined) return "";
  const action = clone(ActionSchema, call.action);
  action.documentId = "";
  action.id = `${action.id}#${frame.frameId}`;
  const deadline = fromMillis(Math.min(call.until, Date.now() + CHILD_MS));
  const request = create(FrameRequestSchema, { kind: { case: "act", value: { action, deadline } } });
  try {
    const reply = await call.frames.ask(call.tabId, frame, request, CHILD_MS);
    if (reply.kind.case !== "actionResult" || reply.kind.value.extracted.case !== "text") return "";
    return reply.kind.value.extracted.value;
  } catch (thrown) {
    if (thrown instanceof BrowserError) return "";
    throw thrown;
  }
}
