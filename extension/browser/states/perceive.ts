// Takes the state of a tab: asks all its documents side by side, each with a cap, and has one page state composed of
// the answers. A tab that cannot be perceived gives a state that says why, at once.

import { clone, create } from "@bufbuild/protobuf";
import { ErrorCode, type ErrorInfo } from "@gen/tabwire/v1/error_pb";
import { type FrameReply, type FrameRequest, FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import type { EffectivePolicy } from "@gen/tabwire/v1/policy_pb";
import {
  type Element,
  type PageState,
  type StateRequest,
  StateRequestSchema,
  StateScope,
  TimingSchema,
} from "@gen/tabwire/v1/state_pb";
import { DeltaMismatch, diffElements, type ElementChanges } from "../../wire/delta";
import { fromMillis, microsSince, pause } from "../clock";
import type { Dialogs } from "../dialogs/dialogs";
import { BrowserError, errorInfo, failure, toErrorInfo } from "../errors";
import { denialOf, ownAddress } from "../policy/checks";
import { FrameGone, type FrameInfo, FrameSilent, type Frames } from "../tabs/frames";
import type { HiddenTabs } from "../tabs/hidden_tabs";
import { localId, slotOf } from "../tabs/ids";
import { pdfViewer, restriction } from "../tabs/restricted";
import { advanceRevision, assignSlots, type TabRecord, type TabRecords } from "../tabs/tab_record";
import type { Tabs } from "../tabs/tabs";
import { compose, type PerceivedFrame } from "./compose";
import { deltaLook, isWorthIt, type Look, markNew, wholeLook } from "./look";
import { ToldFrame, type ToldState, ToldStates, wayOf } from "./told_states";
import { withWritten } from "./written";

/** How long the main document, and any other one, may take to tell its state. */
const MAIN_MS = 8_000;
/** The main document gets this long if it did not answer last time. */
const SILENT_MS = 1_500;
const REMEMBERED_MS = 500;
const CHILD_MS = 2_500;
/** How long to wait for a frame to report the nonce that its parent has just posted into it. */
const NONCE_MS = 150;
/** The shell of Chrome's PDF viewer has at most so many elements. */
const PDF_ELEMENTS = 2;
/** How often to start again if the tab goes elsewhere meanwhile. */
const ATTEMPTS = 4;

/** One document as it answered. */
interface AskedFrame extends FrameInfo {
  readonly slot: number;
  readonly told?: ToldFrame;
  /** What has changed in it, if it told only that. */
  readonly changes?: ElementChanges;
  readonly error?: ErrorInfo;
  readonly hasLeft?: boolean;
}

/** One try at taking a state. */
interface Try {
  readonly look: Look;
  /** True if the main document went away while it was asked, so that another try makes sense. */
  readonly hasLeft: boolean;
}

/** Takes page states. */
export class Perceiver {
  readonly #told = new ToldStates();

  constructor(
    private readonly tabs: Tabs,
    private readonly frames: Frames,
    private readonly records: TabRecords,
    private readonly dialogs: Pick<Dialogs, "blocking">,
    private readonly hidden: Pick<HiddenTabs, "workIn">,
  ) {}

  /** The whole state of a tab. Throws TAB_NOT_FOUND and nothing else; all else is said in the state. */
  async perceive(tabId: number, options: StateRequest, until: number): Promise<PageState> {
    const look = await this.look(tabId, create(StateRequestSchema, { ...options, baseRevision: 0n }), until);
    return look.whole();
  }

  /** The state of a tab, relative to `options.baseRevision` if that can be. Throws TAB_NOT_FOUND and nothing else. */
  async look(tabId: number, options: StateRequest, until: number, policy?: EffectivePolicy): Promise<Look> {
    const start = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      const { look, hasLeft } = await this.#try(tabId, options, until, policy);
      if (!hasLeft || attempt >= ATTEMPTS) {
        const { answer } = look;
        const state = answer.case === "pageState" ? answer.value : answer.value.head;
        if (state?.timing !== undefined) state.timing.inBrowserUs = microsSince(start);
        return look;
      }
      await pause(50 * attempt);
    }
  }

  /** A try with what was told before, and another one without it if that turns out not to fit. */
  async #try(tabId: number, options: StateRequest, until: number, policy?: EffectivePolicy): Promise<Try> {
    const way = wayOf(options);
    const isPart = options.scope === StateScope.ELEMENT;
    const base = isPart ? undefined : this.#told.find(tabId, way, options.baseRevision);
    try {
      return await this.#once(tabId, options, way, base, until, policy);
    } catch (thrown) {
      if (!(thrown instanceof DeltaMismatch)) throw thrown;
      console.warn("Tabwire: a change of the page did not fit what was told before", thrown.message);
      this.#told.forget(tabId);
      return await this.#once(tabId, options, way, undefined, until, policy);
    }
  }

  async #once(
    tabId: number,
    options: StateRequest,
    way: string,
    told: ToldState | undefined,
    until: number,
    policy: EffectivePolicy | undefined,
  ): Promise<Try> {
    const record = await this.records.get(tabId);
    const finding = Promise.all([this.tabs.awake(tabId, until), this.frames.list(tabId)]);
    const early = this.#askEarly(tabId, record, options, told, until);
    const [tab, frames] = await finding;
    this.hidden.workIn(tab);
    const main = frames[0];
    const refused =
      restriction(tab.url ?? "", { failed: main?.failed ?? false }) ?? denialOf(policy, main?.url ?? tab.url ?? "");
    if (refused !== undefined || main === undefined) {
      const error = refused ?? errorInfo(ErrorCode.RESTRICTED_PAGE, "The tab shows no document.");
      const state = this.#compose(tab, [{ ...(main ?? NO_FRAME), slot: 0, error }], options, undefined);
      return { look: wholeLook(state), hasLeft: refused === undefined };
    }
    const base = told?.documentId === main.documentId ? told : undefined;
    const saved = assignSlots(record, frames) ? this.records.save(tabId) : undefined;
    const asked = framesInScope(frames, record, options);
    const answers = await Promise.all(
      asked.map(async (frame) => {
        const denial = frame.frameId === 0 ? undefined : denialOf(policy, ownAddress(frame, frames), false);
        if (denial !== undefined) return { ...frame, slot: record.slots[frame.frameId] ?? 0, error: denial };
        const answer = early.get(frame.documentId);
        if (answer !== undefined) return { ...(await answer), ...frame };
        return await this.#ask(tabId, frame, record, options, base?.frames.get(frame.documentId), until);
      }),
    );
    await this.#awaitNonces(record, answers);
    await saved;
    if (await this.#isPdf(tabId, main, answers[0])) {
      const state = this.#compose(tab, [{ ...main, slot: 0, error: pdfViewer() }], options, record);
      return { look: wholeLook(state), hasLeft: false };
    }
    const look = this.#tell(tab, answers, options, way, base, record);
    this.records.saveSoon(tabId);
    return { look, hasLeft: answers[0]?.hasLeft ?? false };
  }

  /**
   * Asks the documents that the tab showed last, before it is known whether it still does: almost always it does, and what
   * is no longer there answers nothing. Their answers by Chrome's ids of them.
   */
  #askEarly(
    tabId: number,
    record: TabRecord,
    options: StateRequest,
    told: ToldState | undefined,
    until: number,
  ): ReadonlyMap<string, Promise<AskedFrame>> {
    const early = new Map<string, Promise<AskedFrame>>();
    const frames = this.frames.listedLast(tabId);
    const isKnown = frames[0]?.documentId === record.mainDocument && !record.isSilent;
    if (!isKnown || options.scope === StateScope.ELEMENT) return early;
    const base = told?.documentId === record.mainDocument ? told : undefined;
    for (const frame of frames) {
      if (record.slots[frame.frameId] === undefined) continue;
      const answer = this.#ask(tabId, frame, record, options, base?.frames.get(frame.documentId), until);
      // Whoever waits for the answer hears of it; if nobody does, it is of no interest.
      answer.catch(() => {});
      early.set(frame.documentId, answer);
    }
    return early;
  }

  /** Makes the answer of what the documents told, and remembers it. */
  #tell(
    tab: chrome.tabs.Tab,
    answers: readonly AskedFrame[],
    options: StateRequest,
    way: string,
    base: ToldState | undefined,
    record: TabRecord,
  ): Look {
    const [main] = answers;
    const isAlone = answers.length === 1 && base?.frames.size === 1;
    const changes = isAlone ? main?.changes : undefined;
    if (base !== undefined && changes !== undefined && main?.told !== undefined && isWorthIt(changes, main.told.size)) {
      // What one document alone tells of itself is what the tab tells: nothing else of it has to be touched.
      const { told } = main;
      const head = this.#compose(tab, [{ ...main, state: told.head() }], options, record);
      record.activeSlot = 0;
      const whole = (): PageState => ({ ...head, actionableElements: told.state().elements });
      this.#keep(tab, way, head, answers, () => told.state().elements);
      return deltaLook(base, head, changes, whole);
    }
    const written = answers.length === 1 ? main?.told?.written() : undefined;
    if (
      base === undefined &&
      written !== undefined &&
      main?.told !== undefined &&
      options.scope !== StateScope.ELEMENT
    ) {
      // So is what it tells whole, and nobody has to look into its elements to pass them on.
      const { told } = main;
      const head = this.#compose(tab, [{ ...main, state: told.head() }], options, record);
      record.activeSlot = slotOf(head.activeElementId);
      const elements = (): Element[] => told.state().elements;
      this.#keep(tab, way, head, answers, elements);
      return wholeLook(withWritten(head, written), () => ({ ...head, actionableElements: elements() }));
    }
    const frames = answers.map((frame) => (frame.told === undefined ? frame : { ...frame, state: frame.told.state() }));
    const state = this.#compose(tab, frames, options, record);
    record.activeSlot = slotOf(state.activeElementId);
    if (base !== undefined) state.actionableElements = markNew(state.actionableElements, base.elements());
    const elements = state.actionableElements;
    if (options.scope !== StateScope.ELEMENT) this.#keep(tab, way, state, answers, () => elements);
    if (base === undefined || state.errorInfo !== undefined || changes !== undefined) return wholeLook(state);
    const difference = diffElements(base.elements(), elements);
    if (!isWorthIt(difference, elements.length)) return wholeLook(state);
    return deltaLook(base, { ...state, actionableElements: [] }, difference, () => state);
  }

  #keep(
    tab: chrome.tabs.Tab,
    way: string,
    state: PageState,
    answers: readonly AskedFrame[],
    elements: ToldState["elements"],
  ): void {
    const tabId = tab.id ?? 0;
    if (state.errorInfo !== undefined) {
      this.#told.forget(tabId);
      return;
    }
    const frames = new Map<string, ToldFrame>();
    for (const frame of answers) if (frame.told !== undefined) frames.set(frame.documentId, frame.told);
    const { revision, documentId } = state;
    this.#told.keep(tabId, { way, revision, documentId, frames, elements });
  }

  /** The script gets into the shell of Chrome's PDF viewer, and finds next to nothing there. */
  async #isPdf(tabId: number, main: FrameInfo, answer: AskedFrame | undefined): Promise<boolean> {
    if (answer?.told === undefined || answer.changes !== undefined || answer.told.size > PDF_ELEMENTS) return false;
    return await this.frames.isPdf(tabId, main);
  }

  async #ask(
    tabId: number,
    frame: FrameInfo,
    record: TabRecord,
    options: StateRequest,
    base: ToldFrame | undefined,
    until: number,
  ): Promise<AskedFrame> {
    const slot = record.slots[frame.frameId] ?? 0;
    const value = { options: optionsFor(slot, options), baseRevision: base?.revision ?? 0 };
    const request = create(FrameRequestSchema, { kind: { case: "perceive", value } });
    const patience = frame.frameId !== 0 ? CHILD_MS : record.isSilent ? SILENT_MS : MAIN_MS;
    const cap = Math.max(500, Math.min(patience, until - Date.now()));
    try {
      const refused = restriction(frame.url, { failed: frame.failed });
      if (refused !== undefined) return { ...frame, slot, error: refused };
      const reply = await this.#answer(tabId, frame, request, cap, record.isSilent);
      if (frame.frameId === 0) record.isSilent = false;
      return { ...frame, slot, ...take(reply.kind, base) };
    } catch (thrown) {
      if (thrown instanceof DeltaMismatch) throw thrown;
      if (frame.frameId === 0) record.isSilent = thrown instanceof FrameSilent || isBlocked(thrown);
      return { ...frame, slot, error: toErrorInfo(thrown), hasLeft: thrown instanceof FrameGone };
    }
  }

  /** The main document's answer, or DIALOG_OPEN as soon as it is sure that none comes. */
  async #answer(
    tabId: number,
    frame: FrameInfo,
    request: FrameRequest,
    millis: number,
    isSilent: boolean,
  ): Promise<FrameReply> {
    if (frame.frameId !== 0) return await this.frames.ask(tabId, frame, request, millis);
    // The question whether it is alive goes first: behind a look at a large page it would wait for that.
    const pulse = this.dialogs.blocking(tabId, frame, isSilent ? REMEMBERED_MS : undefined);
    if (isSilent) {
      // What it was asked before may still keep it busy; it is not given more of that as long as it says nothing.
      const blocked = await pulse;
      if (blocked !== undefined) throw blocked;
    }
    const asked = this.frames.ask(tabId, frame, request, millis);
    const refused = pulse.then((blocked) => (blocked === undefined ? asked : Promise.reject(blocked)));
    return await Promise.race([asked, refused]);
  }

  /** A child reports its nonce in a message of its own, which may come a moment after its parent's answer. */
  async #awaitNonces(record: TabRecord, answers: readonly AskedFrame[]): Promise<void> {
    const children = answers.filter((frame) => frame.frameId !== 0 && frame.told !== undefined).length;
    if (children === 0) return;
    const nonces = answers.flatMap((frame) => frame.told?.head().childFrames.map((held) => held.nonce) ?? []);
    // Frames without a script never report, so no more are waited for than there are frames that answered.
    const known = (): number => nonces.filter((nonce) => record.nonces[nonce] !== undefined).length;
    const wanted = Math.min(children, nonces.length);
    const until = Date.now() + NONCE_MS;
    while (known() < wanted && Date.now() < until) await pause(5);
  }

  #compose(
    tab: chrome.tabs.Tab,
    frames: readonly PerceivedFrame[],
    options: StateRequest,
    record: TabRecord | undefined,
  ): PageState {
    const state = compose({
      tabId: tab.id ?? 0,
      url: tab.url ?? "",
      title: tab.title ?? "",
      isLoading: tab.status === "loading",
      frames,
      nonces: record?.nonces ?? {},
      options,
      revision: record === undefined ? 0 : revisionOf(record, tab, frames, options),
    });
    const times = frames.map((frame) => frame.state?.inPageUs ?? 0);
    state.timing = create(TimingSchema, { inPageUs: Math.max(0, ...times) });
    state.capturedAt = fromMillis(Date.now());
    return state;
  }
}

/** What a document answered. */
function take(kind: FrameReply["kind"], base: ToldFrame | undefined): Pick<AskedFrame, "told" | "changes" | "error"> {
  switch (kind.case) {
    case "state":
      return { told: ToldFrame.whole(kind.value) };
    case "delta":
      if (base === undefined) break;
      return { told: base.after(kind.value), changes: kind.value };
    case "errorInfo":
      return { error: kind.value };
    default:
      break;
  }
  throw failure(ErrorCode.EXTENSION_INTERNAL_ERROR, "The page's script gave an answer that was not asked for.");
}

/** The revision that stands for all that a state is made of. A look at one element asks not all of that. */
function revisionOf(
  record: TabRecord,
  tab: chrome.tabs.Tab,
  frames: readonly PerceivedFrame[],
  options: StateRequest,
): number {
  if (options.scope === StateScope.ELEMENT) return record.revision;
  const documents = frames.map((frame) => {
    const held = frame.state?.childFrames.map(({ nonce }) => record.nonces[nonce] ?? "?").join() ?? "";
    return `${frame.documentId}@${frame.state?.revision ?? "-"}[${held}]`;
  });
  return advanceRevision(record, JSON.stringify([tab.url, tab.title, tab.status, documents]));
}

function isBlocked(thrown: unknown): boolean {
  return thrown instanceof BrowserError && thrown.info.errorCode === ErrorCode.DIALOG_OPEN;
}

const NO_FRAME: FrameInfo = { frameId: 0, parentFrameId: -1, documentId: "", url: "", failed: false };

/** The frames that a request is about: for one element, the frame that holds it and those around it, for its place. */
function framesInScope(frames: readonly FrameInfo[], record: TabRecord, options: StateRequest): FrameInfo[] {
  if (options.scope !== StateScope.ELEMENT) return [...frames];
  const slot = slotOf(options.elementId);
  const chain: FrameInfo[] = [];
  let frame = frames.find((candidate) => record.slots[candidate.frameId] === slot);
  while (frame !== undefined) {
    const inner: FrameInfo = frame;
    chain.unshift(inner);
    frame = inner.frameId === 0 ? undefined : frames.find((outer) => outer.frameId === inner.parentFrameId);
  }
  return chain.length > 0 ? chain : frames.slice(0, 1);
}

/** What to ask of one frame: around the frame of a wanted element, only where things are. */
function optionsFor(slot: number, options: StateRequest): StateRequest {
  const own = clone(StateRequestSchema, options);
  own.baseRevision = 0n;
  if (options.scope !== StateScope.ELEMENT) return own;
  if (slot === slotOf(options.elementId)) {
    own.elementId = localId(options.elementId);
    return own;
  }
  return create(StateRequestSchema, { scope: StateScope.VIEWPORT, maxElements: 1 });
}
