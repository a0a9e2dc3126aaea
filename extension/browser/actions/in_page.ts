// The actions that a document's content script carries out: finds the document, hands the action over with the
// document's own ids, and tells what the tab did in answer, also when the document goes away before it can answer.

import { clone, create } from "@bufbuild/protobuf";
import {
  type ActionResult,
  ActionResultSchema,
  ActionSchema,
  ActionStatus,
  type OutcomeDetails,
  OutcomeDetailsSchema,
} from "@gen/tabwire/v1/action_pb";
import { ComponentOrigin, ErrorCode } from "@gen/tabwire/v1/error_pb";
import { type FrameReply, FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import type { SecretValue } from "@gen/tabwire/v1/link_pb";
import { EffectClass } from "@gen/tabwire/v1/options_pb";
import type { Consequence } from "@gen/tabwire/v1/policy_pb";
import { NotPlain } from "../../wire/plain";
import { pause } from "../clock";
import { declared, isRepeatable } from "../effects";
import { BrowserError, deadlinePassed, failure, outcomeUnknown } from "../errors";
import { forbiddenIn, secretFor } from "../policy/checks";
import type { Arrival } from "../tabs/arrival";
import { FocusGuard } from "../tabs/focus_guard";
import { FrameGone, type FrameInfo, FrameSilent } from "../tabs/frames";
import { idsOf, makeLocal, makeTabWide, slotOf, tabWideId, targetOf } from "../tabs/ids";
import { restriction } from "../tabs/restricted";
import { assignSlots, frameOfSlot } from "../tabs/tab_record";
import { TabWatch } from "../tabs/tab_watch";
import { withBestInput } from "../trusted/choose";
import { type ActionCall, sawEffect, succeeded } from "./context";
import { downloadName } from "./downloads";
import { isForDocument } from "./expectation";

/** The document gets a little less time than there is, so that its answer still arrives. */
const MARGIN_MS = 400;
/** How long a document inside the page may take to be where it set out for. */
const FRAME_MS = 10_000;
/** How often to see if a document that does not answer is still alive, and how long it may take to say so. */
const PULSE_MS = 1_000;
const PULSE_PATIENCE_MS = 2_500;
/** Files take a document a while to take in; it gets so much more time for each mebibyte. */
const PULSE_PER_MIB_MS = 1_000;
/** How long a navigation, tab or download may take to show after an action that changed nothing in the page. */
const GRACE_MS = 80;
/** What a document answers only before it has touched anything. */
const REFUSALS: ReadonlySet<ErrorCode | undefined> = new Set([
  ErrorCode.TARGET_ELEMENT_NOT_FOUND,
  ErrorCode.TARGET_ELEMENT_NOT_INTERACTABLE,
  ErrorCode.STALE_ELEMENT,
  ErrorCode.ELEMENT_COVERED,
  ErrorCode.NEEDS_TRUSTED_INPUT,
  ErrorCode.POLICY_DENIED,
  ErrorCode.APPROVAL_NEEDED,
  ErrorCode.SECRET_UNAVAILABLE,
  ErrorCode.CANCELLED,
  ErrorCode.INVALID_ARGUMENT,
  ErrorCode.UNIMPLEMENTED,
]);

/** Carries a page action out in the document that holds its element. */
export async function inPage(call: ActionCall): Promise<ActionResult> {
  const guarding = guardTab(call);
  try {
    const [{ tab }, listed] = await Promise.all([guarding, call.frames.list(call.tabId)]);
    // Of a tab that was asleep nothing was listed.
    const frames = listed.length === 0 ? await call.frames.list(call.tabId) : listed;
    const target = await findFrame(call, tab, frames).catch((thrown: unknown) => {
      if (call.begunAt === undefined) throw thrown;
      throw outcomeUnknown("The page went elsewhere while the action was carried out. It may have had effect.");
    });
    const secret = secretFor(call, target.frame);
    if (secret === undefined) return await inFrame(call, { ...target, secret });
    const { documentId } = target.frame;
    await call.filledIn.begin(call.tabId, documentId, secret.name);
    try {
      return await inFrame(call, { ...target, secret });
    } finally {
      await call.filledIn.end(call.tabId, documentId, secret.name);
    }
  } finally {
    // If it failed, that was thrown above.
    guarding.then(({ guard }) => guard?.close()).catch(() => {});
  }
}

async function guardTab(call: ActionCall): Promise<{ tab: chrome.tabs.Tab; guard: FocusGuard | undefined }> {
  const tab = await call.tabs.awake(call.tabId, call.until);
  call.hidden.workIn(tab);
  return { tab, guard: await FocusGuard.over(call.events, tab) };
}

/** The document, and the secret that is to be filled in there. */
interface FillTarget extends Target {
  readonly secret: SecretValue | undefined;
}

async function inFrame(call: ActionCall, target: FillTarget): Promise<ActionResult> {
  const { frame, slot } = target;
  const watch = new TabWatch(call.events, call.tabId);
  try {
    call.signal.throwIfAborted();
    if (call.round.blocked !== undefined) throw call.round.blocked;
    call.effect.begun = true;
    const result = await act(call, target, watch);
    if (result === undefined) return await afterDeparture(call, frame, watch);
    toTabWide(result, slot);
    if (result.status === ActionStatus.SUCCEEDED) (await call.records.get(call.tabId)).activeSlot = slot;
    return await addWhatTabDid(call, result, frame, watch);
  } finally {
    watch.close();
  }
}

/** The document an action is meant for. */
interface Target {
  readonly frame: FrameInfo;
  readonly slot: number;
  /** How many documents the tab shows. */
  readonly documents: number;
  /** What the action must not lead to in it. */
  readonly forbidden: readonly Consequence[];
}

/** Finds the document. Throws STALE_ELEMENT, TARGET_ELEMENT_NOT_FOUND, RESTRICTED_PAGE or INVALID_ARGUMENT. */
async function findFrame(call: ActionCall, tab: chrome.tabs.Tab, frames: readonly FrameInfo[]): Promise<Target> {
  const record = await call.records.get(call.tabId);
  const refused = restriction(tab.url ?? "", { failed: frames[0]?.failed ?? false });
  if (refused !== undefined) throw new BrowserError(refused);
  const before = record.mainDocument;
  assignSlots(record, frames);
  const target = targetOf(call.action);
  if (new Set(idsOf(call.action).map(slotOf)).size > 1) throw acrossDocuments();
  // Without an element: keys go where the focus was last, all else to the main frame.
  const slot = target === 0 && call.action.kind.case === "pressKeys" ? record.activeSlot : slotOf(target);
  const frameId = frameOfSlot(record, slot);
  const frame = frames.find((candidate) => candidate.frameId === frameId);
  const isGone = frame === undefined || (slot !== 0 && before !== record.mainDocument);
  if (isGone && target === 0) {
    const main = frames[0] ?? fail(stale());
    return { frame: main, slot: 0, documents: frames.length, forbidden: forbiddenIn(call, main, frames) };
  }
  if (isGone) throw stale();
  if (call.action.documentId !== "" && call.action.documentId !== frame.documentId && target !== 0) throw stale();
  return { frame, slot, documents: frames.length, forbidden: forbiddenIn(call, frame, frames) };
}

function fail(error: Error): never {
  throw error;
}

function stale(): BrowserError {
  return failure(ErrorCode.STALE_ELEMENT, "The element belongs to a document that is no longer shown.", {
    remedy: "Look at the page again and use the ids of what is shown now.",
  });
}

function acrossDocuments(): BrowserError {
  return failure(
    ErrorCode.INVALID_ARGUMENT,
    "The elements are in different documents of the page, and nothing can be moved from one document to another.",
    { remedy: "Name elements of the same document: their ids begin with the same hundred thousands." },
  );
}

/** Hands the action to the document. Undefined if the document went away before it answered. */
async function act(call: ActionCall, target: FillTarget, watch: TabWatch): Promise<ActionResult | undefined> {
  const { frame } = target;
  const action = clone(ActionSchema, call.action);
  action.documentId = "";
  makeLocal(action);
  const isExpectedHere = action.expect !== undefined && isForDocument(action.expect, target.slot, target.documents);
  if (!isExpectedHere) delete action.expect;
  const deadlineMs = call.until - MARGIN_MS;
  const begunAtMs = call.begunAt ?? 0;
  const dialogs = call.round.arming(frame.documentId, call.until);
  const { secret, forbidden } = target;
  if (action.kind.case === "inputText" && secret !== undefined) action.kind.value.text = secret.value;
  const guard = { forbidden: [...forbidden], secret: secret?.name ?? "" };
  const value = { action, deadlineMs, begunAtMs, dialogs, ...guard };
  const request = create(FrameRequestSchema, { kind: { case: "act", value } });
  const onAbort = (): void => cancelIn(call, frame);
  call.signal.addEventListener("abort", onAbort, { once: true });
  const pulse = new AbortController();
  try {
    const asked = withBestInput(call, frame, action, guard, async () =>
      synthetic(await call.frames.ask(call.tabId, frame, request, Math.max(1, call.until - Date.now()))),
    );
    const opened = call.dialogs.opened(call.tabId, pulse.signal);
    const reply = await Promise.race([asked, watchPulse(call, frame, watch, pulse.signal), opened]);
    await call.round.expect(frame.documentId, reply.eventsTold);
    if (reply.kind.case === "actionResult") return ownWords(reply.kind.value);
    if (reply.kind.case === "errorInfo") throw new BrowserError(reply.kind.value);
    throw failure(ErrorCode.EXTENSION_INTERNAL_ERROR, "The page's script gave an answer that was not asked for.");
  } catch (thrown) {
    if (thrown instanceof FrameGone) return undefined;
    if (thrown instanceof NotPlain) throw lost(call, "The page's script gave an answer that cannot be read.");
    if (!(thrown instanceof FrameSilent)) throw thrown;
    call.signal.throwIfAborted();
    throw deadlinePassed();
  } finally {
    pulse.abort();
    call.signal.removeEventListener("abort", onAbort);
  }
}

/** What a document may say of an action: what it did and saw itself. What became of tabs is never taken from a page. */
export function ownWords(result: ActionResult): ActionResult {
  result.currentTabId = 0;
  result.stateAfter = { case: undefined };
  if (result.outcomeDetails !== undefined) {
    Object.assign(result.outcomeDetails, { openedTabIds: [], dialogs: [], download: "" });
  }
  return result;
}

/** The reply of a document that did the action by itself, whatever it says of how. */
function synthetic(reply: FrameReply): FrameReply {
  const details = reply.kind.case === "actionResult" ? reply.kind.value.outcomeDetails : undefined;
  if (details !== undefined) details.trustedInputUsed = false;
  return reply;
}

function cancelIn(call: ActionCall, frame: FrameInfo): void {
  const kind = { case: "cancel", value: { actionId: call.action.id } } as const;
  call.frames.tell(call.tabId, frame.documentId, create(FrameRequestSchema, { kind }));
}

/** Rejects with DIALOG_OPEN once a document that has been given an action answers nothing any more, not even a ping. */
async function watchPulse(call: ActionCall, frame: FrameInfo, watch: TabWatch, over: AbortSignal): Promise<never> {
  const ping = create(FrameRequestSchema, { kind: { case: "ping", value: {} } });
  const patience = PULSE_PATIENCE_MS + (PULSE_PER_MIB_MS * uploadBytes(call)) / 2 ** 20;
  for (;;) {
    await pause(PULSE_MS, over);
    try {
      await call.frames.ask(call.tabId, frame, ping, patience);
    } catch (thrown) {
      over.throwIfAborted();
      if (!(thrown instanceof FrameSilent)) throw thrown;
      if (watch.isUnderway()) continue;
      (await call.records.get(call.tabId)).isSilent = true;
      throw failure(
        ErrorCode.DIALOG_OPEN,
        "The page stopped answering right after the action. Most likely it shows a dialog that waits for an answer.",
        { origin: ComponentOrigin.PAGE, remedy: "Look at the tab and answer its dialog, then go on." },
      );
    }
  }
}

function uploadBytes({ action: { kind } }: ActionCall): number {
  if (kind.case !== "uploadFiles") return 0;
  return kind.value.files.reduce((sum, file) => sum + file.content.length, 0);
}

/** The document went away while it acted: that is what following a link looks like. */
async function afterDeparture(call: ActionCall, frame: FrameInfo, watch: TabWatch): Promise<ActionResult> {
  if (isRead(call)) throw lost(call);
  const left = (): boolean => watch.closed || hasTravelled(watch, frame.frameId);
  await watch.until(left, Math.min(call.until, Date.now() + 1_000), call.signal);
  if (watch.closed) {
    return succeeded(call, { message: "The page closed its own tab." });
  }
  if (!left()) throw lost(call);
  if (frame.frameId !== 0 && !hasTravelled(watch, 0)) return await afterFrameLeft(call, frame, watch);
  return await arrive(call, watch, succeeded(call, {}), "The action led to");
}

/** The document is gone and nobody says why: it may have had effect. */
function lost(call: ActionCall, message = "The document went away before it could tell what happened."): BrowserError {
  const isHarmless = isRepeatable({ request: { case: "action", value: call.action } });
  const code = isHarmless ? ErrorCode.COMMUNICATION_ERROR_WITH_TARGET : ErrorCode.OUTCOME_UNKNOWN;
  return failure(code, message, { remedy: "Look at the page before you repeat it.", retryable: isHarmless });
}

function isRead({ action }: ActionCall): boolean {
  return declared(action)?.effect === EffectClass.READ;
}

async function afterFrameLeft(call: ActionCall, frame: FrameInfo, watch: TabWatch): Promise<ActionResult> {
  const arrived = (): boolean => !watch.isUnderway(frame.frameId) || watch.closed;
  const isThere = await watch.until(arrived, Math.min(call.until, Date.now() + FRAME_MS), call.signal);
  const url = watch.frame(frame.frameId).arrived?.url ?? "";
  const message = url === "" ? "The document inside the page went away." : `A frame of the page went to ${url}.`;
  return succeeded(call, { message, domChanges: 1, stillChanging: !isThere });
}

function hasTravelled(watch: TabWatch, frameId: number): boolean {
  const main = watch.frame(0);
  const own = watch.frame(frameId);
  // A way that was broken off (a download, an answer without content) leaves the document where it is.
  const ended = main.error === "net::ERR_ABORTED" ? undefined : main.error;
  return (ended ?? main.underway ?? main.arrived ?? own.underway ?? own.arrived) !== undefined;
}

/** Adds to the document's own answer what the rest of the tab did: went elsewhere, opened tabs, began downloads. */
async function addWhatTabDid(
  call: ActionCall,
  result: ActionResult,
  frame: FrameInfo,
  watch: TabWatch,
): Promise<ActionResult> {
  result.outcomeDetails ??= create(OutcomeDetailsSchema);
  const details = result.outcomeDetails;
  const isLate = result.errorInfo?.errorCode === ErrorCode.DEADLINE_EXCEEDED;
  if (isLate || result.status === ActionStatus.CANCELLED) return result;
  const happened = (): boolean =>
    hasTravelled(watch, 0) || watch.movedTo !== undefined || watch.openedTabIds.size > 0 || watch.downloads.length > 0;
  const isQuestionable = details.noEffectSeen && !isRepeatable({ request: { case: "action", value: call.action } });
  if (isQuestionable && !happened()) {
    await watch.until(happened, Math.min(call.until, Date.now() + GRACE_MS), call.signal);
  }
  if (hasTravelled(watch, 0)) return await arrive(call, watch, result, "It led to");
  if (hasTravelled(watch, frame.frameId)) await addWhereFrameWent(call, details, frame, watch);
  if (watch.movedTo !== undefined) {
    Object.assign(details, { navigationOccurred: true, newUrl: watch.movedTo });
    say(details, watch.movedTo, `The address is now ${watch.movedTo}.`);
  }
  await addTabsAndDownloads(call, details, watch);
  return result;
}

/** The document inside the page went elsewhere, and could still tell that it was about to. */
async function addWhereFrameWent(
  call: ActionCall,
  details: OutcomeDetails,
  frame: FrameInfo,
  watch: TabWatch,
): Promise<void> {
  const isThere = (): boolean => watch.closed || (!watch.isUnderway(frame.frameId) && !watch.areChildrenLoading());
  details.stillChanging = !(await watch.until(isThere, Math.min(call.until, Date.now() + FRAME_MS), call.signal));
  details.domChanges = Math.max(1, details.domChanges);
  sawEffect(details);
  const url = watch.frame(frame.frameId).arrived?.url ?? "";
  if (url !== "") say(details, url, `A frame of the page went to ${url}.`);
}

/** Waits until the tab is where the action sent it, and says so in the result. */
async function arrive(call: ActionCall, watch: TabWatch, result: ActionResult, led: string): Promise<ActionResult> {
  result.outcomeDetails ??= create(OutcomeDetailsSchema);
  const details = result.outcomeDetails;
  // A read sends no tab anywhere, nor does what was refused. Then the page went by itself, and the result stands.
  const isItsDoing = !isRead(call) && !REFUSALS.has(result.errorInfo?.errorCode);
  let arrival: Arrival;
  try {
    arrival = await call.arrivals.wait(watch, call.until - MARGIN_MS, call.signal);
  } catch (thrown) {
    if (!(thrown instanceof BrowserError) || thrown.info.errorCode !== ErrorCode.NAVIGATION_FAILED) throw thrown;
    // The action itself was done. That its destination cannot be reached is what the tab shows now.
    if (isItsDoing) Object.assign(result, { status: ActionStatus.FAILED, errorInfo: thrown.info });
    details.stillChanging = false;
    say(details, thrown.info.message, thrown.info.message);
    return result;
  }
  details.stillChanging = arrival.stillChanging;
  if (arrival.kind !== "none") {
    if (isItsDoing) {
      // A document that was on its way out could not tell what the action did. The arrival does.
      result.status = ActionStatus.SUCCEEDED;
      delete result.errorInfo;
    }
    Object.assign(details, { navigationOccurred: true, newUrl: arrival.url });
    sawEffect(details);
    say(details, arrival.url, `${isItsDoing ? led : "Meanwhile the page went to"} ${arrival.url}.`);
  }
  await addTabsAndDownloads(call, details, watch);
  return result;
}

async function addTabsAndDownloads(call: ActionCall, details: OutcomeDetails, watch: TabWatch): Promise<void> {
  if (watch.openedTabIds.size > 0) {
    details.openedTabIds = [...watch.openedTabIds];
    const list = (await Promise.all(details.openedTabIds.map((tabId) => call.numbers.told(tabId)))).join(", ");
    say(details, list, `It opened tab ${list}.`);
    for (const tabId of details.openedTabIds) {
      if (call.taskId !== "") await call.tabs.join(tabId, call.taskId);
    }
  }
  const download = await downloadName(watch.downloads[0]);
  if (download !== "") {
    details.download = download;
    say(details, `download of ${download}`, `The download of ${download} began.`);
  }
  if (watch.openedTabIds.size > 0 || download !== "" || details.navigationOccurred) sawEffect(details);
}

/** Adds a sentence about something, unless the page's script has said it already. */
function say(details: OutcomeDetails, about: string, sentence: string): void {
  if (details.message.includes(about)) return;
  details.message = details.message === "" ? sentence : `${details.message} ${sentence}`;
}

/** Turns the ids that the document's script named into the tab's, also in what it says. */
function toTabWide(result: ActionResult, slot: number): void {
  if (slot === 0) return;
  makeTabWide(ActionResultSchema, result, slot);
  const rename = (text: string): string => {
    return text.replace(/^Element (\d+)\b/, (_, local: string) => `Element ${tabWideId(slot, Number(local))}`);
  };
  if (result.outcomeDetails !== undefined) result.outcomeDetails.message = rename(result.outcomeDetails.message);
  if (result.errorInfo !== undefined) result.errorInfo.message = rename(result.errorInfo.message);
}
