// The page engine: one for each document. It answers requests of the service worker and reports what happens unasked.
// How the messages travel is the content script's business; how a page is perceived and acted on is told in perceive/
// and act/. While nothing is asked of it, it does nothing.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Action, ActionResult } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import {
  type ActInFrame,
  type ContextDescription,
  ContextDescriptionSchema,
  type FrameEvent,
  FrameEventSchema,
  type FrameReply,
  FrameReplySchema,
  type FrameRequest,
} from "@gen/tabwire/v1/extension_pb";
import { conditionHolds } from "./act/condition";
import { ActContext } from "./act/context";
import { perform } from "./act/perform";
import { ContextMenuMemory, selectedText } from "./context_menu";
import { PageError, toErrorInfo } from "./errors";
import { Observer } from "./observe";
import { CONTROL_ROLES, roleOf } from "./perceive/role";
import { Perceiver } from "./perceive/state";
import { Registry } from "./registry";

/** What the engine needs from the content script around it. */
export interface PageEnvironment {
  /** Takes what happens unasked. */
  onEvent(event: FrameEvent): void;
}

type ReplyKind = NonNullable<MessageInitShape<typeof FrameReplySchema>["kind"]>;
type EventKind = NonNullable<MessageInitShape<typeof FrameEventSchema>["kind"]>;

/** Of so many of the latest actions it is remembered what became of them. */
const REMEMBERED_ACTIONS = 50;

/** Perceives and acts in one document. */
export class PageEngine {
  private readonly env: PageEnvironment;
  private readonly registry = new Registry();
  private readonly perceiver = new Perceiver(this.registry);
  private readonly observer: Observer;
  private readonly menu = new ContextMenuMemory();
  private readonly running = new Map<string, ActContext>();
  /** What became of the latest actions, for a service worker that died before it heard it. */
  private readonly given = new Map<string, Promise<ActionResult>>();
  private readonly bornAt = Date.now();
  private disposed = false;

  constructor(env: PageEnvironment) {
    this.env = env;
    this.observer = new Observer((cause, domChanges) => {
      this.perceiver.noticeChange();
      this.emit({ case: "changed", value: { cause, domChanges } });
    });
    // Whoever constructs the engine is not ready for events before the constructor has returned.
    queueMicrotask(() => this.emit({ case: "ready", value: { url: document.location.href } }));
  }

  /** Answers a request. Never rejects. */
  async handle(request: FrameRequest): Promise<FrameReply> {
    try {
      return create(FrameReplySchema, { kind: await this.answer(request) });
    } catch (thrown) {
      if (!(thrown instanceof PageError)) console.error("Tabwire: unexpected error in the page engine", thrown);
      return create(FrameReplySchema, { kind: { case: "errorInfo", value: toErrorInfo(thrown) } });
    }
  }

  /** Ends everything that was begun. */
  dispose(): void {
    this.disposed = true;
    this.observer.stop();
    this.menu.dispose();
    for (const action of this.running.values()) action.cancel();
  }

  private async answer({ kind }: FrameRequest): Promise<ReplyKind> {
    switch (kind.case) {
      case "perceive": {
        const options = kind.value.options;
        if (options === undefined)
          throw new PageError(ErrorCode.INVALID_ARGUMENT, "The request does not say what to perceive.");
        return { case: "state", value: this.perceiver.take(options) };
      }
      case "act":
        return { case: "actionResult", value: await this.act(kind.value) };
      case "ping":
        return { case: "ack", value: {} };
      case "observe":
        if (kind.value.enabled) this.observer.start();
        else this.observer.stop();
        return { case: "ack", value: {} };
      case "cancel":
        this.running.get(kind.value.actionId)?.cancel();
        return { case: "ack", value: {} };
      case "check": {
        const wait = kind.value.wait;
        if (wait === undefined)
          throw new PageError(ErrorCode.INVALID_ARGUMENT, "The request does not say what to check.");
        const roots = [document, ...this.perceiver.knownRoots()];
        return { case: "condition", value: { holds: await conditionHolds(wait, this.registry, roots) } };
      }
      case "describeContext":
        return { case: "context", value: this.describeContext() };
      default:
        throw new PageError(ErrorCode.UNIMPLEMENTED, "This document's script does not know the request.", {
          remedy: "Reload the page, so that it gets the current script.",
        });
    }
  }

  private act({ action, deadline, begunAt }: ActInFrame): Promise<ActionResult> {
    if (action === undefined) throw new PageError(ErrorCode.INVALID_ARGUMENT, "The request does not say what to do.");
    if (begunAt !== undefined) {
      const known = this.given.get(action.id);
      if (known !== undefined) return known;
      if (this.bornAt >= timestampMs(begunAt)) throw outcomeUnknown();
    }
    const result = this.carryOut(action, deadline === undefined ? 0 : timestampMs(deadline));
    if (action.id !== "") this.remember(action.id, result);
    return result;
  }

  private async carryOut(action: Action, deadlineMs: number): Promise<ActionResult> {
    const ctx = new ActContext(this.registry, this.perceiver, deadlineMs);
    this.running.set(action.id, ctx);
    const resume = this.observer.pause();
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

  private describeContext(): ContextDescription {
    const description = create(ContextDescriptionSchema, { selectedText: selectedText() });
    const path = this.menu.path();
    // What a person points at in a button is the button.
    const control = path.find((element) => CONTROL_ROLES.has(roleOf(element)));
    for (const element of control === undefined ? path : [control, ...path]) {
      const told = this.perceiver.describeOne(element);
      if (told === null) continue;
      description.targetedElement = told;
      break;
    }
    return description;
  }

  private emit(kind: EventKind): void {
    if (!this.disposed) this.env.onEvent(create(FrameEventSchema, { kind }));
  }
}

/** The answer about an action that was begun before this document's script was there. */
function outcomeUnknown(): PageError {
  const message = "The document was replaced while the action was carried out. It may have had effect.";
  return new PageError(ErrorCode.OUTCOME_UNKNOWN, message, { remedy: "Look at the page before you repeat it." });
}
