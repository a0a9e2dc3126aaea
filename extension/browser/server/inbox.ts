// Takes what the server sends over the link: commands are recorded, lined up by tab and carried out one after another
// in each, different tabs side by side; cancels are passed on; and every command gets exactly one answer. How a command
// is carried out is the dispatcher's business (dispatch.ts), what is remembered is the journal's.

import { ErrorCode, type ErrorInfo } from "@gen/tabwire/v1/error_pb";
import type { CancelCommand, Command, CommandResult, Downlink } from "@gen/tabwire/v1/link_pb";
import type { ServerClock } from "../clock";
import { isRepeatable } from "../effects";
import { BrowserError, errorInfo, outcomeUnknown, toErrorInfo } from "../errors";
import { encodeResult } from "../states/written";
import type { CommandJournal } from "./command_journal";
import { cancelled, cancelReason, fenced, late, refusal, taken } from "./refusals";

/**
 * Carries one command out. Never throws; stops when the signal says so. `begunAt` is given if an earlier life of the
 * service worker began it at that time: then it is found out what became of it, and nothing is done twice.
 */
export type Execute = (
  command: Command,
  until: number,
  signal: AbortSignal,
  begunAt?: number,
) => Promise<CommandResult>;

/** What the inbox needs of others. */
export interface InboxParts {
  readonly journal: CommandJournal;
  readonly clock: ServerClock;
  /** Nothing is taken before this. */
  readonly ready: Promise<void>;
  readonly execute: Execute;
  /** The tab that a command means; throws TAB_NOT_FOUND. */
  readonly resolveTab: (tabId: number) => Promise<number>;
  /** Hands an answer to the link, which needs its binary form. True if it was taken. */
  readonly deliver: (result: CommandResult, encoded: Uint8Array) => Promise<boolean>;
  /** Told when the first command starts and when the last one has ended. */
  readonly onBusy: (busy: boolean) => void;
}

/** A command without a deadline gets this long. */
const DEFAULT_MS = 60_000;
/** Finding out what became of a command gets at least this long, also after its deadline. */
const RECALL_MS = 3_000;

/** The inbox. */
export class Inbox {
  readonly #parts: InboxParts;
  readonly #running = new Map<string, { controller: AbortController; command: Command }>();
  /** The end of the line of each tab. */
  readonly #lanes = new Map<number, Promise<void>>();
  /** Commands are taken in the order they came, also while it is found out which tab is meant. */
  #intake: Promise<void>;

  constructor(parts: InboxParts) {
    this.#parts = parts;
    this.#intake = this.#takeUpLeftovers().catch((thrown: unknown) => {
      console.error("Tabwire: what was left of an earlier life could not be taken up", thrown);
    });
  }

  /** Takes a message. When this resolves to true, it is recorded. */
  async take(downlink: Downlink): Promise<boolean> {
    const taken = this.#intake.then(() => this.#take(downlink));
    this.#intake = taken.then(
      () => {},
      () => {},
    );
    return taken;
  }

  async #take(downlink: Downlink): Promise<boolean> {
    switch (downlink.body.case) {
      case "command":
        await this.#receive(downlink.body.value);
        return true;
      case "cancelCommand":
        await this.#cancel(downlink.body.value);
        return true;
      default:
        // Not for the inbox, or newer than this extension: acknowledged and ignored.
        return true;
    }
  }

  /** Done when the command is recorded. What only looks is begun while that is written, all else not before. */
  async #receive(command: Command): Promise<void> {
    const isHarmless = isRepeatable(command);
    const begins = command.tabId !== 0 && !this.#lanes.has(command.tabId);
    const { verdict, written } = await this.#parts.journal.admit(command, begins);
    if (!isHarmless) await written;
    switch (verdict.kind) {
      case "new":
        await this.#join(command);
        break;
      case "answered":
        this.#tell(verdict.result);
        break;
      case "fenced":
        this.#refuse(command, fenced(verdict.epoch));
        break;
      case "taken":
        this.#refuse(command, taken());
        break;
      case "forgotten":
        this.#refuse(command, outcomeUnknown("This was answered long ago, and the answer is no longer kept.").info);
        break;
      case "running":
        await this.#join(command, verdict.begunAt);
        break;
    }
    await written;
  }

  /** Carries a command out, unless that is being done: then the one answer goes to the newer asker. */
  async #join(command: Command, begunAt?: number): Promise<void> {
    const running = this.#running.get(command.commandId);
    // What was begun before and is not running now got no answer that was kept: looks are done again, of all else it is
    // found out what became of it.
    if (running === undefined) await this.#lineUp(command, isRepeatable(command) ? undefined : begunAt);
    else if (command.epoch > running.command.epoch) running.command.epoch = command.epoch;
  }

  /** Hands over again what the link would not take before. */
  async redeliver(): Promise<void> {
    await this.#intake;
    for (const result of (await this.#parts.journal.leftovers()).toDeliver) this.#tell(result);
  }

  /** Stops what is under way at once. Done when it is recorded, so that nothing revives it. */
  async #cancel({ commandId, reason }: CancelCommand): Promise<void> {
    this.#running.get(commandId)?.controller.abort(cancelReason(reason));
    await this.#parts.journal.cancel(commandId, reason);
  }

  /** Puts a command at the end of its tab's line. A command that concerns no one tab does not stand in line. */
  async #lineUp(command: Command, begunAt?: number): Promise<void> {
    const tabId = await this.#laneOf(command);
    const controller = new AbortController();
    this.#running.set(command.commandId, { controller, command });
    if (this.#running.size === 1) this.#parts.onBusy(true);
    const before = (tabId === undefined ? undefined : this.#lanes.get(tabId)) ?? Promise.resolve();
    const done = before
      .then(() => this.#carryOut(command, controller.signal, begunAt))
      .catch((thrown: unknown) => {
        console.error("Tabwire: a command could not be answered", thrown);
      });
    const end = done.finally(() => {
      this.#running.delete(command.commandId);
      if (tabId !== undefined && this.#lanes.get(tabId) === end) this.#lanes.delete(tabId);
      if (this.#running.size === 0) this.#parts.onBusy(false);
    });
    if (tabId !== undefined) this.#lanes.set(tabId, end);
  }

  /** The tab in whose line a command stands. The active tab is found out once and for all here. */
  async #laneOf(command: Command): Promise<number | undefined> {
    const { request } = command;
    if (request.case === "listTabs" || request.case === "ping") return undefined;
    if (request.case === "action" && request.value.kind.case === "openTab") return undefined;
    try {
      command.tabId = await this.#parts.resolveTab(command.tabId);
    } catch (thrown) {
      // Carrying it out will meet the same and answer with it.
      if (!(thrown instanceof BrowserError)) throw thrown;
    }
    return command.tabId;
  }

  async #carryOut(command: Command, signal: AbortSignal, begunAt?: number): Promise<void> {
    const deadline = this.#parts.clock.toLocal(command.deadline) ?? Date.now() + DEFAULT_MS;
    const until = begunAt === undefined ? deadline : Math.max(deadline, Date.now() + RECALL_MS);
    let result: CommandResult;
    if (signal.aborted) {
      const reason = signal.reason instanceof BrowserError ? signal.reason : cancelReason("");
      result = cancelled(command, reason.info);
    } else if (Date.now() >= until) {
      result = refusal(command, late());
    } else {
      if (!isRepeatable(command)) await this.#parts.journal.begin(command.commandId);
      result = await this.#parts.execute(command, until, signal, begunAt);
    }
    result.epoch = command.epoch;
    const answer = withEncoded(command, result);
    const stored = this.#parts.journal.answer(answer.result, answer.encoded);
    this.#tell(answer.result, answer.encoded, stored);
    await stored;
  }

  /** Hands a refusal to the link. It is not the journal's: what that knows by this id is another command. */
  #refuse(command: Command, error: ErrorInfo): void {
    const result = refusal(command, error);
    this.#parts
      .deliver(result, encodeResult(result))
      .catch((thrown: unknown) => console.error("Tabwire: a refusal could not be handed to the link", thrown));
  }

  /** Hands an answer to the link. If the link cannot take it now, the server asks again and gets it from the journal. */
  #tell(result: CommandResult, encoded = encodeResult(result), stored: Promise<void> = Promise.resolve()): void {
    this.#parts
      .deliver(result, encoded)
      .then(async (taken) => {
        await stored;
        if (taken) await this.#parts.journal.deliver(result.commandId);
      })
      .catch((thrown: unknown) => console.error("Tabwire: an answer could not be handed to the link", thrown));
  }

  /** Answers a command of an earlier life that is not carried out. */
  async #settle(result: CommandResult): Promise<void> {
    await this.#parts.journal.answer(result);
    this.#tell(result);
  }

  async #takeUpLeftovers(): Promise<void> {
    await this.#parts.ready;
    const left = await this.#parts.journal.leftovers();
    for (const result of left.toDeliver) this.#tell(result);
    for (const { command, reason } of left.cancelled) await this.#settle(cancelled(command, cancelReason(reason).info));
    // Commands that were too large to be kept.
    for (const { command, begun } of left.lost) await this.#settle(refusal(command, forgotten(begun)));
    for (const { command, begunAt } of left.inDoubt) await this.#lineUp(command, begunAt);
    for (const command of left.toRun) await this.#lineUp(command);
  }
}

/** The answer to a command that is not known any more. */
function forgotten(begun: boolean): ErrorInfo {
  if (begun) return outcomeUnknown("The extension was stopped by Chrome while it carried this out.").info;
  return errorInfo(ErrorCode.COMMAND_REFUSED, "The extension was stopped by Chrome before it could begin this.", {
    remedy: "Do it again, under another id.",
    retryable: true,
  });
}

/** An answer and its binary form. One that cannot be written, for what is in it, gives way to one that says so. */
function withEncoded(
  command: Command,
  result: CommandResult,
): { result: CommandResult; encoded: Uint8Array<ArrayBuffer> } {
  try {
    return { result, encoded: encodeResult(result) };
  } catch (thrown) {
    const fault = toErrorInfo(thrown);
    const unknown = outcomeUnknown("It was carried out, but what came of it could not be told.").info;
    const instead = refusal(command, isRepeatable(command) ? fault : unknown);
    return { result: instead, encoded: encodeResult(instead) };
  }
}
