// Where the person is and what they have in mind: the tab, the selection, the element under the context menu. Written as
// the TaskContext that goes with a new task.

import { create } from "@bufbuild/protobuf";
import { type ContextDescription, FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { type TaskContext, TaskContextSchema } from "@gen/tabwire/v1/task_pb";
import { BrowserError } from "../errors";
import type { FrameInfo, Frames } from "./frames";
import { tabWideId } from "./ids";
import { restriction } from "./restricted";
import type { TabNumbers } from "./tab_numbers";
import { assignSlots, type TabRecords } from "./tab_record";
import type { Tabs } from "./tabs";

/** The limits of the contract (task.proto, TaskContext). */
const MAX_URL = 8_192;
const MAX_TITLE = 2_000;
const MAX_SELECTION = 20_000;
/** How long a document may take to tell. */
const ASK_MS = 1_500;

/** Finds out about the person. */
export class Person {
  constructor(
    private readonly tabs: Tabs,
    private readonly frames: Frames,
    private readonly records: TabRecords,
    private readonly numbers: Pick<TabNumbers, "told">,
  ) {}

  /** Where the person is now: the active tab of the last focused window, with what is selected in it. */
  async context(): Promise<TaskContext> {
    let tabId: number;
    try {
      tabId = await this.tabs.resolve(0);
    } catch (thrown) {
      if (thrown instanceof BrowserError) return create(TaskContextSchema);
      throw thrown;
    }
    const context = await this.#ofTab(tabId);
    // A page of the browser itself is no place for a task to work in: it opens a tab of its own.
    if (restriction(context.url) !== undefined) context.activeTabId = 0;
    const descriptions = await this.#describeAll(tabId);
    const selected = descriptions.find((description) => description.selectedText !== "");
    context.selectedText = (selected?.selectedText ?? "").slice(0, MAX_SELECTION);
    return context;
  }

  /** What the person opened the context menu on. `selection` is what Chrome says is selected there. */
  async pointedAt(tabId: number, frameId: number, selection: string): Promise<TaskContext> {
    const context = await this.#ofTab(tabId);
    context.selectedText = selection.slice(0, MAX_SELECTION);
    const frames = await this.frames.list(tabId);
    const frame = frames.find((candidate) => candidate.frameId === frameId);
    const description = frame === undefined ? undefined : await this.#describe(tabId, frame);
    if (frame === undefined || description === undefined) return context;
    if (description.selectedText !== "") context.selectedText = description.selectedText.slice(0, MAX_SELECTION);
    const element = description.targetedElement;
    if (element !== undefined) {
      const record = await this.records.get(tabId);
      assignSlots(record, frames);
      await this.records.save(tabId);
      const slot = record.slots[frame.frameId] ?? 0;
      element.id = tabWideId(slot, element.id);
      element.parentId = tabWideId(slot, element.parentId);
      element.frameSlot = slot;
      context.targetedElement = element;
    }
    return context;
  }

  async #ofTab(tabId: number): Promise<TaskContext> {
    const tab = await this.tabs.get(tabId);
    return create(TaskContextSchema, {
      url: (tab.url ?? "").slice(0, MAX_URL),
      pageTitle: (tab.title ?? "").slice(0, MAX_TITLE),
      activeTabId: await this.numbers.told(tabId),
    });
  }

  async #describeAll(tabId: number): Promise<ContextDescription[]> {
    const frames = (await this.frames.list(tabId)).filter(
      (frame) => restriction(frame.url, { failed: frame.failed }) === undefined,
    );
    const descriptions = await Promise.all(frames.map((frame) => this.#describe(tabId, frame)));
    return descriptions.filter((description) => description !== undefined);
  }

  /** What one document tells; undefined if it cannot be asked. */
  async #describe(tabId: number, frame: FrameInfo): Promise<ContextDescription | undefined> {
    const request = create(FrameRequestSchema, { kind: { case: "describeContext", value: {} } });
    try {
      const reply = await this.frames.ask(tabId, frame, request, ASK_MS);
      return reply.kind.case === "context" ? reply.kind.value : undefined;
    } catch (thrown) {
      if (thrown instanceof BrowserError) return undefined;
      throw thrown;
    }
  }
}
