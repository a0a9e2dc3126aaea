// Waiting that can be cut short.

/** Resolves after a while, or as soon as the signal is aborted. Never rejects: the caller looks at its signal. */
export function sleep(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, millis);
    signal.addEventListener("abort", done);
  });
}

/** A bell that ends a running wait. Rung while nobody waits, it ends the next one at once. */
export class Bell {
  #rung = false;
  #waiting: AbortController | undefined;

  /** Ends the wait that runs, or the next one. */
  ring(): void {
    this.#rung = true;
    this.#waiting?.abort();
  }

  /** Forgets that it was rung. */
  mute(): void {
    this.#rung = false;
  }

  /** Waits for a while, for the bell, or for the signal. True if the bell ended it. */
  async wait(millis: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#rung) {
      this.#waiting = new AbortController();
      await sleep(millis, AbortSignal.any([signal, this.#waiting.signal]));
      this.#waiting = undefined;
    }
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
