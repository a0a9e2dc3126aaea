// Gives the focus back when a page opens a tab from behind: Chrome brings such a tab to the front, but the person is
// looking at another one. A page that is itself in front may open a tab in front.

import type { TabEvents } from "./tab_events";

/** Watches one tab in the background. `close` it when done. */
export class FocusGuard {
  readonly #stop: () => void;

  private constructor(events: TabEvents, tabId: number, shownTabId: number) {
    this.#stop = events.subscribe((event) => {
      if (event.kind !== "spawned" || event.tabId !== tabId) return;
      chrome.tabs.update(shownTabId, { active: true }).catch(() => {
        // The person has closed the tab they were looking at: there is nothing to give back.
      });
    });
  }

  /** A guard over a tab that is not shown; none over one that is. */
  static async over(events: TabEvents, tab: chrome.tabs.Tab): Promise<FocusGuard | undefined> {
    if (tab.active || tab.id === undefined) return undefined;
    const [shown] = await chrome.tabs.query({ active: true, windowId: tab.windowId });
    return shown?.id === undefined ? undefined : new FocusGuard(events, tab.id, shown.id);
  }

  /** Ends the guard. */
  close(): void {
    this.#stop();
  }
}
