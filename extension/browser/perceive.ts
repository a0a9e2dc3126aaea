// Takes the state of a tab: asks all its documents side by side, each with a cap, and has one page state composed of
// the answers. A tab that cannot be perceived gives a state that says why, at once.

import { clone, create } from "@bufbuild/protobuf";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import {
  type PageState,
  type StateRequest,
  StateRequestSchema,
  StateScope,
  TimingSchema,
} from "@gen/tabwire/v1/state_pb";
import { fromMillis, microsSince, pause } from "./clock";
import { compose, type PerceivedFrame } from "./compose";
import { errorInfo, failure, toErrorInfo } from "./errors";
import { FrameGone, type FrameInfo, FrameSilent, type Frames } from "./frames";
import { localId, slotOf } from "./ids";
import { pdfViewer, restriction } from "./restricted";
import { advanceRevision, assignSlots, type TabRecord, type TabRecords } from "./tab_record";
import type { Tabs } from "./tabs";

/** How long the main document, and any other one, may take to tell its state. */
const MAIN_MS = 8_000;
/** The main document gets this long if it did not answer last time. */
const SILENT_MS = 1_500;
const CHILD_MS = 2_500;
/** How long to wait for a frame to report the nonce that its parent has just posted into it. */
const NONCE_MS = 150;
/** The shell of Chrome's PDF viewer has at most so many elements. */
const PDF_ELEMENTS = 2;
/** How often to start again if the tab goes elsewhere meanwhile. */
const ATTEMPTS = 4;

/** Takes page states. */
export class Perceiver {
  constructor(
    private readonly tabs: Tabs,
    private readonly frames: Frames,
    private readonly records: TabRecords,
  ) {}

  /** The state of a tab. Throws TAB_NOT_FOUND and nothing else; all else is said in the state. */
  async perceive(tabId: number, options: StateRequest, until: number): Promise<PageState> {
    const start = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      const { state, hasLeft } = await this.#once(tabId, options, until);
      if (!hasLeft || attempt >= ATTEMPTS) {
        state.capturedAt = fromMillis(Date.now());
        state.timing ??= create(TimingSchema);
        state.timing.inBrowserUs = microsSince(start);
        return state;
      }
      await pause(50 * attempt);
    }
  }

  /** One try. `hasLeft` if the main document went away while it was asked, so that another try makes sense. */
  async #once(
    tabId: number,
    options: StateRequest,
    until: number,
  ): Promise<{ readonly state: PageState; readonly hasLeft: boolean }> {
    const tab = await this.tabs.awake(tabId, until);
    const frames = await this.frames.list(tabId);
    const main = frames[0];
    const refused = restriction(tab.url ?? "", { failed: main?.failed ?? false });
    if (refused !== undefined || main === undefined) {
      const error = refused ?? errorInfo(ErrorCode.RESTRICTED_PAGE, "The tab shows no document.");
      const state = this.#compose(tab, [{ ...(main ?? NO_FRAME), slot: 0, error }], options, undefined);
      return { state, hasLeft: refused === undefined };
    }
    const record = await this.records.get(tabId);
    assignSlots(record, frames);
    const asked = framesInScope(frames, record, options);
    const perceived = await Promise.all(asked.map((frame) => this.#ask(tabId, frame, record, options, until)));
    await this.#awaitNonces(record, perceived);
    const seen = perceived[0]?.state?.elements.length ?? 0;
    if (perceived[0]?.state !== undefined && seen <= PDF_ELEMENTS && (await this.frames.isPdf(tabId, main))) {
      const state = this.#compose(tab, [{ ...main, slot: 0, error: pdfViewer() }], options, record);
      return { state, hasLeft: false };
    }
    const state = this.#compose(tab, perceived, options, record);
    record.activeSlot = slotOf(state.activeElementId);
    await this.records.save(tabId);
    return { state, hasLeft: perceived[0]?.hasLeft ?? false };
  }

  async #ask(
    tabId: number,
    frame: FrameInfo,
    record: TabRecord,
    options: StateRequest,
    until: number,
  ): Promise<PerceivedFrame & { hasLeft?: boolean }> {
    const slot = record.slots[frame.frameId] ?? 0;
    const own = optionsFor(slot, options);
    const request = create(FrameRequestSchema, { kind: { case: "perceive", value: { options: own } } });
    const patience = frame.frameId !== 0 ? CHILD_MS : record.isSilent ? SILENT_MS : MAIN_MS;
    const cap = Math.max(500, Math.min(patience, until - Date.now()));
    try {
      const refused = restriction(frame.url, { failed: frame.failed });
      if (refused !== undefined) return { ...frame, slot, error: refused };
      const reply = await this.frames.ask(tabId, frame, request, cap);
      if (frame.frameId === 0) record.isSilent = false;
      if (reply.kind.case === "state") return { ...frame, slot, state: reply.kind.value };
      if (reply.kind.case === "errorInfo") return { ...frame, slot, error: reply.kind.value };
      throw failure(ErrorCode.EXTENSION_INTERNAL_ERROR, "The page's script gave an answer that was not asked for.");
    } catch (thrown) {
      if (frame.frameId === 0) record.isSilent = thrown instanceof FrameSilent;
      return { ...frame, slot, error: toErrorInfo(thrown), hasLeft: thrown instanceof FrameGone };
    }
  }

  /** A child reports its nonce in a message of its own, which may come a moment after its parent's answer. */
  async #awaitNonces(record: TabRecord, perceived: readonly PerceivedFrame[]): Promise<void> {
    const children = perceived.filter((frame) => frame.frameId !== 0 && frame.state !== undefined).length;
    const nonces = perceived.flatMap((frame) => frame.state?.childFrames.map((held) => held.nonce) ?? []);
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
    const signature = frames.map((frame) => `${frame.documentId}@${frame.state?.revision ?? "-"}`).join(" ");
    // A look at one element asks not all frames, so it says nothing about whether the tab has changed.
    const isWhole = options.scope !== StateScope.ELEMENT;
    const state = compose({
      tabId: tab.id ?? 0,
      url: tab.url ?? "",
      title: tab.title ?? "",
      isLoading: tab.status === "loading",
      frames,
      nonces: record?.nonces ?? {},
      options,
      revision: record === undefined ? 0 : isWhole ? advanceRevision(record, signature) : record.revision,
    });
    const times = frames.map((frame) => frame.state?.inPageUs ?? 0);
    state.timing = create(TimingSchema, { inPageUs: Math.max(0, ...times) });
    return state;
  }
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
