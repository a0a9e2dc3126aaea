// The watching of a task's journal over broken connections, with a clock of the test's own.

import { create } from "@bufbuild/protobuf";
import { ErrorCode, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import { type TaskEvent, TaskEventSchema } from "@gen/tabwire/v1/task_pb";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Problem } from "../../ui/services/problem";
import type { TaskApi } from "../../ui/services/tasks";
import { retryDelay, Watcher } from "../../ui/stores/watcher";

type Read = (afterSeq: bigint, signal: AbortSignal) => AsyncGenerator<TaskEvent>;

const seen: number[] = [];
const lost: ErrorCode[] = [];
const asked: bigint[] = [];

/** A watcher over reads that each test writes; the last one serves all further tries. */
function watcher(...reads: Read[]): Watcher {
  const watch = (_taskId: string, afterSeq: bigint, signal: AbortSignal): AsyncGenerator<TaskEvent> => {
    const read = reads[Math.min(asked.length, reads.length - 1)];
    asked.push(afterSeq);
    if (read === undefined) throw new Error("no read");
    return read(afterSeq, signal);
  };
  return new Watcher({ watch } as unknown as TaskApi, "t", {
    event: (event) => seen.push(Number(event.seq)),
    thinking: () => undefined,
    lost: (error) => lost.push(error.errorCode),
  });
}

function event(seq: number): TaskEvent {
  return create(TaskEventSchema, { taskId: "t", seq: BigInt(seq) });
}

function failing(code: ErrorCode, ...before: number[]): Read {
  return async function* () {
    for (const seq of before) yield event(seq);
    throw new Problem(create(ErrorInfoSchema, { errorCode: code, message: "no" }));
  };
}

const sending = (...seqs: number[]): Read =>
  async function* () {
    for (const seq of seqs) yield event(seq);
  };

beforeEach(() => {
  vi.useFakeTimers();
  for (const list of [seen, lost, asked]) list.length = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

describe("Watcher", () => {
  test("goes on after the last event, and leaves out what it has seen", async () => {
    const watching = watcher(failing(ErrorCode.UNAVAILABLE, 1, 2), sending(2, 3));
    const done = watching.run(() => seen.includes(3));
    await vi.advanceTimersByTimeAsync(60_000);
    await done;
    expect(seen).toEqual([1, 2, 3]);
    expect(asked).toEqual([0n, 2n]);
  });

  test("does not worry anybody at the first failure, but at the second", async () => {
    const watching = watcher(failing(ErrorCode.UNAVAILABLE));
    void watching.run(() => false);
    await vi.advanceTimersByTimeAsync(0);
    expect(watching.trouble.value).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1000);
    expect(watching.trouble.value?.errorCode).toBe(ErrorCode.UNAVAILABLE);
    watching.stop();
  });

  test("waits longer after each failure, and not at all when it is hurried", async () => {
    const watching = watcher(failing(ErrorCode.UNAVAILABLE));
    void watching.run(() => false);
    await vi.advanceTimersByTimeAsync(120_000);
    const tries = asked.length;
    expect(tries).toBeGreaterThan(8);
    expect(tries).toBeLessThan(30);
    watching.hurry(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.length).toBe(tries + 1);
    watching.stop();
  });

  test("gives up where trying is of no use", async () => {
    const watching = watcher(failing(ErrorCode.NOT_FOUND));
    await watching.run(() => false);
    expect(lost).toEqual([ErrorCode.NOT_FOUND]);
    expect(asked).toHaveLength(1);
  });

  test("replaces a stream that may be dead", async () => {
    const silent: Read = async function* (_afterSeq, signal) {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    };
    const watching = watcher(silent, sending(1));
    const done = watching.run(() => seen.includes(1));
    await vi.advanceTimersByTimeAsync(0);
    watching.hurry(false);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toHaveLength(1);
    watching.hurry(true);
    await vi.advanceTimersByTimeAsync(5000);
    await done;
    expect(seen).toEqual([1]);
  });

  test("stops for good", async () => {
    const watching = watcher(failing(ErrorCode.UNAVAILABLE));
    const done = watching.run(() => false);
    await vi.advanceTimersByTimeAsync(0);
    watching.stop();
    await done;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
  });
});

test("retryDelay grows to a limit and keeps half of it for chance", () => {
  expect(retryDelay(1, 0)).toBe(200);
  expect(retryDelay(1, 1)).toBe(400);
  expect(retryDelay(3, 1)).toBe(1600);
  expect(retryDelay(50, 1)).toBe(15_000);
});
