// One action and the dialogs it meets: arms the tab, carries the action out, tells in the result which dialogs there were
// and how they were answered, opens what Chrome kept the page from opening, and remembers the action for answer_dialog,
// which does it again with an answer. That a dialog is never accepted unasked holds here: an answer is for one dialog only.

import { clone, create } from "@bufbuild/protobuf";
import {
  type Action,
  type ActionResult,
  ActionSchema,
  type DialogAnswer,
  DialogAnswerSchema,
  type OutcomeDetails,
  OutcomeDetailsSchema,
} from "@gen/tabwire/v1/action_pb";
import { type DialogDetails, DialogDetailsSchema, ErrorCode } from "@gen/tabwire/v1/error_pb";
import { type ArmDialogs, type PlannedAnswer, PlannedAnswerSchema } from "@gen/tabwire/v1/extension_pb";
import { EffectClass } from "@gen/tabwire/v1/options_pb";
import { type ActionCall, failed, sawEffect } from "../actions/context";
import { declared, isForPage } from "../effects";
import { type BrowserError, failure, messageOf, toErrorInfo } from "../errors";
import type { FrameInfo } from "../tabs/frames";
import type { TabEvent, TabEvents } from "../tabs/tab_events";
import type { Remembered } from "./dialog_memory";
import { type Dialogs, inWords, isAnswerTo, isGiven, untilTold } from "./dialogs";

/** How long a window that the page opened may take to show, before it is taken for blocked. */
const SPAWN_MS = 150;
/** Chrome lets a page open so many windows at one click of a person. */
const MAX_WINDOWS = 1;
/** The actions that leave the document shown now; they go on also where a dialog blocks it. */
const LEAVING = new Set(["navigate", "goBack", "goForward", "reload", "closeTab", "openTab", "switchTab"]);

/** The dialogs of one action. */
export class DialogRound {
  readonly met: DialogDetails[] = [];
  readonly #popups: string[] = [];
  readonly #spawned = new Set<number>();
  readonly #stop: (() => void)[];
  /** The tabs it is about: the one of the action, and those that the action opened. */
  readonly #tabIds: Set<number>;
  readonly #given = new Set<PlannedAnswer>();
  /** False once the action has ended. */
  isOn = true;
  documentId = "";
  /** The dialog that blocks the tab already. */
  blocked: BrowserError | undefined;

  constructor(
    private readonly dialogs: Dialogs,
    events: TabEvents,
    private readonly tabId: number,
    readonly answers: readonly PlannedAnswer[],
  ) {
    this.#tabIds = new Set([tabId]);
    this.#stop = [
      dialogs.subscribe((notice) => {
        if (!this.#tabIds.has(notice.tabId)) return false;
        if (notice.kind === "met") {
          this.met.push(notice.dialog);
          if (isGiven(notice.dialog)) this.#spend(notice.dialog, notice.documentId);
        }
        if (notice.kind === "popup") this.#popups.push(notice.url);
        return notice.kind === "met";
      }),
      events.subscribe((event) => {
        if (event.kind === "spawned" && event.tabId === tabId) this.#spawned.add(event.openedTabId);
      }),
    ];
  }

  /** How to arm the document that is given the action. */
  arming(documentId: string, untilMs: number): ArmDialogs {
    this.documentId = documentId;
    return this.dialogs.arming(this.tabId, documentId, untilMs, true);
  }

  /** The action has opened a tab, in which this has happened already. */
  alsoIn(tabId: number, until: number, early: readonly TabEvent[]): void {
    this.#tabIds.add(tabId);
    this.dialogs.expectArrivals(tabId, until);
    for (const event of early) this.dialogs.take(event);
  }

  /** The action has ended: what it set off is answered for a moment more. */
  rest(): void {
    for (const tabId of this.#tabIds) this.dialogs.rest(tabId, this.documentId);
  }

  /** Waits until all has arrived that a document has told until now. */
  async catchUp(frame: FrameInfo): Promise<void> {
    const told = await this.dialogs.tell(this.tabId, frame, Date.now() + 3_000);
    await this.expect(frame.documentId, told);
  }

  /** Waits until all has arrived that a document says it has told. */
  async expect(documentId: string, told: number): Promise<void> {
    await untilTold(() => this.dialogs.told(this.tabId, documentId), told);
  }

  /** The answer planned for a dialog, perhaps only for one that it names. Each is for one dialog only. */
  answerTo(type: string, message: string, isToBeNamed = false): DialogAnswer | undefined {
    return this.#spend({ type, message }, undefined, isToBeNamed)?.answer;
  }

  #spend(
    given: Pick<DialogDetails, "type" | "message">,
    documentId?: string,
    isToBeNamed = false,
  ): PlannedAnswer | undefined {
    const planned = this.answers.find(
      (one) => !this.#given.has(one) && isAnswerTo(one, given) && (one.dialog !== undefined || !isToBeNamed),
    );
    if (planned === undefined) return undefined;
    this.#given.add(planned);
    this.dialogs.spend(this.tabId, documentId, given);
    return planned;
  }

  /** The addresses of the windows that Chrome did not let the page open, at most of so many as a person's click opens. */
  async blockedWindows(): Promise<{ readonly urls: string[]; readonly left: number }> {
    const missing = (): number => this.#popups.length - this.#spawned.size;
    for (const until = Date.now() + SPAWN_MS; missing() > 0 && Date.now() < until; ) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const blocked = this.#popups.slice(0, Math.max(0, missing())).filter((url) => /^https?:/i.test(url));
    const urls = blocked.slice(0, Math.max(0, MAX_WINDOWS - this.#spawned.size));
    return { urls, left: blocked.length - urls.length };
  }

  close(): void {
    this.isOn = false;
    for (const stop of this.#stop) stop();
  }
}

/** Carries an action out and tells of its dialogs. `perform` does the action itself. Throws only what is no error of it. */
export async function withDialogs(
  given: Omit<ActionCall, "round">,
  perform: (call: ActionCall) => Promise<ActionResult>,
): Promise<ActionResult> {
  const { tabId, dialogs } = given;
  const answered = given.action.kind.case === "answerDialog" ? await remembered(given) : undefined;
  const action = answered?.action ?? given.action;
  const answers = answered?.answers ?? plannedIn(given.action);
  const round = new DialogRound(dialogs, given.events, tabId, answers);
  const isActing = tabId !== 0 && mayOpenDialogs(action);
  const late = dialogs.takeLate(tabId);
  let result: ActionResult;
  try {
    if (isActing) round.blocked = await arm({ ...given, action, round });
    result = await perform({ ...given, action, kind: action.kind.value, round });
  } catch (thrown) {
    result = failed(given, toErrorInfo(thrown));
  } finally {
    round.close();
    if (isActing) round.rest();
  }
  result.originalActionId = given.action.id;
  result.outcomeDetails ??= create(OutcomeDetailsSchema);
  await openBlockedWindows(given, round, result.outcomeDetails);
  tell(result.outcomeDetails, [...late, ...round.met]);
  // Of what has to be approved first nothing was done: the dialog before it still waits for its answer.
  const isDone = result.errorInfo?.errorCode !== ErrorCode.APPROVAL_NEEDED;
  if (isActing && isDone) await remember({ ...given, action, round });
  return result;
}

/** The dialogs that actions which only look at the page could meet are none of their doing. */
function mayOpenDialogs(action: Action): boolean {
  const effect = declared(action)?.effect ?? EffectClass.UNSPECIFIED;
  return effect !== EffectClass.READ || action.kind.case === "wait";
}

function plannedIn({ dialogAnswer: answer }: Action): PlannedAnswer[] {
  return answer === undefined ? [] : [create(PlannedAnswerSchema, { answer })];
}

/** Arms the tab. Answers with the error of a dialog that blocks it already. */
async function arm(call: ActionCall): Promise<BrowserError | undefined> {
  const { dialogs, tabId, action } = call;
  if (LEAVING.has(action.kind.case ?? "")) {
    dialogs.expectArrivals(tabId, call.until);
    return undefined;
  }
  if (dialogs.open(tabId) !== undefined) {
    const shown = await call.frames.main(tabId);
    const blocked = shown === undefined ? undefined : await dialogs.blocking(tabId, shown);
    if (blocked !== undefined) return blocked;
  }
  const { main, isEquipped } = await dialogs.arm(tabId, call.until, call.round.answers);
  if (main === undefined) return undefined;
  if (!isEquipped) return await dialogs.blocking(tabId, main);
  // A page action arms its document itself; what the browser does is given to none.
  if (!isForPage(action)) await dialogs.tell(tabId, main, call.until, true);
  return undefined;
}

/** The action that an answer is for, and the answers to give this time. Throws FAILED_PRECONDITION if there is none. */
async function remembered(
  call: Omit<ActionCall, "round">,
): Promise<Pick<Remembered, "action" | "answers"> | undefined> {
  if (call.action.kind.case !== "answerDialog") return undefined;
  const { accept, text } = call.action.kind.value;
  const last = await call.memory.get(call.tabId);
  const late = call.dialogs.late(call.tabId).find(isRefusal);
  const refused = last?.refused ?? late;
  if (last === undefined || refused === undefined || !accept) return undefined;
  const answer = create(DialogAnswerSchema, { accept: true, text });
  const action = clone(ActionSchema, last.action);
  action.id = call.action.id;
  delete action.dialogAnswer;
  if (isForPage(action)) action.documentId = last.documentId;
  return { action, answers: [...last.answers, create(PlannedAnswerSchema, { answer, dialog: refused })] };
}

function isRefusal({ type, accepted }: DialogDetails): boolean {
  return type !== "alert" && !accepted;
}

async function remember(call: ActionCall): Promise<void> {
  const { tabId, action, round } = call;
  const kind = action.kind.case;
  if (kind === "wait" || kind === "answerDialog" || kind === "runJavascript") return;
  const refused = round.met.find(isRefusal);
  if (refused === undefined && declared(action)?.effect === EffectClass.LOCAL) return;
  const answers = round.met.filter(isGiven).map((dialog) => {
    const planned = round.answers.find((one) => isAnswerTo(one, dialog));
    return create(PlannedAnswerSchema, { answer: planned?.answer ?? { accept: true }, dialog });
  });
  await call.memory.set(tabId, { action, documentId: round.documentId, answers, refused });
}

/** Opens what Chrome kept the page from opening, next to it and behind it, as a person's own click would have. */
async function openBlockedWindows(
  call: Omit<ActionCall, "round">,
  round: DialogRound,
  details: OutcomeDetails,
): Promise<void> {
  const { urls, left } = await round.blockedWindows();
  for (const url of urls) {
    try {
      const tabId = await call.tabs.openNextTo(call.tabId, url, call.taskId);
      details.openedTabIds.push(tabId);
      say(details, `The page opened ${url}, in tab ${await call.numbers.told(tabId)}.`);
    } catch (thrown) {
      console.warn("Tabwire: what a page wanted to open could not be opened", messageOf(thrown));
      say(details, `The page wanted to open ${url}, which Chrome did not let it.`);
    }
    sawEffect(details);
  }
  if (left > 0) say(details, `Of the windows that the page wanted to open besides, ${left} were not opened.`);
}

function tell(details: OutcomeDetails, dialogs: readonly DialogDetails[]): void {
  if (dialogs.length === 0) return;
  details.dialogs.push(...dialogs);
  sawEffect(details);
  for (const dialog of dialogs) {
    const sentence = sentenceOn(dialog);
    if (!details.message.includes(sentence)) say(details, sentence);
  }
}

function sentenceOn(dialog: DialogDetails): string {
  if (dialog.type === "alert") return `The page showed ${inWords(dialog)}.`;
  const asked =
    dialog.type === "beforeunload"
      ? `The page asked to stay${dialog.message === "" ? "" : `: ${JSON.stringify(dialog.message)}`}`
      : `The page opened ${inWords(dialog)}`;
  if (dialog.accepted)
    return dialog.type === "beforeunload" ? `${asked}; it was left.` : `${asked}; the answer was yes.`;
  return `${asked}; the answer was ${dialog.type === "beforeunload" ? "to stay" : "no"}. answer_dialog does it again with another answer.`;
}

function say(details: OutcomeDetails, sentence: string): void {
  details.message = details.message === "" ? sentence : `${details.message} ${sentence}`;
}

/** The error of an action that would have left a page which asks to stay. */
export function asksToStay(message: string): BrowserError {
  const dialog = create(DialogDetailsSchema, { type: "beforeunload", message });
  const said = message === "" ? "" : `: ${JSON.stringify(message)}`;
  return failure(ErrorCode.DIALOG_OPEN, `The page asks to stay${said}. It was not left.`, {
    details: { $typeName: "tabwire.v1.ErrorDetails", kind: { case: "dialog", value: dialog } },
    remedy: "See if something in it is not saved. To leave it all the same, use answer_dialog.",
  });
}
