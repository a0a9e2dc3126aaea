// Speaks to the script in the page's own world (dialogs_in_page.ts): hears what it asks, gives it orders. What is
// asked comes from the page, so nothing in it is believed but that the page asked it.

import type { PageAnswer, PageQuestion } from "./dialogs_in_page";

/** Answers a question; undefined leaves it to the person. */
export type OnQuestion = (question: PageQuestion) => PageAnswer | undefined;

const MAX_TEXT = 4_000;

let channel = "";
let stopHearing: (() => void) | undefined;

/** Hears the script that asks by this name, and no other one any more. Answers whether it is a new one. */
export function hearPageWorld(name: string, onQuestion: OnQuestion): boolean {
  if (name === channel || name === "") return false;
  stopHearing?.();
  const hear = (event: Event): void => {
    const carrier = (event as MouseEvent).relatedTarget;
    if (!(carrier instanceof Text)) return;
    const answer = onQuestion(readQuestion(carrier.data));
    if (answer !== undefined) carrier.data = JSON.stringify({ ...answer, answered: true });
  };
  channel = name;
  window.addEventListener(name, hear);
  stopHearing = () => window.removeEventListener(name, hear);
  return true;
}

/** Forgets the script. */
export function leavePageWorld(): void {
  stopHearing?.();
  stopHearing = undefined;
  channel = "";
}

/** What the page asked before it was heard, and was told "no". */
export function earlyQuestions(): PageQuestion[] {
  const told = order("early");
  if (told === undefined) return [];
  const list: unknown = JSON.parse(told);
  return Array.isArray(list) ? list.slice(0, 20).map((one) => readQuestion(JSON.stringify(one))) : [];
}

/** Runs the script of a link as a click on it does. False if there is nobody in the page's world to do it. */
export function runScriptAddress(address: string): boolean {
  return /^javascript:/i.test(address) && order(address) === "";
}

/** Gives an order and returns what was left in its place; undefined if nobody took it. */
function order(text: string): string | undefined {
  if (channel === "") return undefined;
  const carrier = document.createTextNode(text);
  window.dispatchEvent(new MouseEvent(`${channel}!`, { relatedTarget: carrier }));
  return carrier.data === text ? undefined : carrier.data;
}

function readQuestion(json: string): PageQuestion {
  let told: Record<string, unknown>;
  try {
    told = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return {};
  }
  const text = (value: unknown): string => (typeof value === "string" ? value.slice(0, MAX_TEXT) : "");
  if (typeof told.blocked === "string") return { blocked: told.blocked.slice(0, 8_192) };
  const question = { type: text(told.type), message: text(told.message), fallback: text(told.fallback) };
  return told.closed === true ? { ...question, closed: true } : question;
}
