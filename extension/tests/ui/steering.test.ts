// @vitest-environment jsdom
// What is between the person and the agent while it works, and what it leaves: approvals, hand-overs, words to it, its
// plan and notebook, what it thinks, what it collected and did, and going on with it.

import { Code } from "@connectrpc/connect";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { ConnectionPhase } from "@gen/tabwire/v1/extension_pb";
import { Consequence } from "@gen/tabwire/v1/policy_pb";
import { Decider, EffectKind, HumanRequestKind, PlanStatus, StepStatus, TaskState } from "@gen/tabwire/v1/task_pb";
import { afterEach, describe, expect, test, vi } from "vitest";
import { allById, type Bench, byId, CONNECTED, closeAll, eventually, press, shown, start, type } from "./bench";
import { refusal, type TaskDouble } from "./server_double";

afterEach(closeAll);

interface Made {
  readonly made: Bench;
  readonly task: TaskDouble;
}

async function running(decider = Decider.MODEL): Promise<Made> {
  let task: TaskDouble | undefined;
  const made = await start({ ...CONNECTED, phase: ConnectionPhase.CONNECTED }, ({ server, chrome }) => {
    task = server.add({ taskId: "t", userPrompt: "buy a stapler", decider });
    task.add({ case: "stateChanged", value: { to: TaskState.RUNNING } });
    return chrome.storage.local.set({ "panel.lastTask": "t" });
  });
  await eventually(() => expect(byId("task-state").textContent).toBe("Working"));
  if (task === undefined) throw new Error("no task");
  return { made, task };
}

async function ended(): Promise<Made> {
  const { made, task } = await running();
  task.add({ case: "stepUpdate", value: { step: { number: 1, status: StepStatus.SUCCEEDED } } });
  task.add({ case: "stateChanged", value: { to: TaskState.SUCCEEDED, result: "Bought." } });
  await shown("result");
  return { made, task };
}

/** What was typed has been drawn, as it has before any person can press the next button. */
function drawn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function asks(task: TaskDouble, kind: HumanRequestKind): void {
  const request = {
    requestId: "q",
    kind,
    prompt: "Press Buy now?",
    url: "https://www.shop.example/cart",
    action: { kind: { case: "click" as const, value: { elementId: 7 } } },
    actionDigest: new Uint8Array([1, 2, 3]),
    consequences: [Consequence.BUY],
  };
  task.add({ case: "humanInputNeeded", value: { request } });
  task.add({ case: "stateChanged", value: { to: TaskState.WAITING_HUMAN } });
}

describe("an approval", () => {
  test("shows the exact action and approves nothing else", async () => {
    const { made, task } = await running();
    asks(task, HumanRequestKind.APPROVAL);
    const facts = await shown("approval-facts");
    expect(byId("question").textContent).toContain("Press Buy now?");
    expect(facts.textContent).toContain("shop.example/cart");
    expect(facts.textContent).toContain("spend money");
    byId("approve").click();
    await eventually(() => expect(made.server.done).toEqual(["answer t q  approve 1,2,3"]));
    task.add({ case: "humanInput", value: { requestId: "q", approved: true } });
    task.add({ case: "stateChanged", value: { to: TaskState.RUNNING } });
    expect((await shown("exchange")).textContent).toContain("Approved.");
  });

  test("is denied with a reason for the agent", async () => {
    const { made, task } = await running();
    asks(task, HumanRequestKind.APPROVAL);
    await shown("deny");
    type("deny-reason", "Too expensive");
    await drawn();
    byId("deny").click();
    await eventually(() => expect(made.server.done).toEqual(["answer t q Too expensive deny 1,2,3"]));
    task.add({ case: "humanInput", value: { requestId: "q", answer: "Too expensive" } });
    task.add({ case: "stateChanged", value: { to: TaskState.RUNNING } });
    expect((await shown("exchange")).textContent).toContain("Denied: Too expensive");
  });

  test("that nobody answered in time says so", async () => {
    const { task } = await running();
    asks(task, HumanRequestKind.APPROVAL);
    await shown("approve");
    task.add({ case: "humanInput", value: { requestId: "q", timedOut: true } });
    task.add({ case: "stateChanged", value: { to: TaskState.RUNNING } });
    expect((await shown("exchange")).textContent).toContain("Nobody answered in time.");
  });
});

test("a hand-over shows the tab and is handed back with a note", async () => {
  const { made, task } = await running();
  task.add({ case: "taskUpdate", value: { tabId: 112 } });
  asks(task, HumanRequestKind.HANDOVER);
  (await shown("hand-over-tab")).click();
  await eventually(() => expect(made.chrome.shownTabs).toEqual([12]));
  type("hand-back-note", "I am in");
  await drawn();
  byId("hand-back").click();
  await eventually(() => expect(made.server.done).toEqual(["answer t q I am in"]));
});

describe("a word to the agent", () => {
  test("is sent, and shown where it was said", async () => {
    const { made, task } = await running();
    type("steer-input", "Take the red one");
    await shown("steer-now");
    press("steer-input", "Enter");
    await eventually(() => expect(made.server.steered).toHaveLength(1));
    expect(made.server.steered[0]).toMatchObject({ taskId: "t", text: "Take the red one", interrupt: false });
    await eventually(() => expect((byId("steer-input") as HTMLTextAreaElement).value).toBe(""));
    task.add({ case: "personMessage", value: { messageId: "m", text: "Take the red one" } });
    expect((await shown("interjection")).textContent).toContain("Take the red one");
  });

  test("that was not taken stays, and is the same message when it is sent again", async () => {
    const { made } = await running();
    const info = { errorCode: ErrorCode.UNAVAILABLE, message: "Not now." };
    const steer = (): void => byId("steer-send").click();
    type("steer-input", "Stop there");
    const now = (await shown("steer-now")) as HTMLInputElement;
    now.click();
    const before = made.server.steered.length;
    made.server.failures.push({ method: "control", error: refusal(Code.Unavailable, info) });
    steer();
    await eventually(() => expect(document.body.textContent).toContain("Not now."));
    expect((byId("steer-input") as HTMLTextAreaElement).value).toBe("Stop there");
    steer();
    await eventually(() => expect(made.server.steered.length).toBe(before + 1));
    expect(made.server.steered.at(-1)).toMatchObject({ text: "Stop there", interrupt: true });
    expect(made.server.steered.at(-1)?.messageId).not.toBe("");
  });

  test("has nobody to hear it where plain commands decide", async () => {
    await running(Decider.COMMANDS);
    expect(allById("steer-input")).toHaveLength(0);
    expect(allById("notebook")).toHaveLength(0);
  });
});

test("what a person did in the tab is told between the steps", async () => {
  const { task } = await running();
  task.add({ case: "personActed", value: { tabId: 3, what: "click" } });
  task.add({ case: "stateChanged", value: { to: TaskState.PAUSED, cause: { message: "You used its tab." } } });
  expect((await shown("interjection")).textContent).toContain("You clicked in its tab.");
});

test("shows what the model is writing, until it has decided", async () => {
  const { task } = await running();
  task.add({ case: "stepUpdate", value: { step: { number: 1, status: StepStatus.RUNNING } } });
  await shown("step");
  task.think({ stepNumber: 1, reasoning: "The cart is emp", nextGoal: "" });
  await eventually(() => expect(byId("step").textContent).toContain("The cart is emp"));
  task.think({ stepNumber: 1, reasoning: "The cart is empty.", nextGoal: "Look for staplers" });
  await eventually(() => expect(byId("step").textContent).toContain("Look for staplers"));
  const decision = { reasoning: "Final words.", nextGoal: "Search", actions: [] };
  task.add({ case: "decisionMade", value: { stepNumber: 1, decision } });
  await eventually(() => expect(byId("step").textContent).toContain("Final words."));
  expect(byId("step").textContent).not.toContain("The cart is empty.");
});

test("shows the plan with where each part stands", async () => {
  const { task } = await running();
  const items = [
    { text: "Find it", status: PlanStatus.DONE },
    { text: "Buy it", status: PlanStatus.ACTIVE },
    { text: "Tell Ada", status: PlanStatus.UNSPECIFIED },
  ];
  task.add({ case: "taskUpdate", value: { plan: { items } } });
  const plan = await shown("plan");
  expect([...plan.querySelectorAll("li")].map((item) => item.dataset.status)).toEqual(["done", "under-way", "to-do"]);
  expect(plan.textContent).toContain("Buy it (under way)");
});

test("the notebook can be changed while the task runs", async () => {
  const { made, task } = await running();
  task.add({ case: "taskUpdate", value: { scratchpad: "- red" } });
  await eventually(() => expect((byId("notebook-text") as HTMLTextAreaElement).value).toBe("- red"));
  expect(allById("notebook-save")).toHaveLength(0);
  type("notebook-text", "- red\n- large");
  (await shown("notebook-save")).click();
  await eventually(() => expect(made.server.done).toEqual(["modify t - red\n- large"]));
  await eventually(() => expect(allById("notebook-save")).toHaveLength(0));
});

describe("an ended task", () => {
  test("gives what it collected as a file", async () => {
    const { made, task } = await running();
    const rows = { columns: ["name", "price"], rows: [{ cells: ["a", "1"] }, { cells: ["b", "2"] }] };
    task.add({ case: "rowsCollected", value: { table: "rows", rows } });
    task.add({ case: "rowsCollected", value: { table: "rows", rows: { rows: [{ cells: ["c", "3"] }] } } });
    expect((await shown("collected")).textContent).toContain("rows: 3 rows, 2 columns");
    const saved: { name: string; blob: Blob }[] = [];
    vi.stubGlobal(
      "URL",
      Object.assign(URL, { createObjectURL: (blob: Blob) => kept(blob), revokeObjectURL: () => undefined }),
    );
    const kept = (blob: Blob): string => {
      saved.push({ name: "", blob });
      return "blob:x";
    };
    const clicked = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    allById("save-as")[0]?.click();
    await eventually(() => expect(made.server.done).toEqual(["export t CSV rows"]));
    await eventually(() => expect(clicked).toHaveBeenCalledOnce());
    expect(await saved[0]?.blob.text()).toBe("a,b\n");
    expect(saved[0]?.blob.type).toBe("text/csv");
    clicked.mockRestore();
    vi.unstubAllGlobals();
  });

  test("tells what it did when it is asked", async () => {
    const { made } = await ended();
    made.server.effects = [
      {
        seq: 4n,
        kind: EffectKind.SUBMITTED,
        description: "Pressed “Buy now”.",
        url: "https://shop.example/",
        approved: true,
      },
    ];
    const effects = byId("effects") as HTMLDetailsElement;
    effects.open = true;
    effects.dispatchEvent(new Event("toggle"));
    await eventually(() => expect(effects.textContent).toContain("Sent Pressed “Buy now”. on shop.example (approved)"));
  });

  test("is deleted when the person says so twice", async () => {
    const { made } = await ended();
    byId("delete").click();
    await eventually(() => expect(byId("delete").textContent).toContain("for good?"));
    expect(made.server.done).toEqual([]);
    byId("delete").click();
    await eventually(() => expect(made.server.done).toEqual(["delete t"]));
    await shown("task-input");
    expect(allById("result")).toHaveLength(0);
  });

  test("shows what bears the result out", async () => {
    const { task } = await running();
    const before = task.task;
    expect(before.evidence).toBe("");
    task.task.evidence = "The page says “Thank you”.";
    task.add({ case: "created", value: { task: task.task } });
    task.add({ case: "stateChanged", value: { to: TaskState.SUCCEEDED, result: "Bought." } });
    expect((await shown("evidence")).textContent).toContain("Thank you");
  });

  test("can be gone on with, or left alone", async () => {
    const { made } = await ended();
    await shown("follows");
    type("task-input", "and a second one");
    byId("task-send").click();
    await eventually(() => expect(made.server.created).toHaveLength(1));
    expect(made.server.created[0]).toMatchObject({ userPrompt: "and a second one", followsTaskId: "t" });
    expect(made.server.created[0]?.context).toBeUndefined();
  });

  test("that is left alone has no part in the next one", async () => {
    const { made } = await ended();
    (await shown("follows-not")).click();
    await eventually(() => expect(allById("follows")).toHaveLength(0));
    type("task-input", "something else");
    byId("task-send").click();
    await eventually(() => expect(made.server.created).toHaveLength(1));
    expect(made.server.created[0]).toMatchObject({ followsTaskId: "" });
    expect(made.server.created[0]?.context?.url).toBe("https://shop.example/a");
  });
});
