// Remembers every command from before it is acknowledged until its answer is old, in chrome.storage.session, so that
// none is carried out twice however often the service worker dies or the server repeats itself. The rule:
//   recorded before acknowledged; a repeat of an answered one gets the stored answer; after a restart what was not
//   begun is begun, what only looks is done again, and of anything else the outcome is unknown.
// Carrying out is the inbox's business (inbox.ts).

import { clone, create, toBinary } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { type Command, type CommandResult, CommandResultSchema, CommandSchema } from "@gen/tabwire/v1/link_pb";
import { isRepeatable } from "./effects";
import { decode, encode, SESSION } from "./store";

/** At most so many commands are remembered, and so many characters of them; the oldest answered ones go first. */
const MAX_ENTRIES = 400;
const MAX_CHARACTERS = 6_000_000;
/**
 * A longer answer is remembered without the state after it; and one to a command that only looks not at all, because
 * looking again is as good.
 */
const MAX_RESULT_CHARACTERS = 250_000;
/** At most so many tasks' epochs. */
const MAX_EPOCHS = 500;

/** How far a command got. "answered": its result is stored; "delivered": the link has taken it over. */
export type CommandPhase = "recorded" | "begun" | "answered" | "delivered";

/** One remembered command, as it is stored. */
interface Entry {
  readonly order: number;
  /** Tells the command from another one with the same id. */
  readonly digest: string;
  phase: CommandPhase;
  /** When carrying it out began, in milliseconds of the browser's clock. */
  begunAt?: number;
  /** The command, until it is answered. */
  command?: string;
  /** The answer. */
  result?: string;
}

/** What to do with a command that has arrived. */
export type Verdict =
  /** Carry it out. */
  | { kind: "new" }
  /** It is being carried out; its answer will come. */
  | { kind: "running" }
  /** It was answered; this is the answer. */
  | { kind: "answered"; result: CommandResult }
  /** Its id was used for something else. */
  | { kind: "taken" }
  /** It belongs to an older epoch than was seen for its task. */
  | { kind: "fenced"; epoch: bigint };

/** What a former life of the service worker left behind. */
export interface Leftovers {
  /** To be carried out now. */
  readonly toRun: Command[];
  /** Begun, perhaps with effect, and never answered; and when that was. */
  readonly inDoubt: { command: Command; begunAt: number }[];
  /** Answered, but perhaps not told to the server. */
  readonly toDeliver: CommandResult[];
}

/** The journal of commands. */
export class CommandJournal {
  readonly #area: chrome.storage.StorageArea;
  readonly #loaded: Promise<void>;
  readonly #entries = new Map<string, Entry>();
  #epochs: Record<string, string> = {};
  #order = 0;

  constructor(area: chrome.storage.StorageArea) {
    this.#area = area;
    this.#loaded = this.#load();
  }

  /** Records a command that has arrived. When this returns, the command survives the death of the service worker. */
  async record(command: Command): Promise<Verdict> {
    await this.#loaded;
    const known = this.#entries.get(command.commandId);
    const digest = await digestOf(command);
    if (known !== undefined) return known.digest === digest ? this.#repeat(command, known) : { kind: "taken" };
    const seen = BigInt(this.#epochs[command.taskId] ?? "0");
    if (command.taskId !== "" && command.epoch < seen) return { kind: "fenced", epoch: seen };
    this.#order += 1;
    const entry: Entry = { order: this.#order, digest, phase: "recorded", command: encode(CommandSchema, command) };
    this.#entries.set(command.commandId, entry);
    await this.#raiseEpoch(command);
    await this.#write(command.commandId, entry);
    return { kind: "new" };
  }

  /** Notes that carrying out begins. */
  async begin(commandId: string): Promise<void> {
    await this.#loaded;
    const entry = this.#entries.get(commandId);
    if (entry === undefined) return;
    entry.phase = "begun";
    entry.begunAt ??= Date.now();
    await this.#write(commandId, entry);
  }

  /** Stores the answer. */
  async answer(result: CommandResult): Promise<void> {
    await this.#loaded;
    const entry = this.#entries.get(result.commandId);
    if (entry === undefined) return;
    const stored = encode(CommandResultSchema, result);
    if (stored.length > MAX_RESULT_CHARACTERS) {
      const command = decode(CommandSchema, entry.command);
      if (command !== undefined && isRepeatable(command)) return;
    }
    entry.phase = "answered";
    entry.result = stored.length > MAX_RESULT_CHARACTERS ? encode(CommandResultSchema, withoutState(result)) : stored;
    delete entry.command;
    await this.#write(result.commandId, entry);
    await this.#trim();
  }

  /** Notes that the link has taken the answer over. */
  async deliver(commandId: string): Promise<void> {
    await this.#loaded;
    const entry = this.#entries.get(commandId);
    if (entry?.phase === "answered") {
      entry.phase = "delivered";
      await this.#write(commandId, entry);
    } else if (entry?.phase === "begun") {
      this.#entries.delete(commandId);
      await this.#area.remove(SESSION.command + commandId);
    }
  }

  /** What is not finished. What a former life left behind is to be asked for before anything new is recorded. */
  async leftovers(): Promise<Leftovers> {
    await this.#loaded;
    const left: Leftovers = { toRun: [], inDoubt: [], toDeliver: [] };
    for (const entry of [...this.#entries.values()].sort((a, b) => a.order - b.order)) {
      const command = decode(CommandSchema, entry.command);
      const result = decode(CommandResultSchema, entry.result);
      if (entry.phase === "answered" && result !== undefined) left.toDeliver.push(result);
      if (command === undefined) continue;
      if (entry.phase === "recorded" || isRepeatable(command)) left.toRun.push(command);
      else left.inDoubt.push({ command, begunAt: entry.begunAt ?? 0 });
    }
    return left;
  }

  async #repeat(command: Command, known: Entry): Promise<Verdict> {
    await this.#raiseEpoch(command);
    const result = decode(CommandResultSchema, known.result);
    if (result === undefined) return { kind: "running" };
    result.epoch = command.epoch;
    result.replayed = true;
    return { kind: "answered", result };
  }

  async #raiseEpoch(command: Command): Promise<void> {
    if (command.taskId === "" || command.epoch <= BigInt(this.#epochs[command.taskId] ?? "0")) return;
    // Re-inserted at the end, so that the longest unused ones are at the start.
    delete this.#epochs[command.taskId];
    this.#epochs[command.taskId] = command.epoch.toString();
    const tasks = Object.keys(this.#epochs);
    for (const task of tasks.slice(0, Math.max(0, tasks.length - MAX_EPOCHS))) delete this.#epochs[task];
    await this.#area.set({ [SESSION.epochs]: this.#epochs });
  }

  async #load(): Promise<void> {
    const stored = await this.#area.get(null);
    this.#epochs = (stored[SESSION.epochs] ?? {}) as Record<string, string>;
    for (const [key, value] of Object.entries(stored)) {
      if (!key.startsWith(SESSION.command)) continue;
      const entry = value as Entry;
      this.#entries.set(key.slice(SESSION.command.length), entry);
      this.#order = Math.max(this.#order, entry.order);
    }
  }

  async #write(commandId: string, entry: Entry): Promise<void> {
    await this.#area.set({ [SESSION.command + commandId]: entry });
  }

  /** Drops the oldest answered commands until the limits hold. What is not answered is never dropped. */
  async #trim(): Promise<void> {
    let characters = 0;
    for (const entry of this.#entries.values()) characters += sizeOf(entry);
    const dropped: string[] = [];
    for (const [commandId, entry] of [...this.#entries].sort((a, b) => a[1].order - b[1].order)) {
      if (this.#entries.size <= MAX_ENTRIES && characters <= MAX_CHARACTERS) break;
      if (entry.phase !== "delivered" && entry.phase !== "answered") continue;
      this.#entries.delete(commandId);
      characters -= sizeOf(entry);
      dropped.push(SESSION.command + commandId);
    }
    if (dropped.length > 0) await this.#area.remove(dropped);
  }
}

function sizeOf(entry: Entry): number {
  return (entry.command?.length ?? 0) + (entry.result?.length ?? 0);
}

/**
 * What makes a command this one: the request and the tab, not when and how often it was sent. The document is left out
 * too, because the server fills it in by what it saw last.
 */
async function digestOf(command: Command): Promise<string> {
  const what = create(CommandSchema, { tabId: command.tabId });
  what.request = clone(CommandSchema, command).request;
  if (what.request.case === "action") what.request.value.documentId = "";
  const digest = await crypto.subtle.digest("SHA-256", toBinary(CommandSchema, what));
  return base64Encode(new Uint8Array(digest));
}

/** The answer to an action without the tab's state, which can be had by asking for it. */
function withoutState(result: CommandResult): CommandResult {
  const slimmed = clone(CommandResultSchema, result);
  if (slimmed.outcome.case === "actionResult") slimmed.outcome.value.stateAfter = { case: undefined };
  return slimmed;
}
