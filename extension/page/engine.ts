// The page engine: one for each document. It answers requests of the service worker and reports what happens unasked.
// How the messages travel is the content script's business; how a page is perceived and acted on is told in perceive/
// and act/. While nothing is asked of it, it does nothing.

import type { Action, ActionResult } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import type { ActInFrame, FrameEvent, FrameReply, FrameRequest, PrepareInput } from "@gen/tabwire/v1/extension_pb";
import type { Consequence } from "@gen/tabwire/v1/policy_pb";
import { ActContext } from "./act/context";
import { perform } from "./act/perform";
import { WarmUp } from "./act/warm_up";
import type { ContextMenuMemory } from "./context_menu";
import { DialogGuard } from "./dialogs";
import { PageError, toErrorInfo } from "./errors";
import type { GetExtras } from "./extras";
import { attend, stopFrames } from "./hidden_frames";
import type { Observer } from "./observe";
import { hasHints } from "./perceive/hints";
import { Perceiver } from "./perceive/state";
import type { PersonWatch } from "./policy/person_watch";
import { Registry } from "./registry";
import { type BegunInput, withInput } from "./trusted/prepared";

/** What the engine needs from the content script around it. */
export interface PageEnvironment {
  /** Has remembered what context menus were opened on since the document began. */
  readonly menu: ContextMenuMemory;
  /** Since when nothing that this document was given can have been lost, in milliseconds of the browser's clock. */
  readonly bornAt: number;
  /** Takes what happens unasked. */
  onEvent(event: FrameEvent): void;
  /** Gets what is rarely needed into the document. */
  readonly extras: GetExtras;
}

type ReplyKind = FrameReply["kind"];
type EventKind = FrameEvent["kind"];

const ACK: ReplyKind = { case: "ack", value: { $typeName: "tabwire.v1.FrameAck" } };

/** A state is often asked for right after an action; only then it is time for what is done ahead. */
const AFTER_ACTION_MS = 40;
const AFTER_STATE_MS = 4;

/** Of so many of the latest actions it is remembered what became of them. */
const REMEMBERED_ACTIONS = 50;

/** Perceives and acts in one document. */
export class PageEngine {
  private readonly env: PageEnvironment;
  private readonly registry = new Registry();
  private readonly perceiver = new Perceiver(this.registry);
  private observer: Observer | null = null;
  private isObserved = false;
  /** For each running action, how to go on observing when it has ended. */
  private readonly paused = new Map<object, () => void>();
  private readonly dialogs = new DialogGuard((kind) => this.emit(kind));
  private readonly running = new Map<string, ActContext>();
  /** What became of the latest actions, for a service worker that died before it heard it. */
  private readonly given = new Map<string, Promise<ActionResult>>();
  private readonly warmUp = new WarmUp();
  private person: PersonWatch | null = null;
  private disposed = false;

  constructor(env: PageEnvironment) {
    this.env = env;
    // Whoever constructs the engine is not ready for events before the constructor has returned.
    const url = document.location.href;
    queueMicrotask(() => this.emit({ case: "ready", value: { $typeName: "tabwire.v1.FrameReady", url } }));
  }

  /** Answers a request. Never rejects. */
  async handle(request: FrameRequest): Promise<FrameReply> {
    const isWork = request.kind.case === "act" || request.kind.case === "perceive";
    if (isWork) {
      this.warmUp.stop();
      attend();
    }
    try {
      return reply(await this.answer(request), this.dialogs.told);
    } catch (thrown) {
      if (!(thrown instanceof PageError)) console.error("Tabwire: unexpected error in the page engine", thrown);
      return reply({ case: "errorInfo", value: toErrorInfo(thrown) }, this.dialogs.told);
    } finally {
      if (isWork) void this.warmUp.later(request.kind.case === "act" ? AFTER_ACTION_MS : AFTER_STATE_MS);
    }
  }

  /** Ends everything that was begun. */
  dispose(): void {
    this.disposed = true;
    this.warmUp.stop();
    stopFrames();
    this.observer?.stop();
    this.dialogs.dispose();
    this.person?.set(false);
    this.perceiver.release();
    for (const action of this.running.values()) action.cancel();
  }

  private async answer({ kind }: FrameRequest): Promise<ReplyKind> {
    switch (kind.case) {
      case "perceive": {
        const options = kind.value.options;
        if (options === undefined)
          throw new PageError(ErrorCode.INVALID_ARGUMENT, "The request does not say what to perceive.");
        const extras = hasHints(options.hints) ? await this.env.extras() : null;
        const told = this.perceiver.take(options, kind.value.baseRevision, extras?.Search);
        return told.$typeName === "tabwire.v1.FrameDelta"
          ? { case: "delta", value: told }
          : { case: "state", value: told };
      }
      case "act":
        return { case: "actionResult", value: await this.act(kind.value) };
      case "ping":
        return ACK;
      case "observe":
        await this.observe(kind.value.enabled);
        return ACK;
      case "cancel":
        this.running.get(kind.value.actionId)?.cancel();
        return ACK;
      case "check": {
        const asked = kind.value.kind;
        if (asked.case === undefined)
          throw new PageError(ErrorCode.INVALID_ARGUMENT, "The request does not say what to check.");
        const extras = await this.env.extras();
        const roots = [document, ...this.perceiver.knownRoots()];
        const holds =
          asked.case === "wait"
            ? await extras.conditionHolds(asked.value, this.registry, roots)
            : extras.isMet(asked.value, this.registry);
        return { case: "condition", value: { $typeName: "tabwire.v1.ConditionStatus", holds } };
      }
      case "armDialogs":
        this.dialogs.arm(kind.value);
        return ACK;
      case "prepareInput":
      case "finishInput":
        if (import.meta.env.MODE !== "trusted") throw unknownRequest();
        return await withInput(kind, (prepare) => this.beginInput(prepare));
      case "watchPerson":
        await this.watchPerson(kind.value.enabled);
        return ACK;
      case "describeContext":
        return { case: "context", value: (await this.env.extras()).describeContext(this.env.menu, this.perceiver) };
      default:
        throw unknownRequest();
    }
  }

  private act({ action, deadlineMs, begunAtMs, dialogs, forbidden, secret }: ActInFrame): Promise<ActionResult> {
    if (action === undefined) throw new PageError(ErrorCode.INVALID_ARGUMENT, "The request does not say what to do.");
    if (begunAtMs !== 0) {
      const known = this.given.get(action.id);
      if (known !== undefined) return known;
      if (this.env.bornAt >= begunAtMs) throw outcomeUnknown();
    }
    if (dialogs !== undefined) this.dialogs.arm(dialogs);
    const result = this.carryOut(action, deadlineMs, forbidden, secret).finally(() => this.dialogs.end());
    if (action.id !== "") this.remember(action.id, result);
    return result;
  }

  /** Begins an action whose input the browser gives. */
  private beginInput({ action, deadlineMs, dialogs, forbidden, secret }: PrepareInput): BegunInput {
    if (action === undefined) throw new PageError(ErrorCode.INVALID_ARGUMENT, "The request does not say what to do.");
    if (dialogs !== undefined) this.dialogs.arm(dialogs);
    this.dialogs.inputIsAgents = true;
    const ctx = new ActContext(this.registry, this.perceiver, this.env.extras, deadlineMs, forbidden, secret);
    this.running.set(action.id, ctx);
    const resume = this.pauseObserving();
    const end = (): void => {
      resume();
      this.running.delete(action.id);
      this.dialogs.end();
      this.dialogs.inputIsAgents = false;
    };
    return { ctx, end };
  }

  /** Begins or ends to tell of changes that no action caused. */
  private async observe(enabled: boolean): Promise<void> {
    this.isObserved = enabled;
    if (!enabled) {
      this.observer?.stop();
      return;
    }
    const extras = await this.env.extras();
    // Meanwhile it may have been called off.
    if (!this.isObserved || this.disposed) return;
    this.observer ??= new extras.Observer((cause, domChanges) => {
      this.perceiver.noticeChange();
      this.emit({ case: "changed", value: { $typeName: "tabwire.v1.FrameChanged", cause, domChanges } });
    });
    for (const action of this.paused.keys()) this.pause(action);
    this.observer.start();
  }

  private async watchPerson(enabled: boolean): Promise<void> {
    if (this.person === null && !enabled) return;
    const extras = await this.env.extras();
    this.person ??= new extras.PersonWatch(
      (what) => this.emit({ case: "personUsed", value: { $typeName: "tabwire.v1.PersonUsed", what } }),
      () => this.dialogs.inputIsAgents,
    );
    this.person.set(enabled && !this.disposed);
  }

  /** Leaves out what happens until the returned function is called: an action tells of it itself. */
  private pauseObserving(): () => void {
    const action = {};
    this.pause(action);
    return () => {
      this.paused.get(action)?.();
      this.paused.delete(action);
    };
  }

  private pause(action: object): void {
    this.paused.get(action)?.();
    this.paused.set(action, this.observer?.pause() ?? (() => undefined));
  }

  private async carryOut(
    action: Action,
    deadlineMs: number,
    forbidden: Consequence[],
    secret: string,
  ): Promise<ActionResult> {
    const ctx = new ActContext(this.registry, this.perceiver, this.env.extras, deadlineMs, forbidden, secret);
    this.running.set(action.id, ctx);
    const resume = this.pauseObserving();
    try {
      return await perform(action, ctx);
    } finally {
      resume();
      this.running.delete(action.id);
    }
  }

  private remember(actionId: string, result: Promise<ActionResult>): void {
    this.given.set(actionId, result);
    for (const oldest of this.given.keys()) {
      if (this.given.size <= REMEMBERED_ACTIONS) break;
      this.given.delete(oldest);
    }
  }

  private emit(kind: EventKind): void {
    if (!this.disposed) this.env.onEvent({ $typeName: "tabwire.v1.FrameEvent", kind });
  }
}

function unknownRequest(): PageError {
  return new PageError(ErrorCode.UNIMPLEMENTED, "This document's script does not know the request.", {
    remedy: "Reload the page, so that it gets the current script.",
  });
}

function reply(kind: ReplyKind, eventsTold: number): FrameReply {
  return { $typeName: "tabwire.v1.FrameReply", kind, eventsTold };
}

/** The answer about an action that was begun before this document's script was there. */
function outcomeUnknown(): PageError {
  const message = "The document was replaced while the action was carried out. It may have had effect.";
  return new PageError(ErrorCode.OUTCOME_UNKNOWN, message, { remedy: "Look at the page before you repeat it." });
}
