// The border that tab ids cross: what the server sends is turned to Chrome's numbers before anybody reads it, and what it
// is sent to the numbers that are told (tabs/tab_numbers.ts). Every field of the contract that names a tab is turned here;
// only what is said in words, and where the person is (tabs/person.ts), is turned where it is written.

import type { ActionResult, OutcomeDetails } from "@gen/tabwire/v1/action_pb";
import type { CommandResult, Downlink, StateUpdate, Uplink } from "@gen/tabwire/v1/link_pb";
import type { PageState, StateDelta, Tab } from "@gen/tabwire/v1/state_pb";
import type { TabNumbering } from "../tabs/tab_numbers";

/** Turns what came from the server, in place: nobody else has the message. */
export function inward(numbering: TabNumbering, { body }: Downlink): void {
  switch (body.case) {
    case "command": {
      const { value: command } = body;
      command.tabId = numbering.chromes(command.tabId);
      const kind = command.request.case === "action" ? command.request.value.kind : undefined;
      if (kind?.case === "switchTab" || kind?.case === "closeTab")
        kind.value.tabId = numbering.chromes(kind.value.tabId);
      break;
    }
    case "taskTabsRule":
    case "observeTabs":
      body.value.tabIds = body.value.tabIds.map((tabId) => numbering.chromes(tabId));
      break;
    default:
      break;
  }
}

/** What the server is sent, but for results. States may be others' too, so nothing is changed in place. */
export function outward(numbering: TabNumbering, body: Uplink["body"]): Uplink["body"] {
  switch (body.case) {
    case "stateUpdate":
      return { case: "stateUpdate", value: update(numbering, body.value) };
    case "personInput":
      return { case: "personInput", value: { ...body.value, tabId: numbering.told(body.value.tabId) } };
    case "commandResult":
      return { case: "commandResult", value: result(numbering, body.value) };
    default:
      return body;
  }
}

/** The answer to a command as the server is to have it. */
export function result(numbering: TabNumbering, told: CommandResult): CommandResult {
  return { ...told, outcome: outcome(numbering, told.outcome) };
}

function outcome(numbering: TabNumbering, told: CommandResult["outcome"]): CommandResult["outcome"] {
  switch (told.case) {
    case "actionResult":
      return { case: "actionResult", value: acted(numbering, told.value) };
    case "pageState":
      return { case: "pageState", value: state(numbering, told.value) };
    case "stateDelta":
      return { case: "stateDelta", value: delta(numbering, told.value) };
    case "tabList": {
      const tabs = told.value.tabs.map((tab) => described(numbering, tab));
      return { case: "tabList", value: { ...told.value, tabs } };
    }
    default:
      return told;
  }
}

function acted(numbering: TabNumbering, told: ActionResult): ActionResult {
  const { outcomeDetails: details, stateAfter: after } = told;
  const turned: ActionResult = { ...told, currentTabId: numbering.told(told.currentTabId) };
  if (details !== undefined) {
    const openedTabIds = details.openedTabIds.map((tabId) => numbering.told(tabId));
    turned.outcomeDetails = { ...details, openedTabIds } satisfies OutcomeDetails;
  }
  if (after.case === "newState") turned.stateAfter = { case: "newState", value: state(numbering, after.value) };
  if (after.case === "stateDelta") turned.stateAfter = { case: "stateDelta", value: delta(numbering, after.value) };
  return turned;
}

function update(numbering: TabNumbering, told: StateUpdate): StateUpdate {
  const turned: StateUpdate = { ...told, tabId: numbering.told(told.tabId) };
  if (told.tab !== undefined) turned.tab = described(numbering, told.tab);
  if (told.pageState !== undefined) turned.pageState = state(numbering, told.pageState);
  return turned;
}

function state(numbering: TabNumbering, told: PageState): PageState {
  return { ...told, tabId: numbering.told(told.tabId) };
}

function delta(numbering: TabNumbering, told: StateDelta): StateDelta {
  return told.head === undefined ? told : { ...told, head: state(numbering, told.head) };
}

function described(numbering: TabNumbering, tab: Tab): Tab {
  return { ...tab, tabId: numbering.told(tab.tabId), openerTabId: numbering.told(tab.openerTabId) };
}
