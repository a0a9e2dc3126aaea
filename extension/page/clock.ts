// Waiting that also works in background tabs. Chrome lets timers of a hidden tab fire once a second or less, whether
// they are set by setTimeout, AbortSignal.timeout or scheduler.postTask. Measured: Atomics.waitAsync on shared memory
// keeps its time there, and costs nothing while it waits.

interface AsyncWait {
  readonly async: boolean;
  readonly value: Promise<string> | string;
}

interface AtomicsWithWait {
  waitAsync?(array: Int32Array, index: number, value: number, timeout: number): AsyncWait;
  notify(array: Int32Array, index: number): number;
}

const atomics = Atomics as unknown as AtomicsWithWait;
let cells: Int32Array | undefined | null;
let nextCell = 0;

/** Shared memory to wait on, made at the first wait; null where it cannot be had. */
function sharedCells(): Int32Array | null {
  if (cells === undefined) {
    try {
      // SharedArrayBuffer itself is reserved for isolated pages; the memory of WebAssembly is not.
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
      cells = atomics.waitAsync === undefined ? null : new Int32Array(memory.buffer);
    } catch {
      cells = null;
    }
  }
  return cells;
}

/** How many timers were set, and frames asked for, from here. */
let own = 0;
let ownFrames = 0;

function setTimer(callback: () => void, ms: number): number {
  own++;
  return window.setTimeout(callback, ms);
}

/**
 * How many timers were set in this document by others than this file, up to a constant. Timers are numbered one after the
 * other whoever sets them, so that two of these numbers tell whether any was set in between.
 */
export function timersOfPage(): number {
  const number = setTimer(() => undefined, 0);
  clearTimeout(number);
  return number - own;
}

/** How many frames were asked for in this document, likewise. Not to be asked in a hidden tab, which draws none. */
export function framesOfPage(): number {
  const number = requestAnimationFrame(() => undefined);
  cancelAnimationFrame(number);
  return number - ++ownFrames;
}

/** Waits until the page has done what it asked to be called for at its next frame; longer than `limit` milliseconds is not waited. */
export async function nextFrame(limit: number): Promise<void> {
  ownFrames++;
  const cap = sleeping(limit);
  // Who asked before is called before.
  const drawn = new Promise<void>((resolve) => requestAnimationFrame(() => resolve()));
  await Promise.race([drawn, cap.done]);
  cap.wake();
}

/** A wait that can be ended early. */
export interface Sleep {
  readonly done: Promise<void>;
  /** Ends the wait now. */
  wake(): void;
}

/** Waits so many milliseconds, or until woken. */
export function sleeping(ms: number): Sleep {
  const memory = document.hidden ? sharedCells() : null;
  if (memory !== null && atomics.waitAsync !== undefined) {
    const cell = nextCell++ % memory.length;
    const wait = atomics.waitAsync(memory, cell, 0, Math.max(0, ms));
    return {
      done: Promise.resolve(wait.value).then(() => undefined),
      wake: () => void atomics.notify(memory, cell),
    };
  }
  let wake: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    const timer = setTimer(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  return { done, wake: () => wake() };
}

/** Waits so many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return sleeping(ms).done;
}

/** Lets the page run what it has queued, once. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(null);
  });
}

/**
 * Waits as long as a timer of the page does: what the page has put off for less has then happened. In a hidden tab Chrome lets
 * such timers wait for the next second, and after some minutes longer; longer than `limit` is not waited.
 */
export async function pageTimer(ms: number, limit: number): Promise<void> {
  let timer: number | undefined;
  const fired = new Promise<void>((resolve) => {
    timer = setTimer(resolve, ms);
  });
  const cap = sleeping(limit);
  await Promise.race([fired, cap.done]);
  cap.wake();
  clearTimeout(timer);
}
