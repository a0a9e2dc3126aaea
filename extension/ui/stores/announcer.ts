// What a screen reader is told of its own accord. Sentences that come in a burst, as when an old task is opened, are
// reduced to the last one. The live region itself is views/live_region.tsx.

import { signal } from "@preact/signals";

const SETTLE_MS = 250;

/** Collects sentences and says the last one. */
export class Announcer {
  /** The sentence in the live region. */
  readonly said = signal("");
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Says a sentence once no other one has followed for a moment. */
  say(sentence: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      // The same sentence twice would not be a change, and so would not be read: a no-break space makes it one.
      this.said.value = sentence === this.said.peek() ? `${sentence}\u00a0` : sentence;
    }, SETTLE_MS);
  }
}
