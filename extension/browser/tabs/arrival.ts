// Waits until a tab has arrived at a page: the new document is there, parsed, its content script answers, and it has
// come to rest. Used after every action that leads elsewhere. Caps on every wait; an arrival that takes longer is told
// as it is, not waited for for ever.

import { create } from "@bufbuild/protobuf";
import { WaitActionSchema } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { type FrameRequest, FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { pause } from "../clock";
import type { Dialogs } from "../dialogs/dialogs";
import { BrowserError, deadlinePassed, failure } from "../errors";
import type { FrameInfo, Frames } from "./frames";
import type { TabWatch } from "./tab_watch";

/** How long an address may take until its document is there. */
const COMMIT_MS = 45_000;
/** How long a document may take to be parsed and to come to rest, after it is there. */
const PARSE_MS = 15_000;
const QUIET_MS = 2_500;
/** How long the documents inside of it may take to load, so that they are there to be looked at. */
const CHILDREN_MS = 1_500;
/** How long to look for what follows a navigation that Chrome says was aborted: another one, or a download. */
const ABORTED_MS = 500;
/** A document that is not parsed after so long is looked at: a dialog may block it. */
const SUSPECT_MS = 1_000;

/** How a tab arrived. */
export interface Arrival {
  /** "document": a new one; "moved": another address in the same one; "none": it stayed (download, no content). */
  readonly kind: "document" | "moved" | "none";
  readonly url: string;
  /** True if the page still changed when the waiting ended. */
  readonly stillChanging: boolean;
  /** Set if a dialog blocks the page it arrived at, with the words for it. */
  readonly blocked?: string;
}

/** The request that asks a document whether it is quiet. */
export function quietRequest(): FrameRequest {
  const kind = { case: "wait", value: create(WaitActionSchema) } as const;
  return create(FrameRequestSchema, { kind: { case: "check", value: { kind } } });
}

/** Waits for arrivals. */
export class Arrivals {
  /** The tabs whose documents answered nothing on the way, by what blocks them. */
  readonly #blocked = new Map<number, string>();

  constructor(
    private readonly frames: Frames,
    private readonly dialogs: Pick<Dialogs, "blocking">,
  ) {}

  /**
   * Waits until the watched tab is where it set out for. Throws NAVIGATION_FAILED with Chrome's reason, or the
   * signal's reason.
   */
  async wait(watch: TabWatch, until: number, signal: AbortSignal): Promise<Arrival> {
    const commitBy = Math.min(until, Date.now() + COMMIT_MS);
    const ended = (): boolean => {
      const main = watch.frame();
      return watch.closed || (!watch.isUnderway() && (main.arrived ?? main.error ?? watch.movedTo) !== undefined);
    };
    if (!(await watch.until(ended, commitBy, signal))) throw Date.now() >= until ? deadlinePassed() : unanswered(watch);
    if (isAborted(watch)) await watch.until(() => hasFollowed(watch), Date.now() + ABORTED_MS, signal);
    if (watch.isUnderway()) return this.wait(watch, until, signal);
    this.#refuseFailure(watch);
    const arrived = watch.frame().arrived;
    if (arrived === undefined) return await this.#stayed(watch, until, signal);
    const stillChanging = await this.settle(watch, until, signal);
    const finalUrl = watch.movedTo ?? watch.frame().arrived?.url ?? arrived.url;
    const blocked = this.#blocked.get(watch.tabId);
    this.#blocked.delete(watch.tabId);
    return { kind: "document", url: finalUrl, stillChanging, ...(blocked === undefined ? {} : { blocked }) };
  }

  /** Waits until the document shown now is parsed, answers and is quiet. True if it still changes at the end. */
  async settle(watch: TabWatch, until: number, signal: AbortSignal): Promise<boolean> {
    const parsedBy = Math.min(until, Date.now() + PARSE_MS);
    for (;;) {
      const before = watch.frame().arrived?.documentId;
      const parsed = await this.#parsed(watch, parsedBy, signal);
      if (this.#blocked.has(watch.tabId)) return true;
      const childrenBy = Math.min(until, Date.now() + CHILDREN_MS);
      if (parsed) await watch.until(() => watch.isUnderway() || !watch.areChildrenLoading(), childrenBy, signal);
      const quiet = parsed && (await this.#quiet(watch, Math.min(until, Date.now() + QUIET_MS), signal));
      // A page that sends the browser on at once (by script or meta refresh) is not the arrival yet.
      if (watch.isUnderway()) {
        const on = await watch.until(() => !watch.isUnderway(), Math.min(until, Date.now() + PARSE_MS), signal);
        if (!on) return true;
      }
      if (watch.closed || watch.frame().arrived?.documentId === before || Date.now() >= parsedBy) return !quiet;
    }
  }

  async #stayed(watch: TabWatch, until: number, signal: AbortSignal): Promise<Arrival> {
    if (watch.movedTo === undefined) return { kind: "none", url: "", stillChanging: false };
    const quiet = await this.#quiet(watch, Math.min(until, Date.now() + QUIET_MS), signal);
    return { kind: "moved", url: watch.movedTo, stillChanging: !quiet };
  }

  /** True once the main document is parsed. A document that came out of the cache tells no event: the tab's status does. */
  async #parsed(watch: TabWatch, until: number, signal: AbortSignal): Promise<boolean> {
    const isParsed = (): boolean => watch.closed || watch.isUnderway() || watch.frame().parsed;
    this.#blocked.delete(watch.tabId);
    for (let suspectAt = Date.now() + SUSPECT_MS; !isParsed(); ) {
      if (Date.now() >= suspectAt) {
        suspectAt = Date.now() + SUSPECT_MS;
        if (await this.#isBlocked(watch)) return false;
      }
      const tab = await chrome.tabs.get(watch.tabId).catch(() => undefined);
      if (tab === undefined || tab.status === "complete") return true;
      if (Date.now() >= until) return false;
      await watch.until(isParsed, Math.min(until, Date.now() + 250), signal);
    }
    return true;
  }

  async #isBlocked(watch: TabWatch): Promise<boolean> {
    const main = await this.frames.main(watch.tabId).catch(() => undefined);
    const blocked = main === undefined ? undefined : await this.dialogs.blocking(watch.tabId, main);
    if (blocked === undefined || watch.isUnderway() || watch.frame().parsed) return false;
    this.#blocked.set(watch.tabId, blocked.message);
    return true;
  }

  async #quiet(watch: TabWatch, until: number, signal: AbortSignal): Promise<boolean> {
    while (!watch.closed && !watch.isUnderway()) {
      const main = await this.frames.main(watch.tabId).catch(() => undefined);
      if (main === undefined) return true;
      const answer = await this.#ask(watch.tabId, main, until - Date.now());
      if (answer !== "no") return answer === "yes";
      if (Date.now() >= until) return false;
      await pause(100, signal);
    }
    return true;
  }

  async #ask(tabId: number, main: FrameInfo, millis: number): Promise<"yes" | "no" | "silent"> {
    try {
      const reply = await this.frames.ask(tabId, main, quietRequest(), Math.max(200, millis));
      return reply.kind.case === "condition" && !reply.kind.value.holds ? "no" : "yes";
    } catch (thrown) {
      if (!(thrown instanceof BrowserError)) throw thrown;
      // A page that no extension may look into is at rest as far as can be known.
      return thrown.info.errorCode === ErrorCode.RESTRICTED_PAGE ? "yes" : "silent";
    }
  }

  #refuseFailure(watch: TabWatch): void {
    if (watch.closed) throw failure(ErrorCode.TAB_NOT_FOUND, "The tab was closed on the way.");
    const main = watch.frame();
    if (main.error === undefined || watch.downloads.length > 0) return;
    if (isAborted(watch) && (main.arrived !== undefined || watch.movedTo !== undefined)) return;
    throw failure(ErrorCode.NAVIGATION_FAILED, `The page could not be loaded: ${reason(main.error)}.`, {
      remedy: "Check the address and that its server can be reached, then try again.",
      retryable: true,
    });
  }
}

function isAborted(watch: TabWatch): boolean {
  return watch.frame().error === "net::ERR_ABORTED" && watch.downloads.length === 0;
}

function hasFollowed(watch: TabWatch): boolean {
  return !isAborted(watch) || watch.isUnderway() || watch.closed;
}

function unanswered(watch: TabWatch): BrowserError {
  const url = watch.frame().underway;
  const what = url === undefined ? "The tab did not set out for the address" : `Nothing came from ${originOf(url)}`;
  return failure(ErrorCode.NAVIGATION_FAILED, `${what} in time.`, {
    remedy: "Check that the address can be reached, then try again.",
    retryable: true,
  });
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "the address";
}

const REASONS: Record<string, string> = {
  "net::ERR_NAME_NOT_RESOLVED": "no server has that name",
  "net::ERR_CONNECTION_REFUSED": "nothing answers at the address",
  "net::ERR_CONNECTION_TIMED_OUT": "the server did not answer in time",
  "net::ERR_CONNECTION_RESET": "the server broke the connection off",
  "net::ERR_EMPTY_RESPONSE": "the server sent nothing",
  "net::ERR_INTERNET_DISCONNECTED": "this computer is not connected to the network",
  "net::ERR_TOO_MANY_REDIRECTS": "the address leads in a circle",
  "net::ERR_BLOCKED_BY_CLIENT": "an extension or a setting of Chrome blocks it",
  "net::ERR_ABORTED": "it was broken off",
};

function reason(error: string): string {
  const known = REASONS[error] ?? (error.startsWith("net::ERR_CERT") ? "its certificate is not trusted" : undefined);
  return known === undefined ? error : `${known} (${error})`;
}
