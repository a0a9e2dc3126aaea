// What the rest of the service worker knows about trusted input: input that pages cannot tell from a person's. Only the
// build with trusted input has it (index.ts).

import type { Action, AnswerDialogAction } from "@gen/tabwire/v1/action_pb";
import type { FrameReply } from "@gen/tabwire/v1/extension_pb";
import type { Consequence } from "@gen/tabwire/v1/policy_pb";
import type { ActionCall } from "../actions/context";
import type { ScriptOutcome } from "../actions/run_javascript";
import type { FrameInfo } from "../tabs/frames";

/** Asked just before a script runs, about the origin of the document that it will run in. */
export type IsMeant = (origin: unknown) => Promise<boolean>;

/** What holds for an action beside what it is to do, as in ActInFrame. */
export interface InputGuard {
  readonly forbidden: Consequence[];
  readonly secret: string;
}

/** Gives input as the browser itself does. */
export interface TrustedInput {
  /** Whether there is trusted input for an action at all. */
  knows(action: Action): boolean;
  /** Does an action in a document, whose own ids the action has. Answers what the document answers. */
  act(call: ActionCall, frame: FrameInfo, action: Action, guard: InputGuard): Promise<FrameReply>;
  /** Answers the dialog that stands open in a tab. False if it cannot. */
  answerDialog(tabId: number, answer: AnswerDialogAction): Promise<boolean>;
  /**
   * Evaluates a script that leaves its outcome as text (actions/run_javascript.ts), whatever the page allows; in the
   * document that was asked about, or in none.
   */
  evaluate(call: ActionCall, script: string, isMeant: IsMeant): Promise<ScriptOutcome>;
}
