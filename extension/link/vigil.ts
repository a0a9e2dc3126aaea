// Keeps watch over the service worker while it owes answers. Chrome may end the worker in the middle of a command, and
// would start it again only for the next message or alarm, half a minute later. A port to it breaks at the moment it
// dies, and opening the next one starts it again; what it does about the command is told in browser/server/inbox.ts.

import type { Downlink, Uplink } from "@gen/tabwire/v1/link_pb";

/** The part of a chrome.runtime.Port that is needed. */
export interface WatchPort {
  readonly onDisconnect: { addListener(listener: () => void): void };
  disconnect(): void;
}

/** A worker that cannot be started at all is not tried more often than this; and what is answered sooner is not watched. */
const AGAIN_MS = 250;
/** Of so many answers that were faster than the word that their command is recorded it is remembered. */
const MAX_EARLY = 100;

/** The watch. */
export class Vigil {
  readonly #open: () => WatchPort;
  readonly #owed = new Set<string>();
  readonly #early = new Set<string>();
  #port: WatchPort | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `open` is `chrome.runtime.connect`; it starts the worker if it is dead. */
  constructor(open: () => WatchPort) {
    this.#open = open;
  }

  /** The worker has recorded this message. */
  recorded({ body }: Downlink): void {
    if (body.case !== "command") return;
    if (this.#early.delete(body.value.commandId)) return;
    this.#owed.add(body.value.commandId);
    if (this.#port === undefined && this.#timer === undefined) this.#watchSoon();
  }

  /** The worker has sent this message. */
  sent({ body }: Uplink): void {
    if (body.case === "commandResult") this.answered(body.value.commandId);
  }

  /** The worker has answered this command. */
  answered(commandId: string): void {
    if (!this.#owed.delete(commandId)) this.#noteEarly(commandId);
    if (this.#owed.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#port?.disconnect();
    this.#port = undefined;
  }

  #watch(): void {
    const port = this.#open();
    this.#port = port;
    port.onDisconnect.addListener(() => {
      if (this.#port !== port) return;
      this.#port = undefined;
      if (this.#owed.size > 0) this.#watchSoon();
    });
  }

  #watchSoon(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#owed.size > 0) this.#watch();
    }, AGAIN_MS);
  }

  #noteEarly(commandId: string): void {
    this.#early.add(commandId);
    for (const oldest of this.#early) {
      if (this.#early.size <= MAX_EARLY) break;
      this.#early.delete(oldest);
    }
  }
}
