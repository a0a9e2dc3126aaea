// Hands the numbered messages of one link on, one after the other and each until it is recorded. The receiver (the service
// worker) may die at any moment, so a message may be handed on several times; the receiver knows what it has. Pieces of a
// message that is not complete are recorded in their turn: they are kept as long as the link is.

import type { Downlink } from "@gen/tabwire/v1/link_pb";
import { Backoff } from "./backoff";
import { sleep } from "./sleep";

const RETRY_BASE_MS = 100;
const RETRY_MAX_MS = 5_000;

interface Handed {
  readonly seq: number;
  readonly message: Downlink | undefined;
}

/** The way of messages out of one link. */
export class Delivery {
  readonly #deliver: (message: Downlink) => Promise<boolean>;
  readonly #recorded: (seq: number) => void;
  readonly #closed = new AbortController();
  readonly #waiting: Handed[] = [];
  #running = false;

  /** `deliver` tells if the message is recorded; a rejection counts as "no". `recorded` is called in order. */
  constructor(deliver: (message: Downlink) => Promise<boolean>, recorded: (seq: number) => void) {
    this.#deliver = deliver;
    this.#recorded = recorded;
  }

  /** Hands a message on after those before it; without one, the number is only to be recorded in its turn. */
  push(seq: number, message?: Downlink): void {
    this.#waiting.push({ seq, message });
    if (!this.#running) void this.#run();
  }

  /** Stops: the link is forgotten, and what is not handed on goes with it. */
  close(): void {
    this.#closed.abort();
    this.#waiting.length = 0;
  }

  async #run(): Promise<void> {
    this.#running = true;
    const { signal } = this.#closed;
    const backoff = new Backoff(RETRY_BASE_MS, RETRY_MAX_MS);
    for (let next = this.#waiting[0]; next !== undefined && !signal.aborted; next = this.#waiting[0]) {
      const recorded = next.message === undefined || (await this.#attempt(next.message));
      if (signal.aborted) break;
      if (recorded) {
        backoff.reset();
        this.#waiting.shift();
        this.#recorded(next.seq);
      } else {
        await sleep(backoff.next(), signal);
      }
    }
    this.#running = false;
  }

  async #attempt(message: Downlink): Promise<boolean> {
    try {
      return await this.#deliver(message);
    } catch (error) {
      // The service worker is starting or has just died; the next attempt wakes it up again.
      console.debug("Tabwire: a message was not taken, it is sent again", error);
      return false;
    }
  }
}
