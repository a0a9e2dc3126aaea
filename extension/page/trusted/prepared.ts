// The actions that have been made ready and wait for the browser's input. An action asks for input as often as it needs to;
// what it answers in the end is its result. One that is never told of its input again ends at its deadline.

import type { Action, ActionResult } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import type { FinishInput, FrameReply, FrameRequest, InputPlan, PrepareInput } from "@gen/tabwire/v1/extension_pb";
import type { ActContext } from "../act/context";
import { perform } from "../act/perform";
import { PageError } from "../errors";
import { performTrusted } from "./actions";

type ReplyKind = FrameReply["kind"];

interface Waiting {
  go(refusal: string): void;
  readonly next: Promise<ReplyKind>;
}

/** A begun action, and what to call when it has ended. */
export interface BegunInput {
  readonly ctx: ActContext;
  end(): void;
}

let prepared: PreparedActions | undefined;

/** Answers prepare_input and finish_input. */
export function withInput(
  kind: FrameRequest["kind"],
  begin: (prepare: PrepareInput) => BegunInput,
): Promise<ReplyKind> {
  prepared ??= new PreparedActions();
  if (kind.case === "finishInput") return prepared.finish(kind.value);
  if (kind.case !== "prepareInput" || kind.value.action === undefined) {
    throw new PageError(ErrorCode.INVALID_ARGUMENT, "The request does not say what to do.");
  }
  const { ctx, end } = begin(kind.value);
  return prepared.prepare(kind.value.action, ctx, end);
}

/** The prepared actions of a document. */
class PreparedActions {
  private readonly waiting = new Map<string, Waiting>();

  /** Begins an action. Answers with the input it needs, or with its result if it needs none or failed before. */
  prepare(action: Action, ctx: ActContext, onEnd: () => void): Promise<ReplyKind> {
    const turns = new Turns();
    const give = (plan: InputPlan): Promise<void> => {
      const { go, given } = waitForGo(ctx.timeLeft());
      this.waiting.set(action.id, { go, next: turns.next() });
      turns.tell({ case: "inputPlan", value: plan });
      return given;
    };
    const first = turns.next();
    perform(action, ctx, (kind) => performTrusted(kind, ctx, give)).then((result: ActionResult) => {
      this.waiting.delete(action.id);
      onEnd();
      turns.tell({ case: "actionResult", value: result });
    });
    return first;
  }

  /** The input has been given. Answers with the next one that is needed, or with the result. */
  finish({ actionId, refusal }: FinishInput): Promise<ReplyKind> {
    const waiting = this.waiting.get(actionId);
    if (waiting === undefined) {
      throw new PageError(ErrorCode.OUTCOME_UNKNOWN, "No action waits for this input any more.", {
        remedy: "Look at the page before you repeat it.",
      });
    }
    this.waiting.delete(actionId);
    waiting.go(refusal);
    return waiting.next;
  }
}

/** What an action tells, in its order: each turn is told once and taken once. */
class Turns {
  private readonly told: ((kind: ReplyKind) => void)[] = [];

  next(): Promise<ReplyKind> {
    return new Promise((resolve) => this.told.push(resolve));
  }

  tell(kind: ReplyKind): void {
    this.told.shift()?.(kind);
  }
}

function waitForGo(limit: number): { go: (refusal: string) => void; given: Promise<void> } {
  let go: (refusal: string) => void = () => {};
  const given = new Promise<void>((resolve, reject) => {
    const late = (): void =>
      reject(new PageError(ErrorCode.DEADLINE_EXCEEDED, "The deadline passed before the input was given."));
    const timer = setTimeout(late, Math.min(Math.max(0, limit), 2 ** 31 - 1));
    go = (refusal) => {
      clearTimeout(timer);
      if (refusal === "") resolve();
      else reject(new PageError(ErrorCode.OPERATION_FAILED_IN_TARGET, refusal, { remedy: "Look at the tab." }));
    };
  });
  return { go, given };
}
