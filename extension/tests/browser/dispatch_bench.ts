// One dispatcher over a Chrome that tests set up, new for each test, and how tests give it commands.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type Action,
  type ActionResult,
  ActionResultSchema,
  ActionSchema,
  ActionStatus,
} from "@gen/tabwire/v1/action_pb";
import type { FrameRequest } from "@gen/tabwire/v1/extension_pb";
import { type Command, type CommandResult, CommandSchema } from "@gen/tabwire/v1/link_pb";
import { afterEach, beforeEach, vi } from "vitest";
import { DialogMemory } from "../../browser/dialogs/dialog_memory";
import { Dialogs } from "../../browser/dialogs/dialogs";
import { Dispatcher } from "../../browser/dispatch";
import { Perceiver } from "../../browser/states/perceive";
import { Arrivals } from "../../browser/tabs/arrival";
import { Frames } from "../../browser/tabs/frames";
import { HiddenTabs } from "../../browser/tabs/hidden_tabs";
import { TabEvents } from "../../browser/tabs/tab_events";
import { TabRecords } from "../../browser/tabs/tab_record";
import { Tabs } from "../../browser/tabs/tabs";
import { type Answer, ack, asArea, CHROMES_NUMBERS, FakeChrome } from "./fake_chrome";

export type ActionInit = Exclude<MessageInitShape<typeof ActionSchema>, Action>;
export type Kind = NonNullable<ActionInit["kind"]>;

export let chromeDouble: FakeChrome;
export let events: TabEvents;
export let acted: number[];
export let dispatcher: Dispatcher;

beforeEach(() => {
  chromeDouble = new FakeChrome().install();
  events = new TabEvents();
  acted = [];
  const frames = new Frames();
  const tabs = new Tabs(asArea(chromeDouble.session));
  const records = new TabRecords(asArea(chromeDouble.session));
  const dialogs = new Dialogs(events, frames);
  const hidden = new HiddenTabs(events);
  const perceiver = new Perceiver(tabs, frames, records, dialogs, hidden);
  const memory = new DialogMemory(asArea(chromeDouble.session));
  const arrivals = new Arrivals(frames, dialogs);
  const taskTabs = {
    acting: async () => {},
    bringBack: async () => {},
    hasStopped: () => false,
    stopped: () => undefined,
    watchPerson: () => {},
  };
  const filledIn = { begin: async () => {}, end: async () => {}, isIn: async () => false };
  const looks = { tabs, frames, records, events, arrivals, dialogs, memory, hidden };
  const parts = { ...looks, numbers: CHROMES_NUMBERS, taskTabs, filledIn, trusted: undefined };
  dispatcher = new Dispatcher(
    parts,
    perceiver,
    () => {},
    (tabId) => acted.push(tabId),
  );
});

afterEach(() => vi.unstubAllGlobals());

/** A content script that can do everything, and clicks as it is told. */
export function page(click: (elementId: number) => ActionResult | Promise<ActionResult> = done): Answer {
  return async (request: FrameRequest) => {
    switch (request.kind.case) {
      case "act": {
        const { kind } = request.kind.value.action ?? { kind: { case: undefined } };
        const elementId = kind.case === "click" ? kind.value.elementId : 0;
        return { case: "actionResult", value: await click(elementId) };
      }
      case "perceive":
        return { case: "state", value: { ...EMPTY_STATE, elements: [], childFrames: [] } };
      case "check":
        return { case: "condition", value: { $typeName: "tabwire.v1.ConditionStatus", holds: true } };
      default:
        return ack();
    }
  };
}

export const EMPTY_STATE = {
  $typeName: "tabwire.v1.FrameState",
  url: "",
  title: "",
  activeElementId: 0,
  revision: 1,
  isLoading: false,
  inPageUs: 7,
} as const;

export function done(): ActionResult {
  const outcomeDetails = { message: "Clicked.", domChanges: 1 };
  return create(ActionResultSchema, { status: ActionStatus.SUCCEEDED, outcomeDetails });
}

export function act(tabId: number, kind: Kind, more: MessageInitShape<typeof CommandSchema> = {}): Command {
  const action = create(ActionSchema, { id: "c", kind } as ActionInit);
  return create(CommandSchema, { commandId: "c", tabId, ...more, request: { case: "action", value: action } });
}

export async function run(
  command: Command,
  signal = new AbortController().signal,
  ms = 30_000,
): Promise<CommandResult> {
  return dispatcher.execute(command, Date.now() + ms, signal);
}

export async function result(command: Command): Promise<ActionResult> {
  const { outcome } = await run(command);
  if (outcome.case !== "actionResult") throw new Error(`expected an action result, got ${outcome.case}`);
  return outcome.value;
}

export const click = (elementId: number): Kind => ({ case: "click", value: { elementId } });
