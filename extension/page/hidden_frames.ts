// Calls for frames in a document while its tab is hidden and the agent is at work in it: Chrome draws none there. What is done
// at a frame is kept and done by a script in the page's world (kept_frames.ts), if browser/tabs/hidden_tabs.ts has put it there.
// Nothing happens in a tab that is shown, and nothing more a while after the last request.

import { sleep } from "./clock";
import { FRAME_EVENT } from "./kept_frames_event";

/** Frames are called for so long after the last request, in milliseconds. */
const ATTENTION = 10_000;
/** From frame to frame while the page has use for them, and how often to see if it has. */
const FRAME = 16;
const IDLE = 50;

let until = 0;
let isCalling = false;

/** To be called with every request: frames come from now on for a while. */
export function attend(): void {
  until = performance.now() + ATTENTION;
  if (!isCalling && document.hidden) void call();
}

/** One frame right now, if the tab is hidden. Answers whether anything was done. */
export function frameNow(): boolean {
  return document.hidden && !window.dispatchEvent(new Event(FRAME_EVENT, { cancelable: true }));
}

/** Calls for no more frames. */
export function stopFrames(): void {
  until = 0;
}

async function call(): Promise<void> {
  isCalling = true;
  while (document.hidden && performance.now() < until) await sleep(frameNow() ? FRAME : IDLE);
  isCalling = false;
}
