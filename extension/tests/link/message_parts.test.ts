// Messages in parts: the shared scenarios (tests/vectors/parts), and over a whole link in both directions.

import { readFileSync } from "node:fs";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { LinkCredentialsSchema } from "@gen/tabwire/v1/extension_pb";
import { type Downlink, DownlinkSchema, PartSchema, type Uplink, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import { afterEach, expect, it, vi } from "vitest";
import { LinkClient } from "../../link/link_client";
import { outgoing } from "../../link/outgoing";
import { Assembler, partBytes, piecesOf } from "../../link/parts";
import { serverDown } from "../../link/problems";
import { ServerDouble } from "./server_double";

interface Step {
  readonly index: number;
  readonly total: number;
  readonly data: string;
  readonly becomes: string;
  readonly kept: number;
}

interface Assembling {
  readonly max_bytes: number;
  readonly scenarios: readonly { readonly name: string; readonly steps: readonly Step[] }[];
}

interface Splitting {
  readonly cases: readonly { readonly bytes: number; readonly asked: number; readonly parts: readonly number[] }[];
}

const FOLDER = new URL("../../../tests/vectors/parts/", import.meta.url);
const assembling = JSON.parse(readFileSync(new URL("assemble.json", FOLDER), "utf8")) as Assembling;
const splitting = JSON.parse(readFileSync(new URL("split.json", FOLDER), "utf8")) as Splitting;

it.each(assembling.scenarios)("assembles: $name", ({ steps }) => {
  const assembler = new Assembler(assembling.max_bytes);
  for (const { index, total, data, becomes, kept } of steps) {
    const part = create(PartSchema, { index, totalBytes: total, data: new TextEncoder().encode(data) });
    const taken = assembler.take(part);
    const whole = taken.fits && taken.data !== undefined ? new TextDecoder().decode(taken.data) : "kept";
    expect(taken.fits ? whole : "refused").toBe(becomes);
    expect(assembler.keptBytes).toBe(kept);
  }
});

/** An answer whose message has so many bytes. */
function ofSize(size: number): Uplink {
  for (let text = size - 1; text > 0; text -= 1) {
    const value = { outcome: { case: "pageState", value: { title: "x".repeat(text) } } } as const;
    const uplink = create(UplinkSchema, { body: { case: "commandResult", value } });
    if (outgoing(uplink).size <= size) return uplink;
  }
  throw new Error("no such message");
}

it.each(splitting.cases)("takes $bytes bytes apart for a peer that asks for $asked", ({ bytes, asked, parts }) => {
  const uplink = ofSize(bytes);
  const pieces = piecesOf(outgoing(uplink), partBytes(asked));
  if (parts.length === 1) {
    expect(pieces.map((piece) => piece.uplink.body)).toEqual([uplink.body]);
    return;
  }
  const bodies = pieces.map((piece) => (piece.uplink.body.case === "part" ? piece.uplink.body.value : undefined));
  expect(bodies.map((part) => part?.data.length)).toEqual(parts);
  expect(bodies.map((part) => part?.index)).toEqual(parts.map((_, index) => index));
  const whole = Uint8Array.from(bodies.flatMap((part) => [...(part?.data ?? [])]));
  expect(fromBinary(UplinkSchema, whole)).toEqual(uplink);
});

let client: LinkClient | undefined;

afterEach(() => client?.disconnect("the test is over"));

/** A browser that knows parts, linked with a server. */
async function linked(server: ServerDouble, delivered: Downlink[] = []): Promise<LinkClient> {
  const made = new LinkClient({
    makeTransport: () => server.transport,
    diagnose: async () => serverDown(),
    now: () => Math.floor(performance.now()),
    deliver: async (message) => delivered.push(message) > 0,
    onStatus: () => {},
    onTokenNeeded: () => {},
    random: () => 0,
  });
  client = made;
  made.connect(
    create(LinkCredentialsSchema, {
      serverUrl: "https://127.0.0.1:8443",
      accessToken: "token",
      browserId: "browser-1",
      hello: { maxRevision: 1, limits: { maxMessageBytes: 100_000, maxPartBytes: 8_192 } },
    }),
  );
  await vi.waitFor(() => expect(server.attachments).toHaveLength(1));
  return made;
}

function assembled(parts: readonly Uplink[]): Uplink {
  const data = parts.flatMap(({ body }) => (body.case === "part" ? [...body.value.data] : []));
  return fromBinary(UplinkSchema, Uint8Array.from(data));
}

it("sends a large answer in parts, one to a Send, and goes on where a broken stream stood", async () => {
  const server = new ServerDouble();
  server.limits.maxPartBytes = 8_192;
  const it = await linked(server);
  const big = ofSize(40_000);
  const encoded = big.body.case === "commandResult" ? big.body.value : undefined;
  it.send(create(UplinkSchema, { body: { case: "stateUpdate", value: { tabId: 1 } } }));
  it.send(big);
  await vi.waitFor(() => expect(server.received.length).toBeGreaterThan(2));
  server.breakStream();
  await vi.waitFor(() => expect(server.received).toHaveLength(6));
  expect(assembled(server.received).body.value).toEqual(encoded);
  for (const { messages } of server.sends) {
    const bytes = messages.reduce((sum, message) => sum + toBinary(UplinkSchema, message).length, 0);
    expect(bytes).toBeLessThan(8_192 + 200);
  }
  expect(server.links).toBe(1);
});

it("sends a large answer whole to a server that knows no parts", async () => {
  const server = new ServerDouble();
  const it = await linked(server);
  it.send(ofSize(40_000));
  await vi.waitFor(() => expect(server.received).toHaveLength(1));
  expect(server.received[0]?.body.case).toBe("commandResult");
});

function downParts(message: Downlink, size: number): Downlink[] {
  const data = toBinary(DownlinkSchema, message);
  const parts: Downlink[] = [];
  for (let start = 0; start < data.length; start += size) {
    const value = { data: data.subarray(start, start + size), index: parts.length, totalBytes: data.length };
    parts.push(create(DownlinkSchema, { body: { case: "part", value } }));
  }
  return parts;
}

function command(commandId: string): Downlink {
  return create(DownlinkSchema, { body: { case: "command", value: { commandId, taskId: "t".repeat(5_000) } } });
}

it("puts a large command together, also over a broken stream, and hands it on once, in its turn", async () => {
  const server = new ServerDouble();
  const delivered: Downlink[] = [];
  await linked(server, delivered);
  const parts = downParts(command("large"), 1_000);
  server.push(command("before"));
  for (const part of parts.slice(0, 3)) server.push(part);
  await vi.waitFor(() => expect(server.acked).toBe(4));
  server.breakStream();
  for (const part of parts.slice(3)) server.push(part);
  server.push(command("after"));
  await vi.waitFor(() => expect(delivered).toHaveLength(3));
  expect(delivered.map(({ body }) => (body.case === "command" ? body.value.commandId : ""))).toEqual([
    ...["before", "large", "after"],
  ]);
  expect(delivered.map(({ seq }) => Number(seq))).toEqual([1, 1 + parts.length, 2 + parts.length]);
  await vi.waitFor(() => expect(server.acked).toBe(2 + parts.length));
});

it("refuses parts that do not fit or are too many, and goes on", async () => {
  const server = new ServerDouble();
  const delivered: Downlink[] = [];
  await linked(server, delivered);
  const wild = { data: new Uint8Array(1), index: 3, totalBytes: 9 };
  const huge = { data: new Uint8Array(1), index: 0, totalBytes: 100_001 };
  for (const value of [wild, huge]) server.push(create(DownlinkSchema, { body: { case: "part", value } }));
  server.push(command("after"));
  await vi.waitFor(() => expect(delivered).toHaveLength(1));
  const nacks = (): (number | undefined)[] =>
    server.sends.flatMap(({ messages }) =>
      messages.flatMap(({ body }) => (body.case === "nack" ? [Number(body.value.seq)] : [])),
    );
  await vi.waitFor(() => expect(nacks()).toEqual([1, 2]));
  await vi.waitFor(() => expect(server.acked).toBe(3));
});

it("names the link on each of its calls, so that they find the server that holds it", async () => {
  const server = new ServerDouble();
  const it = await linked(server);
  it.send(ofSize(1_000));
  await vi.waitFor(() => expect(server.received).toHaveLength(1));
  await it.disconnect("bye");
  expect(server.named).toEqual([null, "link-1", "link-1", "link-1"]);
});
