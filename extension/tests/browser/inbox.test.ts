import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type ActionResultSchema, ActionStatus } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import {
  type Command,
  type CommandResult,
  CommandResultSchema,
  CommandSchema,
  type Downlink,
  DownlinkSchema,
} from "@gen/tabwire/v1/link_pb";
import { describe, expect, it, vi } from "vitest";
import { ServerClock } from "../../browser/clock";
import { tabNotFound } from "../../browser/errors";
import { CommandJournal } from "../../browser/server/command_journal";
import { Inbox } from "../../browser/server/inbox";
import { asArea, FakeArea } from "./fake_chrome";

interface Run {
  readonly command: Command;
  readonly signal: AbortSignal;
  /** When an earlier life began it, if one did. */
  readonly begunAt: number | undefined;
  finish(text?: string, stateAfter?: MessageInitShape<typeof ActionResultSchema>["stateAfter"]): void;
}

/** An inbox whose commands wait until the test finishes them. */
class Bench {
  readonly runs: Run[] = [];
  readonly delivered: CommandResult[] = [];
  readonly busy: boolean[] = [];
  readonly clock = new ServerClock();
  linkTakes = true;
  failsOnce: "tab" | undefined;
  readonly inbox: Inbox;
  readonly #heard = new Set<() => void>();

  constructor(readonly area = new FakeArea()) {
    this.inbox = new Inbox({
      journal: new CommandJournal(asArea(area)),
      clock: this.clock,
      ready: Promise.resolve(),
      execute: (command, _until, signal, begunAt) => this.#execute(command, signal, begunAt),
      resolveTab: async (tabId) => {
        if (tabId === 404) throw tabNotFound();
        if (this.failsOnce === "tab") {
          this.failsOnce = undefined;
          throw new Error("Chrome does not say which tab is meant");
        }
        return tabId || 1;
      },
      deliver: async (result) => {
        this.delivered.push(result);
        this.#wake();
        return this.linkTakes;
      },
      onBusy: (busy) => this.busy.push(busy),
    });
  }

  #execute(command: Command, signal: AbortSignal, begunAt?: number): Promise<CommandResult> {
    return new Promise((resolve) => {
      const finish: Run["finish"] = (text = "done", stateAfter = { case: undefined }): void => {
        const value = { originalActionId: command.commandId, outcomeDetails: { message: text }, stateAfter };
        resolve(
          create(CommandResultSchema, {
            commandId: command.commandId,
            epoch: command.epoch,
            outcome: { case: "actionResult", value },
          }),
        );
      };
      this.runs.push({ command, signal, begunAt, finish });
      this.#wake();
    });
  }

  #wake(): void {
    for (const heard of [...this.#heard]) heard();
  }

  async until(predicate: () => boolean): Promise<void> {
    while (!predicate()) {
      await new Promise<void>((resolve) => {
        const heard = (): void => {
          this.#heard.delete(heard);
          resolve();
        };
        this.#heard.add(heard);
      });
    }
  }

  running(): string[] {
    return this.runs.map((run) => run.command.commandId);
  }
}

function click(commandId: string, more: Partial<Pick<Command, "tabId" | "taskId" | "epoch">> & { inMs?: number } = {}) {
  const { inMs = 60_000, ...rest } = more;
  const deadline = timestampFromMs(Date.now() + inMs);
  const action = { id: commandId, kind: { case: "click", value: { elementId: 1 } } } as const;
  const command = create(CommandSchema, {
    commandId,
    tabId: 1,
    ...rest,
    deadline,
    request: { case: "action", value: action },
  });
  return down({ case: "command", value: command });
}

function down(body: Downlink["body"]): Downlink {
  return create(DownlinkSchema, { seq: 1n, body });
}

function cancel(commandId: string): Downlink {
  const value = { $typeName: "tabwire.v1.CancelCommand", commandId, reason: "The person stopped the task." } as const;
  return down({ case: "cancelCommand", value });
}

function errorOf(result: CommandResult | undefined): ErrorCode | undefined {
  return result?.outcome.case === "errorInfo" ? result.outcome.value.errorCode : undefined;
}

describe("the inbox", () => {
  it("carries a command out once however often it comes, and answers every repeat", async () => {
    const bench = new Bench();
    expect(await bench.inbox.take(click("c1"))).toBe(true);
    await bench.inbox.take(click("c1"));
    await bench.until(() => bench.runs.length > 0);
    bench.runs[0]?.finish();
    await bench.until(() => bench.delivered.length === 1);
    await bench.inbox.take(click("c1"));
    await bench.until(() => bench.delivered.length === 2);
    expect(bench.running()).toEqual(["c1"]);
    expect(bench.delivered.map((result) => result.replayed)).toEqual([false, true]);
  });

  it("lines commands of one tab up and lets different tabs go side by side", async () => {
    const bench = new Bench();
    await bench.inbox.take(click("a1", { tabId: 1 }));
    await bench.inbox.take(click("a2", { tabId: 1 }));
    await bench.inbox.take(click("b1", { tabId: 2 }));
    await bench.until(() => bench.runs.length === 2);
    expect(bench.running().sort()).toEqual(["a1", "b1"]);
    bench.runs.find((run) => run.command.commandId === "a1")?.finish();
    await bench.until(() => bench.running().includes("a2"));
    expect(bench.busy).toEqual([true]);
  });

  it("puts a command for the active tab in the line of that tab", async () => {
    const bench = new Bench();
    await bench.inbox.take(click("a1", { tabId: 0 }));
    await bench.inbox.take(click("a2", { tabId: 1 }));
    await bench.until(() => bench.runs.length === 1);
    expect(bench.runs[0]?.command.tabId).toBe(1);
    bench.runs[0]?.finish();
    await bench.until(() => bench.running().includes("a2"));
  });

  it("does not begin what is late, by the server's clock", async () => {
    const bench = new Bench();
    bench.clock.learn(3_600_000);
    await bench.inbox.take(click("late", { inMs: 3_600_000 - 1 }));
    await bench.until(() => bench.delivered.length === 1);
    expect(errorOf(bench.delivered[0])).toBe(ErrorCode.COMMAND_REFUSED);
    expect(bench.runs).toEqual([]);
    await bench.inbox.take(click("timely", { inMs: 3_600_000 + 60_000 }));
    await bench.until(() => bench.runs.length === 1);
  });

  it("cancels what stands in line without beginning it, and tells a running one to stop", async () => {
    const bench = new Bench();
    await bench.inbox.take(click("a1"));
    await bench.inbox.take(click("a2"));
    await bench.until(() => bench.runs.length === 1);
    await bench.inbox.take(cancel("a2"));
    await bench.inbox.take(cancel("a1"));
    expect(bench.runs[0]?.signal.aborted).toBe(true);
    bench.runs[0]?.finish();
    await bench.until(() => bench.delivered.length === 2);
    expect(bench.running()).toEqual(["a1"]);
    const second = bench.delivered[1]?.outcome;
    expect(second).toMatchObject({
      case: "actionResult",
      value: { status: ActionStatus.CANCELLED, errorInfo: { message: "The person stopped the task." } },
    });
  });

  it("acknowledges a cancel when it is recorded, and not before", async () => {
    const bench = new Bench();
    await bench.inbox.take(click("c1"));
    await bench.inbox.take(click("c2"));
    await bench.until(() => bench.runs.length === 1);
    const full = vi.spyOn(bench.area, "set").mockRejectedValueOnce(new Error("QUOTA_BYTES quota exceeded"));
    await expect(bench.inbox.take(cancel("c2"))).rejects.toThrow("quota");
    full.mockRestore();
    expect(await bench.inbox.take(cancel("c2"))).toBe(true);

    const later = new Bench(bench.area); // the worker died with c1 begun and c2 in line
    await later.until(() => later.delivered.length === 1 && later.runs.length === 1);
    expect(later.runs.map(({ command, begunAt }) => [command.commandId, begunAt !== undefined])).toEqual([
      ["c1", true],
    ]);
    expect(later.delivered[0]).toMatchObject({
      commandId: "c2",
      outcome: { case: "actionResult", value: { status: ActionStatus.CANCELLED } },
    });
    expect(await later.inbox.take(click("c2"))).toBe(true);
    await later.until(() => later.delivered.length === 2);
    expect(later.delivered[1]).toMatchObject({ commandId: "c2", replayed: true });
    expect(later.runs).toHaveLength(1);
  });

  it("never begins what was cancelled before it came", async () => {
    const bench = new Bench();
    await bench.inbox.take(cancel("c1"));
    await bench.inbox.take(click("c1"));
    await bench.until(() => bench.delivered.length === 1);
    expect(bench.delivered[0]?.outcome).toMatchObject({ value: { status: ActionStatus.CANCELLED } });
    expect(bench.runs).toHaveLength(0);
  });

  it("fences an older epoch", async () => {
    const bench = new Bench();
    await bench.inbox.take(click("t/1", { taskId: "t", epoch: 2n }));
    await bench.inbox.take(click("t/0", { taskId: "t", epoch: 1n }));
    await bench.until(() => bench.delivered.length === 1);
    expect(errorOf(bench.delivered[0])).toBe(ErrorCode.EPOCH_FENCED);
    expect(bench.running()).not.toContain("t/0");
  });

  it("answers the newer epoch when a running command is asked for again", async () => {
    const bench = new Bench();
    await bench.inbox.take(click("t/1", { taskId: "t", epoch: 1n }));
    await bench.until(() => bench.runs.length === 1);
    await bench.inbox.take(click("t/1", { taskId: "t", epoch: 2n }));
    bench.runs[0]?.finish();
    await bench.until(() => bench.delivered.length === 1);
    expect(bench.delivered[0]?.epoch).toBe(2n);
    expect(bench.runs).toHaveLength(1);
  });

  it("takes up after the worker's death: asks what became of what was begun, and begins what was not", async () => {
    const first = new Bench();
    await first.inbox.take(click("begun"));
    await first.inbox.take(click("waiting"));
    await first.until(() => first.runs.length === 1);

    const second = new Bench(first.area);
    await second.until(() => second.runs.length === 1);
    expect(second.runs[0]).toMatchObject({ command: { commandId: "begun" }, begunAt: expect.any(Number) });
    second.runs[0]?.finish();
    await second.until(() => second.runs.length === 2);
    expect(second.runs[1]).toMatchObject({ command: { commandId: "waiting" }, begunAt: undefined });
    expect(second.delivered.map((result) => result.commandId)).toEqual(["begun"]);
  });

  it("begins a look while it is written down, and an action only after that", async () => {
    const bench = new Bench();
    const area = bench.area;
    const set = area.set.bind(area);
    const stored: (() => void)[] = [];
    area.set = (items) => new Promise((resolve) => stored.push(() => resolve(set(items))));
    const looking = create(CommandSchema, { commandId: "o1", tabId: 1, request: { case: "observe", value: {} } });
    const taken = bench.inbox.take(down({ case: "command", value: looking }));
    await bench.until(() => bench.runs.length === 1);
    expect(stored).toHaveLength(1);
    bench.runs[0]?.finish();
    stored.shift()?.();
    expect(await taken).toBe(true);
    const acting = bench.inbox.take(click("c1", { tabId: 2 }));
    await vi.waitFor(() => expect(stored).toHaveLength(1));
    expect(bench.running()).toEqual(["o1"]);
    stored.shift()?.();
    expect(await acting).toBe(true);
    await bench.until(() => bench.runs.length === 2);
  });

  it("tells of a large command of an earlier life that nobody knows what became of it", async () => {
    const first = new Bench();
    const files = [{ name: "a.bin", content: new Uint8Array(1_000_000) }];
    const kind = { case: "uploadFiles", value: { elementId: 1, files } } as const;
    const action = { id: "u1", kind };
    const command = create(CommandSchema, { commandId: "u1", tabId: 1, request: { case: "action", value: action } });
    await first.inbox.take(down({ case: "command", value: command }));
    await first.until(() => first.runs.length === 1);
    const second = new Bench(first.area);
    await second.until(() => second.delivered.length === 1);
    expect(errorOf(second.delivered[0])).toBe(ErrorCode.OUTCOME_UNKNOWN);
    expect(second.runs).toEqual([]);
  });

  it("hands an answer over again that the link did not take, also in the next life", async () => {
    const first = new Bench();
    first.linkTakes = false;
    await first.inbox.take(click("c1"));
    await first.until(() => first.runs.length === 1);
    first.runs[0]?.finish();
    await first.until(() => first.delivered.length === 1);
    await first.inbox.redeliver();
    expect(first.delivered).toHaveLength(2);

    const second = new Bench(first.area);
    await second.until(() => second.delivered.length === 1);
    expect(second.delivered[0]).toMatchObject({ commandId: "c1" });
    expect(second.runs).toEqual([]);
  });

  it("gives a command whose tab is gone to its handler, which says so", async () => {
    const bench = new Bench();
    await bench.inbox.take(click("c1", { tabId: 404 }));
    await bench.until(() => bench.runs.length === 1);
    expect(bench.runs[0]?.command.tabId).toBe(404);
  });

  it("refuses another action with the id of a running one, which stays the one that is answered", async () => {
    const bench = new Bench();
    await bench.inbox.take(click("x"));
    await bench.until(() => bench.runs.length === 1);
    const other = click("x", { tabId: 2 });
    await bench.inbox.take(other);
    await bench.until(() => bench.delivered.length === 1);
    expect(errorOf(bench.delivered[0])).toBe(ErrorCode.ALREADY_EXISTS);
    bench.runs[0]?.finish();
    await bench.until(() => bench.delivered.length === 2);
    await bench.inbox.take(click("x"));
    await bench.until(() => bench.delivered.length === 3);
    expect(bench.delivered[2]).toMatchObject({ outcome: { case: "actionResult" }, replayed: true });
    expect(bench.running()).toEqual(["x"]);
  });

  it("says that the outcome is unknown if the answer cannot be written, and does nothing twice", async () => {
    vi.spyOn(console, "error").mockImplementationOnce(() => {});
    const bench = new Bench();
    await bench.inbox.take(click("c1"));
    await bench.until(() => bench.runs.length === 1);
    bench.runs[0]?.finish("done", { case: "newState", value: { revision: -1n } });
    await bench.until(() => bench.delivered.length === 1);
    expect(errorOf(bench.delivered[0])).toBe(ErrorCode.OUTCOME_UNKNOWN);
    await bench.inbox.take(click("c1"));
    await bench.until(() => bench.delivered.length === 2);
    expect(bench.running()).toEqual(["c1"]);
  });

  it("finds out what became of what was written down as begun and does not run", async () => {
    const bench = new Bench();
    bench.failsOnce = "tab";
    await expect(bench.inbox.take(click("c1"))).rejects.toThrow("which tab");
    expect(await bench.inbox.take(click("c1"))).toBe(true);
    await bench.until(() => bench.runs.length === 1);
    expect(bench.runs[0]?.begunAt).toEqual(expect.any(Number));
  });

  it("begins nothing that could not be written down, however often it comes", async () => {
    const bench = new Bench();
    const full = vi.spyOn(bench.area, "set").mockRejectedValue(new Error("QUOTA_BYTES quota exceeded"));
    await expect(bench.inbox.take(click("c1"))).rejects.toThrow("quota");
    await expect(bench.inbox.take(click("c1"))).rejects.toThrow("quota");
    expect(bench.runs).toEqual([]);
    full.mockRestore();
    expect(await bench.inbox.take(click("c1"))).toBe(true);
    await bench.until(() => bench.runs.length === 1);
    expect(bench.area.items.get("command:c1")).toContain("begun");
  });

  it("acknowledges what it does not know", async () => {
    expect(await new Bench().inbox.take(down({ case: undefined }))).toBe(true);
  });
});
