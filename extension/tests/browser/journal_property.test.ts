// The journal of commands under whatever may happen to it: the service worker dies at any moment, also between two writes;
// writes fail; commands come again at any age, marked as sent before or not; more is done than can be remembered. What
// matters is never begun twice.

import { create } from "@bufbuild/protobuf";
import { type Command, CommandResultSchema, CommandSchema } from "@gen/tabwire/v1/link_pb";
import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { CommandJournal, type JournalLimits } from "../../browser/server/command_journal";
import { FORGOTTEN_LIMITS, Forgotten } from "../../browser/server/forgotten";
import { asArea, FakeArea } from "./fake_chrome";

const SMALL: JournalLimits = { entries: 4, characters: 100_000, segments: 3, segmentIds: 2 };
const IDS = 40;

function click(commandId: string, journalId: string): Command {
  const kind = { case: "click", value: { elementId: 1 } } as const;
  return create(CommandSchema, {
    commandId,
    journalId,
    request: { case: "action", value: { id: commandId, kind } },
  });
}

function done(commandId: string) {
  const outcome = { case: "actionResult", value: { originalActionId: commandId } } as const;
  return create(CommandResultSchema, { commandId, outcome });
}

/** A storage area whose writes and removals can be refused, and that a dead worker reaches no more. */
class Area extends FakeArea {
  refuses = 0;

  /** The area as one life of the worker has it. */
  life(): { area: chrome.storage.StorageArea; die: () => void } {
    let isDead = false;
    const alive = async <T>(work: () => Promise<T>, changes: boolean): Promise<T> => {
      await Promise.resolve(); // storage is another process: a worker may die before it is reached
      if (isDead) return new Promise<T>(() => {});
      if (changes && this.refuses > 0) {
        this.refuses -= 1;
        throw new Error("QUOTA_BYTES quota exceeded");
      }
      return work();
    };
    const area = {
      get: (keys: string | string[] | null) => alive(() => this.get(keys), false),
      set: (items: Record<string, unknown>) => alive(() => this.set(items), true),
      remove: (keys: string | string[]) => alive(() => this.remove(keys), true),
    };
    return {
      area: area as unknown as chrome.storage.StorageArea,
      die: () => {
        isDead = true;
      },
    };
  }
}

/** A browser, and what the server has seen of it. */
class World {
  readonly area = new Area();
  /** How often each command was begun. */
  readonly begun = new Map<string, number>();
  /** Those that were sent before; the server marks them with the journal's name. */
  readonly sent = new Set<string>();
  forgot = 0;
  #life = this.area.life();
  #journal = new CommandJournal(this.#life.area, SMALL);

  die(): void {
    this.#life.die();
    this.#life = this.area.life();
    this.#journal = new CommandJournal(this.#life.area, SMALL);
  }

  /** A command comes, and is carried out and answered if it is new. */
  async command(commandId: string, answered: boolean): Promise<void> {
    const journal = this.#journal; // this life of the worker
    const mark = this.sent.has(commandId) ? await journal.id() : "";
    this.sent.add(commandId);
    const { verdict, written } = await journal.admit(click(commandId, mark), false);
    await written;
    if (verdict.kind === "forgotten") this.forgot += 1;
    if (verdict.kind !== "new" && !(verdict.kind === "running" && verdict.begunAt === undefined)) return;
    await journal.begin(commandId);
    this.begun.set(commandId, (this.begun.get(commandId) ?? 0) + 1);
    if (!answered) return;
    await journal.answer(done(commandId));
    await journal.deliver(commandId);
  }

  async cancel(commandId: string): Promise<void> {
    await this.#journal.cancel(commandId, "Stopped.");
  }

  check(): void {
    for (const [commandId, count] of this.begun) expect([commandId, count]).toEqual([commandId, 1]);
  }
}

const id = fc.integer({ min: 0, max: IDS - 1 }).map((number) => `c${number}`);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ what: fc.constant("command" as const), id, answered: fc.boolean() }) },
  { weight: 8, arbitrary: fc.record({ what: fc.constant("command" as const), id, answered: fc.constant(true) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("cancel" as const), id }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("die" as const), after: fc.integer({ min: 0, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("refuse" as const), count: fc.integer({ min: 1, max: 3 }) }) },
);

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

it("begins nothing twice that the server sends again, at whatever age", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {}); // refused writes are told there
  let forgotten = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 150 }), async (steps) => {
      const world = new World();
      for (const [index, one] of steps.entries()) {
        const next = steps[index + 1];
        if (one.what === "refuse") world.area.refuses = one.count;
        else if (one.what === "die") world.die();
        else {
          const work = one.what === "cancel" ? world.cancel(one.id) : world.command(one.id, one.answered);
          const settled = work.catch((thrown: unknown) => expect(String(thrown)).toContain("quota"));
          // The worker dies in the middle of it, if that is what comes next.
          await (next?.what === "die" ? turns(next.after) : settled);
        }
        world.check();
      }
      forgotten += world.forgot;
      world.die(); // what is still to be written later is not
    }),
    { numRuns: 300 },
  );
  expect(forgotten).toBeGreaterThan(100); // else the test has not been where it matters
});

it("tells a repeat of the last 100,000 from a new command, whoever sends it", () => {
  const before = new Forgotten();
  const ids = Array.from({ length: 100_000 }, (_, number) => `task-${number % 7}/${number}/0`);
  const stored: Record<string, string> = {};
  for (let start = 0; start < ids.length; start += 20) {
    before.add(ids.slice(start, start + 20));
    const change = before.change();
    Object.assign(stored, change.items);
    before.written(change);
  }
  const after = new Forgotten();
  after.load(stored);
  for (const forgotten of [before, after]) {
    expect(ids.every((known) => forgotten.has(known))).toBe(true);
    expect(ids.some((known) => forgotten.has(`${known}x`))).toBe(false);
    expect(forgotten.isDeep).toBe(false);
  }
  expect(Object.keys(stored)).toHaveLength(FORGOTTEN_LIMITS.segments);
  expect(Object.values(stored).join("").length).toBeLessThan(1_200_000);
  after.add(["one more"]);
  expect(after.isDeep).toBe(true);
  expect(after.has("task-0/0/0")).toBe(false);
});

it("tries again to write what could not be written", () => {
  const forgotten = new Forgotten({ segments: 2, segmentIds: 1 });
  forgotten.add(["a"]);
  forgotten.change(); // not written
  forgotten.add(["b", "c"]);
  const change = forgotten.change();
  expect([Object.keys(change.items), change.gone]).toEqual([["forgotten:1", "forgotten:2"], ["forgotten:0"]]);
  forgotten.written(change);
  expect(forgotten.change()).toEqual({ items: {}, gone: [] });
});

it("refuses what may be older than all that is remembered, if it may have been carried out, and nothing else", async () => {
  const area = new FakeArea();
  const journal = new CommandJournal(asArea(area), SMALL);
  const name = await journal.id();
  for (let number = 0; number < 40; number += 1) {
    await journal.record(click(`old${number}`, ""));
    await journal.answer(done(`old${number}`));
    await journal.deliver(`old${number}`);
  }
  const later = await vi.waitFor(async () => {
    const life = new CommandJournal(asArea(area), SMALL);
    expect((await life.record(click("old30", ""))).kind).toBe("forgotten");
    return life;
  });
  expect(await later.record(click("never seen", ""))).toEqual({ kind: "new" });
  const verdict = await later.record(click("old0", name));
  expect(verdict).toMatchObject({ kind: "answered", result: { outcome: { case: "errorInfo" } } });
});

/** A journal that has answered so many clicks. */
async function busy(area: FakeArea, clicks: number): Promise<CommandJournal> {
  const journal = new CommandJournal(asArea(area), SMALL);
  for (let number = 0; number < clicks; number += 1) {
    await journal.record(click(`c${number}`, ""));
    await journal.answer(done(`c${number}`));
    await journal.deliver(`c${number}`);
  }
  return journal;
}

it("removes no record before it is written that there was one", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const area = new FakeArea();
  const set = area.set.bind(area);
  let refused = 0;
  area.set = async (items) => {
    if (!Object.keys(items).some((key) => key.startsWith("forgotten:"))) return set(items);
    refused += 1;
    throw new Error("QUOTA_BYTES quota exceeded");
  };
  await busy(area, 6);
  await vi.waitFor(() => expect(refused).toBeGreaterThan(0));
  await turns(50);
  const later = new CommandJournal(asArea(area), SMALL);
  for (let number = 0; number < 6; number += 1)
    expect((await later.record(click(`c${number}`, ""))).kind).not.toBe("new");
});

it("does not take a cancel of what was carried out long ago for one of what is to come", async () => {
  const journal = await busy(new FakeArea(), 8);
  await journal.cancel("c0", "Stopped.");
  expect(await journal.record(click("c0", ""))).toEqual({ kind: "forgotten" });
});
