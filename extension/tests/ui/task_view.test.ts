// The folding of a journal into the view of a task.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { ActionStatus } from "@gen/tabwire/v1/action_pb";
import { StepStatus, type TaskEvent, TaskEventSchema, TaskState } from "@gen/tabwire/v1/task_pb";
import { describe, expect, test } from "vitest";
import { fold, hasEnded, placeOf, type TaskView } from "../../ui/model/task_view";

type Kind = NonNullable<MessageInitShape<typeof TaskEventSchema>["kind"]>;

const CLICK = { id: "t/1/0", kind: { case: "click" as const, value: { elementId: 7 } } };
const READ = { id: "t/1/1", kind: { case: "readText" as const, value: { elementId: 9 } } };
const CREATED: Kind = { case: "created", value: { task: { taskId: "t", userPrompt: "buy", state: TaskState.QUEUED } } };
const DECIDED: Kind = {
  case: "decisionMade",
  value: { stepNumber: 1, decision: { reasoning: "why", nextGoal: "the cart", actions: [CLICK, READ] } },
};

function event(seq: number, kind: Kind): TaskEvent {
  return create(TaskEventSchema, { taskId: "t", seq: BigInt(seq), time: timestampFromMs(seq * 1000), kind });
}

function foldAll(...kinds: Kind[]): TaskView {
  const view = kinds.reduce<TaskView | undefined>((before, kind, at) => fold(before, event(at + 1, kind)), undefined);
  if (view === undefined) throw new Error("nothing to fold");
  return view;
}

function state(to: TaskState, more: { result?: string; message?: string } = {}): Kind {
  const cause = more.message === undefined ? {} : { cause: { message: more.message } };
  return { case: "stateChanged", value: { to, result: more.result ?? "", ...cause } };
}

describe("fold", () => {
  test("takes the task from its first event", () => {
    const view = foldAll(CREATED);
    expect(view.task.userPrompt).toBe("buy");
    expect(view.lastSeq).toBe(1n);
    expect(view.task.lastEventSeq).toBe(1n);
  });

  test("changes nothing for an event it has taken in", () => {
    const view = foldAll(CREATED, state(TaskState.RUNNING));
    expect(fold(view, event(2, state(TaskState.PAUSED)))).toBe(view);
    expect(fold(view, event(1, CREATED))).toBe(view);
  });

  test("does not change the view it was given", () => {
    const before = foldAll(CREATED, DECIDED);
    const steps = before.task.steps;
    fold(before, event(3, { case: "actionStarted", value: { stepNumber: 1, index: 0, action: CLICK } }));
    expect(before.task.steps).toBe(steps);
    expect(before.running.size).toBe(0);
  });

  test("makes a step of a decision, with goal, reasoning and actions", () => {
    const view = foldAll(CREATED, DECIDED);
    expect(view.task.currentGoal).toBe("the cart");
    expect(view.task.steps).toHaveLength(1);
    expect(view.task.steps[0]).toMatchObject({ number: 1, description: "the cart", reasoning: "why" });
    expect(view.task.steps[0]?.actions.map((action) => action.kind.case)).toEqual(["click", "readText"]);
  });

  test("knows which action runs, and puts each result beside its action", () => {
    const started = foldAll(CREATED, DECIDED, {
      case: "actionStarted",
      value: { stepNumber: 1, index: 0, action: CLICK },
    });
    expect([...started.running]).toEqual([placeOf(1, 0)]);
    const finished = fold(
      started,
      event(4, {
        case: "actionFinished",
        value: { stepNumber: 1, index: 0, result: { status: ActionStatus.SUCCEEDED, originalActionId: "t/1/0" } },
      }),
    );
    expect(finished.running.size).toBe(0);
    expect(finished.task.steps[0]?.results.map((result) => result.status)).toEqual([ActionStatus.SUCCEEDED]);
    expect(finished.task.steps[0]?.actions).toHaveLength(2);
  });

  test("a new decision for a step starts its results anew", () => {
    const result: Kind = {
      case: "actionFinished",
      value: { stepNumber: 1, index: 0, result: { status: ActionStatus.FAILED } },
    };
    const view = foldAll(CREATED, DECIDED, result, DECIDED);
    expect(view.task.steps[0]?.results).toEqual([]);
    expect(view.task.steps[0]?.actions).toHaveLength(2);
  });

  test("replaces a step by its update, keeps the others as they are, and keeps the order", () => {
    const step = (number: number, status: StepStatus): Kind => ({
      case: "stepUpdate",
      value: { step: { number, status, description: `step ${number}` } },
    });
    const before = foldAll(CREATED, step(1, StepStatus.SUCCEEDED), step(3, StepStatus.RUNNING));
    const after = fold(before, event(4, step(2, StepStatus.SUCCEEDED)));
    expect(after.task.steps.map((each) => each.number)).toEqual([1, 2, 3]);
    expect(after.task.steps[0]).toBe(before.task.steps[0]);
    const ended = fold(after, event(5, step(3, StepStatus.FAILED)));
    expect(ended.task.steps.map((each) => each.status)).toEqual([
      StepStatus.SUCCEEDED,
      StepStatus.SUCCEEDED,
      StepStatus.FAILED,
    ]);
  });

  test("an action cut off with its step no longer runs", () => {
    const view = foldAll(
      CREATED,
      DECIDED,
      { case: "actionStarted", value: { stepNumber: 1, index: 0, action: CLICK } },
      { case: "stepUpdate", value: { step: { number: 1, status: StepStatus.CANCELLED } } },
    );
    expect(view.running.size).toBe(0);
  });

  test("keeps question and answer with the step they belong to", () => {
    const asked = foldAll(CREATED, DECIDED, state(TaskState.WAITING_HUMAN), {
      case: "humanInputNeeded",
      value: { request: { requestId: "q", prompt: "Which?", options: ["a", "b"] } },
    });
    expect(asked.task.humanRequest?.prompt).toBe("Which?");
    expect(asked.exchanges).toMatchObject([{ answer: undefined, afterStep: 1 }]);
    const answered = fold(asked, event(5, { case: "humanInput", value: { requestId: "q", answer: "b" } }));
    expect(answered.task.humanRequest).toBeUndefined();
    expect(answered.exchanges).toMatchObject([{ answer: "b", afterStep: 1 }]);
  });

  test("a question outlives pause and resume, for it is not asked again", () => {
    const question: Kind = { case: "humanInputNeeded", value: { request: { requestId: "q", prompt: "Which?" } } };
    const paused = foldAll(CREATED, question, state(TaskState.WAITING_HUMAN), state(TaskState.PAUSED));
    expect(paused.task.humanRequest?.requestId).toBe("q");
    const resumed = fold(paused, event(5, state(TaskState.RUNNING)));
    expect(fold(resumed, event(6, state(TaskState.WAITING_HUMAN))).task.humanRequest?.requestId).toBe("q");
    expect(fold(resumed, event(6, state(TaskState.STOPPED))).task.humanRequest).toBeUndefined();
  });

  test("the end brings result, time and cause", () => {
    const view = foldAll(CREATED, DECIDED, state(TaskState.FAILED, { result: "no", message: "Too dear." }));
    expect(hasEnded(view.task.state)).toBe(true);
    expect(view.task.result).toBe("no");
    expect(view.task.cause?.message).toBe("Too dear.");
    expect(view.task.finishedAt && timestampMs(view.task.finishedAt)).toBe(3000);
  });

  test("a cause goes away with the state it explains", () => {
    const view = foldAll(CREATED, state(TaskState.PAUSED, { message: "You paused it." }), state(TaskState.RUNNING));
    expect(view.task.cause).toBeUndefined();
  });

  test("adds up the tokens of all replies", () => {
    const reply: Kind = {
      case: "modelReply",
      value: { stepNumber: 1, model: "m", usage: { modelCalls: 1, promptTokens: 100n, completionTokens: 7n } },
    };
    const view = foldAll(CREATED, reply, reply);
    expect(view.model).toBe("m");
    expect(view.task.usage).toMatchObject({ modelCalls: 2, promptTokens: 200n, completionTokens: 14n });
  });

  test("changes only what an update names", () => {
    const view = foldAll(CREATED, { case: "taskUpdate", value: { tabId: 5, notes: "" } });
    expect(view.task).toMatchObject({ tabId: 5, notes: "", userPrompt: "buy" });
  });

  test("goes on over a kind it does not know", () => {
    const view = fold(foldAll(CREATED), create(TaskEventSchema, { taskId: "t", seq: 2n }));
    expect(view.lastSeq).toBe(2n);
    expect(view.task.userPrompt).toBe("buy");
  });
});
