// Hands the numbered messages of one link on, one after the other and each until it is recorded. The receiver (the service
// worker) may die at any moment, so a message may be handed on several times; the receiver knows what it has.

import type { Downlink } from "@gen/tabwire/v1/link_pb";
import { Backoff } from "./backoff";
import { sleep } from "./sleep";

const RETRY_BASE_MS = 100;
const RETRY_MAX_MS = 5_000;

/** The way of messages out of one link. */
export class Delivery {
  readonly #deliver: (message: Downlink) => Promise<boolean>;
  readonly #recorded: (seq: number) => void;
  readonly #closed = new AbortController();
  readonly #waiting: Downlink[] = [];
  #running = false;

  /** `deliver` tells if the message is recorded; a rejection counts as "no". `recorded` is called in order. */
  constructor(deliver: (message: Downlink) => Promise<boolean>, recorded: (seq: number) => void) {
    this.#deliver = deliver;
    this.#recorded = recorded;
  }

  /** Hands a message on after those before it. */
  push(message: Downlink): void {
    this.#waiting.push(message);
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
      const recorded = await this.#attempt(next);
      if (signal.aborted) break;
      if (recorded) {
        backoff.reset();
        this.#waiting.shift();
        this.#recorded(Number(next.seq));
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
