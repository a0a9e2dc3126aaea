// The tabs of the browser: which there are, which one is meant, and the tab groups in which tasks work. Never gives a
// tab the focus.

import { create } from "@bufbuild/protobuf";
import { type Tab, TabSchema } from "@gen/tabwire/v1/state_pb";
import { pause } from "../clock";
import { messageOf, tabNotFound } from "../errors";
import { SESSION } from "../store";
import { restriction } from "./restricted";

/** The tabs. */
export class Tabs {
  readonly #area: chrome.storage.StorageArea;

  constructor(area: chrome.storage.StorageArea) {
    this.#area = area;
  }

  /** One tab. Throws TAB_NOT_FOUND. */
  async get(tabId: number): Promise<chrome.tabs.Tab> {
    try {
      return await chrome.tabs.get(tabId);
    } catch {
      throw tabNotFound();
    }
  }

  /** One tab with its page in memory: a tab that Chrome has put to sleep is loaded again. */
  async awake(tabId: number, until: number): Promise<chrome.tabs.Tab> {
    let tab = await this.get(tabId);
    if (!tab.discarded && tab.status !== "unloaded") return tab;
    await chrome.tabs.reload(tabId);
    while (tab.status !== "complete" && Date.now() < until) {
      await pause(100);
      tab = await this.get(tabId);
    }
    return tab;
  }

  /**
   * The id that a request means: the given one, or for 0 the active tab of the last focused normal window. A page of
   * Tabwire itself, as the panel opened in a tab, is never meant: then it is the tab that was looked at before.
   */
  async resolve(tabId: number): Promise<number> {
    if (tabId !== 0) return tabId;
    const window = await this.#lastNormalWindow();
    const tabs = window?.id === undefined ? [] : await chrome.tabs.query({ windowId: window.id });
    const active = tabs.find((tab) => tab.active);
    const meant = active !== undefined && isOwn(active) ? await otherThan(active) : active;
    if (meant?.id === undefined) throw tabNotFound("There is no tab to work in.");
    return meant.id;
  }

  /** All tabs, in the order of windows and positions. */
  async list(): Promise<Tab[]> {
    const [found, owners] = await Promise.all([chrome.tabs.query({}), this.#taskByGroup()]);
    return found
      .filter((tab) => tab.id !== undefined && tab.id >= 0)
      .sort((a, b) => a.windowId - b.windowId || a.index - b.index)
      .map((tab) => describe(tab, owners));
  }

  /** One tab as the contract tells it. */
  async describe(tabId: number): Promise<Tab> {
    const [tab, owners] = await Promise.all([this.get(tabId), this.#taskByGroup()]);
    return describe(tab, owners);
  }

  /** Opens a tab in the background, in the task's group if there is a task. */
  async open(url: string, taskId: string): Promise<number> {
    const window = await this.#lastNormalWindow();
    const tabId = await (window?.id === undefined ? openInNewWindow(url) : openIn(window.id, url));
    if (taskId !== "") await this.join(tabId, taskId);
    return tabId;
  }

  /** Opens a tab behind another one and next to it, as a link in it would. */
  async openNextTo(openerTabId: number, url: string, taskId: string): Promise<number> {
    const { windowId, index } = await this.get(openerTabId);
    const tab = await chrome.tabs.create({ windowId, url, openerTabId, index: index + 1, active: false });
    if (tab.id !== undefined && taskId !== "") await this.join(tab.id, taskId);
    return tab.id ?? 0;
  }

  /** Puts a tab into the group of a task, which is made if there is none (any more). */
  async join(tabId: number, taskId: string, title = ""): Promise<void> {
    const groups = await this.#groups();
    const known = groups[taskId];
    try {
      if (known !== undefined) {
        await chrome.tabs.group({ tabIds: tabId, groupId: known });
        if (title !== "") await chrome.tabGroups.update(known, { title });
        return;
      }
    } catch {
      // The person has dissolved the group. A new one follows.
    }
    try {
      const { windowId } = await this.get(tabId);
      const groupId = await chrome.tabs.group({ tabIds: tabId, createProperties: { windowId } });
      await chrome.tabGroups.update(groupId, { title: title || `Tabwire ${shortName(taskId)}`, color: "blue" });
      await this.#area.set({ [SESSION.groups]: { ...(await this.#groups()), [taskId]: groupId } });
    } catch (thrown) {
      // A group is for the person's eyes. Without one (as in a popup window) the task works all the same.
      console.warn("Tabwire: the tab could not be grouped", messageOf(thrown));
    }
  }

  /**
   * The tab to go on in when one is closed: the one that opened it, else another one of the task. Without a task it is
   * the active one; a task that has closed its last tab has none, and never goes on in the person's.
   */
  async heir(closing: chrome.tabs.Tab, taskId: string): Promise<number> {
    const others = (await chrome.tabs.query({})).filter((tab) => tab.id !== closing.id);
    const opener = others.find((tab) => tab.id === closing.openerTabId);
    const groupId = (await this.#groups())[taskId];
    const sibling = groupId === undefined ? undefined : others.find((tab) => tab.groupId === groupId);
    const active =
      others.find((tab) => tab.active && tab.windowId === closing.windowId) ?? others.find((t) => t.active);
    return (opener ?? sibling ?? (taskId === "" ? active : undefined))?.id ?? 0;
  }

  async #lastNormalWindow(): Promise<chrome.windows.Window | undefined> {
    try {
      return await chrome.windows.getLastFocused({ windowTypes: ["normal"] });
    } catch {
      return undefined;
    }
  }

  async #groups(): Promise<Record<string, number>> {
    return ((await this.#area.get(SESSION.groups))[SESSION.groups] ?? {}) as Record<string, number>;
  }

  async #taskByGroup(): Promise<Map<number, string>> {
    const groups = await this.#groups();
    return new Map(Object.entries(groups).map(([taskId, groupId]) => [groupId, taskId]));
  }
}

function isOwn(tab: chrome.tabs.Tab): boolean {
  return (tab.url ?? "").startsWith(chrome.runtime.getURL(""));
}

/** The tab that was looked at before one of Tabwire's own, in its window if there is any; else the own one. */
async function otherThan(own: chrome.tabs.Tab): Promise<chrome.tabs.Tab> {
  const others = (await chrome.tabs.query({})).filter((tab) => !isOwn(tab));
  const beside = others.filter((tab) => tab.windowId === own.windowId);
  return (beside.length > 0 ? beside : others).sort((a, b) => lastLook(b) - lastLook(a))[0] ?? own;
}

/** When the person looked at the tab last, as far as Chrome knows it. */
function lastLook(tab: chrome.tabs.Tab): number {
  return tab.lastAccessed ?? 0;
}

function describe(tab: chrome.tabs.Tab, owners: ReadonlyMap<number, string>): Tab {
  const described = create(TabSchema, {
    tabId: tab.id ?? 0,
    url: tab.url ?? "",
    title: tab.title ?? "",
    isActive: tab.active,
    windowId: Math.max(0, tab.windowId),
    isLoading: tab.status === "loading",
    openerTabId: tab.openerTabId ?? 0,
    taskId: owners.get(tab.groupId) ?? "",
  });
  const refused = restriction(tab.url ?? "");
  if (refused !== undefined) described.errorInfo = refused;
  return described;
}

async function openIn(windowId: number, url: string): Promise<number> {
  const tab = await chrome.tabs.create({ windowId, url, active: false });
  return tab.id ?? 0;
}

/** Only when there is no normal window: a new one, behind whatever the person is looking at. */
async function openInNewWindow(url: string): Promise<number> {
  const window = await chrome.windows.create({ url, focused: false, type: "normal" });
  return window?.tabs?.[0]?.id ?? 0;
}

/** A task id is long; its end is enough to tell the groups of a few tasks apart. */
function shortName(taskId: string): string {
  return taskId.length <= 8 ? taskId : taskId.slice(-8);
}
