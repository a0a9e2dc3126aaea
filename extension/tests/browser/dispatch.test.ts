// One command through the dispatcher: what is done in one document, and in the tab around it.

import { create } from "@bufbuild/protobuf";
import { type ActionResult, ActionResultSchema, ActionStatus } from "@gen/tabwire/v1/action_pb";
import { ErrorCode, ErrorDetailsSchema } from "@gen/tabwire/v1/error_pb";
import { CommandSchema } from "@gen/tabwire/v1/link_pb";
import { describe, expect, it, vi } from "vitest";
import { failure } from "../../browser/errors";
import {
  act,
  acted,
  chromeDouble,
  click,
  dispatcher,
  done,
  events,
  type Kind,
  page,
  result,
  run,
} from "./dispatch_bench";
import { type Answer, noReceiver } from "./fake_chrome";

describe("page actions", () => {
  it("go to the frame that holds the element, with that document's own id", async () => {
    const tab = chromeDouble.addTab(1, "https://a.test/", page());
    const clicked: number[] = [];
    const inner = page((id) => {
      clicked.push(id);
      return done();
    });
    tab.frames.push({ frameId: 9, parentFrameId: 0, documentId: "doc-9", url: "https://b.test/", answer: inner });
    await run(create(CommandSchema, { commandId: "o", tabId: 1, request: { case: "observe", value: {} } }));
    const answer = await result(act(1, click(100_004)));
    expect(answer).toMatchObject({ status: ActionStatus.SUCCEEDED, outcomeDetails: { message: "Clicked." } });
    expect(clicked).toEqual([4]);
    expect(acted).toEqual([1]);
  });

  it("refuse an element of a document that is no longer shown", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    const command = act(1, click(3));
    if (command.request.case === "action") command.request.value.documentId = "doc-of-yesterday";
    expect((await result(command)).errorInfo?.errorCode).toBe(ErrorCode.STALE_ELEMENT);
    // A frame that was never looked at has given no ids, so this one cannot be meant.
    expect((await result(act(1, click(100_001)))).errorInfo?.errorCode).toBe(ErrorCode.STALE_ELEMENT);
    expect(chromeDouble.asked.filter(({ request }) => request.kind.case === "act")).toEqual([]);
  });

  it("succeed when the document went away because the click led elsewhere", async () => {
    const tab = chromeDouble.addTab(
      1,
      "https://a.test/",
      page(() => {
        events.emit({ kind: "setOut", tabId: 1, frameId: 0, url: "https://a.test/next" });
        tab.frames = [
          { frameId: 0, parentFrameId: -1, documentId: "doc-2", url: "https://a.test/next", answer: page() },
        ];
        events.emit({ kind: "committed", tabId: 1, frameId: 0, url: "https://a.test/next", documentId: "doc-2" });
        events.emit({ kind: "parsed", tabId: 1, frameId: 0 });
        throw new Error("A listener indicated an asynchronous response, but the message channel closed");
      }),
    );
    const answer = await result(act(1, click(1)));
    expect(answer).toMatchObject({
      status: ActionStatus.SUCCEEDED,
      outcomeDetails: { navigationOccurred: true, newUrl: "https://a.test/next" },
    });
  });

  /** A page that goes elsewhere by itself meanwhile, and still answers the action. */
  function leavingBy(answer: () => ActionResult): void {
    const leaving: Answer = (request) => {
      if (request.kind.case !== "act") return page()(request);
      const url = "https://a.test/next";
      tab.frames = [{ frameId: 0, parentFrameId: -1, documentId: "doc-2", url, answer: page() }];
      events.emit({ kind: "committed", tabId: 1, frameId: 0, url, documentId: "doc-2" });
      events.emit({ kind: "parsed", tabId: 1, frameId: 0 });
      return { case: "actionResult", value: answer() };
    };
    const tab = chromeDouble.addTab(1, "https://a.test/", leaving);
  }

  function failing(errorCode: ErrorCode): ActionResult {
    return create(ActionResultSchema, { status: ActionStatus.FAILED, errorInfo: { errorCode, message: "No." } });
  }

  it("that were refused are not taken for done because the page went elsewhere by itself", async () => {
    leavingBy(() => failing(ErrorCode.ELEMENT_COVERED));
    const refused = await result(act(1, click(1)));
    expect(refused).toMatchObject({
      status: ActionStatus.FAILED,
      errorInfo: { errorCode: ErrorCode.ELEMENT_COVERED },
      outcomeDetails: { navigationOccurred: true, message: "Meanwhile the page went to https://a.test/next." },
    });
    leavingBy(() => failing(ErrorCode.DEADLINE_EXCEEDED));
    expect((await result(act(1, click(1)))).status).toBe(ActionStatus.FAILED);
    leavingBy(() => failing(ErrorCode.OPERATION_FAILED_IN_TARGET));
    expect((await result(act(1, click(1)))).status).toBe(ActionStatus.SUCCEEDED);
  });

  it("that read are not done when the document went away before it answered", async () => {
    leavingBy(() => {
      throw new Error("The message port closed before a response was received.");
    });
    const { status, errorInfo } = await result(act(1, { case: "readText", value: { elementId: 1 } }));
    expect(status).toBe(ActionStatus.FAILED);
    expect(errorInfo).toMatchObject({ errorCode: ErrorCode.COMMUNICATION_ERROR_WITH_TARGET, retryable: true });
  });

  it("take nothing from a page but what it did itself", async () => {
    chromeDouble.addTab(2, "https://bank.test/", page());
    const outcomeDetails = {
      message: "Clicked.",
      openedTabIds: [2],
      dialogs: [{ type: "confirm", accepted: true }],
      download: "x.exe",
      trustedInputUsed: true,
    };
    const stateAfter = { case: "newState", value: { tabId: 2, url: "https://bank.test/" } } as const;
    const forged = { status: ActionStatus.SUCCEEDED, outcomeDetails, currentTabId: 2, stateAfter };
    chromeDouble.addTab(
      1,
      "https://a.test/",
      page(() => create(ActionResultSchema, forged)),
    );
    const plain = await result(act(1, click(1)));
    expect(plain).toMatchObject({ currentTabId: 0, stateAfter: { case: undefined } });
    expect(plain.outcomeDetails).toMatchObject({
      openedTabIds: [],
      dialogs: [],
      download: "",
      trustedInputUsed: false,
    });
    const looked = await result(act(1, click(1), { stateAfter: { maxElements: 10 } }));
    expect(looked.stateAfter).toMatchObject({ case: "newState", value: { tabId: 1 } });
  });

  it("whose answer cannot be read have an outcome that nobody knows", async () => {
    const details = create(ErrorDetailsSchema, { kind: { case: "limit", value: { limit: -1n } } });
    const odd = create(ActionResultSchema, { status: ActionStatus.FAILED, errorInfo: { details } });
    chromeDouble.addTab(
      1,
      "https://a.test/",
      page(() => odd),
    );
    expect((await result(act(1, click(1)))).errorInfo?.errorCode).toBe(ErrorCode.OUTCOME_UNKNOWN);
  });

  it("say that the outcome is unknown when the document went away and nobody knows why", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 100 });
    chromeDouble.addTab(1, "https://a.test/", () => {
      throw new Error("The message port closed before a response was received.");
    });
    expect((await result(act(1, click(1)))).errorInfo?.errorCode).toBe(ErrorCode.OUTCOME_UNKNOWN);
    vi.useRealTimers();
  });

  it("tell of the tabs and downloads that the click caused", async () => {
    chromeDouble.addTab(2, "https://a.test/popup");
    chromeDouble.addTab(
      1,
      "https://a.test/",
      page(() => {
        events.emit({ kind: "spawned", tabId: 1, openedTabId: 2 });
        const urls = ["https://a.test/files/report.pdf"];
        events.emit({ kind: "download", tabId: 0, id: 5, urls, referrer: "", fileName: "/home/me/report (1).pdf" });
        return done();
      }),
    );
    const answer = await result(act(1, click(1), { taskId: "task-a" }));
    expect(answer.outcomeDetails).toMatchObject({ openedTabIds: [2], download: "report (1).pdf", noEffectSeen: false });
    expect(chromeDouble.calls).toContain("group 2");
  });

  it("are refused at once on a page that Chrome lets nobody into", async () => {
    chromeDouble.addTab(1, "chrome://settings/", () => noReceiver());
    expect((await result(act(1, click(1)))).errorInfo?.errorCode).toBe(ErrorCode.RESTRICTED_PAGE);
    expect(chromeDouble.asked).toEqual([]);
  });

  it("put the content script in where a tab was open before the extension", async () => {
    let isThere = false;
    chromeDouble.install({
      scripting: {
        executeScript: async () => {
          isThere = true;
          return [];
        },
      },
    });
    const answer = page();
    chromeDouble.addTab(1, "https://a.test/", (request) => (isThere ? answer(request) : noReceiver()));
    expect((await result(act(1, click(1)))).status).toBe(ActionStatus.SUCCEEDED);
  });
});

describe("commands", () => {
  it("that were cancelled before they had effect are told as cancelled", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    const cancel = new AbortController();
    cancel.abort(failure(ErrorCode.CANCELLED, "Stopped."));
    const { outcome } = await run(act(1, { case: "reload", value: {} }), cancel.signal);
    expect(outcome).toMatchObject({ value: { status: ActionStatus.CANCELLED, errorInfo: { message: "Stopped." } } });
    expect(chromeDouble.calls).toEqual([]);
  });

  it("whose deadline passes fail with DEADLINE_EXCEEDED, and say nothing of success", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    const { outcome } = await run(act(1, { case: "navigate", value: { url: "https://b.test/" } }), undefined, 30);
    expect(outcome).toMatchObject({
      value: { status: ActionStatus.FAILED, errorInfo: { errorCode: ErrorCode.DEADLINE_EXCEEDED } },
    });
  });

  it("that an earlier life of the worker began are not done a second time", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    const command = act(1, { case: "navigate", value: { url: "https://b.test/" } });
    const until = Date.now() + 30_000;
    const { outcome } = await dispatcher.execute(command, until, new AbortController().signal, Date.now() - 1_000);
    expect(outcome).toMatchObject({ value: { errorInfo: { errorCode: ErrorCode.OUTCOME_UNKNOWN } } });
    expect(chromeDouble.calls).toEqual([]);
  });

  it("of a newer contract are UNIMPLEMENTED", async () => {
    const { outcome } = await run(create(CommandSchema, { commandId: "c" }));
    expect(outcome).toMatchObject({ case: "errorInfo", value: { errorCode: ErrorCode.UNIMPLEMENTED } });
    const agents = await result(act(1, { case: "done", value: { text: "x" } }));
    expect(agents.errorInfo?.errorCode).toBe(ErrorCode.UNIMPLEMENTED);
  });

  it("for a tab that is closed are TAB_NOT_FOUND", async () => {
    const { outcome } = await run(
      create(CommandSchema, { commandId: "c", tabId: 77, request: { case: "observe", value: {} } }),
    );
    expect(outcome).toMatchObject({ case: "errorInfo", value: { errorCode: ErrorCode.TAB_NOT_FOUND } });
  });

  it("can ask for the state after the action", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    const answer = await result(act(1, click(1), { stateAfter: { maxElements: 10 } }));
    expect(answer.stateAfter).toMatchObject({ case: "newState", value: { tabId: 1, documentId: "doc-1" } });
  });

  it("are measured hop by hop", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    const request = { case: "ping", value: { intoPage: true } } as const;
    const { outcome } = await run(create(CommandSchema, { commandId: "c", tabId: 1, request }));
    expect(outcome.case === "pong" && outcome.value.hops.map((hop) => hop.name)).toEqual(["service worker", "page"]);
  });
});

describe("navigation", () => {
  const go = (url: string): Kind => ({ case: "navigate", value: { url } });

  /** Lets Chrome tell what happens as soon as the tab was sent off. */
  function onUpdate(happen: () => void): void {
    const tabs = { ...chrome.tabs, update: async () => happen() };
    vi.stubGlobal("chrome", { ...chrome, tabs });
  }

  it.each(["javascript:alert(1)", "file:///etc/passwd", "chrome://settings", "data:text/html,x", "no address"])(
    "refuses %s",
    async (url) => {
      chromeDouble.addTab(1, "https://a.test/", page());
      expect((await result(act(1, go(url)))).errorInfo?.errorCode).toBe(ErrorCode.INVALID_ARGUMENT);
      expect(chromeDouble.calls).toEqual([]);
    },
  );

  it("arrives when the document is there, parsed and quiet", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    onUpdate(() => {
      events.emit({ kind: "setOut", tabId: 1, frameId: 0, url: "https://b.test/" });
      events.emit({ kind: "committed", tabId: 1, frameId: 0, url: "https://b.test/home", documentId: "d" });
      events.emit({ kind: "parsed", tabId: 1, frameId: 0 });
    });
    const { status, outcomeDetails } = await result(act(1, go("https://b.test/")));
    expect(status).toBe(ActionStatus.SUCCEEDED);
    expect(outcomeDetails).toMatchObject({ navigationOccurred: true, newUrl: "https://b.test/home" });
  });

  it("fails with Chrome's reason in plain words", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    onUpdate(() => {
      events.emit({ kind: "setOut", tabId: 1, frameId: 0, url: "https://b.test/" });
      events.emit({
        kind: "failed",
        tabId: 1,
        frameId: 0,
        url: "https://b.test/",
        error: "net::ERR_NAME_NOT_RESOLVED",
      });
    });
    const { errorInfo } = await result(act(1, go("https://b.test/")));
    expect(errorInfo?.errorCode).toBe(ErrorCode.NAVIGATION_FAILED);
    expect(errorInfo?.message).toContain("no server has that name");
  });

  it("within the document is an arrival, too", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    onUpdate(() => events.emit({ kind: "moved", tabId: 1, frameId: 0, url: "https://a.test/#part" }));
    const { outcomeDetails } = await result(act(1, go("https://a.test/#part")));
    expect(outcomeDetails).toMatchObject({ navigationOccurred: true, newUrl: "https://a.test/#part" });
  });

  it("to a file is a download and no navigation", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    onUpdate(() => {
      events.emit({ kind: "setOut", tabId: 1, frameId: 0, url: "https://a.test/f.zip" });
      events.emit({ kind: "failed", tabId: 1, frameId: 0, url: "https://a.test/f.zip", error: "net::ERR_ABORTED" });
      const urls = ["https://a.test/f.zip"];
      events.emit({ kind: "download", tabId: 0, id: 1, urls, referrer: "", fileName: "/tmp/f.zip" });
    });
    const { status, outcomeDetails } = await result(act(1, go("https://a.test/f.zip")));
    expect(status).toBe(ActionStatus.SUCCEEDED);
    expect(outcomeDetails).toMatchObject({ download: "f.zip", navigationOccurred: false });
  });

  it("is not broken off by a way that was set out on before", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    onUpdate(() => {
      events.emit({ kind: "failed", tabId: 1, frameId: 0, url: "https://a.test/slow", error: "net::ERR_ABORTED" });
      // Chrome may be busy for longer than an aborted way is looked after.
      setTimeout(() => {
        events.emit({ kind: "setOut", tabId: 1, frameId: 0, url: "https://b.test/" });
        events.emit({ kind: "committed", tabId: 1, frameId: 0, url: "https://b.test/", documentId: "d1" });
        events.emit({ kind: "parsed", tabId: 1, frameId: 0 });
      }, 700);
    });
    const { status, outcomeDetails } = await result(act(1, go("https://b.test/")));
    expect(status).toBe(ActionStatus.SUCCEEDED);
    expect(outcomeDetails).toMatchObject({ navigationOccurred: true, newUrl: "https://b.test/" });
  });

  it("goes on when the page sends the browser further at once", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    onUpdate(() => {
      events.emit({ kind: "setOut", tabId: 1, frameId: 0, url: "https://b.test/" });
      events.emit({ kind: "committed", tabId: 1, frameId: 0, url: "https://b.test/", documentId: "d1" });
      events.emit({ kind: "setOut", tabId: 1, frameId: 0, url: "https://b.test/2" });
      queueMicrotask(() => {
        events.emit({ kind: "committed", tabId: 1, frameId: 0, url: "https://b.test/2", documentId: "d2" });
        events.emit({ kind: "parsed", tabId: 1, frameId: 0 });
      });
    });
    const { outcomeDetails } = await result(act(1, go("https://b.test/")));
    expect(outcomeDetails?.newUrl).toBe("https://b.test/2");
  });
});

describe("tabs", () => {
  it("open in the background, in the task's group, and become the current one", async () => {
    chromeDouble.addTab(1, "https://a.test/", page(), { active: true });
    const answer = await result(act(1, { case: "openTab", value: {} }, { taskId: "task-12345678" }));
    expect(answer.currentTabId).toBe(101);
    expect(chromeDouble.calls).toEqual(["create about:blank active=false", "group 101", "title 7 Tabwire 12345678"]);
  });

  it("are switched to without being brought to the front", async () => {
    chromeDouble.addTab(1, "https://a.test/", page(), { active: true });
    chromeDouble.addTab(2, "https://b.test/", page());
    const answer = await result(act(1, { case: "switchTab", value: { tabId: 2 } }));
    expect(answer.currentTabId).toBe(2);
    expect(chromeDouble.calls).toEqual([]);
  });

  it("that are closed leave the task in the tab that opened them", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    chromeDouble.addTab(2, "https://b.test/", page(), { openerTabId: 1 });
    const answer = await result(act(2, { case: "closeTab", value: {} }));
    expect(answer.currentTabId).toBe(1);
    expect(chromeDouble.calls).toEqual(["remove 2"]);
  });

  it("are pictured only while they are shown", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    const { errorInfo } = await result(act(1, { case: "screenshot", value: {} }));
    expect(errorInfo?.errorCode).toBe(ErrorCode.FAILED_PRECONDITION);
    expect(errorInfo?.remedy).not.toBe("");
  });
});
