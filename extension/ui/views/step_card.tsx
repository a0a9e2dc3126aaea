// One step: what it is for, why, what was done and what came of it.

import type { ActionResult } from "@gen/tabwire/v1/action_pb";
import { type Step, StepStatus, TaskState } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { placeOf } from "../model/task_view";
import { shortAddress, stepWord, type Tone } from "../model/words";
import { ActionLine, type ActionPhase } from "./action_line";
import { Icon } from "./icon";
import { usePanel } from "./panel_context";
import { Problem } from "./problem";
import { Clamped } from "./prose";

const TONES: Readonly<Record<number, Tone>> = {
  [StepStatus.RUNNING]: "busy",
  [StepStatus.SUCCEEDED]: "good",
  [StepStatus.FAILED]: "bad",
};

interface StepCardProps {
  readonly step: Step;
  /** The actions that were sent and not answered yet. */
  readonly running: ReadonlySet<string>;
  /** Where the task stands: a step of a task that waits does not move. */
  readonly state: TaskState;
  /** What the end of the task says already, and a step need not repeat. */
  readonly told: string;
  /** The page of the step before; the same one is not named again. */
  readonly pageBefore: string;
}

/** A step on the wire. */
export function StepCard({ step, running, state, told, pageBefore }: StepCardProps): JSX.Element {
  const { task } = usePanel();
  const thinking = step.status === StepStatus.RUNNING && step.actions.length === 0;
  // What the model is writing, as it comes; the decision replaces it.
  const written = thinking && task.thinking.value?.stepNumber === step.number ? task.thinking.value : undefined;
  const title = step.description || written?.nextGoal || (thinking ? "Thinking" : "Looking at the page");
  const reasoning = step.reasoning || (written?.reasoning ?? "");
  return (
    <li
      class="node"
      data-tone={TONES[step.status] ?? "calm"}
      data-active={step.status === StepStatus.RUNNING && (state === TaskState.RUNNING || state === TaskState.STOPPING)}
      data-testid="step"
      data-status={StepStatus[step.status]?.toLowerCase()}
    >
      <span class="node-mark" aria-hidden="true">
        <StepMark step={step} />
      </span>
      <h3 class={thinking ? "step-title thinking" : "step-title"}>
        <span class="unseen">
          Step {step.number}, {stepWord(step.status)}:{" "}
        </span>
        {title}
      </h3>
      {reasoning !== "" && <Clamped class="step-reasoning" text={reasoning} />}
      {step.actions.length > 0 && (
        <ul class="actions">
          {step.actions.map((action, index) => (
            <ActionLine
              key={action.id || index}
              action={action}
              elements={step.elements}
              result={step.results[index]}
              phase={phaseOf(step, index, running, state)}
              skippedFor={skippedFor(step)}
            />
          ))}
        </ul>
      )}
      {step.errorInfo !== undefined && step.errorInfo.message !== told && <Problem error={step.errorInfo} quiet />}
      <StepFoot step={step} pageBefore={pageBefore} />
    </li>
  );
}

function StepMark({ step }: { step: Step }): JSX.Element {
  switch (step.status) {
    case StepStatus.SUCCEEDED:
      return <Icon name="check" />;
    case StepStatus.FAILED:
      return <Icon name="cross" />;
    case StepStatus.CANCELLED:
      return <Icon name="minus" />;
    default:
      return <>{step.number}</>;
  }
}

function StepFoot({ step, pageBefore }: { step: Step; pageBefore: string }): JSX.Element | null {
  const parts = [];
  if (step.retryCount > 0)
    parts.push(step.retryCount === 1 ? "tried again once" : `tried again ${step.retryCount} times`);
  if (step.url !== "" && step.url !== pageBefore) parts.push(`on ${shortAddress(step.url, 48)}`);
  return parts.length === 0 ? null : <p class="step-foot muted small">{parts.join(" · ")}</p>;
}

function skippedFor(step: Step): string {
  if (step.status === StepStatus.CANCELLED) return "the task was stopped";
  return step.status === StepStatus.FAILED ? "an action before it failed" : "the page changed first";
}

function phaseOf(step: Step, index: number, running: ReadonlySet<string>, state: TaskState): ActionPhase {
  const result: ActionResult | undefined = step.results[index];
  if (running.has(placeOf(step.number, index))) return state === TaskState.NEEDS_ATTENTION ? "doubtful" : "running";
  if (result !== undefined) return "finished";
  return step.status === StepStatus.RUNNING || step.status === StepStatus.UNSPECIFIED ? "planned" : "skipped";
}
