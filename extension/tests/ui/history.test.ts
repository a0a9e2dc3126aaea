// @vitest-environment jsdom
// The history, and the token that every call needs.

import { TaskState } from "@gen/tabwire/v1/task_pb";
import { afterEach, describe, expect, test } from "vitest";
import {
  allById,
  type Bench,
  byId,
  CONNECTED,
  closeAll,
  eventually,
  press,
  SERVER_URL,
  shown,
  start,
  type,
} from "./bench";

afterEach(closeAll);

describe("history", () => {
  async function withTasks(): Promise<Bench> {
    return start(CONNECTED, ({ server }) => {
      server.pageSize = 2;
      for (const [index, userPrompt] of ["first task", "buy paper", "buy pins"].entries()) {
        server.add({ taskId: `t${index}`, userPrompt, state: TaskState.SUCCEEDED, result: `result ${index}` });
      }
    });
  }

  test("lists, loads more and searches", async () => {
    await withTasks();
    byId("history").click();
    (await shown("history-more")).click();
    await eventually(() => expect(allById("history-item")).toHaveLength(3));
    expect(allById("history-item")[0]?.textContent).toContain("buy pins");
    type("history-search", "paper BUY");
    await eventually(() => expect(allById("history-item").map((item) => item.dataset.task)).toEqual(["t1"]));
    type("history-search", "nothing like it");
    await eventually(() => expect(allById("history-item")).toHaveLength(0));
  });

  test("is refreshed without losing the pages that were loaded", async () => {
    const { server, panel } = await withTasks();
    byId("history").click();
    (await shown("history-more")).click();
    await eventually(() => expect(allById("history-item")).toHaveLength(3));
    server.add({ taskId: "t3", userPrompt: "buy ink" });
    await panel.history.refresh();
    await eventually(() =>
      expect(allById("history-item").map((item) => item.dataset.task)).toEqual(["t3", "t2", "t1", "t0"]),
    );
    expect(allById("history-more")).toHaveLength(0);
  });

  test("is left by Escape and by Back", async () => {
    await withTasks();
    for (const leave of [() => press("history-search", "Escape"), () => byId("history-back").click()]) {
      byId("history").click();
      await shown("history-search");
      leave();
      await eventually(() => expect(document.activeElement).toBe(byId("task-input")));
    }
  });

  test("opens a past task and remembers it", async () => {
    const { chrome } = await withTasks();
    byId("history").click();
    await shown("history-search");
    await eventually(() => expect(allById("history-item").length).toBeGreaterThan(0));
    allById("history-item")[0]?.click();
    await shown("task-state");
    await eventually(() => expect(chrome.storage.local.values["panel.lastTask"]).toBe("t2"));
    byId("new-task").click();
    await eventually(() => expect(allById("task-state")).toHaveLength(0));
    expect(chrome.storage.local.values["panel.lastTask"]).toBeUndefined();
  });

  test("the last task does not take the text away from a person who writes already", async () => {
    let read = (): void => undefined;
    const { chrome } = await start(CONNECTED, async (made) => {
      made.server.add({ taskId: "t", userPrompt: "buy paper", state: TaskState.SUCCEEDED });
      await made.chrome.storage.local.set({ "panel.lastTask": "t" });
      made.chrome.storage.local.ready = new Promise((resolve) => {
        read = resolve;
      });
    });
    const field = await shown("task-input");
    field.focus();
    read();
    await shown("history-item");
    expect(document.activeElement).toBe(field);
    expect(allById("task-state")).toHaveLength(0);
    expect(chrome.storage.local.values["panel.lastTask"]).toBe("t");
  });

  test("a last task that the server no longer knows is silently forgotten", async () => {
    const { chrome } = await start(CONNECTED, (made) => made.chrome.storage.local.set({ "panel.lastTask": "gone" }));
    await shown("task-input");
    await eventually(() => expect(chrome.storage.local.values["panel.lastTask"]).toBeUndefined());
    expect(allById("remedy")).toHaveLength(0);
  });
});

describe("token", () => {
  test("is renewed once when it is refused, for calls and for streams", async () => {
    const { chrome } = await start(CONNECTED, async (made) => {
      made.server.token = "token-2";
      made.chrome.answer("access", ({ kind }) => ({
        case: "credentials",
        value: {
          serverUrl: SERVER_URL,
          accessToken: kind.case === "access" && kind.value.refused ? "token-2" : "token-1",
        },
      }));
      made.server.add({ taskId: "t", userPrompt: "buy" });
      await made.chrome.storage.local.set({ "panel.lastTask": "t" });
    });
    await eventually(() => expect(byId("task-state").textContent).toBe("Queued"));
    const refused = chrome.askedFor("access").filter(({ kind }) => kind.case === "access" && kind.value.refused);
    expect(refused.length).toBeLessThanOrEqual(2);
    expect(refused.length).toBeGreaterThan(0);
  });

  test("is renewed for a call that answers once", async () => {
    const { chrome } = await start(CONNECTED, (made) => {
      made.server.token = "token-2";
      made.server.add({ taskId: "t", userPrompt: "buy" });
      made.chrome.answer("access", ({ kind }) => {
        const accessToken = kind.case === "access" && kind.value.refused ? "token-2" : "token-1";
        return { case: "credentials", value: { serverUrl: SERVER_URL, accessToken } };
      });
    });
    await shown("history-item");
    expect(chrome.askedFor("access").map(({ kind }) => kind.case === "access" && kind.value.refused)).toEqual([
      false,
      true,
    ]);
  });

  test("an error that stays is shown, not repeated", async () => {
    await start(CONNECTED, (made) => {
      made.server.token = "another";
    });
    byId("history").click();
    expect((await shown("remedy")).textContent).toContain("tabwire up");
  });
});
