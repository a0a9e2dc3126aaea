// Brings the parts of being connected together: the pairing (who we are), the offer of `tabwire up`, the offscreen
// document (which holds the link) and the status that people see. Everything here can be done again at any time without
// harm, because the service worker starts anew whenever Chrome likes.

import { clone, create } from "@bufbuild/protobuf";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import {
  ConnectionPhase,
  type ConnectionStatus,
  ConnectionStatusSchema,
  ConnectionTrouble,
  type LinkCredentials,
  type PairingOffer,
} from "@gen/tabwire/v1/extension_pb";
import type { ServerClock } from "../clock";
import { pause } from "../clock";
import { BrowserError, toErrorInfo } from "../errors";
import { LOCAL } from "../store";
import { AuthTrouble, type Pairing } from "./pairing";
import type { Pipe } from "./pipe";
import type { StatusBoard } from "./status";

/** What the connection is made of. */
export interface ConnectionParts {
  readonly pairing: Pairing;
  readonly pipe: Pick<Pipe, "ensure" | "send">;
  readonly board: StatusBoard;
  readonly clock: ServerClock;
  readonly readOffer: () => Promise<PairingOffer>;
  /** Names the journal of commands, which the server is told with every new link. */
  readonly journalId: () => Promise<string>;
  /** Where it is remembered which offer was taken up. */
  readonly local: chrome.storage.StorageArea;
}

/** An offer whose server does not answer yet is tried again after so many milliseconds each; then the alarm does it. */
const OFFER_RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000];

/** The connection. */
export class Connection {
  readonly #parts: ConnectionParts;
  #starting: Promise<void> | undefined;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  /** Sees that what can be connected is: at every start of the worker, and every half minute. Never throws. */
  async start(): Promise<void> {
    this.#starting ??= this.#start()
      .catch((thrown: unknown) => console.error("Tabwire: the connection could not be started", toErrorInfo(thrown)))
      .finally(() => {
        this.#starting = undefined;
      });
    await this.#starting;
  }

  /** Pairs on the person's word. Throws BrowserError. */
  async pair(serverUrl: string, code: string): Promise<ConnectionStatus> {
    const credentials = await this.#parts.pairing.pair(serverUrl, code);
    await this.#hand(credentials);
    return this.#parts.board.get();
  }

  /** Forgets the pairing on the person's word. */
  async unpair(): Promise<ConnectionStatus> {
    const trouble = await this.#parts.pairing.unpair();
    await this.#parts.pipe.send({ case: "disconnect", value: { reason: "unpaired by the person" } });
    // What is offered now was there before; it must not undo what the person has just done.
    await this.#noteOffer(await this.#parts.readOffer());
    await this.#parts.board.setUnpaired(trouble && { trouble: trouble.trouble, error: trouble.info });
    return this.#parts.board.get();
  }

  /** Tries at once on the person's word. */
  async retry(): Promise<ConnectionStatus> {
    const { pairing, pipe, board } = this.#parts;
    const current = await pairing.current();
    if (current?.isAlive !== true) await this.start();
    else if (await this.#handAccess(false)) await pipe.send({ case: "retryNow", value: {} });
    return board.get();
  }

  /** The offscreen document needs a fresh access token. True if it got one. */
  async renew(refused: boolean): Promise<boolean> {
    return this.#handAccess(refused);
  }

  /** The offscreen document has just been made and knows nothing. */
  async introduce(): Promise<void> {
    const current = await this.#parts.pairing.current();
    if (current?.isAlive === true) await this.#handAccess(false);
  }

  /** The offscreen document tells what the link does. */
  async report(status: ConnectionStatus): Promise<void> {
    // Who was never connected has not heard what the server's clock shows.
    const isKnown = status.phase === ConnectionPhase.CONNECTED || status.clockOffsetMs !== 0n;
    if (isKnown) this.#parts.clock.learn(Number(status.clockOffsetMs));
    const current = await this.#parts.pairing.current();
    // An offscreen document without credentials says "unpaired". Whether that is so is known here.
    if (status.phase === ConnectionPhase.UNPAIRED && current !== undefined) return;
    if (current === undefined) return;
    const whole = clone(ConnectionStatusSchema, status);
    whole.serverUrl ||= current.serverUrl;
    whole.browserId ||= current.browserId;
    await this.#parts.board.set(whole);
  }

  async #start(): Promise<void> {
    const { pairing, pipe, board } = this.#parts;
    await this.#takeUpOffer();
    const current = await pairing.current();
    if (current === undefined) {
      const status = await board.get();
      if (status.phase !== ConnectionPhase.UNPAIRED) await board.setUnpaired();
      return;
    }
    if (!current.isAlive) return;
    // Making the document introduces this browser to it. One that was there already is told only what it may lack.
    const isNew = await pipe.ensure();
    const { phase } = await board.get();
    const isStuck = phase === ConnectionPhase.UNSPECIFIED || phase === ConnectionPhase.UNPAIRED;
    if (!isNew && (isStuck || (await pairing.isDue()))) await this.#handAccess(false);
  }

  /** Pairs by itself where `tabwire up` says so: in a browser that it started. */
  async #takeUpOffer(): Promise<void> {
    const { pairing, readOffer, local, board } = this.#parts;
    const offer = await readOffer();
    if (!offer.automatic) return;
    const current = await pairing.current();
    const isServed = current?.isAlive === true && current.serverUrl === new URL(offer.serverUrl).origin;
    if (isServed || (await local.get(LOCAL.offer))[LOCAL.offer] === offer.code) return;
    for (const delay of [...OFFER_RETRY_MS, 0]) {
      try {
        const credentials = await pairing.pair(offer.serverUrl, offer.code);
        await this.#noteOffer(offer);
        await this.#hand(credentials);
        return;
      } catch (thrown) {
        if (!(thrown instanceof AuthTrouble)) throw thrown;
        await board.setUnpaired({ trouble: thrown.trouble, error: thrown.info }, offer.serverUrl);
        if (thrown.isFinal) {
          await this.#noteOffer(offer);
          return;
        }
      }
      if (delay > 0) await pause(delay);
    }
  }

  async #noteOffer(offer: PairingOffer): Promise<void> {
    if (offer.code !== "") await this.#parts.local.set({ [LOCAL.offer]: offer.code });
  }

  /** Gets the access token, renewed if need be, and hands it to the offscreen document. Says on the board if it cannot. */
  async #handAccess(refused: boolean): Promise<boolean> {
    const { pairing, board, pipe } = this.#parts;
    try {
      return await this.#hand(await pairing.access(refused));
    } catch (thrown) {
      if (!(thrown instanceof BrowserError)) throw thrown;
      const trouble = thrown instanceof AuthTrouble ? thrown.trouble : ConnectionTrouble.TOKEN;
      const isFinal = !(thrown instanceof AuthTrouble) || thrown.isFinal;
      // With dead tokens the offscreen document could only fail again and again.
      if (isFinal) await pipe.send({ case: "disconnect", value: { reason: "the tokens are no longer good" } });
      if (thrown.info.errorCode === ErrorCode.UNAUTHENTICATED && (await pairing.current()) === undefined) {
        await board.setUnpaired();
      } else {
        await board.setTrouble(trouble, thrown.info, isFinal);
      }
      return false;
    }
  }

  async #hand(credentials: LinkCredentials): Promise<boolean> {
    const { board, pipe, journalId } = this.#parts;
    const before = await board.get();
    const isKnown = before.phase === ConnectionPhase.CONNECTED && before.serverUrl === credentials.serverUrl;
    if (!isKnown) {
      const { serverUrl, browserId } = credentials;
      const phase = ConnectionPhase.CONNECTING;
      await board.set(create(ConnectionStatusSchema, { phase, serverUrl, browserId }));
    }
    if (credentials.hello !== undefined) credentials.hello.journalId = await journalId();
    return pipe.send({ case: "credentials", value: credentials });
  }
}
