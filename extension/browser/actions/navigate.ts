// The actions that bring the tab to another page: navigate, go back, go forward, reload. Each asks the page it leaves,
// starts the way and then waits until the tab has arrived (arrival.ts).

import { create } from "@bufbuild/protobuf";
import type { ActionResult, NavigateAction } from "@gen/tabwire/v1/action_pb";
import { DialogDetailsSchema, ErrorCode } from "@gen/tabwire/v1/error_pb";
import { asksToStay } from "../dialogs/dialog_round";
import { failure, messageOf, tabNotFound } from "../errors";
import type { Arrival } from "../tabs/arrival";
import { TabWatch } from "../tabs/tab_watch";
import { type ActionCall, succeeded, webAddress } from "./context";
import { downloadName } from "./downloads";

/** See NavigateAction. */
export async function navigate(call: ActionCall<NavigateAction>): Promise<ActionResult> {
  const url = webAddress(call.kind.url);
  if (!(await call.tabs.get(call.tabId)).active) await call.hidden.expect(url);
  return travel(call, "Went to", async () => {
    await chrome.tabs.update(call.tabId, { url });
  });
}

/** See GoBackAction. */
export function goBack(call: ActionCall): Promise<ActionResult> {
  return travel(call, "Went back to", () => throughHistory(call.tabId, -1), HISTORY_MS);
}

/** See GoForwardAction. */
export function goForward(call: ActionCall): Promise<ActionResult> {
  return travel(call, "Went forward to", () => throughHistory(call.tabId, 1), HISTORY_MS);
}

/** See ReloadAction. */
export function reload(call: ActionCall): Promise<ActionResult> {
  return travel(call, "Reloaded", () => chrome.tabs.reload(call.tabId));
}

/**
 * Asks the page whether it may be left. Throws DIALOG_OPEN if it asks to stay and no answer lets it go. Chrome itself asks
 * only where a person has used the page, and then blocks the tab; so the page is asked before Chrome does.
 */
export async function askToLeave(call: ActionCall, tabId: number): Promise<void> {
  const message = await call.dialogs.askToLeave(tabId, false);
  if (message === null) return;
  const accepted = call.round.answerTo("beforeunload", message)?.accept === true;
  call.round.met.push(create(DialogDetailsSchema, { type: "beforeunload", message, accepted }));
  if (!accepted) throw asksToStay(message);
  await call.dialogs.askToLeave(tabId, true);
}

/** A way through the history that leads anywhere is set out on at once, however long the page then takes. */
const HISTORY_MS = 2_000;

async function travel(
  call: ActionCall,
  did: string,
  start: () => Promise<void>,
  setsOutWithin?: number,
): Promise<ActionResult> {
  const watch = new TabWatch(call.events, call.tabId);
  const over = new AbortController();
  try {
    call.signal.throwIfAborted();
    call.effect.begun = true;
    await askToLeave(call, call.tabId);
    await begin(start);
    if (setsOutWithin !== undefined) await setOut(call, watch, setsOutWithin);
    // A page that no script could ask may still have Chrome ask the person.
    const stays = call.dialogs.opened(call.tabId, over.signal);
    const arrival = await Promise.race([call.arrivals.wait(watch, call.until, call.signal), stays]);
    return await tell(call, did, arrival, watch);
  } finally {
    over.abort();
    watch.close();
  }
}

/**
 * Goes through the history as a page's own script does. Chrome's own way back leaves out every page that was reached
 * without a person's gesture, and so all that an agent visited; it is only for pages that let no script in.
 */
async function throughHistory(tabId: number, delta: -1 | 1): Promise<void> {
  try {
    const func = (by: number): void => history.go(by);
    await chrome.scripting.executeScript({ target: { tabId }, func, args: [delta], injectImmediately: true });
  } catch {
    await (delta < 0 ? chrome.tabs.goBack(tabId) : chrome.tabs.goForward(tabId));
  }
}

/** A script that goes through the history is not told when there is nowhere to go: nothing happens then. */
async function setOut(call: ActionCall, watch: TabWatch, within: number): Promise<void> {
  const hasSetOut = (): boolean => {
    const { underway, arrived, error } = watch.frame(0);
    return watch.closed || watch.movedTo !== undefined || (underway ?? arrived ?? error) !== undefined;
  };
  if (!(await watch.until(hasSetOut, Math.min(call.until, Date.now() + within), call.signal))) throw historyEnds();
}

function historyEnds(): Error {
  return failure(ErrorCode.NAVIGATION_FAILED, "The tab's history has no page in that direction.", {
    remedy: "Go to an address instead.",
  });
}

async function begin(start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (thrown) {
    const message = messageOf(thrown);
    if (/no tab with id/i.test(message)) throw tabNotFound();
    if (/(next|previous) page in history/i.test(message)) throw historyEnds();
    throw failure(ErrorCode.NAVIGATION_FAILED, "Chrome refused to bring the tab there.", {
      remedy: "Check the address.",
    });
  }
}

async function tell(call: ActionCall, did: string, arrival: Arrival, watch: TabWatch): Promise<ActionResult> {
  const { stillChanging } = arrival;
  const openedTabIds = [...watch.openedTabIds];
  if (arrival.kind !== "none") {
    const message =
      arrival.blocked === undefined ? `${did} ${arrival.url}.` : `${did} ${arrival.url}. ${arrival.blocked}`;
    return succeeded(call, { message, navigationOccurred: true, newUrl: arrival.url, stillChanging, openedTabIds });
  }
  const download = await downloadName(watch.downloads[0]);
  if (download !== "") {
    return succeeded(call, { message: `The address is a file: the download of ${download} began.`, download });
  }
  return succeeded(call, { message: "The address gave no new page.", noEffectSeen: true, openedTabIds });
}
