import { create } from "@bufbuild/protobuf";
import { ClickActionSchema } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { type Command, CommandResultSchema, CommandSchema } from "@gen/tabwire/v1/link_pb";
import { describe, expect, it, vi } from "vitest";
import { CommandJournal, type Verdict } from "../../browser/server/command_journal";
import { asArea, FakeArea } from "./fake_chrome";

function click(commandId: string, more: { taskId?: string; epoch?: bigint } = {}): Command {
  const kind = { case: "click", value: { elementId: 1 } } as const;
  return create(CommandSchema, { commandId, ...more, request: { case: "action", value: { id: commandId, kind } } });
}

function upload(commandId: string, bytes: number): Command {
  const files = [{ name: "a.bin", content: new Uint8Array(bytes) }];
  const kind = { case: "uploadFiles", value: { elementId: 1, files } } as const;
  return create(CommandSchema, { commandId, request: { case: "action", value: { id: commandId, kind } } });
}

/** A click that was sent before, to a browser with this journal. */
function clickAgain(commandId: string, journalId: string): Command {
  return { ...click(commandId), journalId };
}

function errorOf(verdict: Verdict): ErrorCode | undefined {
  if (verdict.kind !== "answered") return undefined;
  const { outcome } = verdict.result;
  if (outcome.case === "errorInfo") return outcome.value.errorCode;
  return outcome.case === "actionResult" ? outcome.value.errorInfo?.errorCode : undefined;
}

function look(commandId: string): Command {
  return create(CommandSchema, { commandId, request: { case: "observe", value: {} } });
}

function elementTwo() {
  return create(ClickActionSchema, { elementId: 2 });
}

function answer(commandId: string, text = "done") {
  const outcome = {
    case: "actionResult",
    value: { originalActionId: commandId, outcomeDetails: { message: text } },
  } as const;
  return create(CommandResultSchema, { commandId, outcome });
}

function bigState(commandId: string) {
  const actionableElements = Array.from({ length: 500 }, (_, id) => ({ id, textContent: "x".repeat(1_000) }));
  return { commandId, actionableElements };
}

describe("the journal of commands", () => {
  it("answers a repeat with the stored result, in a later life of the worker too", async () => {
    const area = new FakeArea();
    const first = new CommandJournal(asArea(area));
    expect(await first.record(click("c1"))).toEqual({ kind: "new" });
    await first.begin("c1");
    await first.answer(answer("c1", "clicked"));

    for (const journal of [first, new CommandJournal(asArea(area))]) {
      const verdict = await journal.record(click("c1"));
      expect(verdict.kind).toBe("answered");
      if (verdict.kind !== "answered") return;
      expect(verdict.result.replayed).toBe(true);
      expect(
        verdict.result.outcome.case === "actionResult" && verdict.result.outcome.value.outcomeDetails?.message,
      ).toBe("clicked");
    }
  });

  it("refuses an id that was used for another action", async () => {
    const area = new FakeArea();
    await new CommandJournal(asArea(area)).record(click("c1"));
    const other = click("c1");
    if (other.request.case === "action") other.request.value.kind = { case: "click", value: elementTwo() };
    expect(await new CommandJournal(asArea(area)).record(other)).toEqual({ kind: "taken" });
    const seenElsewhere = click("c1");
    if (seenElsewhere.request.case === "action") seenElsewhere.request.value.documentId = "another look";
    expect(await new CommandJournal(asArea(area)).record(seenElsewhere)).toEqual({ kind: "running" });
  });

  it("has recorded a command in storage before it says so", async () => {
    const area = new FakeArea();
    await new CommandJournal(asArea(area)).record(click("c1"));
    const left = await new CommandJournal(asArea(area)).leftovers();
    expect(left.toRun.map((command) => command.commandId)).toEqual(["c1"]);
  });

  it("says that a repeat of what is being carried out is running", async () => {
    const journal = new CommandJournal(asArea(new FakeArea()));
    await journal.record(click("c1"));
    expect(await journal.record(click("c1"))).toEqual({ kind: "running" });
    await journal.begin("c1");
    expect(await journal.record(click("c1"))).toEqual({ kind: "running", begunAt: expect.any(Number) });
  });

  it("takes for begun only what is written down as begun", async () => {
    const area = new FakeArea();
    const journal = new CommandJournal(asArea(area));
    await journal.record(click("c1"));
    vi.spyOn(area, "set").mockRejectedValueOnce(new Error("QUOTA_BYTES quota exceeded"));
    await expect(journal.begin("c1")).rejects.toThrow("quota");
    expect(await journal.record(click("c1"))).toEqual({ kind: "running" });
    await journal.begin("c1");
    const left = await new CommandJournal(asArea(area)).leftovers();
    expect(left.inDoubt.map(({ command }) => command.commandId)).toEqual(["c1"]);
  });

  it("tells after a restart what to run, what is in doubt and what to deliver, each in its order", async () => {
    const area = new FakeArea();
    const journal = new CommandJournal(asArea(area));
    for (const command of [click("fresh"), click("doubt"), look("again"), click("told"), click("untold")]) {
      await journal.record(command);
      if (command.commandId !== "fresh") await journal.begin(command.commandId);
    }
    await journal.answer(answer("told"));
    await journal.deliver("told");
    await journal.answer(answer("untold"));

    // That an answer was taken over is written down in a while.
    const left = await vi.waitFor(
      async () => {
        const found = await new CommandJournal(asArea(area)).leftovers();
        expect(found.toDeliver.map((result) => result.commandId)).toEqual(["untold"]);
        return found;
      },
      { timeout: 10_000 },
    );
    expect(left.toRun.map((command) => command.commandId)).toEqual(["fresh", "again"]);
    expect(left.inDoubt.map(({ command }) => command.commandId)).toEqual(["doubt"]);
  });

  it("writes what matters down as begun in one go with recording it", async () => {
    const area = new FakeArea();
    const { verdict, written } = await new CommandJournal(asArea(area)).admit(click("c1"), true);
    await written;
    expect(verdict).toEqual({ kind: "new" });
    expect(area.writes).toBe(1);
    const left = await new CommandJournal(asArea(area)).leftovers();
    expect(left.inDoubt).toMatchObject([{ command: { commandId: "c1" }, begunAt: expect.any(Number) }]);
  });

  it("keeps no answer to a look, and forgets the look when its answer was taken over", async () => {
    const area = new FakeArea();
    const journal = new CommandJournal(asArea(area));
    await journal.record(look("o1"));
    await journal.answer(create(CommandResultSchema, { commandId: "o1", outcome: { case: "pageState", value: {} } }));
    expect(await journal.record(look("o1"))).toEqual({ kind: "running" });
    await journal.deliver("o1");
    expect(await journal.record(look("o1"))).toEqual({ kind: "new" });
  });

  it("keeps of a command with large files only who asked, and never begins it again", async () => {
    const area = new FakeArea();
    const journal = new CommandJournal(asArea(area));
    const command = upload("u1", 3_000_000);
    expect(await journal.record(command)).toEqual({ kind: "new" });
    expect(area.items.get("command:u1")?.length).toBeLessThan(1_000);
    expect(await journal.record(upload("u1", 3_000_000))).toEqual({ kind: "running" });
    expect(await journal.record(upload("u1", 3_000_001))).toEqual({ kind: "taken" });
    let left = await new CommandJournal(asArea(area)).leftovers();
    expect(left).toMatchObject({ toRun: [], inDoubt: [], lost: [{ command: { commandId: "u1" }, begun: false }] });
    await journal.begin("u1");
    left = await new CommandJournal(asArea(area)).leftovers();
    expect(left).toMatchObject({ toRun: [], inDoubt: [], lost: [{ begun: true }] });
    await journal.answer(answer("u1"));
    expect((await journal.record(command)).kind).toBe("answered");
  });

  it("fences a lower epoch of the same task, and no other task", async () => {
    const area = new FakeArea();
    const journal = new CommandJournal(asArea(area));
    await journal.record(click("t/1", { taskId: "t", epoch: 3n }));
    const later = new CommandJournal(asArea(area));
    expect(await later.record(click("t/2", { taskId: "t", epoch: 2n }))).toEqual({ kind: "fenced", epoch: 3n });
    expect(await later.record(click("t/3", { taskId: "t", epoch: 3n }))).toEqual({ kind: "new" });
    expect(await later.record(click("u/1", { taskId: "u", epoch: 1n }))).toEqual({ kind: "new" });
    expect(await later.record(click("direct"))).toEqual({ kind: "new" });
  });

  it("gives the stored answer of an older epoch to a newer one", async () => {
    const journal = new CommandJournal(asArea(new FakeArea()));
    await journal.record(click("t/1", { taskId: "t", epoch: 1n }));
    await journal.answer(answer("t/1"));
    const verdict = await journal.record(click("t/1", { taskId: "t", epoch: 2n }));
    expect(verdict).toMatchObject({ kind: "answered", result: { epoch: 2n, replayed: true } });
    expect(await journal.record(click("t/0", { taskId: "t", epoch: 1n }))).toMatchObject({ kind: "fenced" });
  });

  it("keeps a big answer to an action without its state, and drops one to a look", async () => {
    const area = new FakeArea();
    const journal = new CommandJournal(asArea(area));
    await journal.record(click("c1"));
    const state = { case: "newState", value: bigState("c1") } as const;
    const value = { originalActionId: "c1", stateAfter: state };
    await journal.answer(create(CommandResultSchema, { commandId: "c1", outcome: { case: "actionResult", value } }));
    const verdict = await journal.record(click("c1"));
    expect(verdict).toMatchObject({
      result: { outcome: { value: { originalActionId: "c1", stateAfter: { case: undefined } } } },
    });

    await journal.record(look("o1"));
    await journal.begin("o1");
    await journal.answer(
      create(CommandResultSchema, { commandId: "o1", outcome: { case: "pageState", value: bigState("o1") } }),
    );
    expect((await new CommandJournal(asArea(area)).leftovers()).toRun.map((c) => c.commandId)).toEqual(["o1"]);
    await journal.deliver("o1");
    expect(await journal.record(look("o1"))).toEqual({ kind: "new" });
  });

  it("has a name that lives as long as its records, and is stored before it is told", async () => {
    const area = new FakeArea();
    const id = await new CommandJournal(asArea(area)).id();
    expect(id).not.toBe("");
    expect(area.items.get("journal")).toBe(JSON.stringify(id));
    expect(await new CommandJournal(asArea(area)).id()).toBe(id);
    expect(await new CommandJournal(asArea(new FakeArea())).id()).not.toBe(id);

    const full = new FakeArea();
    const set = vi.spyOn(full, "set").mockRejectedValueOnce(new Error("QUOTA_BYTES quota exceeded"));
    const journal = new CommandJournal(asArea(full));
    await expect(journal.id()).rejects.toThrow("quota");
    set.mockRestore();
    const told = await journal.id();
    expect(full.items.get("journal")).toBe(JSON.stringify(told));
  });

  it("does not begin what was sent to a journal that is lost, and says so again to every repeat", async () => {
    const area = new FakeArea();
    const lost = new CommandJournal(asArea(area));
    const before = await lost.id();
    await lost.record(click("c1"));
    area.items.clear(); // the extension was loaded anew
    for (let life = 0; life < 2; life += 1) {
      const journal = new CommandJournal(asArea(area));
      await journal.id();
      expect(errorOf(await journal.record(clickAgain("c1", before)))).toBe(ErrorCode.OUTCOME_UNKNOWN);
      expect(errorOf(await journal.record(click("c1")))).toBe(ErrorCode.OUTCOME_UNKNOWN);
      expect((await journal.leftovers()).toRun).toEqual([]);
    }
  });

  it("carries out what was sent to this journal and did not arrive, and looks again whatever was lost", async () => {
    const journal = new CommandJournal(asArea(new FakeArea()));
    expect(await journal.record(clickAgain("c1", await journal.id()))).toEqual({ kind: "new" });
    expect(await journal.record({ ...look("o1"), journalId: "another" })).toEqual({ kind: "new" });
  });

  it("records a cancel: what was not begun is not begun in a later life either", async () => {
    const area = new FakeArea();
    const journal = new CommandJournal(asArea(area));
    for (const id of ["waits", "begun"]) await journal.record(click(id));
    await journal.record(look("look"));
    await journal.begin("begun");
    for (const id of ["waits", "begun", "look"]) await journal.cancel(id, "Stopped.");
    const left = await new CommandJournal(asArea(area)).leftovers();
    expect(left.toRun).toEqual([]);
    expect(left.cancelled.map(({ command, reason }) => [command.commandId, reason])).toEqual([
      ["waits", "Stopped."],
      ["look", "Stopped."],
    ]);
    expect(left.inDoubt.map(({ command }) => command.commandId)).toEqual(["begun"]);
  });

  it("remembers the cancel of a command that it does not know, and leaves alone what is answered", async () => {
    const area = new FakeArea();
    const journal = new CommandJournal(asArea(area));
    await journal.cancel("later", "Stopped.");
    await journal.record(click("done"));
    await journal.answer(answer("done", "clicked"));
    await journal.cancel("done", "Stopped.");
    for (const life of [journal, new CommandJournal(asArea(area))]) {
      expect(errorOf(await life.record(click("later")))).toBe(ErrorCode.CANCELLED);
      expect((await life.record(click("done"))).kind).toBe("answered");
      expect(errorOf(await life.record(click("done")))).toBe(undefined);
    }
    expect((await new CommandJournal(asArea(area)).leftovers()).toRun).toEqual([]);
  });

  it("stays within its bounds by dropping the oldest answered ones, never an unanswered one", async () => {
    const area = new FakeArea();
    const journal = new CommandJournal(asArea(area));
    await journal.record(click("open"));
    for (let index = 0; index < 450; index += 1) {
      await journal.record(click(`c${index}`));
      await journal.answer(answer(`c${index}`, "y".repeat(20_000)));
      await journal.deliver(`c${index}`);
    }
    const keys = [...area.items.keys()].filter((key) => key.startsWith("command:"));
    expect(keys.length).toBeLessThanOrEqual(400);
    expect(keys.reduce((sum, key) => sum + (area.items.get(key)?.length ?? 0), 0)).toBeLessThan(6_100_000);
    expect(keys).toContain("command:open");
    expect(keys).toContain("command:c449");
    expect(keys).not.toContain("command:c0");
  });
});
