// Time: the server's clock as far as this computer knows it, and conversions between the contract's times and
// JavaScript's. Deadlines arrive by the server's clock and are kept by the browser's.

import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";

/** A point in time as milliseconds since 1970. */
export function toMillis(time: Timestamp): number {
  return Number(time.seconds) * 1000 + time.nanos / 1e6;
}

/** A point in time as the contract writes it. */
export function fromMillis(millis: number): Timestamp {
  const seconds = Math.floor(millis / 1000);
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: Math.round((millis - seconds * 1000) * 1e6) });
}

/** Microseconds since a reading of performance.now(), as the contract counts durations. */
export function microsSince(start: number): number {
  return Math.max(0, Math.round((performance.now() - start) * 1000));
}

/** Knows how far the server's clock is ahead, and translates deadlines. */
export class ServerClock {
  #offset = 0;

  /** Learns how far the server's clock is ahead of this computer's, in milliseconds. */
  learn(offsetMillis: number): void {
    this.#offset = offsetMillis;
  }

  /** A time of the server by this computer's clock, in milliseconds; undefined if none is given. */
  toLocal(time: Timestamp | undefined): number | undefined {
    return time === undefined ? undefined : toMillis(time) - this.#offset;
  }
}

/** Resolves after a while, or rejects with the signal's reason. */
export function pause(millis: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, millis);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** The promise's value, or undefined if it takes longer. */
export async function within<T>(millis: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, millis));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
