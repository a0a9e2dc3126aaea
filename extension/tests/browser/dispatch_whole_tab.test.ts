// What the dispatcher does over all documents of a tab: waiting, expectations, reads of the whole page, drags.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type ActionResult, ActionResultSchema, ActionSchema, ActionStatus } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { type Command, CommandSchema } from "@gen/tabwire/v1/link_pb";
import { beforeEach, describe, expect, it } from "vitest";
import { type ActionInit, act, chromeDouble, click, EMPTY_STATE, type Kind, page, result } from "./dispatch_bench";
import { type Answer, ack } from "./fake_chrome";

describe("waiting", () => {
  const holdsText = (present: boolean): Answer => {
    return (request) => {
      if (request.kind.case !== "check") return ack();
      const asked = request.kind.value.kind;
      const gone = asked.case === "wait" && asked.value.gone;
      return { case: "condition", value: { $typeName: "tabwire.v1.ConditionStatus", holds: present !== gone } };
    };
  };
  const forText = (gone: boolean): Kind => ({
    case: "wait",
    value: { condition: { case: "text", value: "Results" }, gone, timeoutMs: 150 },
  });

  it("finds a text in any frame, and misses it only if it is in none", async () => {
    const tab = chromeDouble.addTab(1, "https://a.test/", holdsText(false));
    tab.frames.push({
      frameId: 3,
      parentFrameId: 0,
      documentId: "d3",
      url: "https://b.test/",
      answer: holdsText(true),
    });
    expect((await result(act(1, forText(false)))).status).toBe(ActionStatus.SUCCEEDED);
    expect((await result(act(1, forText(true)))).errorInfo?.errorCode).toBe(ErrorCode.DEADLINE_EXCEEDED);
  });

  it("does not take a silent page for one without the text", async () => {
    chromeDouble.addTab(1, "https://a.test/", () => {
      throw new Error("The message port closed before a response was received.");
    });
    expect((await result(act(1, forText(true)))).errorInfo?.errorCode).toBe(ErrorCode.DEADLINE_EXCEEDED);
  });

  it("knows that an element of an earlier document is gone", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    const wait = (gone: boolean): Command => {
      const condition = { case: "elementId", value: 3 } as const;
      const command = act(1, { case: "wait", value: { condition, gone, timeoutMs: 150 } });
      if (command.request.case === "action") command.request.value.documentId = "doc-of-yesterday";
      return command;
    };
    expect((await result(wait(true))).status).toBe(ActionStatus.SUCCEEDED);
    expect((await result(wait(false))).errorInfo?.errorCode).toBe(ErrorCode.DEADLINE_EXCEEDED);
  });

  it("looks at the address itself", async () => {
    chromeDouble.addTab(1, "https://a.test/done", page());
    const condition = { case: "url", value: "/done" } as const;
    expect((await result(act(1, { case: "wait", value: { condition } }))).status).toBe(ActionStatus.SUCCEEDED);
    expect(chromeDouble.asked.filter(({ request }) => request.kind.case === "check")).toEqual([]);
  });
});

describe("expectations", () => {
  /** A page that shows the text after so many times of being asked. */
  function showing(after: number, met?: boolean): Answer {
    let asked = 0;
    const plain = page();
    return (request) => {
      if (request.kind.case === "act") {
        const { expect: expected } = request.kind.value.action ?? {};
        given.push(expected?.kind.case);
        const told = met === undefined || expected === undefined ? {} : { expectationMet: met };
        const outcomeDetails = { message: "Clicked.", domChanges: 1, ...told };
        const value = create(ActionResultSchema, { status: ActionStatus.SUCCEEDED, outcomeDetails });
        return { case: "actionResult", value };
      }
      if (request.kind.case !== "check") return plain(request);
      asked += 1;
      const value = { $typeName: "tabwire.v1.ConditionStatus", holds: asked > after } as const;
      return { case: "condition", value };
    };
  }
  let given: (string | undefined)[] = [];
  beforeEach(() => {
    given = [];
  });
  const text = { kind: { case: "text", value: "Done" }, timeoutMs: 400 } as const;

  function expecting(expectation: MessageInitShape<typeof ActionSchema>["expect"], kind: Kind = click(1)): Command {
    const action = create(ActionSchema, { id: "c", kind, expect: expectation } as ActionInit);
    return create(CommandSchema, { commandId: "c", tabId: 1, request: { case: "action", value: action } });
  }

  it("are left to the document of a tab that has only one, and believed when met", async () => {
    chromeDouble.addTab(1, "https://a.test/", showing(1_000, true));
    const answer = await result(expecting(text));
    expect(answer).toMatchObject({ status: ActionStatus.SUCCEEDED, outcomeDetails: { expectationMet: true } });
    expect(given).toEqual(["text"]);
  });

  it("are looked at once more when the document has waited in vain", async () => {
    chromeDouble.addTab(1, "https://a.test/", showing(1_000, false));
    const answer = await result(expecting(text));
    expect(answer).toMatchObject({ status: ActionStatus.FAILED, outcomeDetails: { expectationMet: false } });
    expect(answer.errorInfo?.errorCode).toBe(ErrorCode.OPERATION_FAILED_IN_TARGET);
    expect(answer.errorInfo?.message).toContain("Clicked; but");
    expect(chromeDouble.asked.filter(({ request }) => request.kind.case === "check")).toHaveLength(1);
  });

  it("are seen to by the service worker where there are several documents, in all of them", async () => {
    const tab = chromeDouble.addTab(1, "https://a.test/", showing(1_000, true));
    const inner = showing(2);
    tab.frames.push({ frameId: 3, parentFrameId: 0, documentId: "d3", url: "https://b.test/", answer: inner });
    const answer = await result(expecting(text));
    expect(answer).toMatchObject({ status: ActionStatus.SUCCEEDED, outcomeDetails: { expectationMet: true } });
    expect(given).toEqual([undefined]);
  });

  it("of an address are met by the tab's own", async () => {
    const tab = chromeDouble.addTab(1, "https://a.test/", page());
    setTimeout(() => {
      tab.url = "https://a.test/done";
    }, 60);
    const url = { kind: { case: "url", value: "/done" } } as const;
    expect((await result(expecting(url))).outcomeDetails?.expectationMet).toBe(true);
    const gone = { ...url, gone: true, timeoutMs: 100 };
    expect((await result(expecting(gone))).errorInfo?.message).toContain('no longer contains "/done"');
  });

  it("are nothing to an action that failed", async () => {
    chromeDouble.addTab(
      1,
      "https://a.test/",
      page(() => {
        return create(ActionResultSchema, { status: ActionStatus.FAILED, errorInfo: { message: "Covered." } });
      }),
    );
    const answer = await result(expecting(text));
    expect(answer.errorInfo?.message).toBe("Covered.");
    expect(answer.outcomeDetails?.expectationMet).toBeUndefined();
  });
});

describe("reads of the whole page", () => {
  /** A document that finds what it is told, and sits in element 5 of its parent. */
  function finding(value: ActionResult["extracted"], childFrames: object[] = []): Answer {
    return (request) => {
      if (request.kind.case === "act") {
        const done = { status: ActionStatus.SUCCEEDED, outcomeDetails: { message: "Found." } };
        return { case: "actionResult", value: create(ActionResultSchema, { ...done, extracted: value }) };
      }
      if (request.kind.case !== "perceive") return ack();
      const viewportDimensions = { $typeName: "tabwire.v1.Dimensions", width: 800, height: 600 } as const;
      const state = { ...EMPTY_STATE, viewportDimensions, elements: [], childFrames: childFrames as never };
      return { case: "state", value: state };
    };
  }
  const HELD = {
    $typeName: "tabwire.v1.ChildFrame",
    nonce: "n",
    elementId: 5,
    bounds: { $typeName: "tabwire.v1.Rect", x: 100, y: 50, width: 300, height: 300 },
  };

  function list(total: number, ...ids: number[]): ActionResult["extracted"] {
    const bounds = { x: 1, y: 2, width: 10, height: 10 };
    const elements = ids.map((id) => ({ id, bounds, inViewport: true }));
    return create(ActionResultSchema, { extracted: { case: "elementList", value: { elements, total } } }).extracted;
  }

  function rows(...cells: string[]): ActionResult["extracted"] {
    const value = { elementId: 2, total: cells.length, rows: cells.map((cell) => ({ cells: [cell], elementId: 3 })) };
    return create(ActionResultSchema, { extracted: { case: "rows", value } }).extracted;
  }

  function addInner(value: ActionResult["extracted"], outer: ActionResult["extracted"]): void {
    const tab = chromeDouble.addTab(1, "https://a.test/", finding(outer, [HELD]));
    tab.frames.push({ frameId: 3, parentFrameId: 0, documentId: "d3", url: "https://b.test/", answer: finding(value) });
  }

  it("list what all documents found, in ids and places of the tab", async () => {
    addInner(list(7, 1, 2), list(2, 4));
    const found = (await result(act(1, { case: "findElements", value: { maxElements: 2 } }))).extracted;
    expect(found).toMatchObject({ case: "elementList", value: { total: 9 } });
    const elements = found.case === "elementList" ? found.value.elements : [];
    expect(elements.map(({ id, frameSlot, bounds }) => [id, frameSlot, bounds?.x, bounds?.y])).toEqual([
      [4, 0, 1, 2],
      [100_001, 1, 101, 52],
    ]);
  });

  it("take the largest table, with its ids", async () => {
    addInner(rows("a", "b"), rows("c"));
    const answer = await result(act(1, { case: "readRows", value: {} }));
    expect(answer.extracted).toMatchObject({
      value: { elementId: 100_002, rows: [{ cells: ["a"] }, { cells: ["b"] }] },
    });
    expect(answer.extracted.case === "rows" && answer.extracted.value.rows[0]?.elementId).toBe(100_003);
  });

  it("take from the documents inside nothing but what they read", async () => {
    addInner(list(2, 4), list(0));
    const tab = chromeDouble.tabs.get(1);
    const frames = tab?.frames ?? [];
    const [outer, inner] = frames.map(({ answer }) => answer);
    const forge = (answer: Answer | undefined, more: Partial<ActionResult>): Answer => {
      return async (request) => {
        const told = (await answer?.(request)) ?? ack();
        return told.case === "actionResult" ? { case: "actionResult", value: { ...told.value, ...more } } : told;
      };
    };
    Object.assign(frames[0] ?? {}, { answer: forge(outer, { status: ActionStatus.FAILED }) });
    Object.assign(frames[1] ?? {}, { answer: forge(inner, { currentTabId: 2 }) });
    const found = await result(act(1, { case: "findElements", value: {} }));
    expect(found).toMatchObject({
      status: ActionStatus.SUCCEEDED,
      currentTabId: 0,
      extracted: { value: { total: 2 } },
    });
  });

  it("of one element are for its document alone", async () => {
    addInner(rows("a", "b"), rows("c"));
    const answer = await result(act(1, { case: "readRows", value: { elementId: 2 } }));
    expect(answer.extracted).toMatchObject({ value: { elementId: 2, rows: [{ cells: ["c"] }] } });
    const asked = chromeDouble.asked.filter(({ request }) => request.kind.case === "act");
    expect(asked.map(({ documentId }) => documentId)).toEqual(["doc-1"]);
  });
});

describe("a drag", () => {
  it("from one document into another is refused before anything is touched", async () => {
    const tab = chromeDouble.addTab(1, "https://a.test/", page());
    tab.frames.push({ frameId: 3, parentFrameId: 0, documentId: "d3", url: "https://b.test/", answer: page() });
    const answer = await result(act(1, { case: "drag", value: { elementId: 1, toElementId: 100_001 } }));
    expect(answer.errorInfo?.errorCode).toBe(ErrorCode.INVALID_ARGUMENT);
    expect(answer.errorInfo?.remedy).not.toBe("");
    expect(chromeDouble.asked.filter(({ request }) => request.kind.case === "act")).toEqual([]);
  });
});
