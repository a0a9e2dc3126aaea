// The tasks of this owner, newest first, from the server, page by page; searching is done here, in what has been loaded.

import type { ErrorInfo } from "@gen/tabwire/v1/error_pb";
import type { Task } from "@gen/tabwire/v1/task_pb";
import type { ListTasksResponse } from "@gen/tabwire/v1/task_service_pb";
import { computed, signal } from "@preact/signals";
import { hasEnded } from "../model/task_view";
import { stateWord } from "../model/words";
import { infoOf } from "../services/problem";
import type { TaskApi } from "../services/tasks";

const PAGE_SIZE = 30;
const LOOK_EVERY_MS = 5000;

/** The history. */
export class HistoryStore {
  readonly tasks = signal<readonly Task[]>([]);
  /** True once the first page has been loaded. */
  readonly loaded = signal(false);
  readonly busy = signal(false);
  readonly error = signal<ErrorInfo | undefined>(undefined);
  readonly search = signal("");
  readonly hasMore = computed(() => this.nextPage.value !== "");
  /** The tasks in which every word of the search occurs. */
  readonly found = computed(() => this.tasks.value.filter((task) => matches(task, this.search.value)));
  /** The tasks that have not ended. */
  readonly running = computed(() => this.tasks.value.filter((task) => !hasEnded(task.state)));
  private readonly nextPage = signal("");
  private readonly api: TaskApi;

  constructor(api: TaskApi) {
    this.api = api;
  }

  /** Loads the newest tasks; older ones that were loaded before stay. */
  refresh(): Promise<void> {
    return this.load("");
  }

  /** Keeps the states of unfinished tasks fresh while they are in sight. Gives a function that ends it. */
  follow(): () => void {
    const timer = setInterval(() => {
      if (!document.hidden && this.running.peek().length > 0) void this.refresh();
    }, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }

  /** Loads the next page, if there is one. */
  async more(): Promise<void> {
    if (this.nextPage.peek() !== "") await this.load(this.nextPage.peek());
  }

  /** Leaves out a task that was deleted. */
  forget(taskId: string): void {
    this.tasks.value = this.tasks.peek().filter((task) => task.taskId !== taskId);
  }

  /** Forgets everything, because another server was paired. */
  clear(): void {
    this.tasks.value = [];
    this.loaded.value = false;
    this.nextPage.value = "";
    this.error.value = undefined;
  }

  private take(page: ListTasksResponse, newest: boolean): void {
    const before = this.tasks.peek();
    const fresh = new Set(page.tasks.map((task) => task.taskId));
    const others = before.filter((task) => !fresh.has(task.taskId));
    // Where the newest page does not reach what was loaded before, there is a gap: then only the page is kept.
    const joined = others.length < before.length;
    if (newest) {
      this.tasks.value = joined ? [...page.tasks, ...others] : page.tasks;
      if (!joined || others.length === 0) this.nextPage.value = page.nextPageToken;
    } else {
      this.tasks.value = [...others, ...page.tasks];
      this.nextPage.value = page.nextPageToken;
    }
  }

  private async load(pageToken: string): Promise<void> {
    if (this.busy.peek()) return;
    this.busy.value = true;
    this.error.value = undefined;
    try {
      const page = await this.api.list(PAGE_SIZE, pageToken);
      this.take(page, pageToken === "");
      this.loaded.value = true;
    } catch (error) {
      this.error.value = infoOf(error);
    }
    this.busy.value = false;
  }
}

/** True if every word of the search occurs in what a person can know of the task. */
export function matches(task: Task, search: string): boolean {
  const text = [task.userPrompt, task.result, task.context?.pageTitle, task.context?.url, stateWord(task.state)]
    .join("\n")
    .toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
