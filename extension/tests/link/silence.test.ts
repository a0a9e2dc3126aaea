// A connection that has died without a word, as behind a router that forgot it: the link's client notices it within seconds
// while it is in use, takes another way, and nothing is lost or done twice. On a clock of the test's own.

import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { ConnectionPhase, LinkCredentialsSchema } from "@gen/tabwire/v1/extension_pb";
import { type Downlink, DownlinkSchema, type Uplink, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { diagnose } from "../../link/diagnose";
import { LinkClient } from "../../link/link_client";
import { ServerDouble } from "./server_double";

const SERVER_URL = "https://server.test";
const CREDENTIALS = create(LinkCredentialsSchema, {
  serverUrl: SERVER_URL,
  accessToken: "token",
  browserId: "browser",
  hello: { minRevision: 1, maxRevision: 1 },
});

/** A server behind two connections, each of which can be dead: then nothing goes and nothing comes, and nobody is told. */
class Wire {
  readonly server = new ServerDouble();
  readonly dead = new Set<number>();
  way = 0;
  left = 0;
  /** How long every call takes. */
  slowMs = 0;

  get transport(): Transport {
    const wire = this;
    const { transport } = this.server;
    return {
      async unary(method, signal, timeoutMs, header, input, contextValues) {
        const { way } = wire;
        if (wire.dead.has(way)) return wire.#never(signal, timeoutMs);
        if (wire.slowMs > (timeoutMs ?? Number.POSITIVE_INFINITY)) return wire.#never(signal, timeoutMs);
        if (wire.slowMs > 0) await new Promise((resolve) => setTimeout(resolve, wire.slowMs));
        const answer = await transport.unary(method, signal, timeoutMs, header, input, contextValues);
        return wire.dead.has(way) ? wire.#never(signal, timeoutMs) : answer;
      },
      async stream(method, signal, timeoutMs, header, input, contextValues) {
        const { way } = wire;
        if (wire.dead.has(way)) return wire.#never(signal, timeoutMs);
        const answer = await transport.stream(method, signal, timeoutMs, header, input, contextValues);
        return { ...answer, message: wire.#heard(answer.message, way, signal) };
      },
    } satisfies Transport;
  }

  async *#heard<T>(messages: AsyncIterable<T>, way: number, signal: AbortSignal | undefined): AsyncGenerator<T> {
    for await (const message of messages) {
      if (this.dead.has(way)) await this.#never(signal);
      yield message;
    }
  }

  #never(signal: AbortSignal | undefined, timeoutMs?: number): Promise<never> {
    return new Promise((_, reject) => {
      const end = (): void => reject(new ConnectError("given up", Code.DeadlineExceeded));
      if (signal?.aborted) end();
      signal?.addEventListener("abort", end);
      if (timeoutMs !== undefined && timeoutMs > 0) setTimeout(end, timeoutMs);
    });
  }
}

let wire: Wire;
let client: LinkClient;
let delivered: Downlink[];
let probes: number;

beforeEach(async () => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  wire = new Wire();
  delivered = [];
  probes = 0;
  client = new LinkClient({
    makeTransport: () => wire.transport,
    diagnose: (url, error) => {
      probes += 1;
      return diagnose(url, error, () => Promise.reject(new TypeError("Failed to fetch")));
    },
    leaveConnection: (serverUrl) => {
      expect(serverUrl).toBe(SERVER_URL);
      wire.way = 1 - wire.way;
      wire.left += 1;
    },
    now: () => Math.floor(performance.now()),
    deliver: async (message) => {
      delivered.push(message);
      return true;
    },
    onStatus: () => {},
    onTokenNeeded: () => {},
    random: () => 0,
  });
  client.connect(CREDENTIALS);
  await vi.advanceTimersByTimeAsync(100);
  expect(client.status.phase).toBe(ConnectionPhase.CONNECTED);
});

afterEach(async () => {
  wire.dead.clear();
  const end = client.disconnect("the test is over");
  await vi.advanceTimersByTimeAsync(5_000);
  await end;
  vi.useRealTimers();
});

function command(commandId: string): Downlink {
  return create(DownlinkSchema, { body: { case: "command", value: { commandId } } });
}

function result(commandId: string): Uplink {
  return create(UplinkSchema, { body: { case: "commandResult", value: { commandId } } });
}

function commandIds(): string[] {
  return delivered.flatMap(({ body }) => (body.case === "command" ? [body.value.commandId] : []));
}

function resultIds(): string[] {
  return wire.server.received.flatMap(({ body }) => (body.case === "commandResult" ? [body.value.commandId] : []));
}

it("takes another way within four seconds of a command, when its answer gets no answer", async () => {
  wire.server.push(command("one"));
  await vi.advanceTimersByTimeAsync(50);
  wire.dead.add(0);
  client.send(result("one"));
  wire.server.push(command("two"));
  await vi.advanceTimersByTimeAsync(4_000);
  expect(wire.left).toBe(1);
  expect(client.status.phase).toBe(ConnectionPhase.CONNECTED);
  expect(commandIds()).toEqual(["one", "two"]);
  expect(resultIds()).toEqual(["one"]);
  expect(probes, "nobody needs to be told what is mended already").toBe(0);
});

it("finds out by itself while it is in use, also when it has nothing to say", async () => {
  wire.server.push(command("one"));
  await vi.advanceTimersByTimeAsync(50);
  client.send(result("one"));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(wire.left).toBe(0);
  wire.dead.add(0);
  wire.server.push(command("two"));
  await vi.advanceTimersByTimeAsync(4_500);
  expect(wire.left).toBe(1);
  expect(commandIds()).toEqual(["one", "two"]);
});

it("goes back to the first way when the other one is dead too, and to looking for the cause if all is silent", async () => {
  wire.dead.add(0);
  wire.dead.add(1);
  client.send(result("one"));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(wire.left).toBeGreaterThan(3);
  expect(probes).toBeGreaterThan(0);
  expect(client.status.phase).not.toBe(ConnectionPhase.CONNECTED);
  wire.dead.clear();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(client.status.phase).toBe(ConnectionPhase.CONNECTED);
  expect(resultIds()).toEqual(["one"]);
});

it("opens a link over another way, if the connection that Chrome goes on using is dead", async () => {
  // An extension that was reloaded: what the one before has found out about its connections went with it.
  wire.server.restart();
  void client.disconnect("reloaded");
  await vi.advanceTimersByTimeAsync(100);
  wire.dead.add(wire.way);
  client.connect(CREDENTIALS);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(wire.left).toBe(1);
  expect(client.status.phase).toBe(ConnectionPhase.CONNECTED);
});

it("waits longer for a server that takes its time to open a link", async () => {
  wire.server.restart();
  void client.disconnect("reloaded");
  await vi.advanceTimersByTimeAsync(100);
  wire.slowMs = 6_000;
  client.connect(CREDENTIALS);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(client.status.phase).toBe(ConnectionPhase.CONNECTED);
});

it("learns that the server's clock was set, and takes a late message for no change", async () => {
  const offset = () => Number(client.status.clockOffsetMs);
  const tellTime = (aheadMs: number): Promise<unknown> => {
    wire.server.beat(aheadMs);
    return vi.advanceTimersByTimeAsync(10);
  };
  const before = offset();
  await tellTime(-300);
  expect(offset()).toBe(before);
  for (const ahead of [-60_000, 600_000, 0]) {
    await tellTime(ahead);
    expect(Math.abs(offset() - ahead)).toBeLessThan(100);
  }
});

it("takes no command by a clock that was set: first it hears anew what the server's shows", async () => {
  wire.server.push(command("one"));
  await vi.advanceTimersByTimeAsync(50);
  vi.setSystemTime(Date.now() + 600_000);
  const seen: number[] = [];
  wire.server.push(command("two"));
  await vi.advanceTimersByTimeAsync(50);
  seen.push(wire.server.attachments.length);
  wire.server.push(command("three"));
  await vi.advanceTimersByTimeAsync(50);
  seen.push(wire.server.attachments.length);
  expect(commandIds()).toEqual(["one", "two", "three"]);
  expect(seen, "once is enough").toEqual([2, 2]);
  expect(probes, "nobody needs to be told").toBe(0);
});

it("leaves a good connection alone, in use or not, however long", async () => {
  for (let round = 0; round < 20; round += 1) {
    wire.server.push(command(`c${round}`));
    await vi.advanceTimersByTimeAsync(2_000);
    client.send(result(`c${round}`));
    await vi.advanceTimersByTimeAsync(5_000);
  }
  expect(wire.left).toBe(0);
  expect(wire.server.attachments).toHaveLength(1);
  expect(resultIds()).toHaveLength(20);
});
