// How long to wait before the next try: full jitter, so that many browsers do not come back at the same moment.

/** Waits that double from try to try, each drawn evenly from nothing to its limit. */
export class Backoff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #tries = 0;

  constructor(baseMs: number, maxMs: number, random: () => number = Math.random) {
    this.#baseMs = baseMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** How many waits were drawn since the last success. */
  get tries(): number {
    return this.#tries;
  }

  /** The next wait, in milliseconds; `maxMs` where this one is to be shorter than the longest otherwise. */
  next(maxMs = this.#maxMs): number {
    const limit = Math.min(maxMs, this.#maxMs, this.#baseMs * 2 ** Math.min(this.#tries, 30));
    this.#tries += 1;
    return Math.round(this.#random() * limit);
  }

  /** It worked: the next wait is short again. */
  reset(): void {
    this.#tries = 0;
  }
}
