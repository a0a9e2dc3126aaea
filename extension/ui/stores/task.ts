// The task on screen: its view, kept up to date from the journal, and what a person can do with it. Closing it here, or
// closing the panel, only ends the watching; the task runs on at the server.

import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { ErrorInfo } from "@gen/tabwire/v1/error_pb";
import type { Task, TaskEffect, TaskEvent, Thinking } from "@gen/tabwire/v1/task_pb";
import type { ExportFormat } from "@gen/tabwire/v1/task_service_pb";
import { computed, signal } from "@preact/signals";
import { announcementOf } from "../model/sentences";
import { fold, hasEnded, type TaskView, viewOf } from "../model/task_view";
import { saveFile } from "../services/files";
import { infoOf } from "../services/problem";
import { showTab } from "../services/tabs";
import type { NewAnswer, NewTask, TaskApi } from "../services/tasks";
import type { Announcer } from "./announcer";
import { Watcher } from "./watcher";

/** What a person asked for and the server has not answered yet. */
export type Control = "pause" | "resume" | "stop" | "answer" | "again" | "steer" | "scratchpad" | "export" | "delete";

/** How long events are collected before they are shown together. */
const SHOW_AFTER_MS = 16;

const ENDS_THINKING: ReadonlySet<string> = new Set(["decisionMade", "modelReply", "stepUpdate", "stateChanged"]);

/** The task on screen. */
export class TaskStore {
  readonly taskId = signal<string | undefined>(undefined);
  readonly view = signal<TaskView | undefined>(undefined);
  readonly ended = computed(() => this.view.value !== undefined && hasEnded(this.view.value.task.state));
  /** Why the task cannot be shown at all. */
  readonly lost = signal<ErrorInfo | undefined>(undefined);
  /** Why the last wish of the person was not fulfilled. */
  readonly refusal = signal<ErrorInfo | undefined>(undefined);
  readonly busy = signal<Control | undefined>(undefined);
  /** What the model is writing; undefined while it is not. */
  readonly thinking = signal<Thinking | undefined>(undefined);
  /** What the task did, once it was asked for. */
  readonly effects = signal<readonly TaskEffect[] | undefined>(undefined);
  /** Why the task is not live at the moment. */
  readonly trouble = computed(() => this.watcher.value?.trouble.value);
  private readonly watcher = signal<Watcher | undefined>(undefined);
  private readonly api: TaskApi;
  private readonly announcer: Announcer;
  private folded: TaskView | undefined;
  /** The last thing that was to be said and could not be sent. */
  private unsaid: { readonly id: string; readonly text: string } | undefined;
  private showing: ReturnType<typeof setTimeout> | undefined;

  constructor(api: TaskApi, announcer: Announcer) {
    this.api = api;
    this.announcer = announcer;
  }

  /** Shows a task and follows it. With a task in hand it is on screen at once. `onLost` hears why it cannot be shown. */
  open(taskId: string, known?: Task, onLost?: (error: ErrorInfo) => void): void {
    if (this.taskId.peek() === taskId && this.lost.peek() === undefined) return;
    this.close();
    this.taskId.value = taskId;
    this.view.value = known === undefined ? undefined : viewOf(known);
    const watcher = new Watcher(this.api, taskId, {
      event: (event) => this.take(event, known?.lastEventSeq ?? 0n),
      thinking: (thinking) => {
        this.thinking.value = thinking;
      },
      lost: (error) => {
        this.lost.value = error;
        onLost?.(error);
      },
    });
    this.watcher.value = watcher;
    void watcher.run(() => this.folded !== undefined && hasEnded(this.folded.task.state));
  }

  /** Ends the watching. */
  close(): void {
    this.watcher.peek()?.stop();
    clearTimeout(this.showing);
    this.showing = undefined;
    this.watcher.value = undefined;
    this.folded = undefined;
    this.taskId.value = undefined;
    this.view.value = undefined;
    this.lost.value = undefined;
    this.refusal.value = undefined;
    this.busy.value = undefined;
    this.thinking.value = undefined;
    this.effects.value = undefined;
    this.unsaid = undefined;
  }

  /** Looks for news at once: the panel came into view, or the connection came back. */
  hurry(anew: boolean): void {
    this.watcher.peek()?.hurry(anew);
  }

  pause(): Promise<boolean> {
    return this.control("pause", (taskId) => this.api.pause(taskId));
  }

  resume(): Promise<boolean> {
    return this.control("resume", (taskId) => this.api.resume(taskId));
  }

  stop(): Promise<boolean> {
    return this.control("stop", (taskId) => this.api.stop(taskId, "from the side panel"));
  }

  /** Answers the open request. */
  answer(answer: NewAnswer): Promise<boolean> {
    return this.control("answer", (taskId) => this.api.answer(taskId, answer));
  }

  /** Says something to the agent. True if it was taken; said again after a failure it is still the same message. */
  steer(text: string, interrupt: boolean): Promise<boolean> {
    if (this.unsaid?.text !== text) this.unsaid = { id: crypto.randomUUID(), text };
    const { id } = this.unsaid;
    return this.control("steer", async (taskId) => {
      await this.api.steer(taskId, id, text, interrupt);
      this.unsaid = undefined;
    });
  }

  /** Replaces the agent's notebook. */
  writeScratchpad(scratchpad: string): Promise<boolean> {
    return this.control("scratchpad", (taskId) => this.api.writeScratchpad(taskId, scratchpad));
  }

  /** Deletes the task at the server. */
  delete(): Promise<boolean> {
    return this.control("delete", (taskId) => this.api.delete(taskId));
  }

  /** Fetches what the task did. */
  async lookAtEffects(): Promise<void> {
    const taskId = this.taskId.peek();
    if (taskId === undefined) return;
    try {
      const effects = await this.api.effects(taskId);
      if (this.taskId.peek() === taskId) this.effects.value = effects;
    } catch (error) {
      if (this.taskId.peek() === taskId) this.refusal.value = infoOf(error);
    }
  }

  /** Gives what the task brought to the person, as a file. */
  export(format: ExportFormat, table = ""): Promise<boolean> {
    return this.control("export", async (taskId) => saveFile(await this.api.export(taskId, format, table)));
  }

  /** Gives the same task once more, in the page where the person is now. */
  async again(context: NewTask["context"]): Promise<Task | undefined> {
    const before = this.view.peek()?.task;
    if (before === undefined) return undefined;
    let task: Task | undefined;
    await this.control("again", async () => {
      task = await this.api.create({
        idempotencyKey: crypto.randomUUID(),
        userPrompt: before.userPrompt,
        timestamp: timestampNow(),
        ...(context === undefined ? {} : { context }),
        decider: before.decider,
        maxRetries: before.maxRetries,
        details: before.details,
        startUrl: before.startUrl,
        outputSchema: before.outputSchema,
        model: before.model,
        secrets: before.secrets,
        ...(before.policy === undefined ? {} : { policy: before.policy }),
        ...(before.limits === undefined ? {} : { limits: before.limits }),
      });
    });
    return task;
  }

  /** Brings the task's tab to the front. */
  async showTab(): Promise<void> {
    this.refusal.value = undefined;
    try {
      await showTab(this.view.peek()?.task.tabId ?? 0);
    } catch (error) {
      this.refusal.value = infoOf(error);
    }
  }

  /** Does something with the open task, one thing at a time. True if it was done. */
  private async control(control: Control, call: (taskId: string) => Promise<void>): Promise<boolean> {
    const taskId = this.taskId.peek();
    if (taskId === undefined || this.busy.peek() !== undefined) return false;
    this.busy.value = control;
    this.refusal.value = undefined;
    let isDone = false;
    try {
      await call(taskId);
      isDone = true;
    } catch (error) {
      // The person may have turned to another task meanwhile.
      if (this.taskId.peek() === taskId) this.refusal.value = infoOf(error);
    }
    if (this.taskId.peek() === taskId) this.busy.value = undefined;
    return isDone;
  }

  private take(event: TaskEvent, knownSeq: bigint): void {
    this.folded = fold(this.folded, event);
    const announcement = announcementOf(event);
    if (announcement !== undefined) this.announcer.say(announcement);
    // What was thought is in the decision now, or of no use any more.
    if (ENDS_THINKING.has(event.kind.case ?? "")) this.thinking.value = undefined;
    // The task in hand is newer than the beginning of its journal; showing that would be a step back.
    if (event.seq < knownSeq) return;
    this.showing ??= setTimeout(() => {
      this.showing = undefined;
      this.view.value = this.folded;
    }, SHOW_AFTER_MS);
  }
}
