// Puts the service worker together. All listeners are registered here synchronously, because Chrome starts the worker
// anew for every message after it has let it die, and hands the message only to listeners that are there by then.

import { create } from "@bufbuild/protobuf";
import { EncodedResultSchema, type PipeMessage } from "@gen/tabwire/v1/extension_pb";
import { type Uplink, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import { diagnose } from "../link/diagnose";
import { ServerClock } from "./clock";
import { ContextMenu } from "./context_menu";
import { DialogMemory } from "./dialogs/dialog_memory";
import { Dialogs } from "./dialogs/dialogs";
import { Dispatcher } from "./dispatch";
import { toErrorInfo } from "./errors";
import { PanelPort } from "./panel_port";
import { FilledIn } from "./policy/filled_in";
import { TaskTabs } from "./policy/task_tabs";
import { authRpc } from "./server/auth_rpc";
import { CommandJournal } from "./server/command_journal";
import { Connection } from "./server/connection";
import { Inbox } from "./server/inbox";
import { KeepAlive } from "./server/keep_alive";
import { readOffer } from "./server/offer";
import { Pairing } from "./server/pairing";
import { Pipe } from "./server/pipe";
import { StatusBoard } from "./server/status";
import * as crossing from "./server/tab_crossing";
import { Observer } from "./states/observe";
import { Perceiver } from "./states/perceive";
import { Arrivals } from "./tabs/arrival";
import { listenForExtras } from "./tabs/extras";
import { FramePort } from "./tabs/frame_port";
import { Frames } from "./tabs/frames";
import { HiddenTabs } from "./tabs/hidden_tabs";
import { Person } from "./tabs/person";
import { TabEvents } from "./tabs/tab_events";
import { TabNumbers } from "./tabs/tab_numbers";
import { TabRecords } from "./tabs/tab_record";
import { Tabs } from "./tabs/tabs";
import { trustedInput } from "./trusted/index";

const ALARM = "tick";

/** Starts the service worker. */
export function startWorker(): void {
  const { session, local } = chrome.storage;
  const clock = new ServerClock();
  const events = new TabEvents();
  const numbers = new TabNumbers(session, local);
  const filledIn = new FilledIn(local, numbers);
  const frames = new Frames(filledIn);
  const tabs = new Tabs(session);
  const records = new TabRecords(session);
  const board = new StatusBoard(session);
  const pipe = new Pipe();
  const pairing = new Pairing(local, authRpc, diagnose, clock);
  const journal = new CommandJournal(session);
  const journalId = (): Promise<string> => journal.id();
  const connection = new Connection({ pairing, pipe, board, clock, readOffer, journalId, local });
  const dialogs = new Dialogs(events, frames);
  const memory = new DialogMemory(session);
  const hidden = new HiddenTabs(events);
  const perceiver = new Perceiver(tabs, frames, records, dialogs, hidden);
  const person = new Person(tabs, frames, records, numbers);
  const send = async (body: Uplink["body"]): Promise<boolean> => {
    const turned = crossing.outward(await numbers.numbering(), body);
    return await pipe.send({ case: "uplink", value: create(UplinkSchema, { body: turned }) });
  };

  const taskTabs = new TaskTabs(session, tabs, frames, (value) => send({ case: "personInput", value }));
  const observer = new Observer({
    session,
    frames,
    perceive: (tabId, options, until) => perceiver.perceive(tabId, options, until),
    describe: (tabId) => tabs.describe(tabId),
    send: (update) => send({ case: "stateUpdate", value: update }),
    isConnected: () => board.isConnected(),
  });
  const dispatcher = new Dispatcher(
    {
      ...{ tabs, numbers, frames, records, events, dialogs },
      arrivals: new Arrivals(frames, dialogs),
      memory,
      hidden,
      taskTabs,
      filledIn,
      trusted: trustedInput((tabId, options, until) => perceiver.perceive(tabId, options, until)),
    },
    perceiver,
    (tabId) => observer.acting(tabId),
    (tabId, state) => observer.acted(tabId, state),
  );
  const keepAlive = new KeepAlive();
  const inbox = new Inbox({
    journal,
    clock,
    // The server's clock was told to an earlier life of this worker, and is needed before any deadline is looked at.
    ready: board.get().then((status) => clock.learn(Number(status.clockOffsetMs))),
    execute: async (command, until, signal, begunAt) => {
      const numbering = await numbers.numbering();
      return crossing.result(numbering, await dispatcher.execute(command, until, signal, begunAt));
    },
    resolveTab: (tabId) => tabs.resolve(tabId),
    deliver: ({ commandId, epoch }, commandResult) => {
      const value = create(EncodedResultSchema, { commandId, epoch, commandResult });
      return pipe.send({ case: "result", value });
    },
    onBusy: (busy) => keepAlive.setBusy(busy),
  });

  const menu = new ContextMenu(person, session);
  events.listen();
  events.subscribe((event) => numbers.hear(event));
  events.subscribe((event) => filledIn.hear(event));
  events.subscribe((event) => frames.hear(event));
  taskTabs.listen();
  events.subscribe((event) => taskTabs.hear(event));
  events.subscribe((event) => observer.take(event));
  events.subscribe((event) => {
    if (event.kind === "closed") see("forgetting a tab's dialogs", memory.forget(event.tabId));
  });
  pipe.listen(
    (message) => takeFromLink(message, { inbox, observer, connection, taskTabs, numbers }),
    () => connection.introduce(),
  );
  new FramePort(events, records).listen();
  listenForExtras();
  new PanelPort({ connection, pairing, board, readOffer, context: () => person.context() }).listen();
  menu.listen();
  // The offscreen document's watch over this worker (link/vigil.ts): being connected to is all there is to it.
  chrome.runtime.onConnect.addListener(() => {});
  listenToLife(connection, inbox, menu);
}

/** Hands a message of the offscreen document to whom it concerns. True means: recorded. */
async function takeFromLink(
  message: PipeMessage,
  parts: { inbox: Inbox; observer: Observer; connection: Connection; taskTabs: TaskTabs; numbers: TabNumbers },
): Promise<boolean> {
  const { kind } = message;
  switch (kind.case) {
    case "downlink":
      crossing.inward(await parts.numbers.numbering(), kind.value);
      if (kind.value.body.case === "taskTabsRule") {
        await parts.taskTabs.set(kind.value.body.value);
        return true;
      }
      if (kind.value.body.case === "observeTabs") {
        await parts.observer.set(kind.value.body.value);
        return true;
      }
      return parts.inbox.take(kind.value);
    case "status":
      await parts.connection.report(kind.value);
      return true;
    case "tokenNeeded":
      return parts.connection.renew(kind.value.refused);
    default:
      return false;
  }
}

/** The occasions at which the worker sees to itself: install, update, start of the browser, alarm, and its own start. */
function listenToLife(connection: Connection, inbox: Inbox, menu: ContextMenu): void {
  chrome.runtime.onInstalled.addListener(() => {
    see("making the context menu's entry", menu.install());
    see("setting up the side panel", chrome.sidePanel.setPanelBehavior({ openPanelOnActionClick: true }));
    see("setting the alarm", setAlarm());
  });
  chrome.runtime.onStartup.addListener(() => see("setting the alarm", setAlarm()));
  chrome.alarms.onAlarm.addListener((alarm) => {
    if (alarm.name !== ALARM) return;
    see("connecting", connection.start());
    see("handing over answers", inbox.redeliver());
  });
  // Content scripts live in processes that a page may take over: tokens are none of their business.
  see("protecting the tokens", chrome.storage.local.setAccessLevel({ accessLevel: "TRUSTED_CONTEXTS" }));
  see("connecting", connection.start());
  see("looking after the alarm", keepAlarm());
}

/** Chrome may lose an alarm, and then nothing would revive a worker that died before it was connected. */
async function keepAlarm(): Promise<void> {
  if ((await chrome.alarms.get(ALARM)) === undefined) await setAlarm();
}

/** An alarm every half minute revives a worker that has died, and with it the offscreen document. */
async function setAlarm(): Promise<void> {
  await chrome.alarms.create(ALARM, { periodInMinutes: 0.5 });
}

/** Does something that nobody waits for, and logs what goes wrong. */
function see(what: string, promise: Promise<unknown>): void {
  promise.catch((thrown: unknown) => console.error(`Tabwire: ${what} failed`, toErrorInfo(thrown)));
}
