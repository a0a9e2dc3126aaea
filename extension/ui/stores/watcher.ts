// Follows the journal of one task through broken connections: reads from where it stood, waits longer after each failure,
// and tries at once when the panel comes into view. What the events mean is model/task_view.ts.

import { ErrorCode, type ErrorInfo } from "@gen/tabwire/v1/error_pb";
import type { TaskEvent, Thinking } from "@gen/tabwire/v1/task_pb";
import { signal } from "@preact/signals";
import { infoOf } from "../services/problem";
import type { TaskApi } from "../services/tasks";

/** How long to wait before the try after so many failures, in milliseconds: half of it is chance. */
export function retryDelay(failures: number, chance: number): number {
  const most = Math.min(15_000, 400 * 2 ** Math.min(failures - 1, 10));
  return Math.round(most / 2 + (most / 2) * chance);
}

/** What the watcher tells. */
export interface WatcherEvents {
  /** An event of the journal, in order, each once. */
  event(event: TaskEvent): void;
  /** What the model is writing at the moment. */
  thinking(thinking: Thinking): void;
  /** The task cannot be watched at all, and trying again is of no use. */
  lost(error: ErrorInfo): void;
}

/** Errors after which the same request cannot succeed. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.NOT_FOUND,
  ErrorCode.INVALID_ARGUMENT,
  ErrorCode.PERMISSION_DENIED,
  ErrorCode.UNIMPLEMENTED,
]);

/** One task's stream. */
export class Watcher {
  /** Why the stream is broken; undefined while it is open, and during the first try to open it again. */
  readonly trouble = signal<ErrorInfo | undefined>(undefined);
  private readonly api: TaskApi;
  private readonly taskId: string;
  private readonly events: WatcherEvents;
  private readonly stopped = new AbortController();
  private stream = new AbortController();
  private lastSeq = 0n;
  private failures = 0;
  private wake: (() => void) | undefined;

  constructor(api: TaskApi, taskId: string, events: WatcherEvents) {
    this.api = api;
    this.taskId = taskId;
    this.events = events;
  }

  /** Reads until the task has ended or `stop` is called. `isOver` says if the last event ended the task. */
  async run(isOver: () => boolean): Promise<void> {
    while (!this.stopped.signal.aborted) {
      const went = await this.read();
      if (went === "lost" || isOver() || this.stopped.signal.aborted) return;
      if (went === "failed") this.failures += 1;
      await this.pause();
    }
  }

  /** Ends it for good. */
  stop(): void {
    this.stopped.abort();
    this.stream.abort();
    this.wake?.();
  }

  /** Tries at once. `anew` also replaces a stream that seems to be open: after a long sleep it may be dead without a sign. */
  hurry(anew: boolean): void {
    if (anew) this.stream.abort();
    this.wake?.();
  }

  private async read(): Promise<"ended" | "failed" | "lost"> {
    this.stream = new AbortController();
    try {
      const { signal } = this.stream;
      for await (const event of this.api.watch(this.taskId, this.lastSeq, signal, (said) =>
        this.events.thinking(said),
      )) {
        this.failures = 0;
        this.trouble.value = undefined;
        // The server sends each event once and in order; a repeat would not be one.
        if (event.seq <= this.lastSeq) continue;
        this.lastSeq = event.seq;
        this.events.event(event);
      }
      return "ended";
    } catch (error) {
      const info = infoOf(error);
      if (FINAL.has(info.errorCode)) {
        this.events.lost(info);
        return "lost";
      }
      // A stream that breaks once is a restart of the server or the edge: no reason to worry anybody.
      if (this.failures > 0) this.trouble.value = info;
      return "failed";
    }
  }

  private async pause(): Promise<void> {
    const delay = retryDelay(Math.max(1, this.failures), Math.random());
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delay);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
  }
}
