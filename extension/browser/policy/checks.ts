// Holds a command against the policy that came with it, about what the browser really shows: the second time, after the
// server. What a page's own elements lead to is found out in the page (page/policy/facts.ts), by what is passed on here.

import { create } from "@bufbuild/protobuf";
import type { Action } from "@gen/tabwire/v1/action_pb";
import { ApprovalDetailsSchema, ErrorCode, ErrorDetailsSchema, type ErrorInfo } from "@gen/tabwire/v1/error_pb";
import type { SecretValue } from "@gen/tabwire/v1/link_pb";
import { EffectClass } from "@gen/tabwire/v1/options_pb";
import { Consequence, type EffectivePolicy, Permission } from "@gen/tabwire/v1/policy_pb";
import { matches, readAddress, readPattern } from "../../policy/origins";
import { forbiddenAt, judgeAddress } from "../../policy/verdict";
import type { ActionCall } from "../actions/context";
import { declared } from "../effects";
import { BrowserError, errorInfo, failure, outcomeUnknown } from "../errors";
import type { FrameInfo } from "../tabs/frames";

/** Actions that leave a page, or are about the browser and not about what the tab shows. */
const LEAVING = new Set<Action["kind"]["case"]>([
  "navigate",
  "openTab",
  "goBack",
  "goForward",
  "closeTab",
  "switchTab",
]);

/** The POLICY_DENIED error of an address; undefined if a document of it may be shown and looked into. */
export function denialOf(policy: EffectivePolicy | undefined, url: string, isMain = true): ErrorInfo | undefined {
  const denial = policy === undefined ? undefined : judgeAddress(policy, url, isMain);
  return denial === undefined ? undefined : denied(denial.what);
}

/** The error of what the policy does not let the task get to. */
export function denied(what: string): ErrorInfo {
  return errorInfo(ErrorCode.POLICY_DENIED, `The policy does not allow ${what}.`, {
    remedy: "Go on without it, or have it allowed in the policy.",
  });
}

/** Throws if an action may not be done at all where the tab is. To be called before anything is begun. */
export async function checkAction(call: ActionCall): Promise<void> {
  const { policy } = call.grants;
  if (policy === undefined) return;
  const { kind } = call.action;
  const target = kind.case === "navigate" || kind.case === "openTab" ? kind.value.url : "";
  const refused = target === "" ? undefined : denialOf(policy, target);
  if (refused !== undefined) throw new BrowserError(refused);
  if (LEAVING.has(kind.case)) {
    checkConsequences(call, target);
    return;
  }
  const { url = "" } = await call.tabs.get(call.tabId);
  const here = denialOf(policy, url);
  if (here !== undefined) throw new BrowserError(here);
  checkConsequences(call, url);
}

/** Throws if what an action is by its kind may not be done at an address. */
export function checkConsequences(call: ActionCall, url: string): void {
  const { policy, approved } = call.grants;
  if (policy === undefined) return;
  const consequences = forbiddenAt(policy, url, approved).filter((one) => kindLeadsTo(call.action).has(one));
  if (consequences.length === 0) return;
  const value = create(ApprovalDetailsSchema, { consequences, url });
  throw failure(ErrorCode.APPROVAL_NEEDED, "It would lead to something that has to be approved first.", {
    remedy: "Ask the person to approve it.",
    details: create(ErrorDetailsSchema, { kind: { case: "approval", value } }),
  });
}

function kindLeadsTo(action: Action): Set<Consequence> {
  const found = new Set<Consequence>();
  const effect = declared(action)?.effect;
  if (effect === EffectClass.MUTATE || effect === EffectClass.COMMIT) found.add(Consequence.ANY_CHANGE);
  if (action.kind.case === "runJavascript") found.add(Consequence.JAVASCRIPT);
  if (action.kind.case === "uploadFiles") found.add(Consequence.UPLOAD);
  const answers = action.kind.case === "answerDialog" && action.kind.value.accept;
  if (answers || action.dialogAnswer?.accept === true) found.add(Consequence.DIALOG);
  return found;
}

/** What an action must not lead to in a document. Throws POLICY_DENIED if the document may not be acted in at all. */
export function forbiddenIn(call: ActionCall, frame: FrameInfo, frames: readonly FrameInfo[]): Consequence[] {
  const { policy, approved } = call.grants;
  if (policy === undefined) return [];
  const url = ownAddress(frame, frames);
  const refused = denialOf(policy, url, frame.frameId === 0);
  if (refused !== undefined) throw new BrowserError(refused);
  return forbiddenAt(policy, url, approved);
}

/** The address by which a document is judged: one without an origin of its own has that of the document around it. */
export function ownAddress(frame: FrameInfo, frames: readonly FrameInfo[]): string {
  let at = frame;
  while (at.frameId !== 0 && (at.url === "" || at.url.startsWith("about:"))) {
    const around = frames.find(({ frameId }) => frameId === at.parentFrameId);
    if (around === undefined) break;
    at = around;
  }
  return at.url;
}

/** Whether JavaScript of the caller's may be run in a document. */
export function mayRunScripts(call: ActionCall, url: string): boolean {
  const { policy, approved } = call.grants;
  return policy !== undefined && !forbiddenAt(policy, url, approved).includes(Consequence.JAVASCRIPT);
}

/** Whether input may be given that pages cannot tell from a person's. */
export function mayBeTrusted({ grants }: Pick<ActionCall, "grants">): boolean {
  return grants.trustedInput && (grants.policy === undefined || grants.policy.trustedInput === Permission.ALLOW);
}

/**
 * The value of the secret that an action names, for this document. Throws SECRET_UNAVAILABLE if it did not come along, as
 * after the service worker was stopped, or is not for this document's origin.
 */
export function secretFor(call: ActionCall, frame: FrameInfo): SecretValue | undefined {
  const { kind } = call.action;
  const name = kind.case === "inputText" ? kind.value.secret : "";
  if (name === "") return undefined;
  const { secret } = call;
  if (secret === undefined || secret.name !== name) {
    if (call.begunAt !== undefined) throw outcomeUnknown("Chrome stopped the extension while it filled in a secret.");
    throw failure(ErrorCode.SECRET_UNAVAILABLE, `The secret ${name} was not sent along.`, {
      remedy: "Do it again.",
      retryable: true,
    });
  }
  if (!isFillable(secret.origins, frame.url)) {
    throw failure(ErrorCode.SECRET_UNAVAILABLE, `The secret ${name} is not for this page.`, {
      remedy: "Go to one of its own pages, or have its origins changed.",
    });
  }
  return secret;
}

/** Whether a secret with these origins may be filled in a document of this address; by its own address alone. */
export function isFillable(origins: readonly string[], url: string): boolean {
  const address = readAddress(url);
  if (address === undefined || address.isLocal || address.host === "") return false;
  return origins.some((text) => {
    const pattern = readPattern(text);
    return pattern !== undefined && pattern.host !== "*" && matches(pattern, address);
  });
}
