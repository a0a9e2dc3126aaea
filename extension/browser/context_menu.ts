// The context menu's entry: keeps what the person pointed at as a draft for the side panel, and opens the panel.

import { TaskContextSchema } from "@gen/tabwire/v1/task_pb";
import { SESSION, save } from "./store";
import type { Person } from "./tabs/person";

const ENTRY = "tabwire-task";

/** The entry. */
export class ContextMenu {
  constructor(
    private readonly person: Person,
    private readonly session: chrome.storage.StorageArea,
  ) {}

  /** Registers with Chrome. Must be called while the worker's script is first evaluated. */
  listen(): void {
    chrome.contextMenus.onClicked.addListener((info, tab) => {
      if (info.menuItemId !== ENTRY || tab?.id === undefined) return;
      // The panel opens only within the person's gesture, so before anything is waited for.
      chrome.sidePanel.open({ windowId: tab.windowId }).catch((thrown: unknown) => {
        console.warn("Tabwire: the side panel could not be opened", thrown);
      });
      this.keepDraft(tab.id, info.frameId ?? 0, info.selectionText ?? "").catch((thrown: unknown) => {
        console.error("Tabwire: what the menu was opened on could not be kept", thrown);
      });
    });
  }

  /** Makes the entry. Chrome keeps it, so once after every install is enough. */
  async install(): Promise<void> {
    await chrome.contextMenus.removeAll();
    chrome.contextMenus.create({
      id: ENTRY,
      title: "Ask Tabwire about this…",
      contexts: ["page", "frame", "selection", "link", "editable", "image", "video", "audio"],
      documentUrlPatterns: ["http://*/*", "https://*/*", "file:///*"],
    });
  }

  /** Keeps what the person pointed at for the panel. */
  async keepDraft(tabId: number, frameId: number, selection: string): Promise<void> {
    const draft = await this.person.pointedAt(tabId, frameId, selection);
    await save(this.session, SESSION.draft, TaskContextSchema, draft);
  }
}
