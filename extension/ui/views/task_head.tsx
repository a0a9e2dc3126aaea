// The top of a task: the instruction, where it stands, what it wants next, how long and how much it took.

import { timestampMs } from "@bufbuild/protobuf/wkt";
import { TaskState, type Usage } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { hasEnded, isModelTask, type TaskView } from "../model/task_view";
import { amount, costWord, duration, stateWord, toneOf } from "../model/words";
import { now } from "../stores/clock";
import { Icon } from "./icon";
import { Notebook } from "./notebook";
import { usePanel } from "./panel_context";
import { PlanList } from "./plan";
import { Clamped } from "./prose";

/** The head of the task. */
export function TaskHead({ view }: { view: TaskView }): JSX.Element {
  const { task } = view;
  const panel = usePanel();
  const goal = hasEnded(task.state) || task.currentGoal === task.userPrompt ? "" : task.currentGoal;
  return (
    <section class="task-head" aria-label="Task">
      <h2 class="unseen" tabIndex={-1} data-heading>
        Task: {stateWord(task.state)}
      </h2>
      <div class="task-line">
        <StateBadge state={task.state} />
        <span class="task-numbers muted small">
          <Elapsed view={view} />
          {task.usage !== undefined && <Tokens usage={task.usage} model={view.model} />}
        </span>
      </div>
      <Clamped class="task-prompt" text={task.userPrompt} />
      {goal !== "" && (
        <p class="task-goal small">
          <span class="muted">Now: </span>
          {goal}
        </p>
      )}
      {task.tabId > 0 && !hasEnded(task.state) && (
        <button type="button" class="link-button show-tab" data-testid="show-tab" onClick={() => panel.task.showTab()}>
          <Icon name="page" />
          Show its tab
        </button>
      )}
      <PlanList plan={task.plan} />
      {isModelTask(task) && <Notebook view={view} />}
    </section>
  );
}

/** A state in a word and a colour. */
export function StateBadge({ state, small = false }: { state: TaskState; small?: boolean }): JSX.Element {
  return (
    <span
      class={small ? "badge badge-small" : "badge"}
      data-tone={toneOf(state)}
      data-testid={small ? undefined : "task-state"}
      data-state={TaskState[state]?.toLowerCase()}
    >
      {stateWord(state)}
    </span>
  );
}

function Elapsed({ view }: { view: TaskView }): JSX.Element | null {
  const { connection } = usePanel();
  const { createdAt, finishedAt } = view.task;
  if (createdAt === undefined) return null;
  // Only a running task depends on the clock, so that an ended one is not drawn again every second.
  const serverNow = (): number => now.value + Number(connection.status.value?.clockOffsetMs ?? 0n);
  const until = finishedAt === undefined ? serverNow() : timestampMs(finishedAt);
  return <span title="Time since the task was taken">{duration(until - timestampMs(createdAt))}</span>;
}

function Tokens({ usage, model }: { usage: Usage; model: string }): JSX.Element | null {
  const total = usage.promptTokens + usage.completionTokens;
  if (total === 0n) return null;
  const parts = [
    `${usage.promptTokens} read (${usage.cachedTokens} from the cache)`,
    `${usage.completionTokens} written`,
    `${usage.modelCalls} calls`,
    model,
  ];
  const cost = costWord(usage);
  return (
    <span title={parts.filter((part) => part !== "").join(", ")}>
      {amount(total)} tokens{cost === "" ? "" : `, ${cost}`}
    </span>
  );
}
