// Brings the tab of a task to the front, on the person's word and never otherwise.

import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { keptNumbering } from "../../browser/tabs/tab_numbers";
import { Problem, panelError } from "./problem";

/** Shows a tab and its window, by the number that the server knows. Throws a Problem if it is closed. */
export async function showTab(tabId: number): Promise<void> {
  try {
    const numbering = await keptNumbering(chrome.storage.session);
    if (numbering === undefined) throw new Error("no tab was told in this run of the browser");
    const tab = await chrome.tabs.update(numbering.chromes(tabId), { active: true });
    if (tab !== undefined) await chrome.windows.update(tab.windowId, { focused: true });
  } catch (error) {
    console.warn("tabwire: the tab cannot be shown", error);
    throw new Problem(panelError(ErrorCode.TAB_NOT_FOUND, "The tab of this task is closed.", "Run the task again."));
  }
}
