// The text of the next task and its sending. The text survives the closing of the panel; a send that failed on the way can
// be repeated without giving the task twice. What the task does afterwards is stores/task.ts.

import { create, equals } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { ErrorCode, type ErrorInfo } from "@gen/tabwire/v1/error_pb";
import { type Task, TaskContextSchema } from "@gen/tabwire/v1/task_pb";
import { type CreateTaskRequest, CreateTaskRequestSchema } from "@gen/tabwire/v1/task_service_pb";
import { computed, signal } from "@preact/signals";
import { complaintOf } from "../model/complaint";
import { infoOf, panelError } from "../services/problem";
import { storedText } from "../services/storage";
import type { TaskApi } from "../services/tasks";
import type { ContextStore } from "./context";

const SAVE_AFTER_MS = 300;

/** The composer. */
export class ComposerStore {
  readonly text = signal("");
  /** The ended task that what is written goes on from, if the person left it at that; empty for a task of its own. */
  readonly follows = signal("");
  readonly busy = signal(false);
  readonly error = signal<ErrorInfo | undefined>(undefined);
  /** What to show under the text; undefined if nothing is wrong. */
  readonly complaint = computed(() =>
    this.error.value === undefined ? undefined : complaintOf(this.error.value, this.refusedText),
  );
  /** Counts the wishes to bring the caret into the text; the view follows it. */
  readonly focusWish = signal(0);
  private readonly api: TaskApi;
  private readonly context: ContextStore;
  private readonly onCreated: (task: Task) => void;
  private readonly stored = storedText("session", "panel.text");
  private saving: ReturnType<typeof setTimeout> | undefined;
  /** Whether the person has turned to the text since the panel was opened: from then on nothing may take it away. */
  begun = false;
  private refusedText = "";
  private focusTaken = 0;
  /** The last request that failed, for the same request again is to carry the same key. */
  private unsent: CreateTaskRequest | undefined;

  constructor(api: TaskApi, context: ContextStore, onCreated: (task: Task) => void) {
    this.api = api;
    this.context = context;
    this.onCreated = onCreated;
  }

  /** Brings back what was written before the panel was closed. */
  async start(): Promise<void> {
    const kept = await this.stored.get();
    if (kept !== undefined && this.text.peek() === "") this.text.value = kept;
  }

  /** The caret came into the text. */
  begin(): void {
    this.begun = true;
    void this.context.refresh();
  }

  /** Takes what the person writes. */
  write(text: string): void {
    this.begun = true;
    this.text.value = text;
    this.error.value = undefined;
    clearTimeout(this.saving);
    this.saving = setTimeout(() => void this.stored.set(text === "" ? undefined : text), SAVE_AFTER_MS);
  }

  /** Writes a text and brings the caret there. */
  suggest(text: string): void {
    this.write(text);
    this.focus();
  }

  /** Brings the caret into the text. */
  focus(): void {
    this.focusWish.value = this.focusWish.peek() + 1;
  }

  /** True once for each wish, so that a composer that merely appears leaves the focus where it is. */
  takeFocusWish(): boolean {
    const wished = this.focusWish.peek() > this.focusTaken;
    this.focusTaken = this.focusWish.peek();
    return wished;
  }

  /** Gives the task. */
  async send(): Promise<void> {
    if (this.busy.peek()) return;
    const text = this.text.peek();
    if (text.trim() === "") {
      this.refuse(panelError(ErrorCode.INVALID_ARGUMENT, "The task is empty.", "Write what is to be done."), text);
      return;
    }
    this.busy.value = true;
    try {
      await this.context.refresh();
      const task = await this.api.create(this.requestFor(text));
      this.unsent = undefined;
      this.write("");
      this.follows.value = "";
      await this.context.sent();
      this.onCreated(task);
    } catch (error) {
      this.refuse(infoOf(error), text);
    }
    this.busy.value = false;
  }

  private refuse(error: ErrorInfo, text: string): void {
    this.refusedText = text;
    this.error.value = error;
    this.focus();
  }

  private requestFor(text: string): CreateTaskRequest {
    const followsTaskId = this.follows.peek();
    // What goes on with a task goes on in its tabs, wherever the person is.
    const context = followsTaskId === "" ? this.context.current.peek() : undefined;
    const before = this.unsent;
    const isSame = before?.userPrompt === text && before.followsTaskId === followsTaskId;
    if (before !== undefined && isSame && sameContext(before, context)) return before;
    const request = create(CreateTaskRequestSchema, {
      idempotencyKey: crypto.randomUUID(),
      userPrompt: text,
      timestamp: timestampNow(),
      followsTaskId,
    });
    if (context !== undefined) request.context = context;
    this.unsent = request;
    return request;
  }
}

function sameContext(request: CreateTaskRequest, context: CreateTaskRequest["context"]): boolean {
  if (request.context === undefined || context === undefined) return request.context === context;
  return equals(TaskContextSchema, request.context, context);
}
