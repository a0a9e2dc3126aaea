// Trusted input by Chrome's debugger: attaches to a tab for as long as the agent gives input there, has the page's own
// script make each action ready and judge it (page/trusted), and dispatches what is between. The tab may be in the
// background: the page is told that it has the focus, and never gets it. Only in the build with trusted input (index.ts).

import { create } from "@bufbuild/protobuf";
import type { Action, AnswerDialogAction } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import {
  FinishInputSchema,
  type FrameReply,
  type FrameRequest,
  FrameRequestSchema,
  type InputPlan,
  PrepareInputSchema,
} from "@gen/tabwire/v1/extension_pb";
import { type PageState, type StateRequest, StateRequestSchema, StateScope } from "@gen/tabwire/v1/state_pb";
import type { ActionCall } from "../actions/context";
import { documentGone, readOutcome, type ScriptOutcome } from "../actions/run_javascript";
import { within } from "../clock";
import { deadlinePassed, failure, messageOf } from "../errors";
import type { FrameInfo } from "../tabs/frames";
import { slotOf, targetOf } from "../tabs/ids";
import { give, type Place } from "./give_input";
import type { InputGuard, IsMeant, TrustedInput } from "./port";
import { type Session, Sessions } from "./session";

/** The actions there is trusted input for. */
const KNOWN = new Set(["click", "hover", "inputText", "pressKeys", "drag", "setChecked"]);
/** The document gets a little less time than there is, so that its answer still arrives. */
const MARGIN_MS = 400;

/** Takes a state, of which only the place of an element is wanted. */
export type Perceive = (tabId: number, options: StateRequest, until: number) => Promise<PageState>;

/** What the debugger answers about a script. */
interface Evaluated {
  readonly result?: { readonly value?: unknown; readonly objectId?: string };
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string }; readonly text?: string };
}

/** Trusted input by the debugger. */
export class DebuggerInput implements TrustedInput {
  readonly #sessions = new Sessions();

  constructor(private readonly perceive: Perceive) {}

  knows(action: Action): boolean {
    return KNOWN.has(action.kind.case ?? "");
  }

  async act(call: ActionCall, frame: FrameInfo, action: Action, guard: InputGuard): Promise<FrameReply> {
    const session = await this.#sessions.over(call.tabId);
    session.hold(call.until);
    try {
      return await this.#carryOut(call, session, frame, action, guard);
    } finally {
      session.release();
    }
  }

  async #carryOut(
    call: ActionCall,
    session: Session,
    frame: FrameInfo,
    action: Action,
    guard: InputGuard,
  ): Promise<FrameReply> {
    session.planDialogs(call.round);
    const dialogs = call.round.arming(frame.documentId, call.until);
    const ask = (kind: FrameRequest["kind"]): Promise<FrameReply> => {
      const request = create(FrameRequestSchema, { kind });
      return call.frames.ask(call.tabId, frame, request, Math.max(1, call.until - Date.now()));
    };
    const deadlineMs = call.until - MARGIN_MS;
    let hasGiven = false;
    const prepare = create(PrepareInputSchema, { action, deadlineMs, dialogs, ...guard });
    let reply = await ask({ case: "prepareInput", value: prepare });
    while (reply.kind.case === "inputPlan") {
      const refusal = await this.#give(call, session, reply.kind.value);
      hasGiven = true;
      const finish = create(FinishInputSchema, { actionId: action.id, refusal });
      reply = await ask({ case: "finishInput", value: finish });
    }
    if (reply.kind.case === "actionResult" && reply.kind.value.outcomeDetails !== undefined) {
      reply.kind.value.outcomeDetails.trustedInputUsed = hasGiven;
    }
    return reply;
  }

  async answerDialog(tabId: number, { accept, text }: AnswerDialogAction): Promise<boolean> {
    return (await this.#sessions.open(tabId)?.answerDialog(accept, text)) ?? false;
  }

  async evaluate(call: ActionCall, script: string, isMeant: IsMeant): Promise<ScriptOutcome> {
    const session = await this.#sessions.over(call.tabId);
    session.hold(call.until);
    try {
      const ran = await within(call.until - Date.now(), evaluateIn(session, script, isMeant));
      if (ran === undefined) throw deadlinePassed();
      if (ran.exceptionDetails === undefined) return readOutcome(ran.result?.value);
      const { exception, text = "" } = ran.exceptionDetails;
      return { kind: "thrown", message: exception?.description ?? text };
    } finally {
      session.release();
    }
  }

  /** Gives one plan's input. Answers why Chrome refused it, or an empty text. */
  async #give(call: ActionCall, session: Session, plan: InputPlan): Promise<string> {
    try {
      await give(session, plan.steps, await this.#placement(call, plan));
      return "";
    } catch (thrown) {
      if (call.signal.aborted) throw call.signal.reason;
      if (session.wasEnded) throw endedByPerson();
      return `Chrome did not take the input: ${messageOf(thrown)}`;
    }
  }

  /** Where the points of a document lie in the tab: as far from it as its element from where the whole tab has it. */
  async #placement(call: ActionCall, plan: InputPlan): Promise<Place> {
    const elementId = targetOf(call.action);
    if (slotOf(elementId) === 0 || plan.bounds === undefined) return { x: 0, y: 0 };
    const options = create(StateRequestSchema, { scope: StateScope.ELEMENT, elementId });
    const state = await this.perceive(call.tabId, options, call.until);
    const bounds = state.actionableElements.find((element) => element.id === elementId)?.bounds;
    if (bounds === undefined) throw new Error("the place of the element's frame is not known");
    return { x: bounds.x - plan.bounds.x, y: bounds.y - plan.bounds.y };
  }
}

/** Evaluates a script in the document that the tab shows now, if it is the one that is meant. */
async function evaluateIn(session: Session, script: string, isMeant: IsMeant): Promise<Evaluated> {
  // A function runs where the object is from that it is called on, whatever document the tab shows by then.
  const { result: view } = (await session.send("Runtime.evaluate", { expression: "globalThis" })) as Evaluated;
  const run = async (functionDeclaration: string): Promise<Evaluated> => {
    const how = { objectId: view?.objectId, awaitPromise: true, returnByValue: true };
    return await session.send("Runtime.callFunctionOn", { ...how, functionDeclaration });
  };
  const origin = await run("function () { return location.origin; }").catch(() => undefined);
  if (!(await isMeant(origin?.result?.value))) throw documentGone();
  return await run(`function () { return ${script}; }`);
}

function endedByPerson() {
  return failure(ErrorCode.CANCELLED, "The person has ended the trusted input in this tab.", {
    remedy: "Go on without it, or ask the person.",
  });
}
