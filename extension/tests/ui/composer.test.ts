// @vitest-environment jsdom
// The composer, as a person meets it.

import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { TaskContextSchema } from "@gen/tabwire/v1/task_pb";
import { afterEach, describe, expect, test } from "vitest";
import { storedMessage } from "../../ui/services/storage";
import { allById, byId, CONNECTED, closeAll, eventually, press, shown, start, type } from "./bench";
import { refusal } from "./server_double";

afterEach(closeAll);

describe("composer", () => {
  test("Enter sends the text with the page, once", async () => {
    const { server } = await start();
    await shown("chip-page");
    type("task-input", "buy a stapler");
    expect(press("task-input", "Enter").defaultPrevented).toBe(true);
    press("task-input", "Enter");
    await shown("task-state");
    expect(server.created).toHaveLength(1);
    expect(server.created[0]).toMatchObject({
      userPrompt: "buy a stapler",
      context: { url: "https://shop.example/a", activeTabId: 7 },
    });
    expect(server.created[0]?.idempotencyKey).not.toBe("");
    expect(server.created[0]?.timestamp).toBeDefined();
  });

  test("Shift+Enter and the Enter of an input method write", async () => {
    const { server } = await start();
    await shown("task-input");
    type("task-input", "a");
    expect(press("task-input", "Enter", { shiftKey: true }).defaultPrevented).toBe(false);
    expect(press("task-input", "Enter", { isComposing: true }).defaultPrevented).toBe(false);
    expect(server.created).toHaveLength(0);
  });

  test("an empty task is refused at the field", async () => {
    const { server } = await start();
    (await shown("task-send")).click();
    await shown("task-fault");
    expect(byId("task-input").getAttribute("aria-invalid")).toBe("true");
    expect(server.created).toHaveLength(0);
    type("task-input", "x");
    await eventually(() => expect(allById("task-fault")).toHaveLength(0));
  });

  test("shows where a plain command stops making sense, with the caret there", async () => {
    await start(CONNECTED, ({ server }) => {
      const error = refusal(Code.InvalidArgument, {
        errorCode: ErrorCode.COMMAND_SYNTAX,
        message: "That is no plain command.",
        remedy: "Correct it.",
        details: { kind: { case: "syntax", value: { line: 2, column: 7, expected: "a name in quotes" } } },
      });
      server.failures.push({ method: "create", error });
    });
    await shown("task-input");
    type("task-input", "open a\nclick Cart");
    byId("task-send").click();
    const fault = await shown("task-fault");
    expect(fault.textContent).toContain("Line 2, column 7: expected a name in quotes");
    expect(fault.querySelector("mark")?.textContent).toBe("C");
    const field = byId("task-input") as HTMLTextAreaElement;
    await eventually(() => expect(field.selectionStart).toBe("open a\nclick ".length));
    expect(field.value).toBe("open a\nclick Cart");
  });

  test("sends a failed task again with the same key, a changed one with another", async () => {
    const { server } = await start(CONNECTED, (made) => {
      const failure = { method: "create" as const, error: new Error("the connection broke") };
      made.server.failures.push(failure, failure);
    });
    await shown("chip-page");
    type("task-input", "buy");
    byId("task-send").click();
    await shown("task-fault");
    byId("task-send").click();
    await eventually(() => expect(server.created).toHaveLength(2));
    await eventually(() => expect((byId("task-send") as HTMLButtonElement).disabled).toBe(false));
    type("task-input", "buy more");
    byId("task-send").click();
    await shown("task-state");
    const keys = server.created.map((request) => request.idempotencyKey);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  test("shows the element of the context menu, and can leave it out", async () => {
    const { server, chrome } = await start(CONNECTED, async () => {
      const draft = create(TaskContextSchema, {
        url: "https://other.example/",
        pageTitle: "Other",
        activeTabId: 9,
        selectedText: "some words",
        targetedElement: { id: 3, role: "button", name: "Pay" },
      });
      await storedMessage("session", "draft", TaskContextSchema).set(draft);
    });
    expect((await shown("chip-element")).textContent).toContain("“Pay” button");
    expect(byId("chip-selection").textContent).toContain("some words");
    byId("chip-element").querySelector("button")?.click();
    await eventually(() => expect(allById("chip-element")).toHaveLength(0));
    type("task-input", "go");
    byId("task-send").click();
    await shown("task-state");
    expect(server.created[0]?.context).toMatchObject({ activeTabId: 9, selectedText: "some words" });
    expect(server.created[0]?.context?.targetedElement).toBeUndefined();
    await eventually(() => expect(chrome.storage.session.values.draft).toBeUndefined());
  });

  test("leaves the whole page out", async () => {
    const { server } = await start();
    (await shown("chip-page")).querySelector("button")?.click();
    await eventually(() => expect(byId("context").textContent).toContain("Nothing about your page"));
    type("task-input", "go");
    byId("task-send").click();
    await shown("task-state");
    expect(server.created[0]?.context).toBeUndefined();
  });

  test("tells of plain commands where the server has no model", async () => {
    await start({ ...CONNECTED, modelConfigured: false });
    expect((await shown("command-hint")).textContent).toContain("TABWIRE_MODEL");
    allById("suggestion")[0]?.click();
    await eventually(() => expect((byId("task-input") as HTMLTextAreaElement).value).toBe('click "Add to cart"'));
  });
});

describe("the page in front", () => {
  test("is shown anew when the person turns to another tab or comes back from a selection", async () => {
    const { chrome } = await start();
    await shown("chip-page");
    chrome.answer("context", { case: "context", value: { url: "https://b.example/", pageTitle: "B", activeTabId: 8 } });
    chrome.tabs.onActivated.fire({ tabId: 8 });
    await eventually(() => expect(byId("chip-page").textContent).toContain("b.example"));
    const selected = { url: "https://b.example/", pageTitle: "B", activeTabId: 8, selectedText: "some words" };
    chrome.answer("context", { case: "context", value: selected });
    window.dispatchEvent(new Event("focus"));
    expect((await shown("chip-selection")).textContent).toContain("some words");
  });

  test("a slow answer does not overwrite a newer one", async () => {
    const { chrome, panel } = await start();
    await shown("chip-page");
    let answer: (() => void) | undefined;
    chrome.answer("context", async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return { case: "context", value: { url: "https://old.example/", activeTabId: 1 } };
    });
    const slow = panel.context.refresh();
    chrome.answer("context", { case: "context", value: { url: "https://new.example/", activeTabId: 2 } });
    await panel.context.refresh();
    await eventually(() => expect(answer).toBeDefined());
    answer?.();
    await slow;
    expect(panel.context.live.value?.url).toBe("https://new.example/");
  });
});
