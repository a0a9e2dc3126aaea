// The panel as a whole: puts the stores together, decides which screen is shown, and brings back the task that was open
// when the panel was closed. Each store does its own part; views/ only show them.

import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { ConnectionPhase, type ConnectionStatus } from "@gen/tabwire/v1/extension_pb";
import type { Task } from "@gen/tabwire/v1/task_pb";
import { effect, signal, untracked } from "@preact/signals";
import type { Diagnose } from "../services/problem";
import { storedText } from "../services/storage";
import { type MakeTransport, TaskApi } from "../services/tasks";
import { Announcer } from "./announcer";
import { ComposerStore } from "./composer";
import { ConnectionStore } from "./connection";
import { ContextStore } from "./context";
import { HistoryStore } from "./history";
import { IdentityStore } from "./identity";
import { PairingStore } from "./pairing";
import { TaskStore } from "./task";

/** What the main part of the panel shows. */
export type Screen = "compose" | "task" | "history";

/** A panel that was out of sight for so long does not trust its stream any more. */
const TRUST_HIDDEN_MS = 30_000;

/** All of the panel's state. */
export class Panel {
  readonly screen = signal<Screen>("compose");
  readonly announcer = new Announcer();
  readonly connection = new ConnectionStore();
  readonly pairing = new PairingStore(this.connection);
  readonly history: HistoryStore;
  readonly identity: IdentityStore;
  readonly task: TaskStore;
  readonly context: ContextStore;
  readonly composer: ComposerStore;
  private readonly api: TaskApi;
  private readonly lastTask = storedText("local", "panel.lastTask");
  private hiddenAt: number | undefined;
  private server: string | undefined;

  constructor(makeTransport: MakeTransport, diagnose: Diagnose) {
    this.api = new TaskApi(makeTransport, diagnose);
    this.history = new HistoryStore(this.api);
    this.identity = new IdentityStore(this.api);
    this.task = new TaskStore(this.api, this.announcer);
    this.context = new ContextStore(() => this.compose());
    this.composer = new ComposerStore(this.api, this.context, (task) => this.openTask(task.taskId, task));
  }

  /** Brings the panel to life. Gives a function that ends all watching, of tests above all. */
  async start(): Promise<() => void> {
    const stops = [this.followVisibility()];
    await Promise.all([this.composer.start(), this.context.start().then((stop) => stops.push(stop))]);
    stops.push(await this.connection.start());
    stops.push(effect(() => this.followConnection()));
    return () => {
      for (const stop of stops) stop();
      this.task.close();
    };
  }

  /** Shows a task. */
  openTask(taskId: string, known?: Task): void {
    this.task.open(taskId, known);
    this.screen.value = "task";
    void this.lastTask.set(taskId);
  }

  /** Turns to the composer and leaves the open task, which runs on. */
  compose(): void {
    this.task.close();
    this.screen.value = "compose";
    this.composer.focus();
    void this.lastTask.set(undefined);
    if (this.connection.paired.peek()) void this.history.refresh();
  }

  /** Shows the history. */
  showHistory(): void {
    this.screen.value = "history";
    void this.history.refresh();
  }

  /** Leaves the history for where the person was before. */
  leaveHistory(): void {
    const open = this.task.taskId.peek() !== undefined;
    this.screen.value = open ? "task" : "compose";
    if (!open) this.composer.focus();
  }

  /** Gives the open task once more. */
  async runAgain(): Promise<void> {
    await this.context.refresh();
    const task = await this.task.again(this.context.current.peek());
    if (task !== undefined) this.openTask(task.taskId, task);
  }

  /** Brings the text of the open task into the composer, to be changed. */
  editAgain(): void {
    const text = this.task.view.peek()?.task.userPrompt ?? "";
    this.compose();
    this.composer.suggest(text);
  }

  /** Deletes the open task, and leaves it. */
  async deleteTask(): Promise<void> {
    const taskId = this.task.taskId.peek();
    if (taskId === undefined || !(await this.task.delete())) return;
    this.history.forget(taskId);
    this.compose();
  }

  /** Runs at every change of the link's state. */
  private followConnection(): void {
    const status = this.connection.status.value;
    if (status === undefined) return;
    untracked(() => this.takeStatus(status));
  }

  private takeStatus(status: ConnectionStatus): void {
    const server = this.connection.paired.peek() ? `${status.serverUrl} ${status.browserId}` : undefined;
    if (server !== this.server) {
      this.changeServer(server);
    } else if (status.phase === ConnectionPhase.CONNECTED) {
      this.task.hurry(false);
    }
  }

  private changeServer(server: string | undefined): void {
    const before = this.server;
    this.server = server;
    this.api.forget();
    this.history.clear();
    this.identity.clear();
    if (before !== undefined || server === undefined) {
      // Tasks belong to a server; those of the one before cannot be shown any more.
      this.task.close();
      this.screen.value = "compose";
    }
    if (server !== undefined) void this.restore(before === undefined);
  }

  /**
   * Brings back the last task, unless the person came with something new from the context menu or is writing already: what
   * is typed while the screen changes under it would be lost, and what is written would go on from that task unasked.
   */
  private async restore(opening: boolean): Promise<void> {
    const last = await this.lastTask.get();
    const isNew = this.composer.begun || this.context.draft.peek() !== undefined;
    if (opening && last !== undefined && !isNew) {
      this.task.open(last, undefined, (error) => {
        // A task that the server no longer knows is not worth an error when nobody asked for it.
        if (error.errorCode === ErrorCode.NOT_FOUND) this.compose();
      });
      this.screen.value = "task";
    } else {
      this.composer.focus();
    }
    await this.history.refresh();
  }

  private followVisibility(): () => void {
    const changed = (): void => {
      if (document.hidden) {
        this.hiddenAt = Date.now();
        return;
      }
      const away = Date.now() - (this.hiddenAt ?? Date.now());
      this.task.hurry(away > TRUST_HIDDEN_MS);
      void this.connection.refresh();
    };
    document.addEventListener("visibilitychange", changed);
    return () => document.removeEventListener("visibilitychange", changed);
  }
}
