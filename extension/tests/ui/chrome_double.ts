// A small double of the chrome API, as far as the panel uses it: messages to the service worker, storage, tabs.
// What the service worker answers is set by each test.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { PanelReplySchema, type PanelRequest, PanelRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { type Envelope, seal, unseal } from "../../wire/envelope";

type ReplyInit = NonNullable<MessageInitShape<typeof PanelReplySchema>["kind"]>;
type QuestionCase = Exclude<PanelRequest["kind"]["case"], undefined>;
type Answer = (request: PanelRequest) => ReplyInit | Promise<ReplyInit>;
type Listener = (...values: never[]) => void;

/** An event of Chrome that a test can fire. */
export class EventDouble<L extends Listener> {
  readonly listeners = new Set<L>();
  addListener(listener: L): void {
    this.listeners.add(listener);
  }
  removeListener(listener: L): void {
    this.listeners.delete(listener);
  }
  fire(...values: Parameters<L>): void {
    for (const listener of [...this.listeners]) listener(...values);
  }
}

type StorageListener = (changes: Record<string, { oldValue?: unknown; newValue?: unknown }>, area: string) => void;

/** One area of storage. */
class AreaDouble {
  readonly values: Record<string, unknown> = {};
  /** Reading ends with this, so that a test can be in between. */
  ready: Promise<void> = Promise.resolve();
  private readonly name: string;
  private readonly onChanged: EventDouble<StorageListener>;

  constructor(name: string, onChanged: EventDouble<StorageListener>) {
    this.name = name;
    this.onChanged = onChanged;
  }

  async get(key: string): Promise<Record<string, unknown>> {
    await this.ready;
    return key in this.values ? { [key]: this.values[key] } : {};
  }

  async set(entries: Record<string, unknown>): Promise<void> {
    for (const [key, newValue] of Object.entries(entries)) {
      const oldValue = this.values[key];
      this.values[key] = newValue;
      this.onChanged.fire({ [key]: { oldValue, newValue } }, this.name);
    }
  }

  async remove(key: string): Promise<void> {
    if (!(key in this.values)) return;
    const oldValue = this.values[key];
    delete this.values[key];
    this.onChanged.fire({ [key]: { oldValue } }, this.name);
  }
}

/** The double. `install` puts it in the place of the global `chrome`. */
export class ChromeDouble {
  /** Every question the panel asked, in order. */
  readonly asked: PanelRequest[] = [];
  /** Tabs that were brought to the front. */
  readonly shownTabs: number[] = [];
  readonly tabs = {
    update: async (tabId: number) => {
      if (tabId === 404) throw new Error("No tab with id: 404.");
      this.shownTabs.push(tabId);
      return { id: tabId, windowId: 1 };
    },
    onActivated: new EventDouble<(info: { tabId: number }) => void>(),
    onUpdated: new EventDouble<(tabId: number, change: { url?: string; title?: string; status?: string }) => void>(),
  };
  readonly windows = { update: async () => undefined };
  readonly storage: {
    readonly onChanged: EventDouble<StorageListener>;
    readonly session: AreaDouble;
    readonly local: AreaDouble;
  };
  readonly runtime = { sendMessage: (message: Envelope): Promise<unknown> => this.reply(message) };
  private readonly answers = new Map<QuestionCase, Answer>();

  constructor() {
    const onChanged = new EventDouble<StorageListener>();
    this.storage = {
      onChanged,
      session: new AreaDouble("session", onChanged),
      local: new AreaDouble("local", onChanged),
    };
    // The server knows tabs by numbers that are so much higher than Chrome's.
    this.storage.session.values.tabShift = 100;
  }

  /** Makes it the global `chrome`. */
  install(): this {
    Object.defineProperty(globalThis, "chrome", { value: this, configurable: true, writable: true });
    return this;
  }

  /** Sets what the service worker answers to a kind of question. */
  answer(question: QuestionCase, answer: Answer | ReplyInit): this {
    this.answers.set(question, typeof answer === "function" ? answer : () => answer);
    return this;
  }

  /** The questions of one kind that were asked. */
  askedFor(question: QuestionCase): PanelRequest[] {
    return this.asked.filter((request) => request.kind.case === question);
  }

  private async reply(message: Envelope): Promise<unknown> {
    const request = unseal(PanelRequestSchema, message);
    this.asked.push(request);
    const answer = request.kind.case === undefined ? undefined : this.answers.get(request.kind.case);
    // As Chrome does when no listener answers.
    if (answer === undefined) throw new Error("Could not establish connection. Receiving end does not exist.");
    const kind = await answer(request);
    return seal("background", "panel", PanelReplySchema, create(PanelReplySchema, { kind }));
  }
}
