// Dialogs of pages, seen from the service worker: puts the script that asks (page/dialogs_in_page.ts) into the documents of
// tabs in which the agent acts, arms them for the time of an action, collects what dialogs there were, and knows which one
// stands open. What a document answers is decided in page/dialogs.ts. What a round of an action makes of it is told in
// dialog_round.ts.

import { create } from "@bufbuild/protobuf";
import { ComponentOrigin, type DialogDetails, ErrorCode } from "@gen/tabwire/v1/error_pb";
import { ArmDialogsSchema, FrameRequestSchema, type PlannedAnswer } from "@gen/tabwire/v1/extension_pb";
import { watchDialogs } from "../../page/dialogs_in_page";
import { objection } from "../../page/leave";
import { pause, within } from "../clock";
import { BrowserError, failure, messageOf } from "../errors";
import { type FrameInfo, FrameSilent, type Frames } from "../tabs/frames";
import { restriction } from "../tabs/restricted";
import type { TabEvent, TabEvents } from "../tabs/tab_events";

/** Documents that come into a tab are watched from their beginning for so long after the agent's last action in it. */
const RECENT_MS = 60_000;
/** Dialogs are answered for so long after an action; a document in a tab that is not shown keeps on for longer. */
const AFTER_MS = 3_000;
/** A document that answers nothing for so long is busy, or a dialog blocks it. */
const PULSE_MS = 1_500;
/** How long a document may take to say if it objects to being left. */
const LEAVE_MS = 1_000;

/** Something that was told by a document about dialogs. */
export type DialogNotice =
  | { readonly kind: "met"; readonly tabId: number; readonly documentId: string; readonly dialog: DialogDetails }
  | { readonly kind: "opened"; readonly tabId: number; readonly documentId: string; readonly dialog: DialogDetails }
  | { readonly kind: "closed"; readonly tabId: number; readonly documentId: string }
  | { readonly kind: "popup"; readonly tabId: number; readonly documentId: string; readonly url: string };

interface WatchedTab {
  /** When the agent acted in it last, or acts until. */
  recentUntil: number;
  armedUntil: number;
  answers: readonly PlannedAnswer[];
  /** By document: the channel of its script, and how many notices have come from it since it has that. */
  readonly channels: Map<string, string>;
  readonly told: Map<string, number>;
  /** The documents of the last look; undefined when a navigation has made it old. */
  frames: FrameInfo[] | undefined;
  mainUrl: string;
  /** The dialog that stands open, and in which document. */
  open: { readonly documentId: string; readonly dialog: DialogDetails } | undefined;
  /** What was met while no round was there to take it. */
  late: DialogDetails[];
}

/** Keeps watch over the dialogs of the agent's tabs. */
export class Dialogs {
  readonly #tabs = new Map<number, WatchedTab>();
  readonly #listeners = new Set<(notice: DialogNotice) => boolean>();

  constructor(
    events: TabEvents,
    private readonly frames: Frames,
  ) {
    events.subscribe((event) => this.take(event));
  }

  /** Hears notices until the returned function is called. A listener answers whether it has taken the notice over. */
  subscribe(listener: (notice: DialogNotice) => boolean): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Answers the dialogs of a tab until then. Answers with its main document, and whether that took the script in time. */
  async arm(
    tabId: number,
    until: number,
    answers: readonly PlannedAnswer[],
  ): Promise<{ readonly main: FrameInfo | undefined; readonly isEquipped: boolean }> {
    const tab = this.#tab(tabId);
    Object.assign(tab, { recentUntil: until + RECENT_MS, armedUntil: until, answers });
    const known = [...tab.channels.keys()];
    tab.frames ??= await this.frames.list(tabId).catch(() => []);
    const frames = tab.frames;
    for (const documentId of frames.length === 0 ? [] : known) {
      if (frames.some((frame) => frame.documentId === documentId)) continue;
      tab.channels.delete(documentId);
      tab.told.delete(documentId);
    }
    const [main] = frames;
    tab.mainUrl = main?.url ?? "";
    const taken = await Promise.all(frames.map((frame) => this.#equip(tabId, frame, 0)));
    if (frames.length > 1) this.#tellOthers(tabId, frames, until, undefined);
    return { main, isEquipped: taken[0] ?? true };
  }

  /** The tab is about to go elsewhere: answers the dialogs of what comes, not of what is left. */
  expectArrivals(tabId: number, until: number): void {
    Object.assign(this.#tab(tabId), { recentUntil: until + RECENT_MS, armedUntil: until, answers: [] });
  }

  /** Arms one document until then. Answers how many notices it has told; 0 if it cannot say. */
  async tell(tabId: number, frame: FrameInfo, until: number, isActions = false): Promise<number> {
    const value = this.arming(tabId, frame.documentId, until, isActions);
    const request = create(FrameRequestSchema, { kind: { case: "armDialogs", value } });
    try {
      return (await this.frames.ask(tabId, frame, request, PULSE_MS)).eventsTold;
    } catch (thrown) {
      if (thrown instanceof BrowserError) return 0;
      throw thrown;
    }
  }

  /** Ends an action: what it set off is answered for a few seconds more. `documentId` has ended its arming itself. */
  rest(tabId: number, documentId: string): void {
    const tab = this.#tabs.get(tabId);
    if (tab === undefined) return;
    const until = Date.now() + AFTER_MS;
    const answers = tab.answers.filter(({ dialog }) => dialog !== undefined);
    Object.assign(tab, { recentUntil: until + RECENT_MS, armedUntil: until, answers });
    this.#tellOthers(tabId, tab.frames ?? [], until, documentId);
  }

  /** How a document is to be armed. An answer to whatever is asked is only for the document of the action itself. */
  arming(tabId: number, documentId: string, untilMs: number, isActions: boolean) {
    const tab = this.#tab(tabId);
    return create(ArmDialogsSchema, {
      channel: tab.channels.get(documentId) ?? "",
      untilMs,
      answers: tab.answers.filter(({ dialog }) => isActions || dialog !== undefined),
    });
  }

  /** A dialog of a document has been accepted: the answer to it is used up, in the other documents, too. */
  spend(tabId: number, documentId: string | undefined, given: Pick<DialogDetails, "type" | "message">): void {
    const tab = this.#tabs.get(tabId);
    const used = tab?.answers.find((planned) => isAnswerTo(planned, given));
    if (tab === undefined || used === undefined) return;
    tab.answers = tab.answers.filter((planned) => planned !== used);
    // Only answers to named dialogs were given to more than one document.
    if (used.dialog !== undefined) this.#tellOthers(tabId, tab.frames ?? [], tab.armedUntil, documentId);
  }

  /** How many notices have come from a document. */
  told(tabId: number, documentId: string): number {
    return this.#tabs.get(tabId)?.told.get(documentId) ?? 0;
  }

  /** What was met since the last action ended, for the next result to tell. */
  takeLate(tabId: number): DialogDetails[] {
    return this.#tabs.get(tabId)?.late.splice(0) ?? [];
  }

  /** The same without taking it. */
  late(tabId: number): readonly DialogDetails[] {
    return this.#tabs.get(tabId)?.late ?? [];
  }

  /** The error of the dialog that is known to stand open in a tab. */
  open(tabId: number): BrowserError | undefined {
    const open = this.#tabs.get(tabId)?.open;
    return open === undefined ? undefined : dialogOpen(open.dialog);
  }

  /** Rejects with DIALOG_OPEN as soon as a dialog is told to stand open in the tab; never resolves. */
  opened(tabId: number, over: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      const stop = this.subscribe((notice) => {
        if (notice.kind === "opened" && notice.tabId === tabId) reject(dialogOpen(notice.dialog));
        return false;
      });
      over.addEventListener("abort", stop, { once: true });
    });
  }

  /**
   * The error of a dialog that blocks a document: known at once where it was told, else after it has answered nothing for a
   * moment. Undefined if it answers, or went away.
   */
  async blocking(tabId: number, frame: FrameInfo, patience = PULSE_MS): Promise<BrowserError | undefined> {
    const known = this.open(tabId);
    const ping = create(FrameRequestSchema, { kind: { case: "ping", value: {} } });
    try {
      await this.frames.ask(tabId, frame, ping, known === undefined ? patience : 200);
      const tab = this.#tabs.get(tabId);
      if (tab?.open?.documentId === frame.documentId) tab.open = undefined;
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof FrameSilent)) return undefined;
      return known ?? dialogOpen(undefined);
    }
  }

  /** Asks all documents of a tab if they object to being left. What the first one says that does; null if none does. */
  async askToLeave(tabId: number, anyway: boolean): Promise<string | null> {
    const target = { tabId, allFrames: true };
    try {
      const asked = chrome.scripting.executeScript({
        target,
        injectImmediately: true,
        func: objection,
        args: [anyway],
      });
      // Who cannot answer does not object: a document that a dialog blocks can be left only so.
      const answers = (await within(LEAVE_MS, asked)) ?? [];
      return answers.map(({ result }) => result).find((result) => typeof result === "string") ?? null;
    } catch {
      // No extension may look into it, or it is gone. Then Chrome alone knows.
      return null;
    }
  }

  #tab(tabId: number): WatchedTab {
    let tab = this.#tabs.get(tabId);
    if (tab === undefined) {
      const nothing = { frames: undefined, mainUrl: "", open: undefined, late: [], answers: [] };
      tab = { recentUntil: 0, armedUntil: 0, channels: new Map(), told: new Map(), ...nothing };
      this.#tabs.set(tabId, tab);
    }
    return tab;
  }

  /** Puts the script into a document that has none yet. False if the document did not take it in time. */
  async #equip(tabId: number, frame: FrameInfo, until: number): Promise<boolean> {
    const { channels, told, mainUrl } = this.#tab(tabId);
    if (channels.has(frame.documentId) || !mayLookInto(frame)) return true;
    const channel = crypto.randomUUID();
    channels.set(frame.documentId, channel);
    told.delete(frame.documentId);
    try {
      const injected = chrome.scripting.executeScript({
        target: { tabId, documentIds: [frame.documentId] },
        world: "MAIN",
        injectImmediately: true,
        func: watchDialogs,
        args: [channel, until, sharesDialogs(frame, mainUrl)],
      });
      // A document that a dialog blocks takes it when the dialog is gone; whoever waits for it learns that otherwise.
      return (await within(PULSE_MS, injected)) !== undefined;
    } catch (thrown) {
      channels.delete(frame.documentId);
      // Gone, or no extension may look into it. Then nothing can be done in it either.
      console.debug("Tabwire: a document takes no script", messageOf(thrown));
      return true;
    }
  }

  /** Arms the documents other than the one that is given the action and with it its arming. */
  #tellOthers(tabId: number, frames: readonly FrameInfo[], untilMs: number, except: string | undefined): void {
    for (const { documentId } of frames) {
      if (documentId === except || !this.#tab(tabId).channels.has(documentId)) continue;
      const value = this.arming(tabId, documentId, untilMs, false);
      this.frames.tell(tabId, documentId, create(FrameRequestSchema, { kind: { case: "armDialogs", value } }));
    }
  }

  /** Takes note of what happened in a tab. */
  take(event: TabEvent): void {
    const tab = this.#tabs.get(event.tabId);
    if (event.kind === "spawned" && tab !== undefined && Date.now() < tab.armedUntil) {
      // What opens in a tab that the action opened is the action's doing, too.
      const opened = this.#tab(event.openedTabId);
      Object.assign(opened, { recentUntil: tab.recentUntil, armedUntil: tab.armedUntil });
    }
    if (tab === undefined) return;
    switch (event.kind) {
      case "committed":
        this.#arrive(event.tabId, tab, event.frameId, event.documentId, event.url);
        break;
      case "closed":
        this.#tabs.delete(event.tabId);
        break;
      case "frame":
        this.#hear(event.tabId, tab, event.documentId, event.event.kind);
        break;
      default:
        break;
    }
  }

  #arrive(tabId: number, tab: WatchedTab, frameId: number, documentId: string, url: string): void {
    tab.frames = undefined;
    if (frameId === 0) {
      tab.open = undefined;
      tab.channels.clear();
      tab.told.clear();
      tab.mainUrl = url;
    }
    if (Date.now() > tab.recentUntil) return;
    const frame: FrameInfo = { frameId, parentFrameId: -1, documentId, url, failed: false };
    const until = Date.now() < tab.armedUntil ? tab.armedUntil : 0;
    this.#equip(tabId, frame, until)
      .then(() => (until === 0 ? undefined : this.#armNew(tabId, frame, until)))
      .catch((thrown: unknown) => console.error("Tabwire: a new document could not be armed", thrown));
  }

  /** A new document's content script may take a moment to be there. */
  async #armNew(tabId: number, frame: FrameInfo, until: number): Promise<void> {
    if (this.#tab(tabId).channels.has(frame.documentId)) await this.tell(tabId, frame, until);
  }

  #hear(
    tabId: number,
    tab: WatchedTab,
    documentId: string,
    told: Extract<TabEvent, { kind: "frame" }>["event"]["kind"],
  ): void {
    if (told.case === "popupBlocked" || told.case === "dialog") {
      tab.told.set(documentId, (tab.told.get(documentId) ?? 0) + 1);
    }
    if (told.case === "popupBlocked") {
      this.#emit({ kind: "popup", tabId, documentId, url: told.value.url });
      return;
    }
    if (told.case !== "dialog" || told.value.dialog === undefined) return;
    const { dialog, isOpen } = told.value;
    if (isOpen) {
      tab.open = { documentId, dialog };
      this.#emit({ kind: "opened", tabId, documentId, dialog });
    } else if (tab.open?.documentId === documentId) {
      tab.open = undefined;
      this.#emit({ kind: "closed", tabId, documentId });
    } else if (!this.#emit({ kind: "met", tabId, documentId, dialog })) {
      if (isGiven(dialog)) this.spend(tabId, documentId, dialog);
      tab.late = [...tab.late, dialog].slice(-10);
    }
  }

  /** True if somebody took it over. */
  #emit(notice: DialogNotice): boolean {
    return [...this.#listeners].map((listener) => listener(notice)).includes(true);
  }
}

/** Whether an answer was planned for such a dialog; one that names none is for any. */
export function isAnswerTo({ dialog }: PlannedAnswer, given: Pick<DialogDetails, "type" | "message">): boolean {
  return dialog === undefined || (dialog.type === given.type && dialog.message === given.message);
}

/** Whether an answer was used up by a dialog: alerts are acknowledged without one. */
export function isGiven({ type, accepted }: DialogDetails): boolean {
  return accepted && type !== "alert";
}

/** Waits until so many notices have come from a document, at most a moment. */
export async function untilTold(count: () => number, wanted: number): Promise<void> {
  for (const until = Date.now() + 500; count() < wanted && Date.now() < until; ) await pause(5);
}

function mayLookInto(frame: FrameInfo): boolean {
  return frame.documentId !== "" && restriction(frame.url, { failed: frame.failed }) === undefined;
}

/** Chrome shows no dialogs of documents inside the page that are of another origin. */
function sharesDialogs({ frameId, url }: FrameInfo, mainUrl: string): boolean {
  if (frameId === 0 || url.startsWith("about:")) return true;
  return URL.canParse(url) && URL.canParse(mainUrl) && new URL(url).origin === new URL(mainUrl).origin;
}

const REMEDY =
  "Look at the tab and answer the dialog by hand; or give it up by going to an address, or by closing the tab.";

/** The error of a dialog that blocks a tab. */
export function dialogOpen(dialog: DialogDetails | undefined): BrowserError {
  const origin = ComponentOrigin.PAGE;
  if (dialog === undefined) {
    const message = "The page does not answer. Most likely it shows a dialog that waits for an answer, or it is busy.";
    return failure(ErrorCode.DIALOG_OPEN, message, { origin, retryable: true, remedy: REMEDY });
  }
  const details = { $typeName: "tabwire.v1.ErrorDetails", kind: { case: "dialog", value: dialog } } as const;
  return failure(ErrorCode.DIALOG_OPEN, `The page shows ${inWords(dialog)} and waits for an answer.`, {
    origin,
    details,
    remedy: REMEDY,
  });
}

/** A dialog for a sentence, as `a confirm dialog, "Delete all?"`. */
export function inWords({ type, message }: DialogDetails): string {
  const shown = message.length > 300 ? `${message.slice(0, 300)}…` : message;
  const kind = type === "alert" ? "an alert" : `a ${type} dialog`;
  return shown === "" ? kind : `${kind}, ${JSON.stringify(shown)}`;
}
