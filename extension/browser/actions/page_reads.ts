// The actions that read the whole page: asks the main document and every document inside of it, side by side, and makes one
// answer of theirs. Texts are put one after another, finds are listed together, and of tables and main contents the largest
// one counts. A read of one element is for its own document alone (in_page.ts).

import { clone, create } from "@bufbuild/protobuf";
import {
  type Action,
  type ActionResult,
  ActionResultSchema,
  ActionSchema,
  ActionStatus,
  type OutcomeDetails,
} from "@gen/tabwire/v1/action_pb";
import { FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { ElementListSchema, TextMatchesSchema } from "@gen/tabwire/v1/extract_pb";
import { type Element, StateRequestSchema, StateScope } from "@gen/tabwire/v1/state_pb";
import { NotPlain } from "../../wire/plain";
import { BrowserError } from "../errors";
import { elementToTabWide } from "../states/compose";
import { type Place, placeFrames } from "../states/places";
import type { FrameInfo } from "../tabs/frames";
import { makeTabWide, targetOf } from "../tabs/ids";
import { restriction } from "../tabs/restricted";
import { assignSlots } from "../tabs/tab_record";
import type { ActionCall } from "./context";
import { inPage, ownWords } from "./in_page";

/** How long a document inside the page may take. */
const CHILD_MS = 2_500;
/** How many finds are listed if the asker does not say (FindTextAction, FindElementsAction). */
const DEFAULT_MATCHES = 20;
const DEFAULT_ELEMENTS = 50;

/** What one document answered. */
interface Read {
  readonly slot: number;
  readonly result: ActionResult;
}

/** Makes the answer's `extracted` of all documents' successful ones, the main document's first if it has one. */
type Merge = (reads: readonly Read[], action: Action) => Pick<ActionResult, "extracted"> & { message?: string };

const MERGES: Partial<Record<NonNullable<Action["kind"]["case"]>, Merge>> = {
  readText: joinTexts,
  readMarkdown: (reads) => largest(reads, ({ extracted }) => (extracted.case === "text" ? extracted.value.length : 0)),
  readRows: (reads) => largest(reads, ({ extracted }) => (extracted.case === "rows" ? extracted.value.total : 0)),
  findText: listMatches,
  findElements: listElements,
};

/** Whether an action reads the page as a whole. */
export function isPageRead(action: Action): boolean {
  return action.kind.case !== undefined && MERGES[action.kind.case] !== undefined && targetOf(action) === 0;
}

/** Reads the page as a whole. */
export async function readPage(call: ActionCall): Promise<ActionResult> {
  const merge = call.action.kind.case === undefined ? undefined : MERGES[call.action.kind.case];
  const [main, frames] = await Promise.all([inPage(call), call.frames.list(call.tabId)]);
  const children = frames.filter((frame) => frame.frameId !== 0);
  if (merge === undefined || children.length === 0) return main;
  const record = await call.records.get(call.tabId);
  if (assignSlots(record, frames)) await call.records.save(call.tabId);
  const asked = await Promise.all(children.map((frame) => readChild(call, frame, record.slots[frame.frameId] ?? 0)));
  const reads = [{ slot: 0, result: main }, ...asked].filter(
    (read): read is Read => read?.result.status === ActionStatus.SUCCEEDED,
  );
  const inside = reads.filter((read) => read.slot !== 0);
  if (inside.length === 0) return main;
  const places = inside.some(hasElements) ? await placesOf(call, frames) : new Map<number, Place>();
  for (const read of inside) toTabWide(read, places);
  return combine(main, merge(reads, call.action), reads);
}

/** What a document inside the page reads; undefined if it cannot be read. */
async function readChild(call: ActionCall, frame: FrameInfo, slot: number): Promise<Read | undefined> {
  if (restriction(frame.url, { failed: frame.failed }) !== undefined) return undefined;
  const action = clone(ActionSchema, call.action);
  delete action.expect;
  action.documentId = "";
  action.id = `${action.id}#${frame.frameId}`;
  const deadlineMs = Math.min(call.until, Date.now() + CHILD_MS);
  const request = create(FrameRequestSchema, { kind: { case: "act", value: { action, deadlineMs } } });
  try {
    const reply = await call.frames.ask(call.tabId, frame, request, CHILD_MS);
    return reply.kind.case === "actionResult" ? { slot, result: ownWords(reply.kind.value) } : undefined;
  } catch (thrown) {
    // One that is gone, silent or speaks nonsense does not keep the others from being read.
    if (thrown instanceof BrowserError || thrown instanceof NotPlain) return undefined;
    throw thrown;
  }
}

function combine(main: ActionResult, merged: ReturnType<Merge>, reads: readonly Read[]): ActionResult {
  const result = main.status === ActionStatus.SUCCEEDED ? main : { ...(reads[0] as Read).result };
  result.originalActionId = main.originalActionId;
  result.extracted = merged.extracted;
  if (merged.message !== undefined) (result.outcomeDetails as OutcomeDetails).message = merged.message;
  return result;
}

function hasElements({ result }: Read): boolean {
  return result.extracted.case === "elementList" && result.extracted.value.elements.length > 0;
}

function toTabWide({ result, slot }: Read, places: ReadonlyMap<number, Place>): void {
  makeTabWide(ActionResultSchema, result, slot);
  if (result.extracted.case !== "elementList") return;
  const list = result.extracted.value;
  list.elements = list.elements.map((element) => elementToTabWide(element, slot, places.get(slot)));
}

/** Where the documents sit, by their slots. Each is asked for nothing but the places of those inside of it. */
async function placesOf(call: ActionCall, frames: readonly FrameInfo[]): Promise<Map<number, Place>> {
  const record = await call.records.get(call.tabId);
  const options = create(StateRequestSchema, { scope: StateScope.VIEWPORT, maxElements: 1 });
  const request = create(FrameRequestSchema, { kind: { case: "perceive", value: { options } } });
  const placed = await Promise.all(
    frames.map(async (frame) => {
      const slot = record.slots[frame.frameId] ?? 0;
      try {
        if (restriction(frame.url, { failed: frame.failed }) !== undefined) return { ...frame, slot };
        const { kind } = await call.frames.ask(call.tabId, frame, request, CHILD_MS);
        return kind.case === "state" ? { ...frame, slot, state: kind.value } : { ...frame, slot };
      } catch (thrown) {
        if (thrown instanceof BrowserError) return { ...frame, slot };
        throw thrown;
      }
    }),
  );
  const byFrame = placeFrames(placed, record.nonces);
  const bySlot = new Map<number, Place>();
  for (const { frameId, slot } of placed) {
    const place = byFrame.get(frameId);
    if (place !== undefined) bySlot.set(slot, place);
  }
  return bySlot;
}

function joinTexts(reads: readonly Read[]): ReturnType<Merge> {
  const texts = reads.map(({ result }) => (result.extracted.case === "text" ? result.extracted.value : ""));
  const value = texts.filter((text) => text.trim() !== "").join("\n\n");
  const message = `Read the page and the documents inside of it: ${value.length} characters.`;
  return { extracted: { case: "text", value }, message };
}

/** The answer of the document that has most to say. */
function largest(reads: readonly Read[], size: (result: ActionResult) => number): ReturnType<Merge> {
  const best = reads.reduce((one, other) => (size(other.result) > size(one.result) ? other : one));
  const { extracted, outcomeDetails } = best.result;
  return { extracted, ...(outcomeDetails === undefined ? {} : { message: outcomeDetails.message }) };
}

function listMatches(reads: readonly Read[], action: Action): ReturnType<Merge> {
  const most = (action.kind.case === "findText" ? action.kind.value.maxMatches : 0) || DEFAULT_MATCHES;
  const found = reads.flatMap(({ result }) =>
    result.extracted.case === "textMatches" ? [result.extracted.value] : [],
  );
  const total = found.reduce((sum, part) => sum + part.total, 0);
  const matches = found.flatMap((part) => part.matches).slice(0, most);
  const message = `Found the text ${total} ${total === 1 ? "time" : "times"} in the page and the documents inside of it.`;
  return { extracted: { case: "textMatches", value: create(TextMatchesSchema, { matches, total }) }, message };
}

function listElements(reads: readonly Read[], action: Action): ReturnType<Merge> {
  const most = (action.kind.case === "findElements" ? action.kind.value.maxElements : 0) || DEFAULT_ELEMENTS;
  const found = reads.flatMap(({ result }) =>
    result.extracted.case === "elementList" ? [result.extracted.value] : [],
  );
  const total = found.reduce((sum, part) => sum + part.total, 0);
  const elements: Element[] = found.flatMap((part) => part.elements).slice(0, most);
  const message = `Found ${total} ${total === 1 ? "element" : "elements"} in the page and the documents inside of it.`;
  return { extracted: { case: "elementList", value: create(ElementListSchema, { elements, total }) }, message };
}
