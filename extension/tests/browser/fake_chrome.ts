// A test double of the part of `chrome` that the service worker uses: tabs with documents, storage, messages. Hand-written
// and small; whoever needs to know how Chrome really behaves asks the end-to-end tests.

import { create } from "@bufbuild/protobuf";
import { type FrameReply, FrameReplySchema, type FrameRequest, FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { vi } from "vitest";
import { TabNumbering } from "../../browser/tabs/tab_numbers";
import { isFor, seal, unseal } from "../../wire/envelope";
import { replyEnvelope } from "../../wire/told_reply";

/** The id of the extension in tests. */
export const EXTENSION_ID = "abcdefghijklmnopabcdefghijklmnop";

/** An event that listeners can be added to. */
export class FakeEvent<Args extends unknown[]> {
  readonly listeners = new Set<(...args: Args) => unknown>();
  addListener(listener: (...args: Args) => unknown): void {
    this.listeners.add(listener);
  }
  removeListener(listener: (...args: Args) => unknown): void {
    this.listeners.delete(listener);
  }
  fire(...args: Args): unknown[] {
    return [...this.listeners].map((listener) => listener(...args));
  }
}

/** A storage area that keeps copies, as Chrome does. */
export class FakeArea {
  readonly items = new Map<string, string>();
  writes = 0;
  async get(keys: string | string[] | null): Promise<Record<string, unknown>> {
    const wanted = keys === null ? [...this.items.keys()] : [keys].flat();
    const found: Record<string, unknown> = {};
    for (const key of wanted) {
      const item = this.items.get(key);
      if (item !== undefined) found[key] = JSON.parse(item);
    }
    return found;
  }
  async set(items: Record<string, unknown>): Promise<void> {
    this.writes += 1;
    for (const [key, value] of Object.entries(items)) this.items.set(key, JSON.stringify(value));
  }
  async remove(keys: string | string[]): Promise<void> {
    for (const key of [keys].flat()) this.items.delete(key);
  }
  async setAccessLevel(): Promise<void> {}
}

/** The area as the code under test wants it. */
export function asArea(area: FakeArea): chrome.storage.StorageArea {
  return area as unknown as chrome.storage.StorageArea;
}

/** How a document's content script answers. Throwing an Error is Chrome's refusal with that message. */
export type Answer = (request: FrameRequest) => FrameReply["kind"] | Promise<FrameReply["kind"]>;

/** One document of a fake tab. */
export interface FakeFrame {
  frameId: number;
  parentFrameId: number;
  documentId: string;
  url: string;
  answer: Answer;
  failed?: boolean;
}

/** One fake tab. */
export interface FakeTab {
  id: number;
  url: string;
  title: string;
  active: boolean;
  windowId: number;
  index: number;
  status: string;
  groupId: number;
  openerTabId?: number;
  lastAccessed?: number;
  frames: FakeFrame[];
}

/** Numbers of tabs that are told as Chrome has them. */
export const CHROMES_NUMBERS = { told: async (tabId: number) => new TabNumbering(0).told(tabId) };

const NO_RECEIVER = "Could not establish connection. Receiving end does not exist.";

/** The whole double. `install` puts it in place of `chrome`. */
export class FakeChrome {
  /** What was put into documents, and what is registered to be. */
  readonly injected: object[] = [];
  registered: chrome.scripting.RegisteredContentScript[] = [];
  readonly session = new FakeArea();
  readonly local = new FakeArea();
  readonly tabs = new Map<number, FakeTab>();
  readonly asked: { tabId: number; documentId: string; request: FrameRequest }[] = [];
  readonly calls: string[] = [];
  nextTabId = 100;

  /** Adds a tab with one document that answers. */
  addTab(id: number, url: string, answer: Answer = () => ack(), more: Partial<FakeTab> = {}): FakeTab {
    const frame = { frameId: 0, parentFrameId: -1, documentId: `doc-${id}`, url, answer };
    const tab: FakeTab = {
      id,
      url,
      title: `Title ${id}`,
      active: false,
      windowId: 1,
      index: id,
      status: "complete",
      groupId: -1,
      frames: [frame],
      ...more,
    };
    this.tabs.set(id, tab);
    return tab;
  }

  /** Puts the double in place of `chrome` until the test ends. */
  install(overrides: Record<string, unknown> = {}): this {
    vi.stubGlobal("chrome", { ...this.#api(), ...overrides });
    return this;
  }

  #tab(id: number): FakeTab {
    const tab = this.tabs.get(id);
    if (tab === undefined) throw new Error(`No tab with id: ${id}.`);
    return tab;
  }

  async #sendMessage(tabId: number, message: unknown, to: { documentId?: string; frameId?: number }): Promise<unknown> {
    const frame = this.#tab(tabId).frames.find(
      (candidate) => candidate.documentId === to.documentId || candidate.frameId === to.frameId,
    );
    if (frame === undefined || !isFor(message, "frame", "frame")) throw new Error(NO_RECEIVER);
    const request = unseal(FrameRequestSchema, message);
    this.asked.push({ tabId, documentId: frame.documentId, request });
    const kind = await frame.answer(request);
    const { body } = seal("background", "frame", FrameReplySchema, create(FrameReplySchema, { kind }));
    return JSON.parse(JSON.stringify(replyEnvelope(body as FrameReply)));
  }

  #api(): Record<string, unknown> {
    const matches = (tab: FakeTab, query: Partial<FakeTab>): boolean =>
      (query.active === undefined || tab.active === query.active) &&
      (query.windowId === undefined || tab.windowId === query.windowId);
    return {
      storage: { session: this.session, local: this.local },
      runtime: {
        id: EXTENSION_ID,
        getURL: (path: string) => `chrome-extension://${EXTENSION_ID}/${path}`,
        getManifest: () => ({ version: "9.9.9" }),
      },
      tabs: {
        get: async (id: number) => ({ ...this.#tab(id) }),
        query: async (query: Partial<FakeTab>) => [...this.tabs.values()].filter((tab) => matches(tab, query)),
        sendMessage: (tabId: number, message: unknown, to: { documentId?: string; frameId?: number }) =>
          this.#sendMessage(tabId, message, to),
        update: async (id: number, change: { url?: string }) => {
          this.calls.push(`update ${id} ${change.url ?? ""}`);
          return this.#tab(id);
        },
        remove: async (id: number) => {
          this.calls.push(`remove ${id}`);
          this.tabs.delete(id);
        },
        create: async (made: { url: string; active: boolean }) => {
          this.nextTabId += 1;
          this.calls.push(`create ${made.url} active=${made.active}`);
          return this.addTab(this.nextTabId, made.url);
        },
        group: async (options: { tabIds: number; groupId?: number }) => {
          this.calls.push(`group ${options.tabIds}`);
          this.#tab(options.tabIds).groupId = options.groupId ?? 7;
          return options.groupId ?? 7;
        },
      },
      tabGroups: {
        update: async (id: number, change: { title: string }) => this.calls.push(`title ${id} ${change.title}`),
      },
      windows: { getLastFocused: async () => ({ id: 1, type: "normal" }) },
      webNavigation: {
        getFrame: async (wanted: { tabId?: number; documentId?: string }) => {
          if (wanted.tabId !== undefined) return this.#tab(wanted.tabId).frames[0] ?? null;
          const all = [...this.tabs.values()].flatMap(({ frames }) => frames);
          return all.find(({ documentId }) => documentId === wanted.documentId) ?? null;
        },
        getAllFrames: async ({ tabId }: { tabId: number }) => {
          return this.#tab(tabId).frames.map((frame) => ({ ...frame, errorOccurred: frame.failed ?? false }));
        },
      },
      scripting: this.#scripting(),
      downloads: { search: async () => [] },
    };
  }

  #scripting(): object {
    return {
      executeScript: async (injection: object) => {
        this.injected.push(injection);
        return [];
      },
      getRegisteredContentScripts: async ({ ids }: { ids: string[] }) =>
        this.registered.filter(({ id }) => ids.includes(id)),
      registerContentScripts: async (scripts: chrome.scripting.RegisteredContentScript[]) => {
        this.registered.push(...scripts);
      },
      unregisterContentScripts: async ({ ids }: { ids: string[] }) => {
        this.registered = this.registered.filter(({ id }) => !ids.includes(id));
      },
    };
  }
}

/** The answer that says nothing but that it arrived. */
export function ack(): FrameReply["kind"] {
  return { case: "ack", value: { $typeName: "tabwire.v1.FrameAck" } };
}

/** Chrome's refusal when no script listens. */
export function noReceiver(): never {
  throw new Error(NO_RECEIVER);
}
