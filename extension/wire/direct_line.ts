// A direct line between the service worker and the offscreen document: a MessagePort, which carries bytes as they are and
// does not go by way of the browser's process. It cannot wake the worker and is gone with it, so it is only the fast way
// beside chrome.runtime messages: who gets no answer over it takes the other one. Who gets hold of a line is made sure of
// where it is offered (browser/server/pipe.ts) and taken (entrypoints/offscreen).

/** What the service worker sends to the offscreen document with the port. */
export const LINE_OFFER = "tabwire.direct-line";

/** Whoever does not answer within this is taken for dead. */
const PATIENCE_MS = 1_000;
/** A line that was silent for so long is not trusted: Chrome ends a worker after 30 idle seconds, and may not say so. */
const TRUST_MS = 20_000;

/** The part of a MessagePort that is needed. */
export interface LinePort {
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: () => void): void;
  /** Messages wait until then. */
  start(): void;
  postMessage(message: unknown, transfer: Transferable[]): void;
  close(): void;
}

/** What goes over it: a message, or the answer to one; the answer to number 0 is a greeting. */
type Line = { readonly ask: number; readonly body: Uint8Array<ArrayBuffer> } | { readonly to: number; ok: boolean };

/** One end of a line. */
export class DirectLine {
  readonly #port: LinePort;
  readonly #now: () => number;
  readonly #waiting = new Map<number, (ok: boolean | undefined) => void>();
  #asked = 0;
  readonly #madeAt: number;
  #heardAt = Number.NEGATIVE_INFINITY;
  #isOpen = true;

  /** `take` tells if a message is recorded or queued; `onEnd` is called when the other end has closed or gone. */
  constructor(
    port: LinePort,
    take: (body: Uint8Array<ArrayBuffer>) => Promise<boolean>,
    now: () => number = Date.now,
    onEnd: () => void = () => {},
  ) {
    this.#port = port;
    this.#now = now;
    this.#madeAt = now();
    port.addEventListener("message", ({ data }) => this.#hear(data as Line, take));
    port.addEventListener("close", () => {
      this.close();
      onEnd();
    });
    port.start();
  }

  /** Whether the other end is there, as far as can be told: it was heard of late. */
  get isTrusted(): boolean {
    return this.#isOpen && this.#now() - this.#heardAt < TRUST_MS;
  }

  /** The same, or it has not had the time to be heard. */
  get isHopeful(): boolean {
    return this.isTrusted || (this.#isOpen && this.#now() - this.#madeAt < TRUST_MS);
  }

  /** Lets the other end know that this one is there. */
  greet(): void {
    this.#port.postMessage({ to: 0, ok: true } satisfies Line, []);
  }

  /** Hands a message over, which is gone from here then. Undefined if nobody answers: it may have arrived all the same. */
  ask(body: Uint8Array<ArrayBuffer>): Promise<boolean | undefined> {
    const ask = ++this.#asked;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.close(), PATIENCE_MS);
      this.#waiting.set(ask, (ok) => {
        clearTimeout(timer);
        resolve(ok);
      });
      this.#port.postMessage({ ask, body } satisfies Line, [body.buffer]);
    });
  }

  /** Ends the line. Whoever waits for an answer gets none. */
  close(): void {
    this.#isOpen = false;
    this.#port.close();
    for (const answer of this.#waiting.values()) answer(undefined);
    this.#waiting.clear();
  }

  #hear(line: Line, take: (body: Uint8Array<ArrayBuffer>) => Promise<boolean>): void {
    this.#heardAt = this.#now();
    if ("to" in line) {
      this.#waiting.get(line.to)?.(line.ok);
      this.#waiting.delete(line.to);
      return;
    }
    const answer = (ok: boolean): void => {
      if (this.#isOpen) this.#port.postMessage({ to: line.ask, ok } satisfies Line, []);
    };
    take(line.body).then(answer, (thrown: unknown) => {
      // Not recorded: the other end keeps the message and sends it again.
      console.error("Tabwire: a message could not be taken", thrown);
      answer(false);
    });
  }
}
