// Keeps the service worker alive while it carries commands out: Chrome stops a worker after 30 seconds without a call
// of an extension interface, also one that waits for a slow page.

const EVERY_MS = 20_000;

/** Keeps the worker alive while it is busy, and not a moment longer. */
export class KeepAlive {
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Says whether there is work. */
  setBusy(busy: boolean): void {
    if (busy && this.#timer === undefined) {
      this.#timer = setInterval(() => void chrome.runtime.getPlatformInfo(), EVERY_MS);
    } else if (!busy) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}
