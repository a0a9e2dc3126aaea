// Dialogs from the service worker's side: who is given an answer, that each is used up, what is remembered of a round, and
// how many windows it opens. What a document does with its answers is tested through the whole chain.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type ActionResult, ActionResultSchema, ActionSchema, ActionStatus } from "@gen/tabwire/v1/action_pb";
import { DialogDetailsSchema } from "@gen/tabwire/v1/error_pb";
import { FrameEventSchema, type PlannedAnswer, PlannedAnswerSchema } from "@gen/tabwire/v1/extension_pb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ActionCall } from "../../browser/actions/context";
import { DialogMemory } from "../../browser/dialogs/dialog_memory";
import { withDialogs } from "../../browser/dialogs/dialog_round";
import { Dialogs } from "../../browser/dialogs/dialogs";
import { Frames } from "../../browser/tabs/frames";
import { TabEvents } from "../../browser/tabs/tab_events";
import { Tabs } from "../../browser/tabs/tabs";
import { asArea, CHROMES_NUMBERS, FakeChrome } from "./fake_chrome";

const TAB = 1;
const MAIN = "doc-1";

let chromeDouble: FakeChrome;
let events: TabEvents;
let dialogs: Dialogs;
let memory: DialogMemory;

beforeEach(() => {
  chromeDouble = new FakeChrome().install();
  chromeDouble.addTab(TAB, "https://a.test/");
  events = new TabEvents();
  dialogs = new Dialogs(events, new Frames());
  memory = new DialogMemory(asArea(chromeDouble.session));
});

afterEach(() => vi.unstubAllGlobals());

function addFrame(documentId: string): void {
  const [main] = chromeDouble.tabs.get(TAB)?.frames ?? [];
  if (main === undefined) throw new Error("no tab");
  chromeDouble.tabs.get(TAB)?.frames.push({ ...main, frameId: 7, parentFrameId: 0, documentId });
}

/** Does an action whose effect is `meet`. */
async function round(
  meet: (call: ActionCall) => void | Promise<void>,
  more: MessageInitShape<typeof ActionSchema> = {},
): Promise<ActionResult> {
  const action = create(ActionSchema, { id: "a", kind: { case: "click", value: { elementId: 1 } }, ...more });
  const tabs = new Tabs(asArea(chromeDouble.session));
  const parts = { frames: new Frames(), tabs, numbers: CHROMES_NUMBERS, events, dialogs, memory };
  const given = { ...parts, action, tabId: TAB, taskId: "", until: Date.now() + 5_000, effect: { begun: false } };
  return await withDialogs(given as unknown as ActionCall, async (call) => {
    await meet(call);
    return create(ActionResultSchema, { status: ActionStatus.SUCCEEDED });
  });
}

type Told = MessageInitShape<typeof FrameEventSchema>["kind"];

function tell(documentId: string, kind: Told): void {
  const event = create(FrameEventSchema, { kind } as MessageInitShape<typeof FrameEventSchema>);
  events.emit({ kind: "frame", tabId: TAB, frameId: 0, documentId, event });
}

function met(documentId: string, message: string, accepted: boolean, type = "confirm"): void {
  tell(documentId, { case: "dialog", value: { dialog: { type, message, accepted }, isOpen: false } });
}

/** The answers that a document was last armed with by a message of its own. */
function armedWith(documentId: string): PlannedAnswer[] | undefined {
  const kinds = chromeDouble.asked.filter((one) => one.documentId === documentId).map(({ request }) => request.kind);
  const last = kinds.findLast((kind) => kind.case === "armDialogs");
  return last?.case === "armDialogs" ? last.value.answers : undefined;
}

const ACCEPT = { dialogAnswer: { accept: true } };

describe("an answer given beforehand", () => {
  it("is only for the document of the action", async () => {
    addFrame("inner");
    await round((call) => {
      expect(call.round.arming(MAIN, call.until).answers).toHaveLength(1);
      expect(armedWith("inner")).toEqual([]);
    }, ACCEPT);
  });

  it("is not for the document that comes next", async () => {
    await round(async (call) => {
      call.round.arming(MAIN, call.until);
      const [main] = chromeDouble.tabs.get(TAB)?.frames ?? [];
      chromeDouble.tabs.get(TAB)?.frames.splice(0, 1, { ...(main as NonNullable<typeof main>), documentId: "next" });
      events.emit({ kind: "committed", tabId: TAB, frameId: 0, url: "https://a.test/next", documentId: "next" });
      await vi.waitFor(() => expect(armedWith("next")).toEqual([]));
    }, ACCEPT);
  });

  it("is used up by the first dialog, whoever gave it", async () => {
    await round((call) => {
      call.round.arming(MAIN, call.until);
      met(MAIN, "Delete?", true);
      expect(call.round.arming(MAIN, call.until).answers).toEqual([]);
      expect(call.round.answerTo("confirm", "Also the backups?")).toBeUndefined();
    }, ACCEPT);
    await round((call) => {
      // An alert is acknowledged without one, and the debugger gives only answers to what they name.
      met(MAIN, "Hello", true, "alert");
      expect(call.round.answerTo("confirm", "Delete?", true)).toBeUndefined();
      expect(call.round.answerTo("confirm", "Delete?")?.accept).toBe(true);
      expect(call.round.arming(MAIN, call.until).answers).toEqual([]);
    }, ACCEPT);
  });
});

describe("an answer to a named dialog", () => {
  it("is taken from the other documents once one has used it", async () => {
    addFrame("inner");
    const dialog = create(DialogDetailsSchema, { type: "confirm", message: "Delete?" });
    const answers = [create(PlannedAnswerSchema, { dialog, answer: { accept: true } })];
    await dialogs.arm(TAB, Date.now() + 5_000, answers);
    expect(armedWith("inner")).toHaveLength(1);
    met(MAIN, "Delete?", true);
    await vi.waitFor(() => expect(armedWith("inner")).toEqual([]));
  });
});

describe("what is remembered", () => {
  it("tells dialogs of one text and two kinds apart", async () => {
    await round(() => met(MAIN, "Name?", false));
    await round(
      () => {
        met(MAIN, "Name?", true, "confirm");
        met(MAIN, "Name?", false, "prompt");
      },
      { kind: { case: "answerDialog", value: { accept: true } } },
    );
    const kept = await memory.get(TAB);
    expect(kept?.answers.map(({ dialog }) => dialog?.type)).toEqual(["confirm"]);
    expect(kept?.refused?.type).toBe("prompt");
  });

  it("is not an action of a former life once another one was done", async () => {
    await round(() => met(MAIN, "Delete?", false));
    memory = new DialogMemory(asArea(chromeDouble.session));
    await round(() => {});
    expect(await new DialogMemory(asArea(chromeDouble.session)).get(TAB)).toBeUndefined();
  });
});

describe("the script in the page's world", () => {
  it("is forgotten with the documents inside the page that have gone", async () => {
    addFrame("inner");
    await dialogs.arm(TAB, Date.now() + 5_000, []);
    expect(dialogs.arming(TAB, "inner", 0, false).channel).not.toBe("");
    chromeDouble.tabs.get(TAB)?.frames.pop();
    addFrame("other");
    events.emit({ kind: "committed", tabId: TAB, frameId: 7, url: "https://a.test/", documentId: "other" });
    await dialogs.arm(TAB, Date.now() + 5_000, []);
    expect(dialogs.arming(TAB, "inner", 0, false).channel).toBe("");
    expect(dialogs.arming(TAB, MAIN, 0, false).channel).not.toBe("");
  });
});

describe("windows that Chrome did not open", () => {
  it("are opened as many as a person's click opens, and the rest is told", async () => {
    const { outcomeDetails } = await round(() => {
      for (let at = 0; at < 20; at += 1) {
        tell(MAIN, { case: "popupBlocked", value: { url: `https://a.test/${at}` } });
      }
    });
    expect(chromeDouble.calls.filter((call) => call.startsWith("create"))).toEqual([
      "create https://a.test/0 active=false",
    ]);
    expect(outcomeDetails?.openedTabIds).toHaveLength(1);
    expect(outcomeDetails?.message).toContain("19 were not opened");
  });
});
