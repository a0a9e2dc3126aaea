import { create } from "@bufbuild/protobuf";
import { ContextDescriptionSchema } from "@gen/tabwire/v1/extension_pb";
import { type TaskContext, TaskContextSchema } from "@gen/tabwire/v1/task_pb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ContextMenu } from "../../browser/context_menu";
import { load } from "../../browser/store";
import { Frames } from "../../browser/tabs/frames";
import { Person } from "../../browser/tabs/person";
import { TabRecords } from "../../browser/tabs/tab_record";
import { Tabs } from "../../browser/tabs/tabs";
import { type Answer, ack, asArea, CHROMES_NUMBERS, EXTENSION_ID, FakeChrome, noReceiver } from "./fake_chrome";

let chromeDouble: FakeChrome;
let person: Person;

beforeEach(() => {
  chromeDouble = new FakeChrome().install();
  const session = asArea(chromeDouble.session);
  person = new Person(new Tabs(session), new Frames(), new TabRecords(session), CHROMES_NUMBERS);
});

afterEach(() => vi.unstubAllGlobals());

/** A document with a selection, and with an element under the menu. */
function pointing(selectedText: string, elementId = 0): Answer {
  return (request) => {
    if (request.kind.case !== "describeContext") return ack();
    const element = elementId === 0 ? {} : { targetedElement: { id: elementId, name: "Buy" } };
    return { case: "context", value: create(ContextDescriptionSchema, { selectedText, ...element }) };
  };
}

describe("where the person is", () => {
  it("is the active tab, with what is selected in any of its frames", async () => {
    chromeDouble.addTab(1, "https://a.test/");
    const tab = chromeDouble.addTab(2, "https://b.test/", pointing(""), { active: true });
    const url = "https://c.test/";
    tab.frames.push({ frameId: 4, parentFrameId: 0, documentId: "d4", url, answer: pointing("the words") });
    expect(await person.context()).toMatchObject({
      url: "https://b.test/",
      pageTitle: "Title 2",
      activeTabId: 2,
      selectedText: "the words",
    });
  });

  it("is no tab for a task when it is a page of the browser", async () => {
    chromeDouble.addTab(1, "chrome://settings/", () => noReceiver(), { active: true });
    expect(await person.context()).toMatchObject({ url: "chrome://settings/", activeTabId: 0 });
  });

  it("is the tab that was looked at before, when the panel is open in a tab", async () => {
    chromeDouble.addTab(1, "https://old.test/", pointing(""), { lastAccessed: 10 });
    chromeDouble.addTab(2, "https://recent.test/", pointing(""), { lastAccessed: 20 });
    const panel = `chrome-extension://${EXTENSION_ID}/sidepanel.html`;
    chromeDouble.addTab(3, panel, () => noReceiver(), { active: true, lastAccessed: 30 });
    expect((await person.context()).activeTabId).toBe(2);
  });

  it("is nowhere when there is no window", async () => {
    expect(await person.context()).toEqual(create(TaskContextSchema));
  });
});

describe("the context menu", () => {
  let opened: number[];
  let clicked: (info: object, tab: object) => void;
  let menu: ContextMenu;

  beforeEach(() => {
    opened = [];
    chromeDouble.install({
      contextMenus: { onClicked: { addListener: (listener: typeof clicked) => (clicked = listener) } },
      sidePanel: { open: async ({ windowId }: { windowId: number }) => opened.push(windowId) },
    });
    menu = new ContextMenu(person, asArea(chromeDouble.session));
    menu.listen();
  });

  const draft = (): Promise<TaskContext | undefined> => load(asArea(chromeDouble.session), "draft", TaskContextSchema);

  it("opens the panel within the gesture and keeps the element with its tab-wide id", async () => {
    const tab = chromeDouble.addTab(1, "https://a.test/", pointing(""));
    const url = "https://b.test/";
    tab.frames.push({ frameId: 8, parentFrameId: 0, documentId: "d8", url, answer: pointing("", 6) });
    clicked({ menuItemId: "tabwire-task", frameId: 8 }, { id: 1, windowId: 3 });
    expect(opened).toEqual([3]);
    await vi.waitFor(async () => expect(await draft()).toBeDefined());
    expect(await draft()).toMatchObject({
      activeTabId: 1,
      targetedElement: { id: 100_006, frameSlot: 1, name: "Buy" },
    });
  });

  it("keeps at least what Chrome says when the page cannot be asked", async () => {
    chromeDouble.addTab(1, "https://a.test/", () => noReceiver());
    await menu.keepDraft(1, 0, "some words");
    expect(await draft()).toMatchObject({ url: "https://a.test/", selectedText: "some words" });
  });

  it("leaves other entries alone", () => {
    clicked({ menuItemId: "another" }, { id: 1, windowId: 3 });
    expect(opened).toEqual([]);
  });
});
