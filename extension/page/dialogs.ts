// Answers the dialogs of a document while the agent acts in its tab: alert, confirm, prompt and print, about which the
// script in the page's world asks (page_world.ts), and the objection to being left (`beforeunload`). Nothing is ever
// accepted but what an answer was planned for. At a person's own input in the document everything is the person's again.

import type { DialogDetails } from "@gen/tabwire/v1/error_pb";
import type { ArmDialogs, FrameEvent, PlannedAnswer } from "@gen/tabwire/v1/extension_pb";
import type { PageAnswer, PageQuestion } from "./dialogs_in_page";
import { objection } from "./leave";
import { earlyQuestions, hearPageWorld, leavePageWorld } from "./page_world";

/** Dialogs are answered for so long after the action: while the tab is shown, and while it is not. */
const AFTER_SHOWN_MS = 3_000;
const AFTER_HIDDEN_MS = 60_000;
/** A page that asks more often than this within one action is left to the person: it would ask for ever. */
const MAX_DIALOGS = 25;
/** Of so many windows that Chrome did not open it is told within one action. */
const MAX_POPUPS = 25;
const INPUT = ["pointerdown", "keydown"] as const;

const TYPES = new Set(["alert", "confirm", "prompt", "print"]);

type NavigateEventLike = Event & {
  readonly downloadRequest?: string | null;
  readonly hashChange?: boolean;
  readonly formData?: FormData | null;
  readonly userInitiated?: boolean;
  readonly destination?: { readonly url: string; readonly sameDocument: boolean };
};

/** Answers dialogs in one document. */
export class DialogGuard {
  private readonly report: (kind: FrameEvent["kind"]) => void;
  private answers: PlannedAnswer[] = [];
  private shownUntil = 0;
  private hiddenUntil = 0;
  private count = 0;
  private popups = 0;
  private listening: AbortController | null = null;
  private expiry: ReturnType<typeof setTimeout> | undefined;
  /** True while the browser itself gives the agent's input, which looks like a person's. */
  inputIsAgents = false;
  /** How many events were sent. */
  told = 0;

  /** `report` takes what is to be told to the service worker. */
  constructor(report: (kind: FrameEvent["kind"]) => void) {
    this.report = report;
  }

  /** Answers dialogs from now on. */
  arm({ channel, untilMs, answers }: ArmDialogs): void {
    this.answers = [...answers];
    this.shownUntil = this.hiddenUntil = untilMs;
    this.count = this.popups = 0;
    this.listen();
    if (!hearPageWorld(channel, (question) => this.hear(question))) return;
    this.told = 0;
    for (const question of earlyQuestions()) this.tell(question, question.type === "alert");
  }

  /** The action has ended: what it set off may still ask for a while. */
  end(): void {
    if (this.listening === null) return;
    this.answers = this.answers.filter(({ dialog }) => dialog !== undefined);
    this.shownUntil = Date.now() + AFTER_SHOWN_MS;
    this.hiddenUntil = Date.now() + AFTER_HIDDEN_MS;
    this.listen();
  }

  /** Leaves all dialogs to the person. */
  disarm(): void {
    this.listening?.abort();
    this.listening = null;
    clearTimeout(this.expiry);
  }

  /** Ends everything. */
  dispose(): void {
    this.disarm();
    leavePageWorld();
  }

  private get isArmed(): boolean {
    return this.listening !== null && Date.now() < (document.hidden ? this.hiddenUntil : this.shownUntil);
  }

  private listen(): void {
    clearTimeout(this.expiry);
    const last = Math.max(this.shownUntil, this.hiddenUntil) - Date.now();
    this.expiry = setTimeout(() => this.disarm(), Math.min(Math.max(0, last), 2 ** 31 - 1));
    if (this.listening !== null) return;
    this.listening = new AbortController();
    const options = { capture: true, passive: true, signal: this.listening.signal };
    for (const type of INPUT) window.addEventListener(type, this.onInput, options);
    window.addEventListener("beforeunload", this.onLeaving, options);
    const { navigation } = window as { navigation?: EventTarget };
    navigation?.addEventListener("navigate", this.onNavigate, { signal: this.listening.signal });
  }

  private readonly onInput = (event: Event): void => {
    if (event.isTrusted && !this.inputIsAgents) this.disarm();
  };

  private hear(question: PageQuestion): PageAnswer | undefined {
    if (question.blocked !== undefined) {
      if (!this.isArmed || this.popups >= MAX_POPUPS) return undefined;
      this.popups += 1;
      this.emit({ case: "popupBlocked", value: popup(question.blocked) });
      return undefined;
    }
    if (!TYPES.has(question.type ?? "")) return undefined;
    if (question.closed === true || !this.isArmed || this.count >= MAX_DIALOGS) {
      this.tell(question, false, question.closed !== true);
      return undefined;
    }
    this.count += 1;
    const planned = question.type === "alert" ? undefined : this.planned(question.type ?? "", question.message ?? "");
    const accept = question.type === "alert" || planned?.accept === true;
    this.tell(question, accept);
    return { accept, text: planned?.text ?? "" };
  }

  /** The answer that was planned for a dialog. Each is for one dialog only. */
  private planned(type: string, message: string): PlannedAnswer["answer"] {
    const at = this.answers.findIndex(
      ({ dialog }) => dialog === undefined || (dialog.type === type && dialog.message === message),
    );
    return at < 0 ? undefined : this.answers.splice(at, 1)[0]?.answer;
  }

  /** The page sets out for elsewhere by itself, as after a click on a link. */
  private readonly onNavigate = (given: Event): void => {
    const event = given as NavigateEventLike;
    const to = event.destination;
    if (!this.isArmed || event.defaultPrevented || !event.cancelable || to === undefined || to.sameDocument) return;
    // What a person does with the browser's own buttons is between the page, Chrome and the person.
    if (event.userInitiated === true && !this.inputIsAgents) return;
    if (event.hashChange === true || typeof event.downloadRequest === "string" || !/^https?:/.test(to.url)) return;
    const message = objection(false);
    if (message === null) return;
    const accept = this.planned("beforeunload", message)?.accept === true;
    this.tell({ type: "beforeunload", message }, accept);
    if (!accept) {
      event.preventDefault();
      return;
    }
    const asks = navigator.userActivation.hasBeenActive && !this.inputIsAgents;
    if (!asks || (event.formData !== undefined && event.formData !== null)) return;
    event.preventDefault();
    // Chrome would ask the person once more, and wait. A document without listeners lets go.
    setTimeout(() => {
      document.open();
      document.close();
      document.location.href = to.url;
    });
  };

  /** Chrome asks the person itself when the page objects, and the person has used it. */
  private readonly onLeaving = (event: Event): void => {
    // Where the browser gives the agent's input, it also answers this dialog.
    if (!event.isTrusted || this.inputIsAgents || !navigator.userActivation.hasBeenActive) return;
    // Listeners run in the order they were added, and the page's were there before the action.
    const { defaultPrevented, returnValue } = event as BeforeUnloadEvent;
    if (!defaultPrevented && !returnValue) return;
    const question = { type: "beforeunload", message: text(returnValue) };
    this.tell(question, false, true);
    setTimeout(() => this.tell(question, false), 0);
  };

  private tell(question: PageQuestion, accepted: boolean, isOpen = false): void {
    const { type = "", message = "", fallback = "" } = question;
    const dialog: DialogDetails = {
      $typeName: "tabwire.v1.DialogDetails",
      type,
      message,
      defaultText: fallback,
      accepted,
    };
    this.emit({ case: "dialog", value: { $typeName: "tabwire.v1.FrameDialog", dialog, isOpen } });
  }

  private emit(kind: FrameEvent["kind"]): void {
    this.told += 1;
    this.report(kind);
  }
}

function popup(url: string) {
  return { $typeName: "tabwire.v1.PopupBlocked", url } as const;
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 4_000) : "";
}
