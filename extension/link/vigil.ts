// Keeps watch over the service worker while it owes answers. Chrome may end the worker in the middle of a command, and
// would start it again only for the next message or alarm, half a minute later. A port to it breaks at the moment it
// dies, and opening the next one starts it again; what it does about the command is told in browser/inbox.ts.

import type { Downlink, Uplink } from "@gen/tabwire/v1/link_pb";

/** The part of a chrome.runtime.Port that is needed. */
export interface WatchPort {
  readonly onDisconnect: { addListener(listener: () => void): void };
  disconnect(): void;
}

/** A worker that cannot be started at all is not tried more often than this. */
const AGAIN_MS = 250;

/** The watch. */
export class Vigil {
  readonly #open: () => WatchPort;
  readonly #owed = new Set<string>();
  #port: WatchPort | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `open` is `chrome.runtime.connect`; it starts the worker if it is dead. */
  constructor(open: () => WatchPort) {
    this.#open = open;
  }

  /** The worker has recorded this message. */
  recorded({ body }: Downlink): void {
    if (body.case !== "command") return;
    this.#owed.add(body.value.commandId);
    if (this.#port === undefined && this.#timer === undefined) this.#watch();
  }

  /** The worker has sent this message. */
  sent({ body }: Uplink): void {
    if (body.case === "commandResult") this.answered(body.value.commandId);
  }

  /** The worker has answered this command. */
  answered(commandId: string): void {
    this.#owed.delete(commandId);
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
      if (this.#owed.size === 0) return;
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        if (this.#owed.size > 0) this.#watch();
      }, AGAIN_MS);
    });
  }
}
