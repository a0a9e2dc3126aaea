// Whether a page has put something off since an action began: set a timer or asked for a frame. Nobody can look into a
// page's queues; but that something is in them is told by the numbers it was given (clock.ts). What comes over the network
// or from a worker is not seen here: for that settle.ts waits as long as the page is known to need.

import { framesOfPage, timersOfPage } from "../clock";

/** What was put off since its construction. */
export class PutOff {
  private readonly timersBefore = timersOfPage();
  // A tab that is not in front draws nothing, so a frame that is asked for there does not come.
  private readonly framesBefore = document.hidden ? null : framesOfPage();

  /** Whether a timer was set. */
  get timers(): boolean {
    return timersOfPage() !== this.timersBefore;
  }

  /** Whether a frame was asked for that is going to be drawn. */
  get frames(): boolean {
    return this.framesBefore !== null && !document.hidden && framesOfPage() !== this.framesBefore;
  }
}
