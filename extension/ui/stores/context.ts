// Follows where the person is, so that the composer can show what a task will be told: the page in front, the selection,
// and the draft that the context menu left in storage. What is made of them is model/context.ts.

import { type TaskContext, TaskContextSchema } from "@gen/tabwire/v1/task_pb";
import { computed, signal } from "@preact/signals";
import { contextToSend, type Withheld, withoutElement, withoutSelection } from "../model/context";
import { ask } from "../services/background";
import { infoOf } from "../services/problem";
import { storedMessage } from "../services/storage";

/** How long to wait for the last of several signs of change. */
const CALM_MS = 120;

const NOTHING: Withheld = { page: false, selection: "" };

/** The context of the next task. */
export class ContextStore {
  readonly live = signal<TaskContext | undefined>(undefined);
  readonly draft = signal<TaskContext | undefined>(undefined);
  readonly withheld = signal<Withheld>(NOTHING);
  /** What would be sent now; undefined if nothing would. */
  readonly current = computed(() => contextToSend(this.live.value, this.draft.value, this.withheld.value));
  private readonly stored = storedMessage("session", "draft", TaskContextSchema);
  private readonly onDraft: () => void;
  private asked = 0;

  /** `onDraft` is called when the context menu was used while the panel is open. */
  constructor(onDraft: () => void) {
    this.onDraft = onDraft;
  }

  /** Reads the draft and the page and follows both from now on. Gives a function that ends it. */
  async start(): Promise<() => void> {
    const stops = [
      this.stored.watch((draft) => {
        this.takeDraft(draft);
        if (draft !== undefined) this.onDraft();
      }),
      this.followTabs(),
    ];
    this.takeDraft(await this.stored.get());
    await this.refresh();
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Asks where the person is now. */
  async refresh(): Promise<void> {
    this.asked += 1;
    const asked = this.asked;
    const live = await this.look();
    // A slow page must not overwrite what was learnt since.
    if (asked === this.asked) this.live.value = live;
  }

  /** Sends nothing about the page with the next task. */
  withholdPage(): void {
    this.withheld.value = { ...this.withheld.peek(), page: true };
  }

  /** Sends the page again. */
  restorePage(): void {
    this.withheld.value = { ...this.withheld.peek(), page: false };
  }

  /** Leaves the selected text out. */
  async withholdSelection(): Promise<void> {
    const selection = this.current.peek()?.selectedText ?? "";
    this.withheld.value = { ...this.withheld.peek(), selection };
    const draft = this.draft.peek();
    if (draft !== undefined && draft.selectedText !== "") await this.stored.set(withoutSelection(draft));
  }

  /** Leaves the element out. */
  async withholdElement(): Promise<void> {
    const draft = this.draft.peek();
    if (draft !== undefined) await this.stored.set(withoutElement(draft));
  }

  /** Forgets what belonged to the task that was just sent. */
  async sent(): Promise<void> {
    this.withheld.value = NOTHING;
    await this.stored.set(undefined);
  }

  private async look(): Promise<TaskContext | undefined> {
    try {
      return await ask({ case: "context", value: {} }, "context");
    } catch (error) {
      // A page that cannot be looked into is no reason not to take a task: it is sent without.
      console.warn("tabwire: no context", infoOf(error).message);
      return undefined;
    }
  }

  private takeDraft(draft: TaskContext | undefined): void {
    this.draft.value = draft;
    if (draft !== undefined) this.withheld.value = { ...this.withheld.peek(), page: false };
  }

  private followTabs(): () => void {
    let soon: ReturnType<typeof setTimeout> | undefined;
    // A page that loads tells of itself many times; it is looked at once.
    const refresh = (): void => {
      clearTimeout(soon);
      soon = setTimeout(() => {
        if (!document.hidden) void this.refresh();
      }, CALM_MS);
    };
    const updated = (_tabId: number, change: chrome.tabs.OnUpdatedInfo): void => {
      if (change.url !== undefined || change.title !== undefined || change.status === "complete") refresh();
    };
    chrome.tabs.onActivated.addListener(refresh);
    chrome.tabs.onUpdated.addListener(updated);
    document.addEventListener("visibilitychange", refresh);
    // A selection in the page is told by no event; the person comes back to the panel after making it.
    window.addEventListener("focus", refresh);
    document.addEventListener("pointerenter", refresh);
    return () => {
      clearTimeout(soon);
      chrome.tabs.onActivated.removeListener(refresh);
      chrome.tabs.onUpdated.removeListener(updated);
      document.removeEventListener("visibilitychange", refresh);
      window.removeEventListener("focus", refresh);
      document.removeEventListener("pointerenter", refresh);
    };
  }
}
