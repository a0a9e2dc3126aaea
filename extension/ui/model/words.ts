// Words for states, times, amounts and addresses. Pure. Words for actions are in sentences.ts.

import { Consequence } from "@gen/tabwire/v1/policy_pb";
import { EffectKind, StepStatus, TaskState, type Usage } from "@gen/tabwire/v1/task_pb";

const STATE_WORDS: Readonly<Record<number, string>> = {
  [TaskState.QUEUED]: "Queued",
  [TaskState.RUNNING]: "Working",
  [TaskState.PAUSED]: "Paused",
  [TaskState.WAITING_HUMAN]: "Waits for you",
  [TaskState.WAITING_BROWSER]: "Waits for the browser",
  [TaskState.STOPPING]: "Stopping",
  [TaskState.SUCCEEDED]: "Done",
  [TaskState.FAILED]: "Failed",
  [TaskState.STOPPED]: "Stopped",
  [TaskState.NEEDS_ATTENTION]: "Needs your attention",
};

const STEP_WORDS: Readonly<Record<number, string>> = {
  [StepStatus.RUNNING]: "running",
  [StepStatus.SUCCEEDED]: "done",
  [StepStatus.FAILED]: "failed",
  [StepStatus.CANCELLED]: "cut off",
};

const CONSEQUENCE_WORDS: Readonly<Record<number, string>> = {
  [Consequence.BUY]: "spend money or make a contract",
  [Consequence.SEND]: "send something to others",
  [Consequence.DELETE]: "delete or cancel something for good",
  [Consequence.PUBLISH]: "make something public",
  [Consequence.CREDENTIALS]: "change a password or a right of access",
  [Consequence.DIALOG]: "confirm what the page asks",
  [Consequence.UPLOAD]: "give files to the page",
  [Consequence.DOWNLOAD]: "download a file",
  [Consequence.JAVASCRIPT]: "run code in the page",
  [Consequence.ANY_CHANGE]: "change something on the site",
};

const EFFECT_WORDS: Readonly<Record<number, string>> = {
  [EffectKind.NAVIGATED]: "Went",
  [EffectKind.CHANGED]: "Changed",
  [EffectKind.CLICKED]: "Clicked",
  [EffectKind.SUBMITTED]: "Sent",
  [EffectKind.DOWNLOADED]: "Downloaded",
  [EffectKind.UPLOADED]: "Uploaded",
  [EffectKind.TAB]: "Tab",
  [EffectKind.DIALOG]: "Confirmed",
  [EffectKind.JAVASCRIPT]: "Code",
  [EffectKind.UNKNOWN]: "In doubt",
};

/** What an action may lead to, as “it may …”; empty for what this version does not know. */
export function consequenceWord(consequence: Consequence): string {
  return CONSEQUENCE_WORDS[consequence] ?? "";
}

/** What kind of effect it was, in a word. */
export function effectWord(kind: EffectKind): string {
  return EFFECT_WORDS[kind] ?? "Did";
}

/** What a task cost, as far as it is known: “$0.0042”; empty if nothing is known. */
export function costWord({ costMicroUsd, callsWithoutCost }: Usage): string {
  if (costMicroUsd === 0n) return "";
  const dollars = Number(costMicroUsd) / 1_000_000;
  const digits = dollars < 0.1 ? 4 : 2;
  return `${callsWithoutCost > 0 ? "over " : ""}$${dollars.toFixed(digits)}`;
}

/** How a state of a task is called. */
export function stateWord(state: TaskState): string {
  return STATE_WORDS[state] ?? "Unknown";
}

/** How a state of a step is called. */
export function stepWord(status: StepStatus): string {
  return STEP_WORDS[status] ?? "";
}

/** The colour family of a state, and the value of data-tone in the style sheet. */
export type Tone = "busy" | "calm" | "ask" | "good" | "bad";

/** Which colour family a state of a task belongs to. */
export function toneOf(state: TaskState): Tone {
  switch (state) {
    case TaskState.RUNNING:
    case TaskState.STOPPING:
      return "busy";
    case TaskState.WAITING_HUMAN:
    case TaskState.NEEDS_ATTENTION:
    case TaskState.WAITING_BROWSER:
      return "ask";
    case TaskState.SUCCEEDED:
      return "good";
    case TaskState.FAILED:
      return "bad";
    default:
      return "calm";
  }
}

/** Cuts a text to at most so many characters, with a sign that it was cut; white space is folded. */
export function clip(text: string, most: number): string {
  const folded = text.replace(/\s+/g, " ").trim();
  const characters = Array.from(folded);
  return characters.length <= most ? folded : `${characters.slice(0, most - 1).join("")}…`;
}

/** An address without what a person does not need to see. */
export function shortAddress(url: string, most = 60): string {
  return clip(url.replace(/^https?:\/\/(www\.)?/i, "").replace(/\/$/, ""), most);
}

/** The host of an address; the scheme for pages that have none. */
export function hostOf(url: string): string {
  try {
    const parsed = new URL(url);
    return parsed.host || parsed.protocol.replace(":", "");
  } catch {
    // Not an address: shown as it is rather than not at all.
    return clip(url, 40);
  }
}

/** A length of time: “8 s”, “2 min 5 s”, “1 h 3 min”. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** An amount: “940”, “12.4k”, “3.1M”. */
export function amount(count: bigint): string {
  const value = Number(count);
  if (value < 1000) return String(value);
  if (value < 999_500) return `${trimmed(value / 1000)}k`;
  return `${trimmed(value / 1_000_000)}M`;
}

function trimmed(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(1).replace(/\.0$/, "");
}

/** When something was, seen from now: “just now”, “5 min ago”, “today 14:05”, “yesterday 9:30”, “3 Nov 2026”. */
export function when(time: Date, now: Date): string {
  const age = now.getTime() - time.getTime();
  if (age < 60_000) return "just now";
  if (age < 3_600_000) return `${Math.floor(age / 60_000)} min ago`;
  const clock = time.toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit" });
  const days = Math.round((midnight(now) - midnight(time)) / 86_400_000);
  if (days === 0) return `today ${clock}`;
  if (days === 1) return `yesterday ${clock}`;
  return time.toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}

function midnight(time: Date): number {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
}
