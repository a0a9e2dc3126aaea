// The actions that bring the tab to another page: navigate, go back, go forward, reload. Each starts the way and then
// waits until the tab has arrived (arrival.ts).

import type { ActionResult, NavigateAction } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import type { Arrival } from "../arrival";
import { failure, messageOf, tabNotFound } from "../errors";
import { TabWatch } from "../tab_watch";
import { type ActionCall, succeeded, webAddress } from "./context";
import { downloadName } from "./downloads";

/** See NavigateAction. */
export async function navigate(call: ActionCall<NavigateAction>): Promise<ActionResult> {
  const url = webAddress(call.kind.url);
  return travel(call, "Went to", async () => {
    await chrome.tabs.update(call.tabId, { url });
  });
}

/** See GoBackAction. */
export async function goBack(call: ActionCall): Promise<ActionResult> {
  return moved(await travel(call, "Went back to", () => throughHistory(call.tabId, -1)));
}

/** See GoForwardAction. */
export async function goForward(call: ActionCall): Promise<ActionResult> {
  return moved(await travel(call, "Went forward to", () => throughHistory(call.tabId, 1)));
}

/** See ReloadAction. */
export function reload(call: ActionCall): Promise<ActionResult> {
  return travel(call, "Reloaded", () => chrome.tabs.reload(call.tabId));
}

async function travel(call: ActionCall, did: string, start: () => Promise<void>): Promise<ActionResult> {
  const watch = new TabWatch(call.events, call.tabId);
  try {
    call.signal.throwIfAborted();
    call.effect.begun = true;
    await begin(call.tabId, start);
    const arrival = await call.arrivals.wait(watch, call.until, call.signal);
    return await tell(call, did, arrival, watch);
  } finally {
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
function moved(result: ActionResult): ActionResult {
  if (result.outcomeDetails?.noEffectSeen) throw historyEnds();
  return result;
}

function historyEnds(): Error {
  return failure(ErrorCode.NAVIGATION_FAILED, "The tab's history has no page in that direction.", {
    remedy: "Go to an address instead.",
  });
}

async function begin(tabId: number, start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (thrown) {
    const message = messageOf(thrown);
    if (/no tab with id/i.test(message)) throw tabNotFound(tabId);
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
    const message = `${did} ${arrival.url}.`;
    return succeeded(call, { message, navigationOccurred: true, newUrl: arrival.url, stillChanging, openedTabIds });
  }
  const download = await downloadName(watch.downloads[0]);
  if (download !== "") {
    return succeeded(call, { message: `The address is a file: the download of ${download} began.`, download });
  }
  return succeeded(call, { message: "The address gave no new page.", noEffectSeen: true, openedTabIds });
}
