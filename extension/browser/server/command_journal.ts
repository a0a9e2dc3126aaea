// Remembers every command from before it is acknowledged until its answer is old, in chrome.storage.session, so that
// none is carried out twice however often the service worker dies or the server repeats itself. The rule:
//   recorded before acknowledged; what matters is recorded as begun before it is begun; a repeat of an answered one gets
//   the stored answer; a cancel is recorded like a command, so that what it is about is never begun, also not later; after a
//   restart what was not begun is begun, what only looks is done again, and of anything else the outcome is unknown.
// Old answers are dropped; that the command was carried out is remembered all the same (forgotten.ts), and a repeat refused.
// All of it is gone when the extension is loaded anew or the browser is started again. So the journal has a name, which the
// server knows: of what was sent while another journal was kept, the outcome is unknown as well.
// Nobody waits for the writing of more than that: an answer is told while it is written, and that it was taken over is
// noted later. Carrying out is the inbox's business (inbox.ts).

import { create, toBinary } from "@bufbuild/protobuf";
import type { Action } from "@gen/tabwire/v1/action_pb";
import { type Command, type CommandResult, CommandResultSchema, CommandSchema } from "@gen/tabwire/v1/link_pb";
import { digestOf } from "../../link/digest";
import { base64Encode } from "../../wire/base64";
import { isRepeatable } from "../effects";
import { outcomeUnknown } from "../errors";
import { encodeResult } from "../states/written";
import { decode, encode, SESSION } from "../store";
import { FORGOTTEN_LIMITS, Forgotten, type ForgottenLimits } from "./forgotten";
import { cancelled, cancelReason, refusal } from "./refusals";

/** How many commands are remembered with their answers. The oldest answered ones go first. */
export interface JournalLimits extends ForgottenLimits {
  /** At most so many of them. */
  readonly entries: number;
  /** At most so many characters. */
  readonly characters: number;
}

const JOURNAL_LIMITS: JournalLimits = { ...FORGOTTEN_LIMITS, entries: 400, characters: 6_000_000 };
/** Where a limit is reached, so many more are dropped at once: dropping costs a look at all. */
const TRIM_PART = 0.05;
/**
 * A longer answer is remembered without the state after it; and one to a command that only looks not at all, because
 * looking again is as good.
 */
const MAX_RESULT_CHARACTERS = 250_000;
/** A longer command (one with files in it) is remembered without what it is to do: it is never begun from here again. */
const MAX_COMMAND_BYTES = 500_000;
/** At most so many tasks' epochs. */
const MAX_EPOCHS = 500;
/** How long to collect what may be written later. */
const LATER_MS = 1_000;

/** How far a command got. "answered": its result is stored; "delivered": the link has taken it over. */
export type CommandPhase = "recorded" | "begun" | "answered" | "delivered";

/** One remembered command, as it is stored. */
interface Entry {
  readonly order: number;
  /** Tells the command from another one with the same id; empty if only a cancel of it has come. */
  readonly digest: string;
  phase: CommandPhase;
  /** When carrying it out began, in milliseconds of the browser's clock. */
  begunAt?: number;
  /** The command, until it is answered. */
  command?: string;
  /** True if that is only who asked. */
  isStub?: boolean;
  /** The answer. */
  result?: string;
  /** Why it is not to be begun any more. */
  cancelled?: string;
  /** True if it only looks: then nothing needs to be remembered of it when its answer is dropped. */
  looks?: true;
}

/** What to do with a command that has arrived. */
export type Verdict =
  /** Carry it out. */
  | { kind: "new" }
  /** It has no answer yet. When it was begun, if it was. */
  | { kind: "running"; begunAt?: number }
  /** It was answered; this is the answer. */
  | { kind: "answered"; result: CommandResult }
  /** It was carried out, or cancelled, and answered; the answer is no longer kept. */
  | { kind: "forgotten" }
  /** Its id was used for something else. */
  | { kind: "taken" }
  /** It belongs to an older epoch than was seen for its task. */
  | { kind: "fenced"; epoch: bigint };

/** What a former life of the service worker left behind. */
export interface Leftovers {
  /** To be carried out now. */
  readonly toRun: Command[];
  /** Never begun, and cancelled; and why. */
  readonly cancelled: { command: Command; reason: string }[];
  /** Begun, perhaps with effect, and never answered; and when that was. */
  readonly inDoubt: { command: Command; begunAt: number }[];
  /** Not answered and too large to be kept: only who asked is known, and whether it was begun. */
  readonly lost: { command: Command; begun: boolean }[];
  /** Answered, but perhaps not told to the server. */
  readonly toDeliver: CommandResult[];
}

/** What is said about a command that has arrived, and when that is safe from the death of the service worker. */
export interface Admission {
  readonly verdict: Verdict;
  readonly written: Promise<void>;
}

/** The journal of commands. */
export class CommandJournal {
  readonly #area: chrome.storage.StorageArea;
  readonly #loaded: Promise<void>;
  readonly #entries = new Map<string, Entry>();
  #epochs: Record<string, string> = {};
  #id: string = crypto.randomUUID();
  /** Whether the name is stored. */
  #isNamed = false;
  #order = 0;
  /** Characters of all entries. */
  #characters = 0;
  /** Entries that are to be written, and keys that are to be removed, in a while. */
  readonly #dirty = new Set<string>();
  readonly #gone = new Set<string>();
  /** Of the latter those that are remembered as carried out from when they are removed on. */
  readonly #forgetting = new Set<string>();
  readonly #forgotten: Forgotten;
  readonly #limits: JournalLimits;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(area: chrome.storage.StorageArea, limits: JournalLimits = JOURNAL_LIMITS) {
    this.#area = area;
    this.#limits = limits;
    this.#forgotten = new Forgotten(limits);
    this.#loaded = this.#load();
  }

  /** The journal's name: it lives as long as what is recorded in it. To be told only after it is stored. */
  async id(): Promise<string> {
    await this.#loaded;
    if (!this.#isNamed) await this.#area.set({ [SESSION.journal]: this.#id });
    this.#isNamed = true;
    return this.#id;
  }

  /** Records a command that has arrived. When this returns, the command survives the death of the service worker. */
  async record(command: Command): Promise<Verdict> {
    const { verdict, written } = await this.admit(command, false);
    await written;
    return verdict;
  }

  /** Decides about a command that has arrived, and begins to write it down; as begun, if that follows at once. */
  async admit(command: Command, begins: boolean): Promise<Admission> {
    await this.#loaded;
    const known = this.#entries.get(command.commandId);
    const { digest, bytes } = summaryOf(command);
    if (known?.digest === "") {
      const { info } = cancelReason(known.cancelled ?? "");
      return this.#settled(command, { ...known, digest }, cancelled(command, info));
    }
    if (known !== undefined) {
      if (known.digest !== digest) return { verdict: { kind: "taken" }, written: Promise.resolve() };
      const verdict = repeated(command, known);
      return { verdict, written: this.#write(this.#raisedEpoch(command)) };
    }
    const seen = BigInt(this.#epochs[command.taskId] ?? "0");
    if (command.taskId !== "" && command.epoch < seen) {
      return { verdict: { kind: "fenced", epoch: seen }, written: Promise.resolve() };
    }
    const doubt = isRepeatable(command) ? "" : this.#doubtAbout(command);
    if (doubt === "forgotten") return { verdict: { kind: "forgotten" }, written: Promise.resolve() };
    this.#order += 1;
    if (doubt !== "") {
      const { info } = outcomeUnknown(doubt);
      return this.#settled(command, { order: this.#order, digest, phase: "answered" }, refusal(command, info));
    }
    const entry: Entry = { order: this.#order, digest, phase: begins ? "begun" : "recorded" };
    if (begins) entry.begunAt = Date.now();
    if (isRepeatable(command)) entry.looks = true;
    if (bytes <= MAX_COMMAND_BYTES) entry.command = encode(CommandSchema, withoutSecret(command));
    else Object.assign(entry, { command: encode(CommandSchema, stubOf(command)), isStub: true });
    this.#keep(command.commandId, entry);
    const items = { ...this.#raisedEpoch(command), [SESSION.command + command.commandId]: entry };
    const written = this.#write(items).catch((thrown: unknown) => {
      // What is not written down is not known: a repeat is written down anew.
      if (entry.result === undefined && this.#entries.get(command.commandId) === entry)
        this.#drop(command.commandId, entry);
      throw thrown;
    });
    return { verdict: { kind: "new" }, written };
  }

  /** Records that a command is not to be begun, whether it is known or comes later. When this returns, that survives. */
  async cancel(commandId: string, reason: string): Promise<void> {
    await this.#loaded;
    const known = this.#entries.get(commandId);
    if (known?.phase === "answered" || known?.phase === "delivered" || this.#isForgotten(commandId)) return;
    if (known === undefined) this.#order += 1;
    const entry: Entry = known ?? { order: this.#order, digest: "", phase: "delivered" };
    entry.cancelled = reason;
    if (known === undefined) this.#keep(commandId, entry);
    await this.#write({ [SESSION.command + commandId]: entry });
    if (known === undefined) this.#trim();
  }

  /** Notes that carrying out begins, unless that is noted already. */
  async begin(commandId: string): Promise<void> {
    await this.#loaded;
    const entry = this.#entries.get(commandId);
    if (entry === undefined || entry.phase === "begun") return;
    const begun: Entry = { ...entry, phase: "begun", begunAt: Date.now() };
    await this.#write({ [SESSION.command + commandId]: begun });
    Object.assign(entry, begun);
  }

  /** Stores the answer. `encoded` is its binary form, if there is one already. */
  async answer(result: CommandResult, encoded = encodeResult(result)): Promise<void> {
    await this.#loaded;
    const entry = this.#entries.get(result.commandId);
    if (entry === undefined) return;
    const isLong = (encoded.length * 4) / 3 > MAX_RESULT_CHARACTERS;
    const command = entry.isStub === true ? undefined : decode(CommandSchema, entry.command);
    // Looking again is as good as an answer that is kept, and only actions have ids that somebody may ask for again.
    if (command !== undefined && isRepeatable(command) && (isLong || command.request.case !== "action")) return;
    this.#characters -= sizeOf(entry);
    entry.phase = "answered";
    entry.result = isLong ? encode(CommandResultSchema, withoutState(result)) : base64Encode(encoded);
    delete entry.command;
    this.#characters += sizeOf(entry);
    await this.#write({ [SESSION.command + result.commandId]: entry });
    this.#trim();
  }

  /** Notes that the link has taken the answer over. */
  async deliver(commandId: string): Promise<void> {
    await this.#loaded;
    const entry = this.#entries.get(commandId);
    if (entry?.phase === "answered") {
      entry.phase = "delivered";
      this.#dirty.add(commandId);
      this.#flushLater();
    } else if (entry?.phase === "begun" || entry?.phase === "recorded") {
      this.#drop(commandId, entry);
    }
  }

  /** What is not finished. What a former life left behind is to be asked for before anything new is recorded. */
  async leftovers(): Promise<Leftovers> {
    await this.#loaded;
    const left: Leftovers = { toRun: [], cancelled: [], inDoubt: [], lost: [], toDeliver: [] };
    for (const entry of [...this.#entries.values()].sort((a, b) => a.order - b.order)) {
      const command = decode(CommandSchema, entry.command);
      const result = decode(CommandResultSchema, entry.result);
      if (entry.phase === "answered" && result !== undefined) left.toDeliver.push(result);
      if (command === undefined) continue;
      const isNotBegun = entry.phase === "recorded" || (entry.isStub !== true && isRepeatable(command));
      if (entry.cancelled !== undefined && isNotBegun) left.cancelled.push({ command, reason: entry.cancelled });
      else if (entry.isStub === true) left.lost.push({ command, begun: entry.phase === "begun" });
      else if (isNotBegun) left.toRun.push(command);
      else left.inDoubt.push({ command, begunAt: entry.begunAt ?? 0 });
    }
    return left;
  }

  /** Why a command that is not known here may have been carried out before; "forgotten" if it was; empty if it was not. */
  #doubtAbout({ commandId, journalId }: Command): string {
    if (this.#isForgotten(commandId)) return "forgotten";
    if (journalId === "") return "";
    if (journalId !== this.#id) return "The extension was loaded anew after this was sent to it.";
    return this.#forgotten.isDeep ? "So much was done since this was sent that it is not known any more." : "";
  }

  /** True if a command was carried out, or cancelled, and is not remembered but for that. */
  #isForgotten(commandId: string): boolean {
    return this.#forgetting.has(commandId) || this.#forgotten.has(commandId);
  }

  /** Answers a command at its arrival, without carrying it out. */
  #settled(command: Command, entry: Entry, result: CommandResult): Admission {
    entry.phase = "answered";
    entry.result = encode(CommandResultSchema, result);
    this.#keep(command.commandId, entry);
    const items = { ...this.#raisedEpoch(command), [SESSION.command + command.commandId]: entry };
    return { verdict: { kind: "answered", result }, written: this.#write(items) };
  }

  #keep(commandId: string, entry: Entry): void {
    this.#characters += sizeOf(entry) - sizeOf(this.#entries.get(commandId));
    this.#entries.set(commandId, entry);
    this.#gone.delete(commandId);
  }

  /** What there is to be written if the command raises its task's epoch; nothing if it does not. */
  #raisedEpoch(command: Command): Record<string, unknown> {
    if (command.taskId === "" || command.epoch <= BigInt(this.#epochs[command.taskId] ?? "0")) return {};
    // Re-inserted at the end, so that the longest unused ones are at the start.
    delete this.#epochs[command.taskId];
    this.#epochs[command.taskId] = command.epoch.toString();
    const tasks = Object.keys(this.#epochs);
    for (const task of tasks.slice(0, Math.max(0, tasks.length - MAX_EPOCHS))) delete this.#epochs[task];
    return { [SESSION.epochs]: this.#epochs };
  }

  async #load(): Promise<void> {
    const stored = await this.#area.get(null);
    const id = stored[SESSION.journal];
    if (typeof id === "string") this.#id = id;
    this.#isNamed = typeof id === "string";
    this.#epochs = (stored[SESSION.epochs] ?? {}) as Record<string, string>;
    this.#forgotten.load(stored);
    for (const [key, value] of Object.entries(stored)) {
      if (!key.startsWith(SESSION.command)) continue;
      const entry = value as Entry;
      this.#entries.set(key.slice(SESSION.command.length), entry);
      this.#order = Math.max(this.#order, entry.order);
      this.#characters += sizeOf(entry);
    }
  }

  async #write(items: Record<string, unknown>): Promise<void> {
    if (Object.keys(items).length > 0) await this.#area.set(items);
  }

  #drop(commandId: string, entry: Entry): void {
    this.#entries.delete(commandId);
    this.#dirty.delete(commandId);
    this.#characters -= sizeOf(entry);
    this.#gone.add(commandId);
    this.#flushLater();
  }

  /** Drops the oldest answered commands until the limits hold. What is not answered is never dropped. */
  #trim(): void {
    const { entries, characters } = this.#limits;
    if (this.#entries.size <= entries && this.#characters <= characters) return;
    const keep = 1 - TRIM_PART;
    const old = [...this.#entries].filter(([, { phase }]) => phase === "delivered" || phase === "answered");
    // Those first that the server has, or is about to have.
    const rank = (entry: Entry): number => (entry.phase === "delivered" ? 0 : this.#order) + entry.order;
    for (const [commandId, entry] of old.sort((a, b) => rank(a[1]) - rank(b[1]))) {
      if (this.#entries.size <= entries * keep && this.#characters <= characters * keep) break;
      this.#drop(commandId, entry);
      if (entry.looks !== true) this.#forgetting.add(commandId);
    }
    // What is too much is not left lying about.
    this.#flush();
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => this.#flush(), LATER_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing
      .then(() => this.#tidyUp())
      // It only means that an answer may be told once more, or a command be looked up in vain.
      .catch((thrown: unknown) => console.error("Tabwire: the journal of commands could not be tidied up", thrown));
  }

  /** What is removed is remembered as carried out before that, so that it is always either known or known to be forgotten. */
  async #tidyUp(): Promise<void> {
    const forgetting = [...this.#forgetting];
    this.#forgotten.add(forgetting);
    const change = this.#forgotten.change();
    const items: Record<string, unknown> = { ...change.items };
    for (const commandId of this.#dirty) items[SESSION.command + commandId] = this.#entries.get(commandId);
    this.#dirty.clear();
    await this.#write(items);
    for (const commandId of forgetting) this.#forgetting.delete(commandId);
    const gone = [...this.#gone].filter((commandId) => !this.#forgetting.has(commandId));
    const keys = [...gone.map((commandId) => SESSION.command + commandId), ...change.gone];
    for (const commandId of gone) this.#gone.delete(commandId);
    if (keys.length > 0) await this.#area.remove(keys);
    this.#forgotten.written(change);
  }
}

function sizeOf(entry: Entry | undefined): number {
  return (entry?.command?.length ?? 0) + (entry?.result?.length ?? 0);
}

/**
 * What makes a command this one, in short: the request and the tab, not when and how often it was sent. The document is left
 * out too, because the server fills it in by what it saw last. And how many bytes that is.
 */
function summaryOf(command: Command): { digest: string; bytes: number } {
  const what = create(CommandSchema, { tabId: command.tabId });
  const { request } = command;
  what.request = request.case === "action" ? { case: "action", value: anywhere(request.value) } : request;
  const binary = toBinary(CommandSchema, what);
  return { digest: digestOf(binary), bytes: binary.length };
}

function anywhere(action: Action): Action {
  return { ...action, documentId: "" };
}

/** Who asked, without what for. */
function stubOf({ commandId, taskId, epoch, tabId }: Command): Command {
  return create(CommandSchema, { commandId, taskId, epoch, tabId });
}

/** What is kept of a command: never the value of a secret that came with it. */
function withoutSecret(command: Command): Command {
  if (command.secret === undefined) return command;
  const { secret: _, ...rest } = command;
  return rest;
}

function repeated(command: Command, known: Entry): Verdict {
  const result = decode(CommandResultSchema, known.result);
  if (result === undefined) {
    return known.begunAt === undefined ? { kind: "running" } : { kind: "running", begunAt: known.begunAt };
  }
  result.epoch = command.epoch;
  result.replayed = true;
  return { kind: "answered", result };
}

/** The answer to an action without the tab's state, which can be had by asking for it. */
function withoutState(result: CommandResult): CommandResult {
  const { outcome } = result;
  if (outcome.case !== "actionResult") return result;
  return { ...result, outcome: { case: outcome.case, value: { ...outcome.value, stateAfter: { case: undefined } } } };
}
