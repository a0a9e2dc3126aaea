// One action of a step in words, and what came of it.

import { type Action, type ActionResult, ActionStatus } from "@gen/tabwire/v1/action_pb";
import type { NamedElement } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { describeAction, extractOf } from "../model/sentences";
import { Icon } from "./icon";
import { Problem } from "./problem";
import { Clamped, withCode } from "./prose";

/** How far an action is. */
export type ActionPhase = "planned" | "running" | "doubtful" | "finished" | "skipped";

interface ActionLineProps {
  readonly action: Action;
  /** What the element ids in it stand for. */
  readonly elements: readonly NamedElement[];
  readonly result: ActionResult | undefined;
  readonly phase: ActionPhase;
  /** Why a skipped action was not done. */
  readonly skippedFor: string;
}

/** The value of data-status, and of the tests. */
type Outcome = "planned" | "running" | "doubtful" | "skipped" | "succeeded" | "failed" | "cancelled";

const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  planned: "planned",
  running: "running",
  doubtful: "not known if it was done",
  skipped: "not done",
  succeeded: "done",
  failed: "failed",
  cancelled: "cancelled",
};

/** An action. */
export function ActionLine({ action, elements, result, phase, skippedFor }: ActionLineProps): JSX.Element {
  const outcome = outcomeOf(result, phase);
  const finished = phase === "finished" ? result : undefined;
  // What really happened says more than what was to be done: it names the element instead of its number.
  const told = outcome === "succeeded" ? (finished?.outcomeDetails?.message ?? "") : "";
  return (
    <li class="action" data-status={outcome}>
      <span class="action-mark" aria-hidden="true">
        <OutcomeMark outcome={outcome} />
      </span>
      <div class="action-body">
        {told === "" && (
          <p class="action-words">
            {describeAction(action, elements)}
            <span class="unseen">, {OUTCOME_WORDS[outcome]}</span>
          </p>
        )}
        {finished !== undefined && (
          <div class="action-outcome" data-testid="action-outcome" data-status={outcome}>
            <OutcomeText result={finished} told={told} />
          </div>
        )}
        {outcome === "doubtful" && <p class="action-note small">Not known if it was done.</p>}
        {outcome === "skipped" && <p class="muted small">Not done: {skippedFor}.</p>}
      </div>
    </li>
  );
}

function outcomeOf(result: ActionResult | undefined, phase: ActionPhase): Outcome {
  if (phase !== "finished") return phase;
  switch (result?.status) {
    case ActionStatus.FAILED:
      return "failed";
    case ActionStatus.CANCELLED:
      return "cancelled";
    default:
      return "succeeded";
  }
}

function OutcomeMark({ outcome }: { outcome: Outcome }): JSX.Element | null {
  switch (outcome) {
    case "succeeded":
      return <Icon name="check" />;
    case "failed":
      return <Icon name="cross" />;
    case "cancelled":
    case "skipped":
      return <Icon name="minus" />;
    case "doubtful":
      return <Icon name="question" />;
    default:
      return <span class={outcome === "running" ? "spinner" : "pending"} />;
  }
}

function OutcomeText({ result, told }: { result: ActionResult; told: string }): JSX.Element {
  const { outcomeDetails: details, errorInfo: error } = result;
  const read = extractOf(result.extracted);
  return (
    <>
      {error !== undefined && result.status === ActionStatus.CANCELLED && <p>{withCode(error.message)}</p>}
      {error !== undefined && result.status !== ActionStatus.CANCELLED && <Problem error={error} quiet />}
      {told !== "" && <p class="action-words">{withCode(told)}</p>}
      {details?.dialogs.map((dialog) => (
        <p class="action-note" key={dialog.message}>
          The page opened a dialog: “{dialog.message || dialog.type}”
        </p>
      ))}
      {details?.download ? <p class="action-note">Download: {details.download}</p> : null}
      {details?.stillChanging && <p class="action-note">The page was still changing.</p>}
      {read !== "" && <Clamped class="extract" text={read} />}
    </>
  );
}
