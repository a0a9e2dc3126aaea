// Tells the server unasked what happens in the tabs it watches: after actions, when a page changed by itself, went
// elsewhere, finished loading, was turned to, opened or closed. Only for tabs the server has named (ObserveTabs), only
// while the link is open, and not more often than anyone can follow.

import { create } from "@bufbuild/protobuf";
import { type FrameEvent, FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { type ObserveTabs, ObserveTabsSchema, type StateUpdate, StateUpdateSchema } from "@gen/tabwire/v1/link_pb";
import { type PageState, StateCause, type StateRequest, StateRequestSchema, type Tab } from "@gen/tabwire/v1/state_pb";
import { BrowserError } from "../errors";
import { load, SESSION, save } from "../store";
import type { Frames } from "../tabs/frames";
import type { TabEvent } from "../tabs/tab_events";

/** What the observer needs of others. */
export interface ObserverParts {
  readonly session: chrome.storage.StorageArea;
  readonly frames: Pick<Frames, "list" | "tell">;
  readonly perceive: (tabId: number, options: StateRequest, until: number) => Promise<PageState>;
  readonly describe: (tabId: number) => Promise<Tab>;
  /** Hands an update to the link. */
  readonly send: (update: StateUpdate) => Promise<boolean>;
  /** Whether the link is open. Updates for nobody are not made. */
  readonly isConnected: () => Promise<boolean>;
}

/** How long to collect before an update is made, and how long there is rest after one. */
const COLLECT_MS = 250;
const REST_MS = 750;
/** How long the taking of a state may last. */
const PERCEIVE_MS = 5_000;

/** What is going on in one watched tab. */
interface Watched {
  readonly causes: Set<StateCause>;
  timer: ReturnType<typeof setTimeout> | undefined;
  lastSentAt: number;
  /** How many actions are running in it. What changes meanwhile is theirs. */
  acting: number;
}

/** The observer. */
export class Observer {
  readonly #parts: ObserverParts;
  readonly #loaded: Promise<void>;
  readonly #tabs = new Map<number, Watched>();

  constructor(parts: ObserverParts) {
    this.#parts = parts;
    this.#loaded = load(parts.session, SESSION.observed, ObserveTabsSchema).then((stored) => {
      for (const tabId of stored?.tabIds ?? []) this.#tabs.set(tabId, idle());
    });
  }

  /** Watches these tabs from now on and no others. When this resolves, it survives the death of the service worker. */
  async set(wanted: ObserveTabs): Promise<void> {
    await this.#loaded;
    const before = [...this.#tabs.keys()];
    for (const tabId of before) if (!wanted.tabIds.includes(tabId)) this.#drop(tabId);
    for (const tabId of wanted.tabIds) if (!this.#tabs.has(tabId)) this.#tabs.set(tabId, idle());
    await save(this.#parts.session, SESSION.observed, ObserveTabsSchema, wanted);
    for (const tabId of wanted.tabIds) if (!before.includes(tabId)) await this.#tellFrames(tabId, true);
    for (const tabId of before) if (!wanted.tabIds.includes(tabId)) await this.#tellFrames(tabId, false);
  }

  /** Takes an event of the browser. */
  take(event: TabEvent): void {
    this.#loaded
      .then(() => this.#take(event))
      .catch((thrown: unknown) => {
        console.error("Tabwire: an event of a watched tab could not be told", thrown);
      });
  }

  /** An action begins in a tab. */
  acting(tabId: number): void {
    const watched = this.#tabs.get(tabId);
    if (watched !== undefined) watched.acting += 1;
  }

  /** An action has ended in a tab; `state` gives the state after it, if that was taken anyway. */
  acted(tabId: number, state: (() => PageState) | undefined): void {
    const watched = this.#tabs.get(tabId);
    if (watched === undefined) return;
    watched.acting = Math.max(0, watched.acting - 1);
    watched.causes.delete(StateCause.MUTATION);
    this.#tell(tabId, StateCause.ACTION, state?.());
    if (watched.causes.size > 0) this.#schedule(tabId, watched);
  }

  async #take(event: TabEvent): Promise<void> {
    if (event.kind === "opened") {
      if (this.#tabs.has(event.openerTabId)) this.#tell(event.tabId, StateCause.TAB_OPENED, undefined);
      return;
    }
    const watched = this.#tabs.get(event.tabId);
    if (watched === undefined) return;
    if (event.kind === "closed") {
      this.#drop(event.tabId);
      this.#tell(event.tabId, StateCause.TAB_CLOSED, undefined);
      return;
    }
    if (event.kind === "parsed" || (event.kind === "frame" && event.event.kind.case === "ready")) {
      await this.#tellFrames(event.tabId, true);
    }
    const cause = causeOf(event);
    if (cause === undefined) return;
    if (cause === StateCause.MUTATION && watched.acting > 0) return;
    watched.causes.add(cause);
    if (watched.acting === 0) this.#schedule(event.tabId, watched);
  }

  #schedule(tabId: number, watched: Watched): void {
    if (watched.timer !== undefined) return;
    const rest = watched.lastSentAt + REST_MS - Date.now();
    watched.timer = setTimeout(() => this.#flush(tabId, watched), Math.max(COLLECT_MS, rest));
  }

  #flush(tabId: number, watched: Watched): void {
    watched.timer = undefined;
    if (watched.acting > 0 || this.#tabs.get(tabId) !== watched) return;
    const causes = [...watched.causes].sort((a, b) => a - b);
    watched.causes.clear();
    // A page that went elsewhere has changed, too; saying so adds nothing.
    const told = causes.length > 1 ? causes.filter((cause) => cause !== StateCause.MUTATION) : causes;
    watched.lastSentAt = Date.now();
    for (const cause of told) this.#tell(tabId, cause, undefined);
  }

  #tell(tabId: number, cause: StateCause, state: PageState | undefined): void {
    this.#update(tabId, cause, state).catch((thrown: unknown) => {
      console.error("Tabwire: an update could not be made", thrown);
    });
  }

  async #update(tabId: number, cause: StateCause, known: PageState | undefined): Promise<void> {
    const { isConnected, describe, perceive, send } = this.#parts;
    if (!(await isConnected())) return;
    const update = create(StateUpdateSchema, { tabId, cause });
    if (cause !== StateCause.TAB_CLOSED) {
      try {
        update.tab = await describe(tabId);
        update.pageState = known ?? (await perceive(tabId, defaultOptions(), Date.now() + PERCEIVE_MS));
      } catch (thrown) {
        // Closed meanwhile: that is told by an update of its own.
        if (thrown instanceof BrowserError) return;
        throw thrown;
      }
    }
    await send(update);
  }

  async #tellFrames(tabId: number, enabled: boolean): Promise<void> {
    const request = create(FrameRequestSchema, { kind: { case: "observe", value: { enabled } } });
    const frames = await this.#parts.frames.list(tabId).catch(() => []);
    for (const frame of frames) this.#parts.frames.tell(tabId, frame.documentId, request);
  }

  #drop(tabId: number): void {
    clearTimeout(this.#tabs.get(tabId)?.timer);
    this.#tabs.delete(tabId);
  }
}

function idle(): Watched {
  return { causes: new Set(), timer: undefined, lastSentAt: 0, acting: 0 };
}

function defaultOptions(): StateRequest {
  return create(StateRequestSchema, { includeText: true });
}

/** Why an event of a watched tab is worth an update; undefined if it is not. */
function causeOf(event: TabEvent): StateCause | undefined {
  switch (event.kind) {
    case "committed":
      return event.frameId === 0 ? StateCause.NAVIGATION : StateCause.MUTATION;
    case "loaded":
      return event.frameId === 0 ? StateCause.LOAD : undefined;
    case "moved":
      return event.frameId === 0 ? StateCause.HISTORY : undefined;
    case "focused":
      return StateCause.TAB_FOCUS;
    case "frame":
      return causeOfFrame(event.event);
    default:
      return undefined;
  }
}

function causeOfFrame(event: FrameEvent): StateCause | undefined {
  return event.kind.case === "changed" ? event.kind.value.cause || StateCause.MUTATION : undefined;
}
