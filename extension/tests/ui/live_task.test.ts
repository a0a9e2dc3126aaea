// @vitest-environment jsdom
// The live task, as a person meets it; closing the panel and opening it again.

import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ActionStatus } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { ConnectionPhase, ConnectionStatusSchema } from "@gen/tabwire/v1/extension_pb";
import { HumanRequestKind, StepStatus, TaskState } from "@gen/tabwire/v1/task_pb";
import { afterEach, describe, expect, test, vi } from "vitest";
import { storedMessage } from "../../ui/services/storage";
import { allById, type Bench, bench, byId, CONNECTED, closeAll, eventually, press, shown, start, type } from "./bench";
import { refusal, type TaskDouble } from "./server_double";

afterEach(closeAll);

describe("the live task", () => {
  async function running(): Promise<{ made: Bench; task: TaskDouble }> {
    let task: TaskDouble | undefined;
    const made = await start(CONNECTED, ({ server, chrome }) => {
      task = server.add({ taskId: "t", userPrompt: "buy a stapler" });
      task.add({ case: "stateChanged", value: { to: TaskState.RUNNING } });
      return chrome.storage.local.set({ "panel.lastTask": "t" });
    });
    await eventually(() => expect(byId("task-state").textContent).toBe("Working"));
    if (task === undefined) throw new Error("no task");
    return { made, task };
  }

  test("shows steps, reasoning and outcomes as they come", async () => {
    const { task } = await running();
    const click = { id: "a", kind: { case: "click" as const, value: { elementId: 5 } } };
    const decision = { nextGoal: "Open the cart", reasoning: "It is there.", actions: [click] };
    task.add({ case: "decisionMade", value: { stepNumber: 1, decision } });
    task.add({ case: "actionStarted", value: { stepNumber: 1, index: 0, action: click } });
    await eventually(() => expect(document.querySelector('.action[data-status="running"]')).not.toBeNull());
    expect(byId("step").textContent).toContain("Open the cart");
    expect(byId("step").textContent).toContain("It is there.");
    expect(byId("step").textContent).toContain("Click element 5");
    const errorInfo = { message: "It is covered.", remedy: "Close the banner." };
    task.add({
      case: "actionFinished",
      value: { stepNumber: 1, index: 0, result: { status: ActionStatus.FAILED, errorInfo } },
    });
    const outcome = await shown("action-outcome");
    expect(outcome.dataset.status).toBe("failed");
    expect(outcome.textContent).toContain("It is covered.");
    expect(outcome.querySelector('[data-testid="remedy"]')?.textContent).toBe("Close the banner.");
    await eventually(() => expect(byId("live").textContent).toBe("Failed: It is covered. Close the banner."));
    task.add({ case: "stepUpdate", value: { step: { number: 1, status: StepStatus.FAILED, description: "Cart" } } });
    await eventually(() => expect(byId("step").dataset.status).toBe("failed"));
  });

  test("tells what an action did, and shows what it read", async () => {
    const { task } = await running();
    const read = { id: "a", kind: { case: "readText" as const, value: { elementId: 5 } } };
    task.add({ case: "actionStarted", value: { stepNumber: 1, index: 0, action: read } });
    const result = {
      status: ActionStatus.SUCCEEDED,
      outcomeDetails: { message: 'Read the cell "Total": 7 characters.' },
      extracted: { case: "text" as const, value: "12.50 €" },
    };
    task.add({ case: "actionFinished", value: { stepNumber: 1, index: 0, result } });
    const outcome = await shown("action-outcome");
    expect(outcome.dataset.status).toBe("succeeded");
    expect(outcome.textContent).toBe('Read the cell "Total": 7 characters.12.50 €');
    expect(byId("step").textContent).not.toContain("element 5");
  });

  test("pauses, goes on and stops", async () => {
    const { made, task } = await running();
    byId("pause").click();
    await eventually(() => expect(made.server.done).toEqual(["pause t"]));
    task.add({ case: "stateChanged", value: { to: TaskState.PAUSED } });
    (await shown("resume")).click();
    await eventually(() => expect(made.server.done).toContain("resume t"));
    task.add({ case: "stateChanged", value: { to: TaskState.RUNNING } });
    await eventually(() => expect(allById("resume")).toHaveLength(0));
    byId("stop").click();
    await eventually(() => expect(made.server.done).toContain("stop t"));
    task.add({ case: "stateChanged", value: { to: TaskState.STOPPED } });
    expect((await shown("result")).textContent).toContain("You stopped the task.");
  });

  test("shows the task's tab, or says that it is closed", async () => {
    const { made, task } = await running();
    expect(allById("show-tab")).toHaveLength(0);
    task.add({ case: "taskUpdate", value: { tabId: 112 } });
    (await shown("show-tab")).click();
    await eventually(() => expect(made.chrome.shownTabs).toEqual([12]));
    task.add({ case: "taskUpdate", value: { tabId: 504 } });
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await eventually(() => expect(made.panel.task.view.value?.task.tabId).toBe(504));
    byId("show-tab").click();
    expect((await shown("remedy")).textContent).toBe("Run the task again.");
    expect(warned).toHaveBeenCalled();
    // Nothing was told since the browser was started: whatever the task knows is of another run.
    await made.chrome.storage.session.remove("tabShift");
    task.add({ case: "taskUpdate", value: { tabId: 112 } });
    await eventually(() => expect(made.panel.task.view.value?.task.tabId).toBe(112));
    byId("show-tab").click();
    await eventually(() => expect(warned).toHaveBeenCalledTimes(2));
    expect(made.chrome.shownTabs).toEqual([12]);
  });

  test("shows why a wish was refused", async () => {
    const { made } = await running();
    const info = { errorCode: ErrorCode.FAILED_PRECONDITION, message: "It has ended.", remedy: "Run it again." };
    made.server.failures.push({ method: "control", error: refusal(Code.FailedPrecondition, info) });
    byId("pause").click();
    expect((await shown("remedy")).textContent).toBe("Run it again.");
  });

  test("a question is answered by its options", async () => {
    const { made, task } = await running();
    const request = { requestId: "q", kind: HumanRequestKind.QUESTION, prompt: "Which?", options: ["red", "blue"] };
    task.add({ case: "humanInputNeeded", value: { request } });
    task.add({ case: "stateChanged", value: { to: TaskState.WAITING_HUMAN } });
    expect((await shown("question")).textContent).toContain("Which?");
    expect(document.activeElement?.textContent).toContain("Tabwire asks");
    allById("answer-option")[1]?.click();
    await eventually(() => expect(made.server.done).toEqual(["answer t q blue"]));
    task.add({ case: "humanInput", value: { requestId: "q", answer: "blue" } });
    task.add({ case: "stateChanged", value: { to: TaskState.RUNNING } });
    await eventually(() => expect(allById("question")).toHaveLength(0));
    expect(byId("exchange").textContent).toContain("blue");
    // The button that had the focus is gone; the focus is not lost.
    expect(document.activeElement).not.toBe(document.body);
  });

  test("a question is answered in free words", async () => {
    const { made, task } = await running();
    task.add({ case: "humanInputNeeded", value: { request: { requestId: "q", prompt: "Whom to?" } } });
    task.add({ case: "stateChanged", value: { to: TaskState.WAITING_HUMAN } });
    await shown("answer-input");
    byId("answer-send").click();
    type("answer-input", " Ada ");
    await eventually(() => expect(byId("answer-send").getAttribute("aria-disabled")).toBe("false"));
    press("answer-input", "Enter");
    await eventually(() => expect(made.server.done).toEqual(["answer t q Ada"]));
  });

  test("explains what needs attention", async () => {
    const { task } = await running();
    const click = { id: "a", kind: { case: "click" as const, value: { elementId: 5 } } };
    task.add({ case: "actionStarted", value: { stepNumber: 1, index: 0, action: click } });
    const cause = { message: "Nobody knows if it was paid.", remedy: "Look at the account." };
    task.add({ case: "stateChanged", value: { to: TaskState.NEEDS_ATTENTION, cause } });
    expect((await shown("attention")).textContent).toContain("Nobody knows if it was paid.");
    expect(byId("remedy").textContent).toBe("Look at the account.");
    expect(byId("step").textContent).toContain("Not known if it was done.");
    expect(byId("resume")).toBeDefined();
    expect(byId("stop")).toBeDefined();
  });

  test("shows the result, never as markup, and runs it again", async () => {
    const { made, task } = await running();
    const result = '<img src=x onerror="alert(1)"> see https://shop.example/cart.';
    task.add({ case: "stateChanged", value: { to: TaskState.SUCCEEDED, result } });
    const shownResult = await shown("result");
    expect(shownResult.textContent).toContain(result);
    expect(shownResult.querySelector("img")).toBeNull();
    expect(shownResult.querySelector("a")?.getAttribute("href")).toBe("https://shop.example/cart");
    byId("again").click();
    await eventually(() => expect(made.server.created).toHaveLength(1));
    expect(made.server.created[0]).toMatchObject({ userPrompt: "buy a stapler", context: { activeTabId: 7 } });
    await eventually(() => expect(byId("task-state").textContent).toBe("Queued"));
  });

  test("goes on after a broken stream from where it stood, without saying anything twice", async () => {
    const { made, task } = await running();
    task.breakStreams();
    await eventually(() => expect(made.server.watched.length).toBeGreaterThan(1));
    expect(made.server.watched.at(-1)).toBe(2n);
    task.add({ case: "stateChanged", value: { to: TaskState.SUCCEEDED, result: "Bought." } });
    expect((await shown("result")).textContent).toContain("Bought.");
  });

  test("says that it is not live, and leaves the remedy to the connection bar", async () => {
    const { made, task } = await running();
    const errorInfo = { message: "Nothing answers.", remedy: "Start `tabwire up`." };
    const failure = { method: "watch" as const, error: new Error("no way through") };
    made.server.failures.push(failure, failure, failure, failure, failure, failure);
    const status = create(ConnectionStatusSchema, { ...CONNECTED, phase: ConnectionPhase.WAITING, errorInfo });
    await storedMessage("session", "connection", ConnectionStatusSchema).set(status);
    task.breakStreams();
    await shown("not-live");
    expect(allById("remedy")).toHaveLength(1);
  });

  test("closing the panel stops nothing; opening it shows the task again", async () => {
    const { made, task } = await running();
    made.close();
    expect(made.server.done).toEqual([]);
    task.add({ case: "decisionMade", value: { stepNumber: 1, decision: { nextGoal: "Meanwhile" } } });
    await bench(CONNECTED, made).open();
    expect((await shown("step")).textContent).toContain("Meanwhile");
  });
});
