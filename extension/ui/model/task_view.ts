// Folds the journal of a task into what the panel shows of it. Pure: an event and a view in, the next view out; unchanged
// steps keep their identity. Where the events come from is up to stores/watcher.ts, how they look up to views/.

import { create } from "@bufbuild/protobuf";
import type { Action, ActionResult } from "@gen/tabwire/v1/action_pb";
import {
  CollectedTableSchema,
  Decider,
  type Decision,
  type HumanInput,
  type HumanRequest,
  HumanRequestKind,
  type RowsCollected,
  type Step,
  StepSchema,
  StepStatus,
  type Task,
  type TaskEvent,
  TaskSchema,
  TaskState,
  type TaskStateChanged,
  type TaskUpdate,
  type Usage,
  UsageSchema,
} from "@gen/tabwire/v1/task_pb";

/** A question of the agent with the answer it got. */
export interface Exchange {
  readonly request: HumanRequest;
  /** Undefined while it waits, and for good if the task ended first. */
  readonly answer: string | undefined;
  /** The step after which it was asked; 0 if before the first. */
  readonly afterStep: number;
}

/** What a person said or did between two steps, unasked. */
export interface Interjection {
  readonly key: string;
  readonly kind: "said" | "acted";
  readonly text: string;
  /** The step after which it was; 0 if before the first. */
  readonly afterStep: number;
}

/** What the panel knows of a task: the task as the journal tells it, and what a Task has no field for. */
export interface TaskView {
  readonly task: Task;
  /** The number of the last event that was folded in. */
  readonly lastSeq: bigint;
  /** Actions that were sent and not answered yet, as "step/index". */
  readonly running: ReadonlySet<string>;
  readonly exchanges: readonly Exchange[];
  readonly interjections: readonly Interjection[];
  /** The model that answered last; empty if none did. */
  readonly model: string;
}

/** The name of an action's place in `TaskView.running`. */
export function placeOf(stepNumber: number, index: number): string {
  return `${stepNumber}/${index}`;
}

/** True if the task will never change again. */
export function hasEnded(state: TaskState): boolean {
  return state === TaskState.SUCCEEDED || state === TaskState.FAILED || state === TaskState.STOPPED;
}

/** True if a model decides: only then there is somebody to talk to. */
export function isModelTask(task: Task): boolean {
  return task.decider === Decider.MODEL;
}

/** A view of a task of which the journal has not been read yet. */
export function viewOf(task: Task): TaskView {
  return { task, lastSeq: 0n, running: new Set(), exchanges: [], interjections: [], model: "" };
}

/** Takes in one event, as the server's own fold does (task/fold.py). One that was taken in before changes nothing. */
export function fold(view: TaskView | undefined, event: TaskEvent): TaskView {
  if (view !== undefined && event.seq <= view.lastSeq) return view;
  const before = view ?? viewOf(create(TaskSchema, { taskId: event.taskId }));
  const changed = takeIn(before, event);
  const task = { ...changed.task, lastEventSeq: event.seq };
  if (event.time !== undefined) task.updatedAt = event.time;
  return { ...changed, task, lastSeq: event.seq };
}

function takeIn(view: TaskView, event: TaskEvent): TaskView {
  const { kind } = event;
  switch (kind.case) {
    case "created":
      return kind.value.task === undefined ? view : viewOf(kind.value.task);
    case "stateChanged":
      return changeState(view, kind.value, event);
    case "taskUpdate":
      return { ...view, task: updateTask(view.task, kind.value) };
    case "stepUpdate":
      return kind.value.step === undefined ? view : updateStep(view, kind.value.step);
    case "modelReply":
      return countReply(view, kind.value.model, kind.value.usage);
    case "decisionMade":
      return kind.value.decision === undefined ? view : decide(view, kind.value.stepNumber, kind.value.decision);
    case "actionStarted":
      return startAction(view, kind.value.stepNumber, kind.value.index, kind.value.action);
    case "actionFinished":
      return finishAction(view, kind.value.stepNumber, kind.value.index, kind.value.result);
    case "humanInputNeeded":
      return kind.value.request === undefined ? view : askHuman(view, kind.value.request);
    case "humanInput":
      return takeAnswer(view, kind.value);
    case "personMessage":
      return interject(view, "said", kind.value.messageId || String(event.seq), kind.value.text);
    case "personActed":
      return interject(view, "acted", String(event.seq), ACTED[kind.value.what] ?? "You used its tab.");
    case "rowsCollected":
      return collect(view, kind.value);
    default:
      // A kind that is newer than this panel.
      return view;
  }
}

function changeState(view: TaskView, change: TaskStateChanged, event: TaskEvent): TaskView {
  const task: Task = { ...view.task, state: change.to };
  task.cause = change.cause;
  if (change.result !== "") task.result = change.result;
  const ended = hasEnded(change.to);
  if (ended && event.time !== undefined) task.finishedAt = event.time;
  // A question outlives pause and resume: it is asked once, and stays open until it is answered or the task ends.
  if (ended) task.humanRequest = undefined;
  return { ...view, task, running: ended ? new Set() : view.running };
}

function updateTask(task: Task, update: TaskUpdate): Task {
  const changed = { ...task };
  if (update.description !== undefined) changed.description = update.description;
  if (update.details !== undefined) changed.details = update.details;
  if (update.notes !== undefined) changed.notes = update.notes;
  if (update.scratchpad !== undefined) changed.scratchpad = update.scratchpad;
  if (update.tabId !== undefined) changed.tabId = update.tabId;
  if (update.currentGoal !== undefined) changed.currentGoal = update.currentGoal;
  if (update.plan !== undefined) changed.plan = update.plan;
  if (update.tabs !== undefined) changed.tabIds = update.tabs.tabIds;
  if (update.policy !== undefined) changed.policy = update.policy;
  return changed;
}

function updateStep(view: TaskView, step: Step): TaskView {
  const ended = step.status !== StepStatus.RUNNING && step.status !== StepStatus.UNSPECIFIED;
  const prefix = `${step.number}/`;
  const running = ended ? new Set([...view.running].filter((place) => !place.startsWith(prefix))) : view.running;
  return { ...withStep(view, step.number, () => step), running };
}

function decide(view: TaskView, stepNumber: number, decision: Decision): TaskView {
  const decided = withStep(view, stepNumber, (step) => ({
    ...step,
    reasoning: decision.reasoning,
    description: decision.nextGoal,
    actions: decision.actions,
    // What became of an earlier decision for the same step is no part of this one.
    results: [],
  }));
  if (decision.nextGoal === "") return decided;
  return { ...decided, task: { ...decided.task, currentGoal: decision.nextGoal } };
}

function startAction(view: TaskView, stepNumber: number, index: number, action: Action | undefined): TaskView {
  const started = withStep(view, stepNumber, (step) => {
    const actions = [...step.actions];
    if (action !== undefined && index <= actions.length) actions[index] = action;
    return { ...step, actions };
  });
  return { ...started, running: new Set(view.running).add(placeOf(stepNumber, index)) };
}

function finishAction(view: TaskView, stepNumber: number, index: number, result: ActionResult | undefined): TaskView {
  const finished = withStep(view, stepNumber, (step) => {
    // Results follow each other: that of an action that is tried again replaces what came after its first try.
    const before = step.results.slice(0, index);
    return { ...step, results: result === undefined ? before : [...before, result] };
  });
  const running = new Set(view.running);
  running.delete(placeOf(stepNumber, index));
  return { ...finished, running };
}

function countReply(view: TaskView, model: string, usage: Usage | undefined): TaskView {
  const known = { ...view, model: model || view.model };
  if (usage === undefined) return known;
  const before = view.task.usage ?? create(UsageSchema);
  const sum = create(UsageSchema, {
    modelCalls: before.modelCalls + usage.modelCalls,
    promptTokens: before.promptTokens + usage.promptTokens,
    cachedTokens: before.cachedTokens + usage.cachedTokens,
    completionTokens: before.completionTokens + usage.completionTokens,
    costMicroUsd: before.costMicroUsd + usage.costMicroUsd,
    callsWithoutCost: before.callsWithoutCost + usage.callsWithoutCost,
    modelMs: before.modelMs + usage.modelMs,
  });
  return { ...known, task: { ...view.task, usage: sum } };
}

function askHuman(view: TaskView, request: HumanRequest): TaskView {
  const afterStep = view.task.steps.at(-1)?.number ?? 0;
  const others = view.exchanges.filter((exchange) => exchange.request.requestId !== request.requestId);
  return {
    ...view,
    task: { ...view.task, humanRequest: request },
    exchanges: [...others, { request, answer: undefined, afterStep }],
  };
}

function takeAnswer(view: TaskView, input: HumanInput): TaskView {
  const task = { ...view.task, humanRequest: undefined };
  const exchanges = view.exchanges.map((exchange) =>
    exchange.request.requestId === input.requestId ? { ...exchange, answer: answerWords(exchange, input) } : exchange,
  );
  return { ...view, task, exchanges };
}

/** What was answered, in words; an approval or a hand-over may come without any of the person's own. */
function answerWords({ request }: Exchange, { answer, approved, timedOut }: HumanInput): string {
  if (timedOut) return "Nobody answered in time.";
  if (request.kind === HumanRequestKind.APPROVAL) {
    const verdict = approved ? "Approved" : "Denied";
    return answer === "" ? `${verdict}.` : `${verdict}: ${answer}`;
  }
  return answer === "" && request.kind === HumanRequestKind.HANDOVER ? "Done." : answer;
}

const ACTED: Readonly<Record<string, string>> = {
  click: "You clicked in its tab.",
  key: "You typed in its tab.",
  navigation: "You took its tab elsewhere.",
};

function interject(view: TaskView, kind: Interjection["kind"], key: string, text: string): TaskView {
  const afterStep = view.task.steps.at(-1)?.number ?? 0;
  return { ...view, interjections: [...view.interjections, { key, kind, text, afterStep }] };
}

function collect(view: TaskView, { table, rows }: RowsCollected): TaskView {
  const known = view.task.collected.find((one) => one.name === table);
  const grown = create(CollectedTableSchema, {
    name: table,
    columns: known?.columns.length ? known.columns : (rows?.columns ?? []),
    rowCount: (known?.rowCount ?? 0) + (rows?.rows.length ?? 0),
  });
  const collected =
    known === undefined
      ? [...view.task.collected, grown]
      : view.task.collected.map((one) => (one === known ? grown : one));
  return { ...view, task: { ...view.task, collected } };
}

/** Replaces a step, or adds it in its place. */
function withStep(view: TaskView, stepNumber: number, change: (step: Step) => Step): TaskView {
  const { steps } = view.task;
  const at = steps.findIndex((step) => step.number >= stepNumber);
  const place = at === -1 ? steps.length : at;
  const known = steps[place]?.number === stepNumber ? steps[place] : undefined;
  const step = known ?? create(StepSchema, { number: stepNumber, status: StepStatus.RUNNING });
  const next = [...steps];
  next.splice(place, known === undefined ? 0 : 1, change(step));
  return { ...view, task: { ...view.task, steps: next } };
}
