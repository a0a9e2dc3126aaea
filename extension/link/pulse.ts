// The pulse of a link's streams: notices early that a connection is dead, which the channel, for all carriers alike, does only
// after two and a half heartbeats. A Send is answered at once; while the link is in use, one that brings no answer, and beside
// which nothing else comes, means a dead connection. What to do then is the link's business. Pure: time is passed in.

/** While the link is in use and nothing was heard for so long, the server is asked for an answer. */
const ASK_AFTER_MS = 1_500;
/** So long an answer is waited for at least; and so many times as long as the slowest one of late took. */
const PATIENCE_MS = 2_500;
const PATIENCE_TIMES = 4;
const MOST_PATIENCE_MS = 20_000;
/** With each answer the slowest one of late counts for this much of what it did. */
const FADING = 0.97;
/** The link is in use for so long after a command or an answer. */
const USE_MS = 20_000;
/** A look that comes later than it was due by this tells of this computer (it slept), and not of the server. */
const LATE_MS = 2_000;
/** The slowest network that is waited for carries so many bytes in a millisecond. */
const SLOWEST_BYTES_PER_MS = 6;

/** What is to be done: ask the server for a sign of life, or give the stream up. */
export type PulseVerdict = "fine" | "ask" | "dead";

/** One link's pulse. It outlives the streams, because patience is learnt. */
export class Pulse {
  /** When each Send that is under way was begun, without what its size adds, and when it is to be answered. */
  readonly #asked = new Map<number, { readonly at: number; due: number }>();
  #asks = 0;
  #heardAt = 0;
  /** When the server was last to be asked: if the Sender had a reason not to, it is not reminded at once. */
  #toldToAskAt = 0;
  #usedUntil = Number.NEGATIVE_INFINITY;
  #slowestMs = 0;

  get #patienceMs(): number {
    return Math.min(MOST_PATIENCE_MS, Math.max(PATIENCE_MS, PATIENCE_TIMES * this.#slowestMs));
  }

  /** How long a new stream may take to be attached. */
  get attachPatienceMs(): number {
    return Math.min(MOST_PATIENCE_MS, 2 * this.#patienceMs);
  }

  /** A stream is attached. */
  start(now: number): void {
    this.#asked.clear();
    this.#heardAt = now;
  }

  /** A command came, or an answer goes. */
  used(now: number): void {
    this.#usedUntil = now + USE_MS;
  }

  /** Something came on the stream. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** A Send of so many bytes is on its way. Returns its number, for `answered`. */
  asked(now: number, bytes: number): number {
    this.#asks += 1;
    const at = now + Math.ceil(bytes / SLOWEST_BYTES_PER_MS);
    this.#asked.set(this.#asks, { at, due: at + this.#patienceMs });
    return this.#asks;
  }

  /** It was answered, or has failed. */
  answered(now: number, ask: number): void {
    const asked = this.#asked.get(ask);
    if (asked === undefined) return;
    this.#asked.delete(ask);
    this.#heardAt = now;
    this.#slowestMs = Math.max(now - asked.at, this.#slowestMs * FADING);
  }

  /** The server was silent for too long. It may only have been slow: the next time it gets twice as long. */
  gaveUp(): void {
    this.#asked.clear();
    this.#slowestMs = Math.max(this.#slowestMs, (2 * this.#patienceMs) / PATIENCE_TIMES);
  }

  /** When to look next; undefined if there is nothing to look for. */
  dueAt(): number | undefined {
    if (this.#asked.size > 0) {
      // What was heard meanwhile shows that the way back is good: then an answer may take its time.
      const first = Math.min(...[...this.#asked.values()].map(({ due }) => due));
      return Math.max(first, this.#heardAt + this.#patienceMs);
    }
    const due = Math.max(this.#heardAt, this.#toldToAskAt) + ASK_AFTER_MS;
    return due <= this.#usedUntil ? due : undefined;
  }

  /** Time has passed. */
  look(now: number): PulseVerdict {
    const due = this.dueAt();
    if (due === undefined || now < due) return "fine";
    if (this.#asked.size === 0) {
      this.#toldToAskAt = now;
      return "ask";
    }
    if (now - due <= LATE_MS) return "dead";
    for (const asked of this.#asked.values()) asked.due = now + this.#patienceMs;
    return "fine";
  }
}
