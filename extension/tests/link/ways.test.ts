// Two ways to a server: a dead one is left, and Chrome is made to notice that it is dead.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Ways } from "../../link/ways";

const SERVER_URL = "https://server.test";

let asked: {
  readonly url: string;
  readonly way: RequestCredentials | undefined;
  readonly signal: AbortSignal | null;
}[];
let ways: Ways;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  ways = new Ways((input, init) => {
    asked.push({ url: String(input), way: init?.credentials, signal: init?.signal ?? null });
    return Promise.reject(new TypeError("Failed to fetch"));
  });
});

afterEach(() => vi.useRealTimers());

async function taken(): Promise<RequestCredentials | undefined> {
  await expect(ways.fetch(`${SERVER_URL}/call`, { method: "POST" })).rejects.toThrow("Failed to fetch");
  return asked.at(-1)?.way;
}

it("stays on one way as long as it is good, and takes the other one after that", async () => {
  const first = await taken();
  expect(await taken()).toBe(first);
  ways.leave(SERVER_URL);
  const second = await taken();
  expect(second).not.toBe(first);
  expect(await taken()).toBe(second);
  ways.leave(SERVER_URL);
  expect(await taken()).toBe(first);
});

it("has Chrome notice that the way it left is dead, before it is wanted again", async () => {
  const first = await taken();
  ways.leave(SERVER_URL);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked[1]).toMatchObject({ url: SERVER_URL, way: first });
  expect(asked[1]?.signal).toBeInstanceOf(AbortSignal);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(2);
});

it("leaves that to the calls themselves where the way is in use again", async () => {
  const first = await taken();
  ways.leave(SERVER_URL);
  await vi.advanceTimersByTimeAsync(5_000);
  ways.leave(SERVER_URL);
  expect(await taken()).toBe(first);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.map(({ url, way }) => [url, way === first])).toEqual([
    [`${SERVER_URL}/call`, true],
    [`${SERVER_URL}/call`, true],
    [SERVER_URL, false],
  ]);
});
