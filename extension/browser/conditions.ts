// Asks whether something holds in a tab: a text, an element or an address is there or gone, or the page is quiet. The
// documents are asked anew each time, so that it can be asked again and again across navigations.

import { clone, create } from "@bufbuild/protobuf";
import { type Expectation, ExpectationSchema, type WaitAction, WaitActionSchema } from "@gen/tabwire/v1/action_pb";
import { type CheckCondition, FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { BrowserError } from "./errors";
import type { FrameInfo, Frames } from "./tabs/frames";
import { localId, slotOf } from "./tabs/ids";
import { restriction } from "./tabs/restricted";
import { assignSlots, type TabRecords } from "./tabs/tab_record";
import type { Tabs } from "./tabs/tabs";

/** How long one document may take to answer. */
const CHECK_MS = 2_000;

/** What is asked: of a wait, or of what is expected after an action. */
export type Condition =
  | { readonly case: "wait"; readonly value: WaitAction }
  | { readonly case: "expectation"; readonly value: Expectation };

/** Where it is asked. */
export interface Asking {
  readonly tabs: Pick<Tabs, "get">;
  readonly frames: Pick<Frames, "list" | "ask">;
  readonly records: Pick<TabRecords, "get">;
  readonly tabId: number;
  /** The document that an element id was seen in; empty for the one shown now. */
  readonly documentId: string;
}

/** Whether the condition holds. Throws TAB_NOT_FOUND, or RESTRICTED_PAGE where no extension may look. */
export async function holds(asking: Asking, condition: Condition): Promise<boolean> {
  const { gone } = condition.value;
  const asked = kindOf(condition);
  const tab = await asking.tabs.get(asking.tabId);
  if (asked.case === "url") return (tab.url ?? "").includes(asked.value) !== gone;
  const frames = await asking.frames.list(asking.tabId);
  const refused = restriction(tab.url ?? "", { failed: frames[0]?.failed ?? false });
  if (refused !== undefined) throw new BrowserError(refused);
  if (asked.case === "elementId") return await elementHolds(asking, condition, asked.value, frames);
  if (asked.case === undefined && tab.status === "loading") return false;
  const answers = await Promise.all(frames.map((frame) => ask(asking, frame, condition)));
  return gone || asked.case === undefined ? allHold(answers) : answers.includes(true);
}

/** What is asked for, in words for a person: "the text … is there". */
export function inWords(condition: Condition): string {
  const asked = kindOf(condition);
  const is = condition.value.gone ? "is gone" : "is there";
  switch (asked.case) {
    case "text":
      return `the text "${asked.value}" ${is}`;
    case "elementId":
      return `the element ${asked.value} ${is}`;
    case "element": {
      const { role, name } = asked.value;
      return `${role === "" ? "an element" : `a ${role}`}${name === "" ? "" : ` named "${name}"`} ${is}`;
    }
    case "url":
      return `the address ${condition.value.gone ? "no longer contains" : "contains"} "${asked.value}"`;
    default:
      return "the page is quiet";
  }
}

function kindOf(condition: Condition): WaitAction["condition"] | Expectation["kind"] {
  return condition.case === "wait" ? condition.value.condition : condition.value.kind;
}

/** What has to hold everywhere: the main document has to say so, and no other one may say otherwise. */
function allHold(answers: readonly (boolean | undefined)[]): boolean {
  return answers[0] === true && answers.every((answer) => answer !== false);
}

async function elementHolds(
  asking: Asking,
  condition: Condition,
  id: number,
  frames: readonly FrameInfo[],
): Promise<boolean> {
  const record = await asking.records.get(asking.tabId);
  const sameMain = frames[0]?.documentId === record.mainDocument;
  assignSlots(record, frames);
  const frame = frames.find((candidate) => record.slots[candidate.frameId] === slotOf(id));
  const sameDocument = asking.documentId === "" || asking.documentId === frame?.documentId;
  // An element is gone with its document, and never comes back with another one.
  if (frame === undefined || !sameMain || !sameDocument) return condition.value.gone;
  return (await ask(asking, frame, withId(condition, localId(id)))) === true;
}

/** The condition with the document's own id of the element. */
function withId(condition: Condition, id: number): Condition {
  const named = { case: "elementId", value: id } as const;
  if (condition.case === "wait") {
    const value = clone(WaitActionSchema, condition.value);
    value.condition = named;
    return { case: "wait", value };
  }
  const value = clone(ExpectationSchema, condition.value);
  value.kind = named;
  return { case: "expectation", value };
}

/** Asks one document. Undefined if it cannot say: it is on its way out, or no extension may look into it. */
async function ask(asking: Asking, frame: FrameInfo, kind: CheckCondition["kind"]): Promise<boolean | undefined> {
  if (restriction(frame.url, { failed: frame.failed }) !== undefined) return undefined;
  const request = create(FrameRequestSchema, {
    kind: { case: "check", value: { $typeName: "tabwire.v1.CheckCondition", kind } },
  });
  try {
    const reply = await asking.frames.ask(asking.tabId, frame, request, CHECK_MS);
    return reply.kind.case === "condition" ? reply.kind.value.holds : undefined;
  } catch (thrown) {
    if (thrown instanceof BrowserError) return undefined;
    throw thrown;
  }
}
