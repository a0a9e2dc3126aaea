// What happens to tabs and frames, as one stream of events for whoever waits for something: Chrome's own notices, and
// what content scripts report. Listeners are registered synchronously when the worker starts; nothing is decided here.

import type { FrameEvent } from "@gen/tabwire/v1/extension_pb";

/** One thing that happened. `tabId` is always the tab it happened to; frame 0 is the tab's main frame. */
export type TabEvent =
  /** A frame set out for another document. */
  | { kind: "setOut"; tabId: number; frameId: number; url: string }
  /** A frame shows another document now. */
  | { kind: "committed"; tabId: number; frameId: number; url: string; documentId: string }
  /** A frame did not get where it set out for. */
  | { kind: "failed"; tabId: number; frameId: number; url: string; error: string }
  /** A frame's address changed within its document. */
  | { kind: "moved"; tabId: number; frameId: number; url: string }
  /** A frame's document is parsed. */
  | { kind: "parsed"; tabId: number; frameId: number }
  /** A frame's document is loaded with all that belongs to it. */
  | { kind: "loaded"; tabId: number; frameId: number }
  /** The tab opened another one. */
  | { kind: "spawned"; tabId: number; openedTabId: number }
  /** The tab was opened. */
  | { kind: "opened"; tabId: number; openerTabId: number }
  /** The tab was closed. */
  | { kind: "closed"; tabId: number }
  /** The tab is shown in its window now. */
  | { kind: "focused"; tabId: number }
  /** A download began. Chrome does not say which tab caused it, so tabId is 0. */
  | { kind: "download"; tabId: 0; id: number; urls: readonly string[]; referrer: string; fileName: string }
  /** A content script reported. */
  | { kind: "frame"; tabId: number; frameId: number; documentId: string; event: FrameEvent };

type Subscriber = (event: TabEvent) => void;

/** Hands events on to subscribers, in the order they subscribed. */
export class TabEvents {
  readonly #subscribers = new Set<Subscriber>();

  /** Registers with Chrome. Must be called while the worker's script is first evaluated. */
  listen(): void {
    const web = chrome.webNavigation;
    web.onBeforeNavigate.addListener((d) => {
      this.emit({ kind: "setOut", tabId: d.tabId, frameId: d.frameId, url: d.url });
    });
    web.onCommitted.addListener((d) => {
      if (d.documentLifecycle !== "prerender") {
        this.emit({
          kind: "committed",
          tabId: d.tabId,
          frameId: d.frameId,
          url: d.url,
          documentId: d.documentId ?? "",
        });
      }
    });
    web.onErrorOccurred.addListener((d) => {
      this.emit({ kind: "failed", tabId: d.tabId, frameId: d.frameId, url: d.url, error: d.error });
    });
    for (const moved of [web.onReferenceFragmentUpdated, web.onHistoryStateUpdated]) {
      moved.addListener((d) => {
        this.emit({ kind: "moved", tabId: d.tabId, frameId: d.frameId, url: d.url });
      });
    }
    web.onDOMContentLoaded.addListener((d) => {
      this.emit({ kind: "parsed", tabId: d.tabId, frameId: d.frameId });
    });
    web.onCompleted.addListener((d) => {
      this.emit({ kind: "loaded", tabId: d.tabId, frameId: d.frameId });
    });
    web.onCreatedNavigationTarget.addListener((d) => {
      this.emit({ kind: "spawned", tabId: d.sourceTabId, openedTabId: d.tabId });
    });
    this.#listenToTabs();
  }

  #listenToTabs(): void {
    chrome.tabs.onCreated.addListener((tab) => {
      if (tab.id === undefined) return;
      const openerTabId = tab.openerTabId ?? 0;
      this.emit({ kind: "opened", tabId: tab.id, openerTabId });
      if (openerTabId !== 0) this.emit({ kind: "spawned", tabId: openerTabId, openedTabId: tab.id });
    });
    chrome.tabs.onRemoved.addListener((tabId) => {
      this.emit({ kind: "closed", tabId });
    });
    chrome.tabs.onActivated.addListener(({ tabId }) => {
      this.emit({ kind: "focused", tabId });
    });
    chrome.downloads.onCreated.addListener((item) => {
      this.emit({
        kind: "download",
        tabId: 0,
        id: item.id,
        urls: [item.url, item.finalUrl].filter((url) => url !== undefined && url !== ""),
        referrer: item.referrer ?? "",
        fileName: item.filename,
      });
    });
  }

  /** Calls back for every event from now on, until the returned function is called. */
  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /** Hands one event on. */
  emit(event: TabEvent): void {
    for (const subscriber of [...this.#subscribers]) subscriber(event);
  }
}
