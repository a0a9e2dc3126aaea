// How browsers come back: many of them never at the same moment, each soon after the server is there, and none sooner than
// an overloaded server asks for. On a clock of the test's own.

import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ErrorCode, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import { ConnectionPhase, ConnectionTrouble, LinkCredentialsSchema } from "@gen/tabwire/v1/extension_pb";
import { RotateReason } from "@gen/tabwire/v1/link_pb";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { diagnose } from "../../link/diagnose";
import { LinkClient } from "../../link/link_client";
import { failing, ServerDouble } from "./server_double";

const MANY = 50;

/** Numbers that look random and are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Browser {
  readonly server: ServerDouble;
  readonly client: LinkClient;
}

let browsers: Browser[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  browsers = [];
});

afterEach(async () => {
  const ends = browsers.map(({ client }) => client.disconnect("the test is over"));
  await vi.advanceTimersByTimeAsync(5_000);
  await Promise.all(ends);
  vi.useRealTimers();
});

function start(count: number, random = seeded(7)): void {
  for (let index = 0; index < count; index += 1) {
    const server = new ServerDouble();
    server.heartbeatMs = 3_600_000; // the double itself gives no signs of life
    const client = new LinkClient({
      makeTransport: () => server.transport,
      diagnose: (url, error) => diagnose(url, error, () => Promise.reject(new TypeError("Failed to fetch"))),
      now: () => Math.floor(performance.now()),
      deliver: async () => true,
      onStatus: () => {},
      onTokenNeeded: () => {},
      random,
    });
    browsers.push({ server, client });
  }
}

function connect(): void {
  for (const { client } of browsers) {
    const serverUrl = "https://server.test";
    client.connect(
      create(LinkCredentialsSchema, {
        serverUrl,
        accessToken: "t",
        browserId: "b",
        hello: { minRevision: 1, maxRevision: 1 },
      }),
    );
  }
}

/** How many calls there were in each tenth of a second from a moment on. */
function perTenth(from: number): number[] {
  const tenths: number[] = [];
  for (const { server } of browsers) {
    for (const at of server.calledAt) {
      const tenth = Math.floor((at - from) / 100);
      if (tenth >= 0) tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
  }
  return Array.from(tenths, (count) => count ?? 0);
}

const phases = (): ConnectionPhase[] => browsers.map(({ client }) => client.status.phase);

it("spreads the tries of many browsers while the server is away, and all are back soon after it is", async () => {
  start(MANY);
  for (const { server } of browsers) server.refusal = failing(Code.Unavailable);
  connect();
  await vi.advanceTimersByTimeAsync(35_000); // in the first half minute they ask more often: see below
  const settled = performance.now();
  await vi.advanceTimersByTimeAsync(50_000);
  const tenths = perTenth(settled);
  // 50 browsers that wait 2.5 s on average make 2 calls in a tenth of a second.
  expect(Math.max(...tenths)).toBeLessThanOrEqual(10);
  expect(tenths.reduce((sum, count) => sum + count, 0)).toBeLessThan(MANY * 40);

  const back = performance.now();
  for (const { server } of browsers) server.refusal = undefined;
  await vi.advanceTimersByTimeAsync(5_500); // no wait is longer than five seconds
  expect(phases()).toEqual(Array(MANY).fill(ConnectionPhase.CONNECTED));
  // Each of them opens a link and attaches to it: two calls.
  expect(Math.max(...perTenth(back))).toBeLessThanOrEqual(20);
});

it("asks more often in the first half minute that a server is away, spread, and is soon back then", async () => {
  start(MANY);
  for (const { server } of browsers) server.refusal = failing(Code.Unavailable);
  connect();
  await vi.advanceTimersByTimeAsync(3_000);
  const settled = performance.now();
  await vi.advanceTimersByTimeAsync(20_000);
  const tenths = perTenth(settled);
  // 50 browsers that wait 0.75 s on average make 7 calls in a tenth of a second.
  expect(Math.max(...tenths)).toBeLessThanOrEqual(20);
  expect(tenths.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(MANY * 20);
  expect(tenths.reduce((sum, count) => sum + count, 0)).toBeLessThan(MANY * 35);

  const back = performance.now();
  for (const { server } of browsers) server.refusal = undefined;
  await vi.advanceTimersByTimeAsync(1_600); // no wait is longer than a second and a half
  expect(phases()).toEqual(Array(MANY).fill(ConnectionPhase.CONNECTED));
  expect(Math.max(...perTenth(back))).toBeLessThanOrEqual(30);
});

it("counts the half minute anew from the last stream, and waits no shorter where it is the edge that is away", async () => {
  start(1, () => 1);
  const [browser] = browsers;
  if (browser === undefined) throw new Error("there is one");
  const callsIn = async (ms: number): Promise<number> => {
    const from = performance.now();
    await vi.advanceTimersByTimeAsync(ms);
    return browser.server.calledAt.filter((at) => at > from).length;
  };
  browser.server.refusal = failing(Code.Unavailable);
  connect();
  await callsIn(2_000);
  expect(await callsIn(15_000)).toBe(10);
  await callsIn(30_000);
  expect(await callsIn(15_000)).toBe(3);
  browser.server.refusal = undefined;
  await callsIn(6_000);
  expect(phases()).toEqual([ConnectionPhase.CONNECTED]);
  browser.server.refusal = failing(Code.Unavailable);
  browser.server.breakStream();
  await callsIn(4_000);
  expect(await callsIn(15_000)).toBe(10);
  browser.server.refusal = failing(Code.Unknown); // Chrome's "Failed to fetch"
  await callsIn(6_000);
  expect(await callsIn(15_000)).toBe(3);
});

it("spreads the return of many browsers to a server that says that it stops", async () => {
  start(MANY);
  connect();
  await vi.advanceTimersByTimeAsync(100);
  expect(phases()).toEqual(Array(MANY).fill(ConnectionPhase.CONNECTED));
  const rotated = performance.now();
  for (const { server } of browsers) server.rotate(RotateReason.SHUTDOWN, 1_000);
  await vi.advanceTimersByTimeAsync(3_000);
  const tenths = perTenth(rotated);
  expect(tenths.slice(0, 10).every((count) => count === 0)).toBe(true);
  expect(tenths.reduce((sum, count) => sum + count, 0)).toBe(MANY);
  expect(Math.max(...tenths)).toBeLessThanOrEqual(20);
  expect(phases()).toEqual(Array(MANY).fill(ConnectionPhase.CONNECTED));
});

it("attaches again at once where the server renews a stream, without a word of trouble", async () => {
  start(1);
  connect();
  await vi.advanceTimersByTimeAsync(100);
  const rotated = performance.now();
  browsers[0]?.server.rotate(RotateReason.AGE);
  await vi.advanceTimersByTimeAsync(20);
  expect(browsers[0]?.server.calledAt.filter((at) => at >= rotated)).toHaveLength(1);
  expect(phases()).toEqual([ConnectionPhase.CONNECTED]);
});

it("leaves an overloaded server alone for as long as it asks, and says what it waits for", async () => {
  start(1, () => 0);
  const [browser] = browsers;
  if (browser === undefined) throw new Error("there is one");
  const kind = { case: "limit", value: { name: "rate_links", retryAfterMs: 7_000 } } as const;
  const busy = create(ErrorInfoSchema, { errorCode: ErrorCode.RESOURCE_EXHAUSTED, details: { kind } });
  browser.server.refusal = failing(Code.ResourceExhausted, busy);
  connect();
  await vi.advanceTimersByTimeAsync(6_900);
  expect(browser.server.calledAt).toHaveLength(1);
  expect(browser.client.status.trouble).toBe(ConnectionTrouble.BUSY);
  browser.server.refusal = undefined;
  await vi.advanceTimersByTimeAsync(200);
  expect(phases()).toEqual([ConnectionPhase.CONNECTED]);
});
