// What the browser keeps for a server that is away, slow or hostile has a bound.

import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { LinkCredentialsSchema } from "@gen/tabwire/v1/extension_pb";
import { type Downlink, DownlinkSchema, PartSchema, type Uplink, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import { afterEach, expect, it, vi } from "vitest";
import { Channel } from "../../link/channel";
import { LinkClient } from "../../link/link_client";
import { Assembler } from "../../link/parts";
import { serverDown } from "../../link/problems";
import { failing, ServerDouble } from "./server_double";

let client: LinkClient | undefined;

afterEach(() => client?.disconnect("the test is over"));

async function linked(server: ServerDouble, deliver: (message: Downlink) => Promise<boolean>): Promise<LinkClient> {
  const made = new LinkClient({
    makeTransport: () => server.transport,
    diagnose: async () => serverDown(),
    now: () => Math.floor(performance.now()),
    deliver,
    onStatus: () => {},
    onTokenNeeded: () => {},
    random: () => 0,
  });
  client = made;
  const serverUrl = "https://server.test";
  made.connect(
    create(LinkCredentialsSchema, {
      serverUrl,
      accessToken: "t",
      browserId: "b",
      hello: { minRevision: 1, maxRevision: 1 },
    }),
  );
  await vi.waitFor(() => expect(server.attachments).toHaveLength(1));
  return made;
}

function state(megabytes: number): Uplink {
  const value = { tabId: 1, pageState: { title: "x".repeat(megabytes * 2 ** 20) } };
  return create(UplinkSchema, { body: { case: "stateUpdate", value } });
}

function command(commandId: string): Downlink {
  return create(DownlinkSchema, { body: { case: "command", value: { commandId } } });
}

it("gives a link up that it would have to keep too much for, and begins a new one", async () => {
  const server = new ServerDouble();
  server.limits.maxMessageBytes = 16 * 2 ** 20;
  const it = await linked(server, async () => true);
  server.refusal = failing(Code.Unavailable);
  server.breakStream();
  const taken: boolean[] = [];
  for (let count = 0; count < 10; count += 1) taken.push(it.send(state(4)));
  // 32 MiB are kept. With one more the link is of no use, and nothing is taken for it any more.
  expect(taken).toEqual([...Array(7).fill(true), ...Array(3).fill(false)]);
  server.refusal = undefined;
  it.retryNow();
  await vi.waitFor(() => expect(server.links).toBe(2));
  await vi.waitFor(() => expect(it.send(state(0))).toBe(true));
  await vi.waitFor(() => expect(server.received).toHaveLength(1)); // what was kept for the old link is forgotten
});

it("does not let the server go on while the service worker takes nothing", async () => {
  const server = new ServerDouble();
  const tries: string[] = [];
  let takes = false;
  const it = await linked(server, async ({ body }) => {
    tries.push(body.case === "command" ? body.value.commandId : "");
    return takes;
  });
  for (let count = 0; count < 400; count += 1) server.push(command(`c${count}`));
  await vi.waitFor(() => expect(tries.length).toBeGreaterThan(2));
  expect(new Set(tries)).toEqual(new Set(["c0"])); // one after the other
  expect(server.inFlight).toBe(256);
  takes = true;
  await vi.waitFor(() => expect(server.acked).toBe(400), { timeout: 20_000 });
  expect(it.send(state(0))).toBe(true);
});

it("sends no more than the credit, whoever does not answer", () => {
  const channel = new Channel<string>({ unackedMessages: 4, unackedBytes: 100 });
  channel.begin();
  channel.onAttached(0, 1, 0);
  let sent = 0;
  for (let count = 0; count < 50; count += 1) {
    sent += channel.enqueue("x", 30).filter(({ effect }) => effect === "transmit").length;
  }
  expect(sent).toBe(3);
  expect(channel.inFlight).toBe(3);
});

it("makes room for a message as it comes, not as it is announced", () => {
  const assembler = new Assembler(2 ** 32 - 1);
  const part = create(PartSchema, { data: new Uint8Array(10), index: 0, totalBytes: 2 ** 32 - 1 });
  expect(assembler.take(part)).toEqual({ fits: true });
  expect(assembler.keptBytes).toBe(10);
});
