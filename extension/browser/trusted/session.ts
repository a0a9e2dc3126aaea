// The debugger's sessions: one for each tab in which trusted input is given, attached when it is needed and detached when it
// has not been for a while. While one is attached, dialogs that the page's own script did not catch are answered here.

import { create } from "@bufbuild/protobuf";
import { DialogDetailsSchema, ErrorCode } from "@gen/tabwire/v1/error_pb";
import { pause } from "../clock";
import type { DialogRound } from "../dialogs/dialog_round";
import { failure, messageOf } from "../errors";

/** A session without work is detached after so long: Chrome shows a bar as long as one is attached. */
const IDLE_MS = 20_000;
const VERSION = "1.3";
/** What a document tells may come so much later than what the debugger tells. */
const TOLD_MS = 400;

interface OpenedDialog {
  readonly type: string;
  readonly message: string;
  readonly defaultPrompt?: string;
}

/** The debugger attached to one tab. */
export class Session {
  /** True once the person has ended it, or another program has taken it. */
  wasEnded = false;
  #idle: ReturnType<typeof setTimeout> | undefined;
  /** Until when there is work for it. */
  #heldUntil = 0;
  #round: DialogRound | undefined;
  #isDialogOpen = false;
  readonly #listeners = new Set<(method: string, params: object) => void>();

  constructor(
    readonly tabId: number,
    private readonly onIdle: () => void,
  ) {}

  /** Sends one command. */
  async send(method: string, params: object = {}): Promise<object> {
    this.hold(0);
    return (await chrome.debugger.sendCommand({ tabId: this.tabId }, method, params as Record<string, unknown>)) ?? {};
  }

  /** Hears the debugger's events until the returned function is called. */
  on(listener: (method: string, params: object) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Answers dialogs as this round does. */
  planDialogs(round: DialogRound): void {
    this.#round = round;
  }

  /** It is needed until then at the latest, however long the page takes. */
  hold(until: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, until);
    clearTimeout(this.#idle);
    this.#idle = setTimeout(this.onIdle, Math.max(0, this.#heldUntil - Date.now()) + IDLE_MS);
  }

  /** It is not needed for the moment. */
  release(): void {
    this.#heldUntil = 0;
    this.hold(0);
  }

  /** Answers the dialog that stands open. False if none does, or it opened before the session was there. */
  async answerDialog(accept: boolean, text: string): Promise<boolean> {
    if (!this.#isDialogOpen) return false;
    await this.send("Page.handleJavaScriptDialog", { accept, promptText: text });
    this.#isDialogOpen = false;
    return true;
  }

  /** Takes an event of Chrome's. */
  take(method: string, params: object): void {
    for (const listener of [...this.#listeners]) listener(method, params);
    if (method === "Page.javascriptDialogClosed") this.#isDialogOpen = false;
    if (method !== "Page.javascriptDialogOpening") return;
    this.#isDialogOpen = true;
    this.#answer(params as OpenedDialog).catch((thrown: unknown) => {
      console.error("Tabwire: a dialog could not be answered", messageOf(thrown));
    });
  }

  /** Answers a dialog that the page's own script did not catch, as the action's round does. */
  async #answer({ type, message, defaultPrompt: defaultText = "" }: OpenedDialog): Promise<void> {
    const round = this.#round;
    if (round === undefined || !round.isOn) return;
    if (type === "beforeunload") {
      // The page was asked before it was left (page/dialogs.ts), and what came of that is on its way here.
      const isLetGo = (): boolean => round.met.some((one) => one.type === type && one.accepted);
      for (let waited = 0; waited < TOLD_MS && !isLetGo(); waited += 20) await pause(20);
      await this.answerDialog(isLetGo(), "");
      return;
    }
    // What is to be answered whatever it is, the action's own document answers; by now it may have done so.
    const answer = round.answerTo(type, message, true);
    const accepted = type === "alert" || answer?.accept === true;
    round.met.push(create(DialogDetailsSchema, { type, message, defaultText, accepted }));
    await this.answerDialog(accepted, answer?.text || defaultText);
  }
}

/** The sessions of all tabs. */
export class Sessions {
  readonly #sessions = new Map<number, Promise<Session>>();
  readonly #attached = new Map<number, Session>();

  constructor() {
    chrome.debugger.onEvent.addListener(({ tabId }, method, params) => {
      if (tabId !== undefined) this.#attached.get(tabId)?.take(method, params ?? {});
    });
    chrome.debugger.onDetach.addListener(({ tabId }) => {
      if (tabId === undefined) return;
      const session = this.#attached.get(tabId);
      if (session !== undefined) session.wasEnded = true;
      this.#forget(tabId);
    });
    this.#detachLeft().catch((thrown: unknown) => console.warn("Tabwire: no debugger targets", messageOf(thrown)));
  }

  /** A former life of the service worker may have left some attached, and nobody would detach them. */
  async #detachLeft(): Promise<void> {
    for (const { attached, tabId } of await chrome.debugger.getTargets()) {
      if (attached && tabId !== undefined && !this.#sessions.has(tabId)) this.#detach(tabId);
    }
  }

  /** The session of a tab, if one is attached. */
  open(tabId: number): Session | undefined {
    return this.#attached.get(tabId);
  }

  /** The session of a tab, attached if it is not. Throws NEEDS_TRUSTED_INPUT if Chrome does not let it. */
  over(tabId: number): Promise<Session> {
    let session = this.#sessions.get(tabId);
    if (session === undefined) {
      session = this.#attach(tabId);
      this.#sessions.set(tabId, session);
      session.catch(() => this.#forget(tabId));
    }
    return session;
  }

  async #attach(tabId: number): Promise<Session> {
    try {
      await chrome.debugger.attach({ tabId }, VERSION);
    } catch (thrown) {
      // A former life of the service worker may have left it attached, and it is ours then.
      if (!/already attached/i.test(messageOf(thrown)) || !(await this.#isOurs(tabId))) throw refused(thrown);
    }
    const session = new Session(tabId, () => this.#detach(tabId));
    this.#attached.set(tabId, session);
    await session.send("Page.enable");
    await session.send("Emulation.setFocusEmulationEnabled", { enabled: true });
    return session;
  }

  async #isOurs(tabId: number): Promise<boolean> {
    try {
      await chrome.debugger.sendCommand({ tabId }, "Page.enable");
      return true;
    } catch {
      return false;
    }
  }

  #detach(tabId: number): void {
    this.#forget(tabId);
    chrome.debugger.detach({ tabId }).catch(() => {
      // The tab is gone, the person was faster, or it is another program's.
    });
  }

  #forget(tabId: number): void {
    this.#sessions.delete(tabId);
    this.#attached.delete(tabId);
  }
}

function refused(thrown: unknown): Error {
  return failure(ErrorCode.NEEDS_TRUSTED_INPUT, `Chrome lets nobody give input there: ${messageOf(thrown)}`, {
    remedy: "Close the developer tools of this tab, or do this step by hand.",
  });
}
