// The pipe between the offscreen document, which holds the link, and the service worker, which works with it. Each message
// is answered with {ok: true} when it is recorded or queued; anything else means "try again". The service worker may die
// and start at any moment: Chrome starts it for every message. While it lives there is a direct line to it, which is faster.

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type ConnectionStatus,
  type EncodedResult,
  type LinkCredentials,
  type PipeMessage,
  PipeMessageSchema,
} from "@gen/tabwire/v1/extension_pb";
import type { Downlink, Uplink } from "@gen/tabwire/v1/link_pb";
import { DirectLine, type LinePort } from "../wire/direct_line";
import { isFor, seal, unseal } from "../wire/envelope";
import { Backoff } from "./backoff";
import { sleep } from "./sleep";

const STATUS_RETRY_BASE_MS = 200;
const STATUS_RETRY_MAX_MS = 5_000;
/** A service worker that has just made this document sends the credentials by itself; another one must be asked. */
const CREDENTIALS_PATIENCE_MS = 1_000;
/** … again and again, since a request may be lost with the worker; but rarely if there are none to be had. */
const CREDENTIALS_RARELY_MS = 60_000;

/** The answer to a pipe message. */
export interface PipeAnswer {
  readonly ok: boolean;
}

/** What the service worker may want of the link. */
export interface PipeHandler {
  connect(credentials: LinkCredentials): void;
  disconnect(reason: string): void;
  /** False if the message cannot be queued. */
  send(uplink: Uplink): boolean;
  /** The same with an answer that is encoded already. */
  sendResult(result: EncodedResult): boolean;
  pushStatus(): void;
  retryNow(): void;
}

/** The way of messages between the two. `post` is `chrome.runtime.sendMessage`, which wakes the service worker. */
export class Pipe {
  readonly #post: (message: unknown) => Promise<unknown>;
  #line: DirectLine | undefined;
  #status: ConnectionStatus | undefined;
  #pushing = false;

  constructor(post: (message: unknown) => Promise<unknown>) {
    this.#post = post;
  }

  /** Hands a message to the service worker; true when it is recorded there. */
  deliver(downlink: Downlink): Promise<boolean> {
    return this.#ask({ case: "downlink", value: downlink });
  }

  /** Has the service worker get a fresh token. A lost request is no harm: it is made again. */
  async needToken(refused: boolean): Promise<void> {
    try {
      await this.#ask({ case: "tokenNeeded", value: { refused } });
    } catch (error) {
      console.debug("Tabwire: the service worker was not reached", error);
    }
  }

  /** Has the service worker send the credentials, until the signal says that it has. */
  async askForCredentials(told: AbortSignal): Promise<void> {
    for (let wait = CREDENTIALS_PATIENCE_MS; ; wait = Math.min(2 * wait, CREDENTIALS_RARELY_MS)) {
      await sleep(wait, told);
      if (told.aborted) return;
      await this.needToken(false);
    }
  }

  /** Tells the service worker the latest status, until it has heard it. */
  pushStatus(status: ConnectionStatus): void {
    this.#status = status;
    if (!this.#pushing) void this.#pushLatest();
  }

  /** Takes a message of the service worker; undefined if it is none. */
  take(message: unknown, handler: PipeHandler): PipeAnswer | undefined {
    if (!isFor(message, "offscreen", "pipe")) return undefined;
    return { ok: handle(unseal(PipeMessageSchema, message), handler) };
  }

  /** The service worker of the moment gives one end of a direct line. */
  connect(port: LinePort, handler: PipeHandler): void {
    this.#line?.close();
    this.#line = new DirectLine(port, async (body) => handle(fromBinary(PipeMessageSchema, body), handler));
    this.#line.greet();
  }

  async #pushLatest(): Promise<void> {
    this.#pushing = true;
    const backoff = new Backoff(STATUS_RETRY_BASE_MS, STATUS_RETRY_MAX_MS);
    const never = new AbortController().signal;
    while (this.#status !== undefined) {
      const status = this.#status;
      let heard = false;
      try {
        heard = await this.#ask({ case: "status", value: status });
      } catch (error) {
        console.debug("Tabwire: the service worker was not reached", error);
      }
      if (!heard) await sleep(backoff.next(), never);
      else if (this.#status === status) this.#status = undefined;
    }
    this.#pushing = false;
  }

  async #ask(kind: MessageInitShape<typeof PipeMessageSchema>["kind"]): Promise<boolean> {
    const message = create(PipeMessageSchema, kind === undefined ? {} : { kind });
    if (this.#line?.isTrusted === true) {
      const ok = await this.#line.ask(toBinary(PipeMessageSchema, message) as Uint8Array<ArrayBuffer>);
      if (ok !== undefined) return ok;
    }
    const answer = await this.#post(seal("background", "pipe", PipeMessageSchema, message));
    return typeof answer === "object" && answer !== null && (answer as Partial<PipeAnswer>).ok === true;
  }
}

function handle({ kind }: PipeMessage, handler: PipeHandler): boolean {
  switch (kind.case) {
    case "credentials":
      handler.connect(kind.value);
      return true;
    case "disconnect":
      handler.disconnect(kind.value.reason);
      return true;
    case "uplink":
      return handler.send(kind.value);
    case "result":
      return handler.sendResult(kind.value);
    case "statusRequest":
      handler.pushStatus();
      return true;
    case "retryNow":
      handler.retryNow();
      return true;
    default:
      return false; // newer than this document, or not for it
  }
}
