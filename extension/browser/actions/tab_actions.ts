// The actions on tabs: open, switch, close. None of them takes the person's focus away.

import type { ActionResult, CloseTabAction, OpenTabAction, SwitchTabAction } from "@gen/tabwire/v1/action_pb";
import { BrowserError, messageOf, tabNotFound } from "../errors";
import type { Arrival } from "../tabs/arrival";
import type { TabEvent } from "../tabs/tab_events";
import { TabWatch } from "../tabs/tab_watch";
import { type ActionCall, succeeded, webAddress } from "./context";
import { askToLeave } from "./navigate";

/** How long an empty tab may take to be there. */
const BLANK_MS = 1_000;
/** The same for one in which the policy is to hold before anything is loaded. */
const GUARDED_MS = 10_000;

/** See OpenTabAction. */
export async function openTab(call: ActionCall<OpenTabAction>): Promise<ActionResult> {
  const isBlank = call.kind.url === "" || call.kind.url === "about:blank";
  const url = isBlank ? "about:blank" : webAddress(call.kind.url);
  call.signal.throwIfAborted();
  if (!isBlank && call.taskId !== "" && call.grants.policy !== undefined) return await openGuarded(call, url);
  await call.hidden.expect(url);
  call.effect.begun = true;
  // The new tab's id is known only after it has set out, so what happens meanwhile is kept and told to the watch.
  const early: TabEvent[] = [];
  const stop = call.events.subscribe((event) => early.push(event));
  let watch: TabWatch | undefined;
  try {
    const tabId = await call.tabs.open(url, call.taskId);
    call.hidden.follow(tabId);
    watch = new TabWatch(call.events, tabId);
    stop();
    watch.catchUp(early);
    call.round.alsoIn(tabId, call.until, early);
    if (isBlank) {
      // Going elsewhere from a tab that is still on its way here would look like a failure of that.
      const { signal } = call;
      await watch.until(() => watch?.frame().arrived !== undefined, Date.now() + BLANK_MS, signal);
      return going(call, tabId, {
        message: `Opened the blank tab ${await call.numbers.told(tabId)}.`,
        openedTabIds: [tabId],
      });
    }
    const arrival = await call.arrivals.wait(watch, call.until, call.signal);
    const { stillChanging } = arrival;
    const newUrl = arrival.url;
    const message = `Opened ${newUrl || url} in the new tab ${await call.numbers.told(tabId)}.`;
    return going(call, tabId, { message, navigationOccurred: true, newUrl, stillChanging, openedTabIds: [tabId] });
  } finally {
    stop();
    watch?.close();
  }
}

/** Opens a tab of a task: blank at first, so that the policy holds in it before anything is loaded. */
async function openGuarded(call: ActionCall<OpenTabAction>, url: string): Promise<ActionResult> {
  call.effect.begun = true;
  const early: TabEvent[] = [];
  const stop = call.events.subscribe((event) => early.push(event));
  const tabId = await call.tabs.open("about:blank", call.taskId).finally(stop);
  call.hidden.follow(tabId);
  const blank = new TabWatch(call.events, tabId);
  try {
    blank.catchUp(early);
    // Going elsewhere from a tab that is still on its way here would look like a failure of that.
    await blank.until(() => blank.frame().arrived !== undefined, Date.now() + GUARDED_MS, call.signal);
  } finally {
    blank.close();
  }
  await call.taskTabs.acting(call.taskId, tabId, call.grants.policy);
  await call.hidden.expect(url);
  let watch = new TabWatch(call.events, tabId);
  try {
    call.round.alsoIn(tabId, call.until, []);
    await chrome.tabs.update(tabId, { url });
    const arrival = await beyondBlank(call, watch).catch(async (thrown: unknown) => {
      // Chrome brought the blank page to its end only now, and broke the way off with it.
      if (watch.frame().error !== "net::ERR_ABORTED") throw thrown;
      watch.close();
      watch = new TabWatch(call.events, tabId);
      await chrome.tabs.update(tabId, { url });
      return await beyondBlank(call, watch);
    });
    const stopped = call.taskTabs.stopped(tabId);
    if (stopped !== undefined) throw new BrowserError(stopped);
    const { stillChanging } = arrival;
    const newUrl = arrival.url;
    const message = `Opened ${newUrl || url} in the new tab ${await call.numbers.told(tabId)}.`;
    return going(call, tabId, { message, navigationOccurred: true, newUrl, stillChanging, openedTabIds: [tabId] });
  } finally {
    watch.close();
  }
}

/** Waits for the arrival at the address. Chrome may tell of the blank page once more when the tab has set out already. */
async function beyondBlank(call: ActionCall, watch: TabWatch): Promise<Arrival> {
  const isStopped = (): boolean => call.taskTabs.hasStopped(watch.tabId);
  const isOn = (): boolean => {
    const { arrived, error } = watch.frame();
    return watch.closed || watch.isUnderway() || error !== undefined || arrived?.url !== "about:blank" || isStopped();
  };
  for (;;) {
    const arrival = await call.arrivals.wait(watch, call.until, call.signal);
    if (arrival.url !== "about:blank" || isStopped()) return arrival;
    if (!(await watch.until(isOn, call.until, call.signal))) return arrival;
  }
}

/** See SwitchTabAction. The tab does not come to the front: only the agent turns to it, not the person. */
export async function switchTab(call: ActionCall<SwitchTabAction>): Promise<ActionResult> {
  const { tabId } = call.kind;
  const tab = await call.tabs.get(tabId);
  const message = `Going on in tab ${await call.numbers.told(tabId)}, ${tab.title || tab.url}.`;
  return going(call, tabId, { message });
}

/** See CloseTabAction. */
export async function closeTab(call: ActionCall<CloseTabAction>): Promise<ActionResult> {
  const tabId = call.kind.tabId || call.tabId;
  const tab = await call.tabs.get(tabId);
  const next = await call.tabs.heir(tab, call.taskId);
  call.signal.throwIfAborted();
  call.effect.begun = true;
  await askToLeave(call, tabId);
  const over = new AbortController();
  try {
    await Promise.race([chrome.tabs.remove(tabId), call.dialogs.opened(tabId, over.signal)]);
  } catch (thrown) {
    if (/no tab with id/i.test(messageOf(thrown))) throw tabNotFound();
    throw thrown;
  } finally {
    over.abort();
  }
  const message = `Closed tab ${await call.numbers.told(tabId)}.`;
  return tabId === call.tabId ? going(call, next, { message }) : succeeded(call, { message });
}

function going(call: ActionCall, currentTabId: number, outcome: Parameters<typeof succeeded>[1]): ActionResult {
  const result = succeeded(call, outcome);
  result.currentTabId = currentTabId;
  return result;
}
