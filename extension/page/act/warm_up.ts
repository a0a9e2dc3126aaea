// Brings a document's layout up to what the next hit test needs, while nobody waits. After a change Chrome has to go through
// the boxes of the whole page before it can tell what is at a point; a page that is shown does so with its next frame, but a
// hidden tab draws none, and there the next action would wait for it. Done only after something was asked of the engine.

import { type Sleep, sleeping } from "../clock";
import { elementFromPoint } from "../native";

/** One such piece of work at a time. */
export class WarmUp {
  private asleep: Sleep | null = null;

  /** Does it in so many milliseconds, unless something else is asked before. */
  async later(ms: number): Promise<void> {
    this.stop();
    if (!document.hidden) return;
    const asleep = sleeping(ms);
    this.asleep = asleep;
    await asleep.done;
    if (this.asleep !== asleep) return;
    this.asleep = null;
    elementFromPoint(document, 0, 0);
  }

  /** Leaves it. */
  stop(): void {
    const { asleep } = this;
    this.asleep = null;
    asleep?.wake();
  }
}
