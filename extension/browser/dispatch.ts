// Carries one command out and writes its one answer: finds the handler of an action, keeps the deadline, adds the state
// afterwards. When and how often a command is carried out is the inbox's business (inbox.ts).

import { create } from "@bufbuild/protobuf";
import { type Action, type ActionResult, ActionStatus } from "@gen/tabwire/v1/action_pb";
import { ErrorCode, type ErrorInfo } from "@gen/tabwire/v1/error_pb";
import { FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import {
  type Command,
  type CommandResult,
  CommandResultSchema,
  GrantsSchema,
  PongSchema,
} from "@gen/tabwire/v1/link_pb";
import { type PageState, type StateRequest, TimingSchema } from "@gen/tabwire/v1/state_pb";
import { answerDialog } from "./actions/answer_dialog";
import { type ActionCall, type ActionParts, failed } from "./actions/context";
import { seeExpectation } from "./actions/expectation";
import { inPage } from "./actions/in_page";
import { goBack, goForward, navigate, reload } from "./actions/navigate";
import { isPageRead, readPage } from "./actions/page_reads";
import { runJavascript } from "./actions/run_javascript";
import { screenshot } from "./actions/screenshot";
import { closeTab, openTab, switchTab } from "./actions/tab_actions";
import { wait } from "./actions/wait";
import { microsSince, pause } from "./clock";
import { withDialogs } from "./dialogs/dialog_round";
import { isForPage, isRepeatable } from "./effects";
import { BrowserError, deadlinePassed, errorInfo, outcomeUnknown, toErrorInfo } from "./errors";
import { checkAction, denialOf } from "./policy/checks";
import type { Look } from "./states/look";
import type { Perceiver } from "./states/perceive";

/** Told when an action has ended, with a way to the whole state after it if that was taken. */
export type OnActed = (tabId: number, state: (() => PageState) | undefined) => void;

/** How long the state after an action may still take when the action used its time up. */
const STATE_MS = 3_000;

/** How long a page that says that it is leaving may take to be stopped on its way. */
const LEAVING_MS = 300;

/** The dispatcher. */
export class Dispatcher {
  constructor(
    private readonly parts: ActionParts,
    private readonly perceiver: Perceiver,
    /** Told when an action begins, so that what it changes is not taken for the page's own doing. */
    private readonly onActing: (tabId: number) => void,
    private readonly onActed: OnActed,
  ) {}

  /** Carries a command out. Never throws. */
  async execute(command: Command, until: number, cancel: AbortSignal, begunAt?: number): Promise<CommandResult> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(deadlinePassed()), Math.max(0, until - Date.now()));
    let outcome: CommandResult["outcome"];
    try {
      outcome = await this.#outcome(command, until, AbortSignal.any([cancel, late.signal]), begunAt);
    } catch (thrown) {
      outcome = { case: "errorInfo", value: toErrorInfo(thrown) };
    } finally {
      clearTimeout(timer);
    }
    return create(CommandResultSchema, { commandId: command.commandId, epoch: command.epoch, outcome });
  }

  async #outcome(
    command: Command,
    until: number,
    signal: AbortSignal,
    begunAt: number | undefined,
  ): Promise<CommandResult["outcome"]> {
    const { request } = command;
    switch (request.case) {
      case "action":
        return { case: "actionResult", value: await this.#act(command, request.value, until, signal, begunAt) };
      case "observe":
        return await this.#observe(command, request.value, until);
      case "listTabs":
        return { case: "tabList", value: { $typeName: "tabwire.v1.TabList", tabs: await this.parts.tabs.list() } };
      case "ping":
        return { case: "pong", value: await this.#ping(command.tabId, request.value.intoPage, until) };
      default:
        return { case: "errorInfo", value: unknownRequest() };
    }
  }

  async #observe(command: Command, options: StateRequest, until: number): Promise<CommandResult["outcome"]> {
    const look = await this.perceiver.look(command.tabId, options, until, command.grants?.policy);
    this.#watchPerson(command, look);
    return look.answer;
  }

  /** A task has looked: from now on it is told when a person uses what it looked at. */
  #watchPerson({ taskId, tabId }: Command, { answer }: Look): void {
    const state = answer.case === "pageState" ? answer.value : answer.value.head;
    if (taskId === "" || state === undefined) return;
    const documents = state.frames.map(({ documentId }) => documentId);
    this.parts.taskTabs.watchPerson(
      state.tabId || tabId,
      [state.documentId, ...documents].filter((id) => id !== ""),
    );
  }

  async #act(
    command: Command,
    action: Action,
    until: number,
    signal: AbortSignal,
    begunAt: number | undefined,
  ): Promise<ActionResult> {
    const start = performance.now();
    const { tabId } = command;
    this.onActing(tabId);
    const { taskId } = command;
    const effect = { begun: false };
    let result: ActionResult;
    try {
      const kind = action.kind.value;
      const grants = command.grants ?? create(GrantsSchema);
      const { secret } = command;
      const call = { ...this.parts, action, kind, tabId, taskId, until, signal, effect, begunAt, grants, secret };
      await this.parts.taskTabs.acting(taskId, tabId, grants.policy);
      result = await withDialogs(call, async (round) => {
        const done = await this.#perform(round);
        await seeExpectation(round, done);
        return done;
      });
    } catch (thrown) {
      result = failed({ action, effect }, toErrorInfo(thrown));
    }
    const stopped = await this.#stopped(command, result);
    if (stopped !== undefined) Object.assign(result, { status: ActionStatus.FAILED, errorInfo: stopped });
    const look = await this.#stateAfter(command, result, until);
    if (look !== undefined) result.stateAfter = stateOf(look);
    const isOfThisTab = result.currentTabId === 0 || result.currentTabId === tabId;
    this.onActed(tabId, isOfThisTab ? look?.whole : undefined);
    result.timing ??= create(TimingSchema);
    result.timing.inBrowserUs = microsSince(start);
    return result;
  }

  /** What the policy stopped. A page that is leaving may not have set out yet, and a download has just begun. */
  async #stopped(command: Command, { outcomeDetails }: ActionResult): Promise<ErrorInfo | undefined> {
    const { taskTabs } = this.parts;
    const { taskId, tabId, grants } = command;
    // What the page is said to be going to may be the very address that it will be kept from.
    const refused = denialOf(grants?.policy, outcomeDetails?.newUrl ?? "");
    const leaves =
      outcomeDetails?.stillChanging === true && (!outcomeDetails.navigationOccurred || refused !== undefined);
    const loads = outcomeDetails !== undefined && outcomeDetails.download !== "";
    const until = (leaves || loads) && taskId !== "" ? Date.now() + LEAVING_MS : 0;
    for (;;) {
      const stopped = taskTabs.stopped(tabId);
      if (stopped !== undefined) return stopped;
      if (Date.now() >= until) break;
      await pause(20);
    }
    // It has not set out, or nobody said so: it must not do so once the task has ended.
    if (refused !== undefined && taskId !== "") await taskTabs.bringBack(tabId);
    return refused;
  }

  async #perform(call: ActionCall): Promise<ActionResult> {
    const { action } = call;
    await checkAction(call);
    if (isPageRead(action)) return await readPage(call);
    if (isForPage(action)) return await inPage(call);
    // Only a document remembers what it was given. What the browser itself was to do cannot be asked after.
    if (call.begunAt !== undefined && !isRepeatable({ request: { case: "action", value: action } })) {
      throw outcomeUnknown("The extension was stopped by Chrome while it carried this out. It may have had effect.");
    }
    switch (action.kind.case) {
      case "navigate":
        return await navigate({ ...call, kind: action.kind.value });
      case "goBack":
        return await goBack(call);
      case "goForward":
        return await goForward(call);
      case "reload":
        return await reload(call);
      case "openTab":
        return await openTab({ ...call, kind: action.kind.value });
      case "switchTab":
        return await switchTab({ ...call, kind: action.kind.value });
      case "closeTab":
        return await closeTab({ ...call, kind: action.kind.value });
      case "screenshot":
        return await screenshot({ ...call, kind: action.kind.value }, (options) =>
          this.perceiver.perceive(call.tabId, options, call.until),
        );
      case "answerDialog":
        return await answerDialog({ ...call, kind: action.kind.value });
      case "runJavascript":
        return await runJavascript({ ...call, kind: action.kind.value });
      case "wait":
        return await wait({ ...call, kind: action.kind.value });
      default:
        throw new BrowserError(unknownRequest());
    }
  }

  /** The state after an action, if it was asked for and there is a tab to tell of. */
  async #stateAfter(command: Command, result: ActionResult, until: number): Promise<Look | undefined> {
    const options: StateRequest | undefined = command.stateAfter;
    const tabId = result.currentTabId || command.tabId;
    if (options === undefined || tabId === 0 || result.status === ActionStatus.CANCELLED) return undefined;
    try {
      const by = Math.max(until, Date.now() + STATE_MS);
      const look = await this.perceiver.look(tabId, options, by, command.grants?.policy);
      this.#watchPerson(command, look);
      return look;
    } catch (thrown) {
      // The tab is gone, as after closing it. The result stands without a state.
      if (thrown instanceof BrowserError) return undefined;
      throw thrown;
    }
  }

  async #ping(tabId: number, intoPage: boolean, until: number) {
    const start = performance.now();
    const hops = [];
    if (intoPage) {
      const sent = performance.now();
      if (await this.#pingPage(tabId, until)) hops.push({ name: "page", roundTripUs: microsSince(sent) });
    }
    return create(PongSchema, { hops: [{ name: "service worker", roundTripUs: microsSince(start) }, ...hops] });
  }

  /** True if the page answered; false if it is one that lets no extension in, where the way ends before it. */
  async #pingPage(tabId: number, until: number): Promise<boolean> {
    const resolved = await this.parts.tabs.resolve(tabId);
    const request = create(FrameRequestSchema, { kind: { case: "ping", value: {} } });
    try {
      const reply = await this.parts.frames.askMain(resolved, request, Math.max(1, until - Date.now()));
      return reply !== undefined;
    } catch (thrown) {
      if (thrown instanceof BrowserError && thrown.info.errorCode === ErrorCode.RESTRICTED_PAGE) return false;
      throw thrown;
    }
  }
}

function stateOf({ answer }: Look): ActionResult["stateAfter"] {
  return answer.case === "pageState" ? { case: "newState", value: answer.value } : answer;
}

function unknownRequest() {
  return errorInfo(ErrorCode.UNIMPLEMENTED, "This version of the extension does not know the request.", {
    remedy: "Update the extension, or ask for something it can do.",
  });
}
