// The time of day as a signal. It ticks once a second, and only while something on screen depends on it.

import { signal } from "@preact/signals";

const TICK_MS = 1000;
let timer: ReturnType<typeof setInterval> | undefined;

/** Now, in milliseconds since 1970; as old as one second. */
export const now = signal(Date.now(), {
  watched() {
    this.value = Date.now();
    timer = setInterval(() => {
      this.value = Date.now();
    }, TICK_MS);
  },
  unwatched() {
    clearInterval(timer);
    timer = undefined;
  },
});
