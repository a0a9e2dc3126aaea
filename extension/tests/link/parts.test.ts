// The small parts of the link: clock, backoff, waits, digest, token watch.

import fc from "fast-check";
import { expect, it } from "vitest";
import { Backoff } from "../../link/backoff";
import { createClock } from "../../link/clock";
import { digestOf } from "../../link/digest";
import { Bell, sleep } from "../../link/sleep";
import { TokenWatch } from "../../link/token_watch";

it("has a clock that counts sleep, and never goes back", () => {
  let wall = 1_000_000;
  let steady = 0;
  const now = createClock(
    () => wall,
    () => steady,
  );
  wall += 10;
  steady += 10;
  expect(now()).toBe(10);
  wall += 60_000; // asleep: the steady clock stood still
  expect(now()).toBe(60_010);
  wall -= 3_600_000; // somebody set the clock back
  steady += 5;
  expect(now()).toBe(60_015);
  wall += 5;
  steady += 5;
  expect(now()).toBe(60_020);
});

it("waits at most twice as long from try to try, up to a limit, drawn from nothing on", () => {
  const longest = new Backoff(500, 3_000, () => 1);
  expect([longest.next(), longest.next(), longest.next(), longest.next()]).toEqual([500, 1_000, 2_000, 3_000]);
  expect(longest.tries).toBe(4);
  longest.reset();
  expect(longest.next()).toBe(500);
  const shortest = new Backoff(500, 3_000, () => 0);
  expect([shortest.next(), shortest.next()]).toEqual([0, 0]);
});

it("ends a wait when the bell rings, when it rang before, and when the signal ends it", async () => {
  const bell = new Bell();
  const never = new AbortController();
  const waiting = bell.wait(3_600_000, never.signal);
  bell.ring();
  expect(await waiting).toBe(true);
  expect(await bell.wait(0, never.signal)).toBe(false);
  bell.ring();
  expect(await bell.wait(3_600_000, never.signal)).toBe(true);
  bell.ring();
  bell.mute();
  expect(await bell.wait(0, never.signal)).toBe(false);
  const cut = bell.wait(3_600_000, never.signal);
  never.abort();
  expect(await cut).toBe(false);
  await sleep(3_600_000, never.signal);
});

it("tells different bytes apart, and the same ones not", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (one, other) => {
      expect(digestOf(one)).toBe(digestOf(one.slice()));
      expect(digestOf(one) === digestOf(other)).toBe(Buffer.compare(one, other) === 0);
    }),
  );
  const bytes = Uint8Array.from({ length: 200 }, (_, index) => index);
  const digests = new Set([digestOf(bytes)]);
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = bytes.slice();
    changed[index] = (changed[index] ?? 0) ^ 1;
    digests.add(digestOf(changed));
  }
  expect(digests.size).toBe(bytes.length + 1);
});

it("asks for a token a minute before its end, or after half of a short life, and again if none comes", () => {
  const watch = new TokenWatch();
  expect(watch.waitMs(0)).toBeUndefined();
  expect(watch.due(Number.MAX_SAFE_INTEGER)).toBe(false);
  watch.renewed(0, 900_000);
  expect(watch.waitMs(0)).toBe(840_000);
  expect(watch.due(839_999)).toBe(false);
  expect(watch.due(840_000)).toBe(true);
  expect(watch.due(840_001)).toBe(false);
  expect(watch.due(850_000)).toBe(true);
  watch.renewed(0, 30_000);
  expect(watch.waitMs(0)).toBe(15_000);
  watch.refused(5);
  expect(watch.due(5)).toBe(true);
  watch.stop();
  expect(watch.waitMs(5)).toBeUndefined();
});
