// Puts actions and events into words for a person. Pure. Words for states and numbers are in words.ts.

import {
  type Action,
  type ActionResult,
  ActionStatus,
  type ClickAction,
  type DragAction,
  MouseButton,
  ScrollDirection,
  type WaitAction,
} from "@gen/tabwire/v1/action_pb";
import type { Rows } from "@gen/tabwire/v1/extract_pb";
import { type NamedElement, type TaskEvent, TaskState } from "@gen/tabwire/v1/task_pb";
import { clip, shortAddress, stateWord } from "./words";

/** Says what an element id stands for. */
type NameOf = (id: number) => string;

const DIRECTIONS: Readonly<Record<number, string>> = {
  [ScrollDirection.DOWN]: "down",
  [ScrollDirection.UP]: "up",
  [ScrollDirection.RIGHT]: "right",
  [ScrollDirection.LEFT]: "left",
  [ScrollDirection.TOP]: "to the start",
  [ScrollDirection.BOTTOM]: "to the end",
};

/** Says what an action is to do, as an instruction: “Click button “Search””, or “Click element 12” if it has no name here. */
export function describeAction({ kind }: Action, elements: readonly NamedElement[] = []): string {
  const element = (id: number): string => {
    const known = elements.find(({ elementId }) => elementId === id);
    if (known === undefined) return `element ${id}`;
    return known.name === "" ? `the ${known.role}` : `${known.role} ${quoted(known.name)}`;
  };
  switch (kind.case) {
    case "navigate":
      return `Go to ${shortAddress(kind.value.url)}`;
    case "goBack":
      return "Go back";
    case "goForward":
      return "Go forward";
    case "reload":
      return "Load the page again";
    case "click":
      return click(kind.value, element);
    case "inputText": {
      const { elementId, text, append, submit, secret } = kind.value;
      if (secret !== "") return `Type the secret “${secret}” into ${element(elementId)}`;
      const typed = text === "" ? `Empty ${element(elementId)}` : `Type ${quoted(text)} into ${element(elementId)}`;
      const added = append && text !== "" ? `Add ${quoted(text)} to ${element(elementId)}` : typed;
      return submit ? `${added} and press Enter` : added;
    }
    case "selectOption":
      return `Choose ${kind.value.options.map(quoted).join(", ")} in ${element(kind.value.elementId)}`;
    case "pressKeys": {
      const keys = kind.value.keys.map(keyName).join(", ");
      return kind.value.elementId === 0 ? `Press ${keys}` : `Press ${keys} in ${element(kind.value.elementId)}`;
    }
    case "scroll":
      return scroll(kind.value.direction, kind.value.elementId, element);
    case "hover":
      return `Point at ${element(kind.value.elementId)}`;
    case "wait":
      return wait(kind.value, element);
    case "readText":
      return kind.value.elementId === 0 ? "Read the page" : `Read ${element(kind.value.elementId)}`;
    case "readValue":
      return `Read what is in ${element(kind.value.elementId)}`;
    case "getAttributes":
      return `Read the attributes of ${element(kind.value.elementId)}`;
    case "openTab":
      return kind.value.url === "" ? "Open a new tab" : `Open ${shortAddress(kind.value.url)} in a new tab`;
    case "switchTab":
      return "Go to another tab";
    case "closeTab":
      return kind.value.tabId === 0 ? "Close the tab" : "Close another tab";
    case "screenshot":
      return kind.value.elementId === 0
        ? "Take a picture of the tab"
        : `Take a picture of ${element(kind.value.elementId)}`;
    case "drag":
      return drag(kind.value, element);
    case "setChecked":
      return `${kind.value.checked ? "Check" : "Uncheck"} ${element(kind.value.elementId)}`;
    case "selectText":
      return kind.value.text === ""
        ? `Select the text of ${element(kind.value.elementId)}`
        : `Select ${quoted(kind.value.text)} in ${element(kind.value.elementId)}`;
    case "uploadFiles":
      return `Give ${kind.value.files.map((file) => quoted(file.name)).join(", ")} to ${element(kind.value.elementId)}`;
    case "answerDialog":
      return kind.value.accept ? "Say “OK” to the page's dialog" : "Say “Cancel” to the page's dialog";
    case "readMarkdown":
      return kind.value.elementId === 0 ? "Read the main content" : `Read ${element(kind.value.elementId)}`;
    case "readRows":
      return kind.value.elementId === 0
        ? "Read the largest table or list"
        : `Read the rows of ${element(kind.value.elementId)}`;
    case "findText":
      return `Find ${quoted(kind.value.text)} in the page`;
    case "findElements":
      return `Find ${[kind.value.role || "elements", kind.value.name && quoted(kind.value.name)].filter(Boolean).join(" ")}`;
    case "runJavascript":
      return "Run JavaScript in the page";
    case "collectRows":
      return kind.value.elementId === 0
        ? "Collect the rows of the largest table or list"
        : `Collect the rows of ${element(kind.value.elementId)}`;
    case "handOver":
      return `Hand the tab to you: ${clip(kind.value.prompt, 120)}`;
    case "askHuman":
      return `Ask you: ${clip(kind.value.prompt, 120)}`;
    case "done":
      return kind.value.success ? "Finish the task" : "Give the task up";
    default:
      return "Do something this version of the extension has no words for";
  }
}

/** What a screen reader is told about an event; undefined if it is not worth interrupting for. */
export function announcementOf({ kind }: TaskEvent): string | undefined {
  switch (kind.case) {
    case "decisionMade":
      return kind.value.decision?.nextGoal
        ? `Step ${kind.value.stepNumber}: ${clip(kind.value.decision.nextGoal, 160)}`
        : undefined;
    case "actionFinished": {
      const error = kind.value.result?.errorInfo;
      const failed = kind.value.result?.status === ActionStatus.FAILED;
      return failed && error !== undefined ? `Failed: ${error.message} ${error.remedy}`.trim() : undefined;
    }
    case "personActed":
      return "You used the task's tab, so it was paused.";
    case "humanInputNeeded":
      return `Tabwire asks: ${kind.value.request?.prompt ?? ""}`;
    case "stateChanged": {
      const { to, cause, result } = kind.value;
      if (to === TaskState.RUNNING || to === TaskState.QUEUED || to === TaskState.WAITING_HUMAN) return undefined;
      const more = to === TaskState.SUCCEEDED ? clip(result, 300) : (cause?.message ?? "");
      return `Task ${stateWord(to).toLowerCase()}. ${more}`.trim();
    }
    default:
      return undefined;
  }
}

/** What an action read, as text; empty if nothing that a person can read here. */
export function extractOf(extracted: ActionResult["extracted"]): string {
  switch (extracted.case) {
    case "text":
      return extracted.value;
    case "attributeMap":
      return Object.entries(extracted.value.attributes)
        .map(([name, value]) => `${name}: ${value}`)
        .join("\n");
    case "elementList": {
      const lines = extracted.value.elements.map((one) => `${one.role || one.tag} ${one.name || one.textContent}`);
      return [...lines, ...leftOut(extracted.value.total - lines.length)].join("\n");
    }
    case "textMatches": {
      const lines = extracted.value.matches.map((match) => match.excerpt);
      return [...lines, ...leftOut(extracted.value.total - lines.length)].join("\n");
    }
    case "rows":
      return rows(extracted.value);
    default:
      return ""; // pictures are no part of the journal
  }
}

function rows({ columns, rows: all, total }: Rows): string {
  const head = columns.some((name) => name !== "") ? [columns.join(" | ")] : [];
  return [...head, ...all.map((row) => row.cells.join(" | ")), ...leftOut(total - all.length)].join("\n");
}

function leftOut(count: number): string[] {
  return count > 0 ? [`and ${count} more`] : [];
}

function quoted(text: string): string {
  return `“${clip(text, 80)}”`;
}

function keyName(key: string): string {
  return key === " " ? "Space" : key;
}

function click({ elementId, button, count }: ClickAction, element: NameOf): string {
  const how = count > 1 ? "Double-click" : button === MouseButton.RIGHT ? "Right-click" : "Click";
  return `${how} ${element(elementId)}`;
}

function drag({ elementId, toElementId, offsetX = 0, offsetY = 0 }: DragAction, element: NameOf): string {
  if (toElementId !== 0) return `Drag ${element(elementId)} onto ${element(toElementId)}`;
  return `Drag ${element(elementId)} by ${offsetX}, ${offsetY}`;
}

function scroll(direction: ScrollDirection, elementId: number, element: NameOf): string {
  const way = DIRECTIONS[direction];
  if (way === undefined) return elementId === 0 ? "Scroll" : `Bring ${element(elementId)} into view`;
  return elementId === 0 ? `Scroll ${way}` : `Scroll ${way} in ${element(elementId)}`;
}

function wait({ condition, gone }: WaitAction, element: NameOf): string {
  switch (condition.case) {
    case "text":
      return gone ? `Wait until ${quoted(condition.value)} is gone` : `Wait for ${quoted(condition.value)}`;
    case "elementId":
      return gone ? `Wait until ${element(condition.value)} is gone` : `Wait for ${element(condition.value)}`;
    case "url":
      return gone
        ? `Wait until the address no longer contains ${quoted(condition.value)}`
        : `Wait until the address contains ${quoted(condition.value)}`;
    default:
      return "Wait until the page is quiet";
  }
}
