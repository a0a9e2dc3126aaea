// RunJavascriptAction: runs a script in the page's own world, only where the policy grants it to the page's origin. The
// server has asked the policy already; here it is asked again, about the document that is really shown.

import type { ActionResult, RunJavascriptAction } from "@gen/tabwire/v1/action_pb";
import { ComponentOrigin, ErrorCode } from "@gen/tabwire/v1/error_pb";
import { within } from "../clock";
import { BrowserError, deadlinePassed, failure, messageOf, outcomeUnknown } from "../errors";
import { mayRunScripts } from "../policy/checks";
import type { FrameInfo } from "../tabs/frames";
import { restriction } from "../tabs/restricted";
import { granted } from "../trusted/choose";
import { type ActionCall, succeeded } from "./context";

/** The longest result, in characters. */
const MAX_RESULT = 1_000_000;
const MAX_MESSAGE = 2_000;
/** The answer's own way takes so long. */
const MARGIN_MS = 400;

/** What came of a script. */
export type ScriptOutcome =
  /** Its value as JSON. */
  | { readonly kind: "value"; readonly json: string }
  /** It threw. */
  | { readonly kind: "thrown"; readonly message: string }
  /** The page lets no text be run as a script. */
  | { readonly kind: "forbidden" };

/** See RunJavascriptAction. */
export async function runJavascript(call: ActionCall<RunJavascriptAction>): Promise<ActionResult> {
  const frame = await mainDocument(call);
  const origin = originOf(frame.url);
  const isGranted =
    call.grants.policy === undefined
      ? call.grants.javascriptOrigins.some((one) => originOf(one) === origin)
      : mayRunScripts(call, frame.url);
  if (origin === undefined || !isGranted) {
    throw failure(ErrorCode.POLICY_DENIED, `JavaScript is not granted to ${origin ?? "this page"}.`, {
      remedy: "Have the origin granted in the policy, or do it with the other actions.",
    });
  }
  if (call.round.blocked !== undefined) throw call.round.blocked;
  call.signal.throwIfAborted();
  call.effect.begun = true;
  const over = new AbortController();
  const run = runIn(call, frame, call.kind.code);
  const limited = within(Math.max(1, call.until - MARGIN_MS - Date.now()), run);
  try {
    const outcome = await Promise.race([limited, call.dialogs.opened(call.tabId, over.signal), aborted(call.signal)]);
    if (outcome === undefined) throw deadlinePassed();
    await call.round.catchUp(frame);
    return told(call, outcome);
  } finally {
    over.abort();
    run.catch(() => {
      // It is no longer waited for.
    });
  }
}

async function mainDocument(call: ActionCall): Promise<FrameInfo> {
  await call.tabs.awake(call.tabId, call.until);
  const main = await call.frames.main(call.tabId);
  const refused = main === undefined ? undefined : restriction(main.url, { failed: main.failed });
  if (refused !== undefined) throw new BrowserError(refused);
  if (main === undefined) throw failure(ErrorCode.RESTRICTED_PAGE, "The tab shows no document.");
  const named = call.action.documentId;
  if (named === "" || named === main.documentId) return main;
  throw documentGone();
}

/** The error of a script that was not begun, because its document is not there any more. */
export function documentGone(): BrowserError {
  return failure(ErrorCode.STALE_ELEMENT, "The document is no longer shown.", { remedy: "Look at the page again." });
}

/** The origin of a web address; undefined for what has none of its own. */
function originOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin, protocol } = new URL(url);
  return protocol === "http:" || protocol === "https:" ? origin : undefined;
}

/**
 * Tries the ways there are, best first: user scripts and the debugger work whatever the page allows. The next one is tried
 * only where the one before it surely has begun nothing.
 */
async function runIn(call: ActionCall, frame: FrameInfo, code: string): Promise<ScriptOutcome> {
  try {
    const byUserScript = await asUserScript(call.tabId, frame, code);
    if (byUserScript !== undefined) return byUserScript;
    const trusted = granted(call);
    if (trusted === undefined) return await asText(call.tabId, frame, code);
    return await trusted.evaluate(call, wrapped(code), async (origin) => {
      const main = await call.frames.main(call.tabId);
      call.signal.throwIfAborted();
      return main?.documentId === frame.documentId && origin === originOf(frame.url);
    });
  } catch (thrown) {
    if (thrown instanceof BrowserError) throw thrown;
    if (NOT_BEGUN.test(messageOf(thrown))) throw documentGone();
    throw unreadable(messageOf(thrown));
  }
}

/** How Chrome says that there is no such document any more, or none to look into. */
const NOT_BEGUN = /^(no (tab|frame|document)s? with|cannot access)/i;

/** The error of a script that was begun, and of which nobody can tell what it did. */
function unreadable(said: string): BrowserError {
  const why = said === "" ? "" : ` (${said.slice(0, MAX_MESSAGE)})`;
  return outcomeUnknown(`The script gave no answer that can be read${why}. It may have had effect.`);
}

/** A script whose value is what became of the code, as JSON. Syntax errors of the code are those of this script. */
function wrapped(code: string): string {
  return `(async () => {
  try {
    const value = await (async () => {\n${code}\n})();
    return JSON.stringify({ json: JSON.stringify(value) ?? "null" });
  } catch (thrown) {
    return JSON.stringify({ thrown: String(thrown) });
  }
})()`;
}

/** Reads what a wrapped script has left. It comes from the page, which may have left anything; then it throws. */
export function readOutcome(left: unknown): ScriptOutcome {
  const told = JSON.parse(String(left)) as { json?: unknown; thrown?: unknown };
  if (typeof told.json === "string") return { kind: "value", json: told.json };
  return { kind: "thrown", message: String(told.thrown) };
}

interface UserScripts {
  execute?(injection: object): Promise<{ result?: unknown; error?: string }[]>;
}

/** Chrome's own way, where the person has allowed user scripts. Undefined if that is not so. */
async function asUserScript(tabId: number, frame: FrameInfo, code: string): Promise<ScriptOutcome | undefined> {
  const { userScripts } = chrome as unknown as { userScripts?: UserScripts };
  if (userScripts?.execute === undefined) return undefined;
  const target = { tabId, documentIds: [frame.documentId] };
  const execute = async (js: string) =>
    (await userScripts.execute?.({ target, js: [{ code: js }], world: "MAIN", injectImmediately: true }))?.[0];
  let ran: Awaited<ReturnType<typeof execute>>;
  try {
    ran = await execute(wrapped(code));
  } catch (thrown) {
    if (/not available|not enabled|permission/i.test(messageOf(thrown))) return undefined;
    throw thrown;
  }
  if (ran?.error !== undefined) return { kind: "thrown", message: ran.error };
  if (typeof ran?.result === "string") return readOutcome(ran.result);
  // A script that is none gives nothing and no reason, and the other way knows the reason. All else may have run.
  const parsed = await execute(`(async () => {\n${code}\n}, "script")`).catch(() => undefined);
  if (parsed === undefined || parsed.result === "script") throw unreadable("");
  return undefined;
}

/** Where the page lets text be run as a script. */
async function asText(tabId: number, frame: FrameInfo, code: string): Promise<ScriptOutcome> {
  const func = async (body: string): Promise<{ json?: string; thrown?: string; forbidden?: true }> => {
    const Make = Object.getPrototypeOf(async () => {}).constructor as new (body: string) => () => Promise<unknown>;
    let made: () => Promise<unknown>;
    try {
      made = new Make(body);
    } catch (thrown) {
      return thrown instanceof SyntaxError ? { thrown: String(thrown) } : { forbidden: true };
    }
    try {
      return { json: JSON.stringify(await made()) ?? "null" };
    } catch (thrown) {
      return { thrown: String(thrown) };
    }
  };
  const target = { tabId, documentIds: [frame.documentId] };
  const [ran] = await chrome.scripting.executeScript({
    target,
    world: "MAIN",
    injectImmediately: true,
    func,
    args: [code],
  });
  const { json, thrown, forbidden } = (ran?.result ?? {}) as { json?: unknown; thrown?: unknown; forbidden?: unknown };
  if (forbidden === true) return { kind: "forbidden" };
  if (typeof json === "string") return { kind: "value", json };
  if (typeof thrown === "string") return { kind: "thrown", message: thrown };
  throw unreadable("the document went away");
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

function told(call: ActionCall, outcome: ScriptOutcome): ActionResult {
  const origin = ComponentOrigin.PAGE;
  if (outcome.kind === "forbidden") {
    throw failure(ErrorCode.FAILED_PRECONDITION, "The page's security policy lets no text be run as a script.", {
      origin,
      remedy:
        "Allow user scripts for Tabwire on chrome://extensions (its details), or use the build with trusted input.",
    });
  }
  if (outcome.kind === "thrown") {
    const message = `The script failed: ${outcome.message.slice(0, MAX_MESSAGE)}`;
    throw failure(ErrorCode.OPERATION_FAILED_IN_TARGET, message, { origin, remedy: "Correct the script." });
  }
  if (outcome.json.length > MAX_RESULT) {
    const message = `The script's value has ${outcome.json.length} characters; at most ${MAX_RESULT} are returned.`;
    throw failure(ErrorCode.OPERATION_FAILED_IN_TARGET, message, { origin, remedy: "Return less." });
  }
  const result = succeeded(call, { message: `Ran the script; its value has ${outcome.json.length} characters.` });
  result.extracted = { case: "text", value: outcome.json };
  return result;
}
