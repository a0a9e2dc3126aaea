// Waits for a page to come to rest after an action. The rule:
// - what the action set off at once is over when the main thread has nothing else to do, twice;
// - a page that has not reacted by then is left after GRACE; one that has, when nothing more has changed for a pause that is
//   learnt from the page (ticking.ts: 4 to 150 ms; how it reacted after the last actions tells);
// - a page that has set a timer or asked for a frame meanwhile (put_off.ts) gets at least the time that a short one takes;
// - busy marks, spinners and movements that came up are waited for (busy.ts);
// - what changes by itself all the time is not (ticking.ts); nobody waits longer than CAP;
// - when the document is being left, the answer goes out at once, before this script is gone.
// What a page does later than that (after a slow request, say) is seen by the next look, and by an action's expectation.
// Images and frames are not waited for.

import { nextTask, type Sleep, sleeping } from "../clock";
import { frameNow } from "../hidden_frames";
import { type Effects, effectsOf, type Snapshot } from "./effects";
import { Habits } from "./ticking";
import type { Watch } from "./watch";

/** A page that has not reacted at all is left after so many milliseconds. */
const GRACE = 50;
/**
 * The same for an action that has its effect by itself, as setting a value has: nothing else need happen. A page that answers
 * at once has done so by then; one that has put something off gets longer, so that a timer of a frame or so has run.
 */
const OWN_EFFECT = 4;
const OWN_EFFECT_PUT_OFF = 25;
/** Nothing more may come for at least so long where the page has set a timer, or asked for a frame. */
const TIMER = 12;
const FRAME = 18;
/** Nobody waits longer than this. */
const CAP = 2000;
/** How often to look if a busy mark is gone. */
const BUSY_AGAIN = 25;
/** A main thread that never rests is not waited for longer than this. */
const TURN_LIMIT = 50;
/** At most so many frames are given to a page in a hidden tab at once. */
const FRAMES = 3;
/** After the answer the page is watched for so long, to learn if it was given too early. */
const AFTERWARDS = 150;
/** The next action may cut that short. If it does so earlier than this, nothing has been learnt. */
const ENOUGH = 15;

interface Scheduler {
  postTask(callback: () => void, options: { priority: "background" }): Promise<void>;
}

/** A main thread that comes to the next task later than this is at work: frameworks cut long work into tasks. */
const PROMPT = 1.5;

/** Lets tasks run until one comes at once, and in a hidden tab what the page does at its frames. */
async function promptTurn(): Promise<void> {
  const until = performance.now() + TURN_LIMIT;
  // A page that draws all the time would never be done.
  for (let frames = 0; frames < FRAMES && frameNow(); frames++) await nextTask();
  for (let from = performance.now(); ; from = performance.now()) {
    await nextTask();
    const now = performance.now();
    if (now - from < PROMPT || now > until) return;
  }
}

/** Lets everything run that the page has queued. In a hidden tab Chrome may put a turn of low priority off. */
async function idleTurn(watch: Watch): Promise<void> {
  if (watch.isLeaving) return;
  const scheduler = (globalThis as { scheduler?: Scheduler }).scheduler;
  if (scheduler === undefined || document.hidden) return promptTurn();
  const limit = sleeping(TURN_LIMIT);
  await Promise.race([scheduler.postTask(() => undefined, { priority: "background" }), limit.done, watch.departure]);
  limit.wake();
}

const habits = new Habits();
let afterwards: { readonly watch: Watch; readonly sleep: Sleep } | null = null;

/** Ends what is left of the watching of the last action. To be called when the next one begins. */
export function endAfterwards(): void {
  afterwards?.sleep.wake();
  afterwards?.watch.catchUp();
  afterwards?.watch.stop();
  afterwards = null;
}

/** Watches a little longer after the answer, and learns from what comes too late. */
async function learn(watch: Watch): Promise<void> {
  endAfterwards();
  if (watch.isLeaving) {
    watch.stop();
    return;
  }
  const reacted = watch.lastChange > 0;
  const from = performance.now();
  const own = { watch, sleep: sleeping(AFTERWARDS) };
  afterwards = own;
  await own.sleep.done;
  if (afterwards === own) endAfterwards();
  if (watch.longestPause > 0) habits.late(watch.longestPause);
  else if (reacted && performance.now() - from >= ENOUGH) habits.calm();
}

/** How long a page is waited for that does not react: so many milliseconds, or as after what has its effect by itself. */
export type Grace = number | "own effect";

function graceFor({ putOff }: Watch, grace: Grace | undefined): number {
  if (grace !== "own effect") return grace ?? Math.max(GRACE, habits.quiet);
  return putOff.timers || putOff.frames ? OWN_EFFECT_PUT_OFF : OWN_EFFECT;
}

/** How long nothing more may come from a page that has reacted. */
function quietFor({ putOff }: Watch): number {
  const { quiet } = habits;
  if (quiet >= FRAME) return quiet;
  return Math.max(quiet, putOff.frames ? FRAME : putOff.timers ? TIMER : 0);
}

/** In how many milliseconds the page is at rest, if nothing more happens. */
function restIn(watch: Watch, from: number, now: number, grace: Grace | undefined): number {
  const quiet =
    watch.lastChange === 0
      ? from + graceFor(watch, grace) - now
      : Math.max(watch.lastChange, from) + quietFor(watch) - now;
  if (quiet > 0) return quiet;
  return watch.busy.isBusy() ? BUSY_AGAIN : watch.busy.moving();
}

/**
 * Waits for rest, at most `limit` milliseconds and never longer than the cap. Tells what happened. `grace` is how long a page
 * that has not reacted is waited for, if not as long as usual.
 */
export async function settle(
  watch: Watch,
  before: Snapshot,
  element: Element | null,
  limit: number,
  grace?: Grace,
): Promise<Effects> {
  const from = performance.now();
  const until = from + Math.min(CAP, limit);
  let stillChanging = false;
  watch.endDispatch();
  await idleTurn(watch);
  watch.endReaction();
  await idleTurn(watch);
  for (;;) {
    const now = performance.now();
    let wait = restIn(watch, from, now, grace);
    if (wait <= 0 && !watch.isLeaving) {
      await idleTurn(watch);
      watch.catchUp();
      wait = restIn(watch, from, now, grace);
    }
    if (watch.isLeaving || wait <= 0) break;
    if (now >= until) {
      stillChanging = true;
      break;
    }
    const asleep = sleeping(Math.min(wait, until - now));
    await Promise.race([asleep.done, watch.departure]);
    asleep.wake();
    watch.catchUp();
  }
  return effectsOf(watch, before, element, { stillChanging, settleUs: Math.round((performance.now() - from) * 1000) });
}

/** To be called when an action is over. */
export function release(watch: Watch): void {
  void learn(watch);
}
