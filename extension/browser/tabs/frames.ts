// Speaks to the content scripts of a tab: which documents there are, one request and its answer, and what to do when
// nobody answers there (put the script in, or say truthfully that Chrome forbids it).

import { ComponentOrigin, ErrorCode } from "@gen/tabwire/v1/error_pb";
import { type FrameReply, FrameReplySchema, type FrameRequest, FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { base64Decode } from "../../wire/base64";
import { checked } from "../../wire/element_reader";
import { type Envelope, isFor, seal, unseal } from "../../wire/envelope";
import { NotPlain } from "../../wire/plain";
import { within } from "../clock";
import { BrowserError, errorInfo, messageOf, tabNotFound } from "../errors";
import { bringNotes, type FilledIn } from "../policy/filled_in";
import { hold } from "../states/written";
import { restriction } from "./restricted";
import type { TabEvent } from "./tab_events";

/** The page engine's file, put into a document when it is first asked for something (entrypoints/engine). */
export const ENGINE_SCRIPT = "engine.js";

/** How long the documents of a tab may take to say that they are there. */
const UNLISTED_MS = 500;
/** Of so many documents a tab has shown it is remembered; Chrome keeps fewer. */
const MAX_SHOWN = 50;

/** One document of a tab. */
export interface FrameInfo {
  readonly frameId: number;
  readonly parentFrameId: number;
  readonly documentId: string;
  readonly url: string;
  /** True if Chrome shows an error page in it. */
  readonly failed: boolean;
}

/** The document went away before it answered. */
export class FrameGone extends BrowserError {
  constructor() {
    super(
      errorInfo(ErrorCode.COMMUNICATION_ERROR_WITH_TARGET, "The document went away before it answered.", {
        retryable: true,
        remedy: "Look at the tab again and repeat what is still to be done.",
      }),
    );
  }
}

/** The document is there but did not answer in time. */
export class FrameSilent extends BrowserError {
  constructor() {
    super(
      errorInfo(ErrorCode.COMMUNICATION_ERROR_WITH_TARGET, "The page does not answer: it is busy or shows a dialog.", {
        retryable: true,
        origin: ComponentOrigin.PAGE,
        remedy: "Look at the tab and answer its dialog, or wait until it is done.",
      }),
    );
  }
}

/** The documents of tabs and the way to them. */
export class Frames {
  /** `filledIn` knows what the script of an earlier life of the extension had filled in. Some tests have none. */
  constructor(private readonly filledIn?: Pick<FilledIn, "fieldsOf">) {}

  readonly #injecting = new Map<string, Promise<void>>();
  /** The main documents that each tab has shown, and those among them that it has gone back or forward to. */
  readonly #shown = new Map<number, Set<string>>();
  readonly #returned = new Set<string>();
  /** What was listed last of each tab. */
  readonly #listed = new Map<number, readonly FrameInfo[]>();

  /** Hears what happens in tabs. */
  hear(event: TabEvent): void {
    if (event.kind === "committed" && event.frameId === 0) {
      const shown = this.#shown.get(event.tabId) ?? new Set();
      if (shown.has(event.documentId)) this.#returned.add(event.documentId);
      this.#shown.set(event.tabId, shown.add(event.documentId));
      for (const oldest of shown) {
        if (shown.size <= MAX_SHOWN) break;
        shown.delete(oldest);
        this.#returned.delete(oldest);
      }
    }
    if (event.kind !== "closed") return;
    this.#listed.delete(event.tabId);
    for (const documentId of this.#shown.get(event.tabId) ?? []) this.#returned.delete(documentId);
    this.#shown.delete(event.tabId);
  }

  /** The documents that a tab shows, the main one first. Empty if the tab is asleep. Throws TAB_NOT_FOUND. */
  async list(tabId: number): Promise<FrameInfo[]> {
    const found = await framesOf(tabId);
    const frames = found
      .filter((frame) => frame.documentLifecycle === undefined || frame.documentLifecycle === "active")
      .map((frame) => ({
        frameId: frame.frameId,
        parentFrameId: frame.parentFrameId,
        documentId: frame.documentId,
        url: frame.url,
        failed: frame.errorOccurred,
      }));
    const main = frames.find((frame) => frame.frameId === 0);
    if (main !== undefined && this.#returned.has(main.documentId)) frames.push(...(await unlisted(tabId, frames)));
    frames.sort((a, b) => a.frameId - b.frameId);
    this.#listed.set(tabId, frames);
    return frames;
  }

  /** The documents that were listed last. They may be gone since, and others there. */
  listedLast(tabId: number): readonly FrameInfo[] {
    return this.#listed.get(tabId) ?? [];
  }

  /** The main document of a tab. */
  async main(tabId: number): Promise<FrameInfo | undefined> {
    return (await this.list(tabId)).find((frame) => frame.frameId === 0);
  }

  /**
   * Asks one document and waits for its answer. Puts the content script in first if the document has none.
   * Throws FrameGone, FrameSilent, or RESTRICTED_PAGE.
   */
  async ask(tabId: number, frame: FrameInfo, request: FrameRequest, millis: number): Promise<FrameReply> {
    const until = Date.now() + millis;
    try {
      return await this.#send(tabId, frame, request, millis);
    } catch (thrown) {
      if (!(thrown instanceof NoReceiver)) throw thrown;
    }
    await this.#inject(tabId, frame);
    try {
      return await this.#send(tabId, frame, request, until - Date.now());
    } catch (thrown) {
      if (thrown instanceof NoReceiver) throw new FrameGone();
      throw thrown;
    }
  }

  /** The same with the main document, which is not looked for if it has the content script. Undefined if there is none. */
  async askMain(tabId: number, request: FrameRequest, millis: number): Promise<FrameReply | undefined> {
    const until = Date.now() + millis;
    try {
      return await this.#sendTo(tabId, { frameId: 0 }, request, millis);
    } catch (thrown) {
      if (!(thrown instanceof NoReceiver)) throw thrown;
    }
    const main = await this.main(tabId);
    return main === undefined ? undefined : await this.ask(tabId, main, request, until - Date.now());
  }

  /** Whether a document is Chrome's PDF viewer: the script gets into its shell, but never to what it shows. */
  async isPdf(tabId: number, frame: FrameInfo): Promise<boolean> {
    try {
      const target = { tabId, documentIds: [frame.documentId] };
      const [found] = await chrome.scripting.executeScript({ target, func: () => document.contentType });
      return found?.result === "application/pdf";
    } catch {
      // Gone, or no extension may look into it: then asking it says so, too.
      return false;
    }
  }

  /** Tells one document something without caring for the answer, and without putting a script in. */
  tell(tabId: number, documentId: string, request: FrameRequest): void {
    const envelope = seal("frame", "frame", FrameRequestSchema, request);
    chrome.tabs.sendMessage(tabId, envelope, { documentId }).catch(() => {
      // Nobody there to be told: a new document reports itself when it is ready.
    });
  }

  #send(tabId: number, { documentId }: FrameInfo, request: FrameRequest, millis: number): Promise<FrameReply> {
    return this.#sendTo(tabId, { documentId }, request, millis);
  }

  async #sendTo(
    tabId: number,
    to: chrome.tabs.MessageSendOptions,
    request: FrameRequest,
    millis: number,
  ): Promise<FrameReply> {
    const envelope = seal("frame", "frame", FrameRequestSchema, request);
    const sent = chrome.tabs.sendMessage(tabId, envelope, to).then(
      (reply: unknown) => ({ reply }),
      (thrown: unknown) => {
        throw sendFailure(messageOf(thrown));
      },
    );
    const answer = await within(millis, sent);
    if (answer === undefined) throw new FrameSilent();
    // A script that takes the message but answers nothing belongs to a version of the extension that is gone.
    if (!isFor(answer.reply, "background", "frame")) throw new NoReceiver();
    return taken(answer.reply);
  }

  /** Puts the content script into a document that has none, once at a time. */
  async #inject(tabId: number, frame: FrameInfo): Promise<void> {
    let injecting = this.#injecting.get(frame.documentId);
    if (injecting === undefined) {
      injecting = this.#execute(tabId, frame).finally(() => this.#injecting.delete(frame.documentId));
      this.#injecting.set(frame.documentId, injecting);
    }
    await injecting;
  }

  async #execute(tabId: number, frame: FrameInfo): Promise<void> {
    const refused = restriction(frame.url);
    if (refused !== undefined) throw new BrowserError(refused);
    const left = (await this.filledIn?.fieldsOf(frame.documentId)) ?? [];
    try {
      const target = { tabId, documentIds: [frame.documentId] };
      await bringNotes(tabId, frame.documentId, left);
      await chrome.scripting.executeScript({ target, files: [ENGINE_SCRIPT], injectImmediately: true });
    } catch (thrown) {
      const message = messageOf(thrown);
      if (/no tab with id/i.test(message)) throw tabNotFound();
      if (/no (document|frame) with id|frame .*was removed/i.test(message)) throw new FrameGone();
      throw new BrowserError(restriction(frame.url, { refused: true }) ?? new FrameGone().info);
    }
  }
}

/**
 * The documents that Chrome's list leaves out: of a page that was kept while another one was shown, it does not know those
 * of other sites any more. Scripts reach them all the same. Which document is around one is known only for the main one.
 */
async function unlisted(tabId: number, listed: readonly FrameInfo[]): Promise<FrameInfo[]> {
  const func = (): { url: string; isOuter: boolean } => ({ url: location.href, isOuter: parent === top });
  const target = { tabId, allFrames: true };
  const asked = chrome.scripting.executeScript({ target, func, injectImmediately: true }).catch(() => []);
  const found = (await within(UNLISTED_MS, asked)) ?? [];
  return found
    .filter((frame) => !listed.some((known) => known.frameId === frame.frameId) && frame.result != null)
    .map(({ frameId, documentId, result }) => ({
      frameId,
      parentFrameId: result?.isOuter === true ? 0 : -1,
      documentId,
      url: result?.url ?? "",
      failed: false,
    }));
}

async function framesOf(tabId: number): Promise<chrome.webNavigation.GetAllFrameResultDetails[]> {
  try {
    return (await chrome.webNavigation.getAllFrames({ tabId })) ?? [];
  } catch (thrown) {
    throw /no tab with id/i.test(messageOf(thrown)) ? tabNotFound() : thrown;
  }
}

/** What a document answered. Throws NotPlain if it is nothing that a document may say. */
function taken(envelope: Envelope): FrameReply {
  const reply = unseal(FrameReplySchema, envelope);
  const { elements } = envelope;
  if (reply.kind.case === "state" && typeof elements === "string") hold(reply.kind.value, checked(bytesOf(elements)));
  return reply;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  try {
    return base64Decode(text);
  } catch {
    throw new NotPlain("elements that are no base64");
  }
}

/** Nobody listens in the document. */
class NoReceiver extends Error {}

function sendFailure(message: string): Error {
  if (/no tab with id/i.test(message)) return tabNotFound();
  if (/receiving end does not exist/i.test(message)) return new NoReceiver(message);
  return new FrameGone();
}
