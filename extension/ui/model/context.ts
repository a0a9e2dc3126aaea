// What a task is told about where the person is: the page in front of them, or what they clicked in the context menu. Pure.
// Where the two come from is up to stores/context.ts.

import { create } from "@bufbuild/protobuf";
import type { Element } from "@gen/tabwire/v1/state_pb";
import { type TaskContext, TaskContextSchema } from "@gen/tabwire/v1/task_pb";
import { clip } from "./words";

/** The sizes that the contract allows, in characters. */
const MOST = { url: 8192, title: 2000, selection: 20_000, summary: 4000 };

/** What the person took out of the context. */
export interface Withheld {
  readonly page: boolean;
  /** The selection that is not to be sent; another one is. Empty if nothing is withheld. */
  readonly selection: string;
}

/** Puts together what is sent. The draft, an explicit wish, goes before the page that happens to be in front. */
export function contextToSend(
  live: TaskContext | undefined,
  draft: TaskContext | undefined,
  withheld: Withheld,
): TaskContext | undefined {
  const base = draft ?? live;
  if (base === undefined || withheld.page) return undefined;
  const samePage = live !== undefined && live.activeTabId === base.activeTabId && live.url === base.url;
  const selection = base.selectedText || (samePage ? live.selectedText : "");
  const context = create(TaskContextSchema, {
    url: base.url.slice(0, MOST.url),
    pageTitle: base.pageTitle.slice(0, MOST.title),
    selectedText: selection === withheld.selection ? "" : selection.slice(0, MOST.selection),
    activeTabId: base.activeTabId,
    viewSummary: base.viewSummary.slice(0, MOST.summary),
  });
  if (base.targetedElement !== undefined) context.targetedElement = base.targetedElement;
  return context;
}

/** The draft without its element; undefined if nothing is left that the live page would not tell as well. */
export function withoutElement(draft: TaskContext): TaskContext | undefined {
  return draft.selectedText === "" ? undefined : { ...draft, targetedElement: undefined };
}

/** The draft without its selection; undefined if nothing is left that the live page would not tell as well. */
export function withoutSelection(draft: TaskContext): TaskContext | undefined {
  return draft.targetedElement === undefined ? undefined : { ...draft, selectedText: "" };
}

/** Names an element for a person: “Add to cart” button. */
export function elementWords(element: Element): string {
  const name = clip(element.name || element.textContent, 48);
  const kind = element.role || element.tag || "element";
  return name === "" ? kind : `“${name}” ${kind}`;
}
