// The tabs in which tasks work, and what holds there whoever sets a navigation off: the page itself, a redirect, a window
// that it opens, a download. Chrome's filter blocks what it can tell (network_rules.ts); the rest is seen when it happens,
// stopped, and remembered for whoever acts in the tab, so that an action never ends as if nothing had been.

import { clone, create } from "@bufbuild/protobuf";
import { ErrorCode, type ErrorInfo } from "@gen/tabwire/v1/error_pb";
import { FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { type PersonInput, PersonInputSchema, type TaskTabsRule, TaskTabsRuleSchema } from "@gen/tabwire/v1/link_pb";
import { Consequence, type EffectivePolicy, Permission } from "@gen/tabwire/v1/policy_pb";
import { permissionOf } from "../../policy/verdict";
import { pause } from "../clock";
import { errorInfo, messageOf } from "../errors";
import { decode, encode, SESSION } from "../store";
import type { Frames } from "../tabs/frames";
import type { TabEvent } from "../tabs/tab_events";
import type { Tabs } from "../tabs/tabs";
import { denialOf, denied } from "./checks";
import { networkRules } from "./network_rules";

const BLOCKED = "net::ERR_BLOCKED_BY_CLIENT";
/** A download belongs to a task if the task acted so recently, or comes from a page of its tabs. */
const ACTED_MS = 5_000;
/** A person is told of at most so often for one tab. */
const PERSON_MS = 2_000;
/** How often a tab is brought back until it is there, and how long each time may take. */
const BACK_TRIES = 8;
const BACK_MS = 150;
/** So long after a task's end its policy still holds in its tabs. */
const ENDING_MS = 10_000;
/** How a person brings a tab elsewhere by themselves. */
const BY_PERSON = new Set(["typed", "auto_bookmark", "generated", "keyword", "keyword_generated"]);

/** What happened in a tab against the policy. */
interface Stop {
  readonly at: number;
  readonly error: ErrorInfo;
}

/** Looks after the tabs of tasks. */
export class TaskTabs {
  #rules = new Map<string, TaskTabsRule>();
  /** Those of tasks that have just ended. */
  readonly #ending = new Map<string, TaskTabsRule>();
  readonly #loaded: Promise<void>;
  #applying: Promise<void> = Promise.resolve();
  readonly #stops = new Map<number, Stop>();
  /** Where each tab was last that it may be. */
  readonly #lastGood = new Map<number, string>();
  readonly #actedAt = new Map<number, number>();
  readonly #personAt = new Map<number, number>();
  readonly #watched = new Set<string>();

  constructor(
    private readonly area: chrome.storage.StorageArea,
    private readonly tabs: Tabs,
    private readonly frames: Frames,
    private readonly tell: (input: PersonInput) => Promise<boolean>,
  ) {
    this.#loaded = this.#load();
  }

  /** Registers with Chrome. Must be called while the worker's script is first evaluated. */
  listen(): void {
    chrome.webNavigation.onCommitted.addListener((details) => {
      const isPersons =
        BY_PERSON.has(details.transitionType) || details.transitionQualifiers.includes("from_address_bar");
      if (details.frameId === 0 && isPersons) this.#person(details.tabId, "navigation");
    });
    chrome.downloads.onCreated.addListener((item) => {
      this.#see("a download", this.#download(item));
    });
  }

  /** What the server says of a task's tabs. */
  async set(rule: TaskTabsRule): Promise<void> {
    await this.#loaded;
    if (rule.forgetOthers) this.#rules.clear();
    if (rule.tabIds.length > 0) this.#rules.set(rule.taskId, rule);
    else this.#end(rule.taskId);
    await this.#apply();
    if (rule.groupTitle !== "")
      for (const tabId of rule.tabIds) await this.tabs.join(tabId, rule.taskId, rule.groupTitle);
  }

  /** What a task's last action set off may come a little later, in a tab that is not shown a second or more. */
  #end(taskId: string): void {
    const rule = this.#rules.get(taskId);
    if (rule === undefined) return;
    this.#rules.delete(taskId);
    this.#ending.set(taskId, rule);
    setTimeout(() => {
      if (this.#ending.delete(taskId)) this.#see("the end of a task", this.#apply());
    }, ENDING_MS);
  }

  /** A task acts in a tab: from now on its policy holds there. */
  async acting(taskId: string, tabId: number, policy: EffectivePolicy | undefined): Promise<void> {
    this.#actedAt.set(tabId, Date.now());
    this.#stops.delete(tabId);
    await this.#loaded;
    if (taskId === "" || tabId === 0 || policy === undefined) return;
    const known = this.#rules.get(taskId);
    const rule = create(TaskTabsRuleSchema, { taskId, tabIds: [tabId], policy });
    if (known !== undefined) {
      rule.tabIds = [...new Set([...known.tabIds, tabId])];
      rule.groupTitle = known.groupTitle;
      if (encode(TaskTabsRuleSchema, rule) === encode(TaskTabsRuleSchema, known)) return;
    }
    this.#rules.set(taskId, rule);
    await this.#apply();
  }

  /** Has a document of a task's tab tell when a person uses it. */
  watchPerson(tabId: number, documentIds: readonly string[]): void {
    if (this.#ruleOf(tabId) === undefined) return;
    for (const documentId of documentIds) {
      if (this.#watched.has(documentId)) continue;
      this.#watched.add(documentId);
      const kind = { case: "watchPerson", value: { enabled: true } } as const;
      this.frames.tell(tabId, documentId, create(FrameRequestSchema, { kind }));
    }
  }

  /** What was stopped in a tab since the last action in it began; taken once. */
  stopped(tabId: number): ErrorInfo | undefined {
    const stop = this.#stops.get(tabId);
    this.#stops.delete(tabId);
    return stop?.error;
  }

  /** Whether something was stopped there that nobody has taken yet. */
  hasStopped(tabId: number): boolean {
    return this.#stops.has(tabId);
  }

  /** Hears what happens in tabs. */
  hear(event: TabEvent): void {
    switch (event.kind) {
      case "committed":
        if (event.frameId === 0) this.#watched.clear();
        this.#see("a navigation", this.#arrived(event.tabId, event.frameId, event.url));
        break;
      case "failed":
        if (event.error === BLOCKED && event.frameId === 0) this.#see("a way", this.#blocked(event.tabId, event.url));
        break;
      case "spawned":
        this.#see("a window", this.#spawned(event.tabId, event.openedTabId));
        break;
      case "frame":
        if (event.event.kind.case === "personUsed") this.#person(event.tabId, event.event.kind.value.what);
        break;
      case "closed":
        this.#see("a closed tab", this.#closed(event.tabId));
        break;
      default:
        break;
    }
  }

  async #arrived(tabId: number, frameId: number, url: string): Promise<void> {
    await this.#loaded;
    const policy = this.#ruleOf(tabId)?.policy;
    if (policy === undefined || frameId !== 0) return;
    const refused = denialOf(policy, url);
    if (refused === undefined) {
      if (/^https?:/.test(url)) this.#lastGood.set(tabId, url);
      return;
    }
    this.#stop(tabId, refused);
    await this.bringBack(tabId);
  }

  /** Chrome's filter kept a tab from getting somewhere. It shows an error page now, where nobody can go on. */
  async #blocked(tabId: number, url: string): Promise<void> {
    await this.#loaded;
    const policy = this.#ruleOf(tabId)?.policy;
    if (policy === undefined) return;
    this.#stop(tabId, denialOf(policy, url) ?? denied("where the page led to"));
    await this.bringBack(tabId);
  }

  /** Brings a tab back to where it was last that it may be; a way that is under way ends with it. */
  async bringBack(tabId: number): Promise<void> {
    const policy = this.#ruleOf(tabId)?.policy;
    const url = this.#lastGood.get(tabId) ?? "about:blank";
    for (let attempt = 0; attempt < BACK_TRIES; attempt += 1) {
      await chrome.tabs.update(tabId, { url }).catch(() => undefined);
      await pause(BACK_MS);
      // Chrome's error page may have come after it, and be what the tab shows.
      const tab = await chrome.tabs.get(tabId).catch(() => undefined);
      if (tab === undefined || denialOf(policy, tab.pendingUrl ?? tab.url ?? "") === undefined) return;
    }
  }

  async #spawned(tabId: number, openedTabId: number): Promise<void> {
    await this.#loaded;
    const rule = this.#ruleOf(tabId);
    if (rule === undefined || rule.tabIds.includes(openedTabId)) return;
    rule.tabIds.push(openedTabId);
    await this.#apply();
    const tab = await chrome.tabs.get(openedTabId).catch(() => undefined);
    const refused = denialOf(rule.policy, tab?.pendingUrl ?? tab?.url ?? "");
    if (refused === undefined) return;
    this.#stop(tabId, refused);
    await chrome.tabs.remove(openedTabId).catch(() => undefined);
  }

  async #download(item: chrome.downloads.DownloadItem): Promise<void> {
    await this.#loaded;
    const found = await this.#tabOfDownload(item);
    if (found === undefined) return;
    const { tabId, policy } = found;
    const urls = [item.url, item.finalUrl].filter((url) => url !== "" && !/^(blob|data):/.test(url));
    const refused = urls.map((url) => denialOf(policy, url)).find((error) => error !== undefined);
    const isDenied = permissionOf(policy, item.referrer || item.url, Consequence.DOWNLOAD) === Permission.DENY;
    if (refused === undefined && !isDenied) return;
    await chrome.downloads.cancel(item.id);
    await chrome.downloads.erase({ id: item.id });
    this.#stop(tabId, refused ?? errorInfo(ErrorCode.POLICY_DENIED, "The policy allows no downloads here."));
  }

  /** Chrome does not say which tab a download is of: the one that was just acted in, or one that shows the referrer. */
  async #tabOfDownload(
    item: chrome.downloads.DownloadItem,
  ): Promise<{ tabId: number; policy: EffectivePolicy } | undefined> {
    for (const { tabIds, policy } of this.#rules.values()) {
      if (policy === undefined) continue;
      for (const tabId of tabIds) {
        const isRecent = Date.now() - (this.#actedAt.get(tabId) ?? 0) < ACTED_MS;
        const tab = isRecent ? undefined : await chrome.tabs.get(tabId).catch(() => undefined);
        const isItsPage = tab?.url !== undefined && item.referrer !== "" && sameOrigin(item.referrer, tab.url);
        if (isRecent || isItsPage) return { tabId, policy };
      }
    }
    return undefined;
  }

  async #closed(tabId: number): Promise<void> {
    await this.#loaded;
    for (const map of [this.#stops, this.#lastGood, this.#actedAt, this.#personAt]) map.delete(tabId);
    let changed = false;
    for (const [taskId, rule] of this.#rules) {
      if (!rule.tabIds.includes(tabId)) continue;
      rule.tabIds = rule.tabIds.filter((one) => one !== tabId);
      if (rule.tabIds.length === 0) this.#rules.delete(taskId);
      changed = true;
    }
    if (changed) await this.#apply();
  }

  #person(tabId: number, what: string): void {
    this.#see(
      "a person's input",
      this.#loaded.then(async () => {
        const before = this.#personAt.get(tabId) ?? 0;
        if (this.#ruleOf(tabId) === undefined || Date.now() - before < PERSON_MS) return;
        this.#personAt.set(tabId, Date.now());
        await this.tell(create(PersonInputSchema, { tabId, what }));
      }),
    );
  }

  #stop(tabId: number, error: ErrorInfo): void {
    this.#stops.set(tabId, { at: Date.now(), error });
  }

  #ruleOf(tabId: number): TaskTabsRule | undefined {
    return [...this.#rules.values(), ...this.#ending.values()].find((rule) => rule.tabIds.includes(tabId));
  }

  /** Writes the rules down and into Chrome's filter, one change after another. */
  #apply(): Promise<void> {
    this.#applying = this.#applying.catch(() => {}).then(() => this.#applyNow());
    return this.#applying;
  }

  async #applyNow(): Promise<void> {
    const rules: chrome.declarativeNetRequest.Rule[] = [];
    for (const { policy, tabIds } of [...this.#rules.values(), ...this.#ending.values()]) {
      if (policy !== undefined) rules.push(...networkRules(policy, tabIds, rules.length + 1));
    }
    const stored = [...this.#rules.values()].map((rule) => encode(TaskTabsRuleSchema, clone(TaskTabsRuleSchema, rule)));
    await this.area.set({ [SESSION.taskTabs]: stored });
    const before = await chrome.declarativeNetRequest.getSessionRules();
    await chrome.declarativeNetRequest.updateSessionRules({
      removeRuleIds: before.map(({ id }) => id),
      addRules: rules,
    });
  }

  async #load(): Promise<void> {
    const stored = (await this.area.get(SESSION.taskTabs))[SESSION.taskTabs];
    for (const text of Array.isArray(stored) ? stored : []) {
      const rule = decode(TaskTabsRuleSchema, text);
      if (rule !== undefined) this.#rules.set(rule.taskId, rule);
    }
    // What an earlier life of the worker was about to end, is ended.
    await this.#applyNow();
  }

  #see(what: string, work: Promise<void>): void {
    work.catch((thrown: unknown) =>
      console.error(`Tabwire: ${what} in a task's tab was not seen to`, messageOf(thrown)),
    );
  }
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin;
}
