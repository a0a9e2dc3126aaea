// What every action of the service worker is given, and how results are written.

import { create } from "@bufbuild/protobuf";
import {
  type Action,
  type ActionResult,
  ActionResultSchema,
  ActionStatus,
  type OutcomeDetails,
  OutcomeDetailsSchema,
} from "@gen/tabwire/v1/action_pb";
import { ErrorCode, type ErrorInfo } from "@gen/tabwire/v1/error_pb";
import type { Grants, SecretValue } from "@gen/tabwire/v1/link_pb";
import { NOTHING_SEEN } from "../../wire/words";
import type { DialogMemory } from "../dialogs/dialog_memory";
import type { DialogRound } from "../dialogs/dialog_round";
import type { Dialogs } from "../dialogs/dialogs";
import { failure } from "../errors";
import type { FilledIn } from "../policy/filled_in";
import type { TaskTabs } from "../policy/task_tabs";
import type { Arrivals } from "../tabs/arrival";
import type { Frames } from "../tabs/frames";
import type { HiddenTabs } from "../tabs/hidden_tabs";
import type { TabEvents } from "../tabs/tab_events";
import type { TabNumbers } from "../tabs/tab_numbers";
import type { TabRecords } from "../tabs/tab_record";
import type { Tabs } from "../tabs/tabs";
import type { TrustedInput } from "../trusted/port";

/** The parts of the service worker that actions use. */
export interface ActionParts {
  readonly tabs: Tabs;
  /** For what is said of tabs in words. All else names them by Chrome's ids. */
  readonly numbers: Pick<TabNumbers, "told">;
  readonly frames: Frames;
  readonly records: TabRecords;
  readonly events: TabEvents;
  readonly arrivals: Arrivals;
  readonly dialogs: Dialogs;
  readonly memory: DialogMemory;
  readonly hidden: HiddenTabs;
  readonly taskTabs: Pick<TaskTabs, "acting" | "bringBack" | "hasStopped" | "stopped" | "watchPerson">;
  /** Where secrets were filled in. */
  readonly filledIn: Pick<FilledIn, "begin" | "end" | "isIn">;
  /** Only in the build with trusted input. */
  readonly trusted: TrustedInput | undefined;
}

/** One action to be carried out. */
export interface ActionCall<Kind = unknown> extends ActionParts {
  readonly action: Action;
  /** The action's own message. */
  readonly kind: Kind;
  /** The tab, already found out. */
  readonly tabId: number;
  /** The task it belongs to; empty if none. */
  readonly taskId: string;
  /** When the answer is no longer needed, by this computer's clock. */
  readonly until: number;
  /** Aborted when the command is cancelled or late, with a BrowserError as its reason. */
  readonly signal: AbortSignal;
  /** Set by the action as soon as it may have had effect, so that a cancel that comes later is told as such. */
  readonly effect: { begun: boolean };
  /** Set if an earlier life of the service worker began it at that time: nothing may be done twice. */
  readonly begunAt: number | undefined;
  /** What the policy lets it do that is forbidden otherwise. */
  readonly grants: Grants;
  /** What is to be typed for a secret that it names. Never kept. */
  readonly secret: SecretValue | undefined;
  /** The dialogs that it meets. */
  readonly round: DialogRound;
}

/** Writes the result of an action that was done. */
export function succeeded(call: ActionCall, outcome: Partial<Omit<OutcomeDetails, "$typeName">>): ActionResult {
  return create(ActionResultSchema, {
    originalActionId: call.action.id,
    status: ActionStatus.SUCCEEDED,
    outcomeDetails: create(OutcomeDetailsSchema, outcome),
  });
}

/** Something happened after all, where the document that was acted on could not see it. */
export function sawEffect(details: OutcomeDetails): void {
  details.noEffectSeen = false;
  details.message = details.message.replace(`; ${NOTHING_SEEN}`, "");
}

/** Writes the result of an action that was not done. */
export function failed(call: Pick<ActionCall, "action" | "effect">, error: ErrorInfo): ActionResult {
  const cancelled = error.errorCode === ErrorCode.CANCELLED && !call.effect.begun;
  return create(ActionResultSchema, {
    originalActionId: call.action.id,
    status: cancelled ? ActionStatus.CANCELLED : ActionStatus.FAILED,
    outcomeDetails: create(OutcomeDetailsSchema, { message: error.message }),
    errorInfo: error,
  });
}

/** The address as Chrome reads it. Throws INVALID_ARGUMENT unless it is an ordinary web address. */
export function webAddress(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && (parsed.protocol === "http:" || parsed.protocol === "https:")) return parsed.href;
  const what =
    parsed === undefined ? "This is no address" : `Addresses that start with ${parsed.protocol} are not opened`;
  throw failure(ErrorCode.INVALID_ARGUMENT, `${what}.`, {
    remedy: "Give a whole address that starts with http:// or https://.",
  });
}
