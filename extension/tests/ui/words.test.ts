// The words of the panel: actions, events, times, amounts, addresses, links, places in a text.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ActionSchema, ActionStatus, MouseButton, ScrollDirection } from "@gen/tabwire/v1/action_pb";
import { ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import { ElementListSchema, RowsSchema, TextMatchesSchema } from "@gen/tabwire/v1/extract_pb";
import { NamedElementSchema, TaskEventSchema, TaskState } from "@gen/tabwire/v1/task_pb";
import { describe, expect, test } from "vitest";
import { complaintOf, placeIn } from "../../ui/model/complaint";
import { linkify } from "../../ui/model/linkify";
import { announcementOf, describeAction, extractOf } from "../../ui/model/sentences";
import { amount, clip, duration, hostOf, shortAddress, stateWord, when } from "../../ui/model/words";

type ActionKind = NonNullable<MessageInitShape<typeof ActionSchema>["kind"]>;
type EventKind = NonNullable<MessageInitShape<typeof TaskEventSchema>["kind"]>;

const SENTENCES: readonly (readonly [ActionKind, string])[] = [
  [{ case: "navigate", value: { url: "https://www.shop.example/a/" } }, "Go to shop.example/a"],
  [{ case: "goBack", value: {} }, "Go back"],
  [{ case: "goForward", value: {} }, "Go forward"],
  [{ case: "reload", value: {} }, "Load the page again"],
  [{ case: "click", value: { elementId: 3 } }, "Click element 3"],
  [{ case: "inputText", value: { elementId: 3, text: "x" } }, "Type “x” into element 3"],
  [{ case: "inputText", value: { elementId: 3, text: "x", append: true } }, "Add “x” to element 3"],
  [{ case: "inputText", value: { elementId: 3, text: "x", submit: true } }, "Type “x” into element 3 and press Enter"],
  [{ case: "inputText", value: { elementId: 3 } }, "Empty element 3"],
  [{ case: "selectOption", value: { elementId: 3, options: ["a", "b"] } }, "Choose “a”, “b” in element 3"],
  [{ case: "pressKeys", value: { keys: ["Enter", " "] } }, "Press Enter, Space"],
  [{ case: "pressKeys", value: { keys: ["a"], elementId: 2 } }, "Press a in element 2"],
  [{ case: "scroll", value: { direction: ScrollDirection.DOWN } }, "Scroll down"],
  [{ case: "scroll", value: { direction: ScrollDirection.TOP, elementId: 4 } }, "Scroll to the start in element 4"],
  [{ case: "scroll", value: { elementId: 4 } }, "Bring element 4 into view"],
  [{ case: "hover", value: { elementId: 4 } }, "Point at element 4"],
  [{ case: "wait", value: {} }, "Wait until the page is quiet"],
  [{ case: "wait", value: { condition: { case: "text", value: "Done" } } }, "Wait for “Done”"],
  [{ case: "wait", value: { condition: { case: "text", value: "Done" }, gone: true } }, "Wait until “Done” is gone"],
  [{ case: "wait", value: { condition: { case: "elementId", value: 5 } } }, "Wait for element 5"],
  [{ case: "wait", value: { condition: { case: "url", value: "/cart" } } }, "Wait until the address contains “/cart”"],
  [{ case: "readText", value: {} }, "Read the page"],
  [{ case: "readText", value: { elementId: 5 } }, "Read element 5"],
  [{ case: "readValue", value: { elementId: 5 } }, "Read what is in element 5"],
  [{ case: "getAttributes", value: { elementId: 5 } }, "Read the attributes of element 5"],
  [{ case: "openTab", value: { url: "https://a.example" } }, "Open a.example in a new tab"],
  [{ case: "openTab", value: {} }, "Open a new tab"],
  [{ case: "switchTab", value: { tabId: 8 } }, "Go to another tab"],
  [{ case: "closeTab", value: {} }, "Close the tab"],
  [{ case: "screenshot", value: {} }, "Take a picture of the tab"],
  [{ case: "screenshot", value: { elementId: 4 } }, "Take a picture of element 4"],
  [{ case: "click", value: { elementId: 3, count: 2 } }, "Double-click element 3"],
  [{ case: "click", value: { elementId: 3, button: MouseButton.RIGHT } }, "Right-click element 3"],
  [{ case: "drag", value: { elementId: 3, toElementId: 4 } }, "Drag element 3 onto element 4"],
  [{ case: "drag", value: { elementId: 3, offsetX: 40 } }, "Drag element 3 by 40, 0"],
  [{ case: "setChecked", value: { elementId: 3, checked: true } }, "Check element 3"],
  [{ case: "setChecked", value: { elementId: 3 } }, "Uncheck element 3"],
  [{ case: "selectText", value: { elementId: 3 } }, "Select the text of element 3"],
  [{ case: "selectText", value: { elementId: 3, text: "a" } }, "Select “a” in element 3"],
  [{ case: "uploadFiles", value: { elementId: 3, files: [{ name: "a.png" }] } }, "Give “a.png” to element 3"],
  [{ case: "answerDialog", value: { accept: true } }, "Say “OK” to the page's dialog"],
  [{ case: "answerDialog", value: {} }, "Say “Cancel” to the page's dialog"],
  [{ case: "readMarkdown", value: {} }, "Read the main content"],
  [{ case: "readRows", value: {} }, "Read the largest table or list"],
  [{ case: "readRows", value: { elementId: 2 } }, "Read the rows of element 2"],
  [{ case: "findText", value: { text: "terms" } }, "Find “terms” in the page"],
  [{ case: "findElements", value: { role: "button", name: "Save" } }, "Find button “Save”"],
  [{ case: "findElements", value: { name: "Save" } }, "Find elements “Save”"],
  [{ case: "runJavascript", value: { code: "1" } }, "Run JavaScript in the page"],
  [{ case: "askHuman", value: { prompt: "Which size?" } }, "Ask you: Which size?"],
  [{ case: "handOver", value: { prompt: "Log in." } }, "Hand the tab to you: Log in."],
  [{ case: "collectRows", value: {} }, "Collect the rows of the largest table or list"],
  [{ case: "collectRows", value: { elementId: 4 } }, "Collect the rows of element 4"],
  [{ case: "inputText", value: { elementId: 3, secret: "mail" } }, "Type the secret “mail” into element 3"],
  [{ case: "done", value: { success: true, text: "x" } }, "Finish the task"],
  [{ case: "done", value: { success: false, text: "x" } }, "Give the task up"],
];

describe("describeAction", () => {
  test.each(SENTENCES)("%j", (kind, sentence) => {
    expect(describeAction(create(ActionSchema, { kind }))).toBe(sentence);
  });

  test("has words for every action of the contract", () => {
    const described = new Set(SENTENCES.map(([kind]) => kind.case));
    const declared = ActionSchema.oneofs[0]?.fields.map((field) => field.localName);
    expect([...described].sort()).toEqual([...(declared ?? [])].sort());
  });

  test("calls elements what the page calls them", () => {
    const elements = [
      create(NamedElementSchema, { elementId: 1, role: "button", name: "Save" }),
      create(NamedElementSchema, { elementId: 3, role: "textbox" }),
    ];
    const said = (kind: ActionKind): string => describeAction(create(ActionSchema, { kind }), elements);
    expect(said({ case: "click", value: { elementId: 1 } })).toBe("Click button “Save”");
    expect(said({ case: "inputText", value: { elementId: 3, text: "a" } })).toBe("Type “a” into the textbox");
    expect(said({ case: "drag", value: { elementId: 1, toElementId: 4 } })).toBe("Drag button “Save” onto element 4");
  });

  test("says so if it does not know the action", () => {
    expect(describeAction(create(ActionSchema))).toContain("no words");
  });
});

describe("extractOf", () => {
  test("puts rows under their columns and says what is left", () => {
    const rows = create(RowsSchema, { columns: ["Name", "Price"], rows: [{ cells: ["Lamp", "7"] }], total: 3 });
    expect(extractOf({ case: "rows", value: rows })).toBe("Name | Price\nLamp | 7\nand 2 more");
  });

  test("tells elements by role and name, and places by their text", () => {
    const list = create(ElementListSchema, { elements: [{ role: "button", name: "Save" }], total: 1 });
    expect(extractOf({ case: "elementList", value: list })).toBe("button Save");
    const found = create(TextMatchesSchema, { matches: [{ excerpt: "our terms" }], total: 1 });
    expect(extractOf({ case: "textMatches", value: found })).toBe("our terms");
  });

  test("says nothing of nothing", () => {
    expect(extractOf({ case: undefined })).toBe("");
  });
});

describe("announcementOf", () => {
  const said = (kind: EventKind) => announcementOf(create(TaskEventSchema, { kind }));

  test("tells of steps, failures, questions and ends, and of nothing else", () => {
    expect(said({ case: "decisionMade", value: { stepNumber: 2, decision: { nextGoal: "Open the cart" } } })).toBe(
      "Step 2: Open the cart",
    );
    const error = { message: "It is covered.", remedy: "Close the banner." };
    expect(said({ case: "actionFinished", value: { result: { status: ActionStatus.FAILED, errorInfo: error } } })).toBe(
      "Failed: It is covered. Close the banner.",
    );
    expect(said({ case: "actionFinished", value: { result: { status: ActionStatus.SUCCEEDED } } })).toBeUndefined();
    expect(said({ case: "humanInputNeeded", value: { request: { prompt: "Which?" } } })).toBe("Tabwire asks: Which?");
    expect(said({ case: "stateChanged", value: { to: TaskState.SUCCEEDED, result: "Bought." } })).toBe(
      "Task done. Bought.",
    );
    expect(said({ case: "stateChanged", value: { to: TaskState.RUNNING } })).toBeUndefined();
  });
});

describe("words", () => {
  test("every state has a word", () => {
    const states = Object.values(TaskState).filter((value): value is TaskState => typeof value === "number");
    for (const state of states) if (state !== TaskState.UNSPECIFIED) expect(stateWord(state)).not.toBe("Unknown");
  });

  test("durations", () => {
    expect([0, -5000, 59_999, 60_000, 125_000, 3_600_000, 3_780_000].map(duration)).toEqual([
      "0 s",
      "0 s",
      "59 s",
      "1 min",
      "2 min 5 s",
      "1 h",
      "1 h 3 min",
    ]);
  });

  test("amounts", () => {
    expect([0n, 999n, 1000n, 12_440n, 999_499n, 999_500n, 3_100_000n].map(amount)).toEqual([
      "0",
      "999",
      "1k",
      "12.4k",
      "999k",
      "1M",
      "3.1M",
    ]);
  });

  test("times", () => {
    const now = new Date(2026, 10, 21, 12, 0);
    const at = (...parts: [number, number, number, number, number]) => when(new Date(...parts), now);
    expect(when(new Date(now.getTime() - 20_000), now)).toBe("just now");
    expect(at(2026, 10, 21, 11, 55)).toBe("5 min ago");
    expect(at(2026, 10, 21, 8, 0)).toMatch(/^today .*8/);
    expect(at(2026, 10, 20, 23, 0)).toMatch(/^yesterday .*11|^yesterday .*23/);
    expect(at(2026, 9, 3, 8, 0)).toMatch(/2026/);
  });

  test("texts are cut between characters and folded", () => {
    expect(clip("  a \n b ", 10)).toBe("a b");
    expect(clip("👍👍👍👍", 3)).toBe("👍👍…");
  });

  test("addresses", () => {
    expect(shortAddress("https://www.a.example/")).toBe("a.example");
    expect(hostOf("https://a.example:8443/x")).toBe("a.example:8443");
    expect(hostOf("about:blank")).toBe("about");
    expect(hostOf("no address")).toBe("no address");
  });
});

describe("linkify", () => {
  const links = (text: string) => linkify(text).flatMap((piece) => piece.href ?? []);

  test("finds addresses without the end of the sentence", () => {
    expect(links("See https://a.example/x?y=1. (http://b.example/q_(z))")).toEqual([
      "https://a.example/x?y=1",
      "http://b.example/q_(z)",
    ]);
  });

  test("never makes a link of anything but http and https", () => {
    expect(links("javascript:alert(1) data:text/html,x file:///etc ftp://a.example")).toEqual([]);
    expect(links("https://")).toEqual([]);
  });

  test("keeps the text as it is", () => {
    const text = "a https://b.example, c\nhttps://d.example";
    expect(
      linkify(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  });
});

describe("complaintOf", () => {
  test("finds the place in a text of several lines, in characters", () => {
    const place = placeIn("open x\n👍 klick y", { line: 2, column: 3, expected: "a command" });
    expect(place).toEqual({ line: 2, column: 3, expected: "a command", text: "👍 klick y", offset: 10 });
  });

  test("stays inside of the text", () => {
    expect(placeIn("ab", { line: 9, column: 99, expected: "" }).offset).toBe(2);
  });

  test("names the fields that are wrong", () => {
    const violations = [{ field: "user_prompt", description: "must have at least 1 character" }];
    const error = create(ErrorInfoSchema, {
      message: "No.",
      details: { kind: { case: "fieldViolations", value: { violations } } },
    });
    expect(complaintOf(error, "").fields).toEqual(["The task: must have at least 1 character"]);
  });
});
