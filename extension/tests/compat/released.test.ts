// What released versions wrote (tests/vectors/released): every message means what it did, and what a recorded server of
// that version sent is understood and answered by the extension of today.

import { readdirSync, readFileSync } from "node:fs";
import { create, fromBinary, type JsonValue, type Message, toBinary, toJson } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { createRouterTransport } from "@connectrpc/connect";
import { ConnectionPhase, LinkCredentialsSchema } from "@gen/tabwire/v1/extension_pb";
import {
  type Downlink,
  DownlinkSchema,
  HelloSchema,
  type Uplink,
  UplinkSchema,
  type Welcome,
  WelcomeSchema,
} from "@gen/tabwire/v1/link_pb";
import { LinkService } from "@gen/tabwire/v1/link_service_pb";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LinkClient } from "../../link/link_client";
import { registry } from "../contract/registry";

const folder = new URL("../../../tests/vectors/released/", import.meta.url);
const releases = readdirSync(folder);

interface Entry {
  readonly from: "browser" | "server";
  readonly type: string;
  readonly base64: string;
}

function schema(name: string) {
  const found = registry.getMessage(name);
  if (found === undefined) throw new Error(`${name} has gone`);
  return found;
}

function session(release: string): (Entry & { readonly message: Message })[] {
  const lines = readFileSync(new URL(`${release}/link.jsonl`, folder), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => {
    const entry: Entry = JSON.parse(line);
    return { ...entry, message: fromBinary(schema(entry.type), Buffer.from(entry.base64, "base64")) };
  });
}

/** The messages within that have fields this contract does not know. */
function unknown(message: Message): string[] {
  const found = message.$unknown === undefined ? [] : [message.$typeName];
  const reflected = reflect(schema(message.$typeName), message);
  for (const field of reflected.fields) {
    if (!reflected.isSet(field)) continue;
    if (field.fieldKind === "message" && registry.getMessage(field.message.typeName) !== undefined) {
      found.push(...unknown(reflected.get(field).message));
    } else if (field.fieldKind === "list" && field.listKind === "message") {
      for (const one of reflected.get(field)) found.push(...unknown((one as { message: Message }).message));
    }
  }
  return found;
}

describe.each(releases)("%s", (release) => {
  it("samples of every message mean what they did", () => {
    const golden: Record<string, { hex: string; json: JsonValue }[]> = JSON.parse(
      readFileSync(new URL(`${release}/samples.json`, folder), "utf8"),
    );
    expect(Object.keys(golden).length).toBeGreaterThan(200);
    for (const [name, samples] of Object.entries(golden)) {
      for (const { hex, json } of samples) {
        const message = fromBinary(schema(name), Buffer.from(hex, "hex"));
        expect(toJson(schema(name), message), name).toEqual(json);
        expect(Buffer.from(toBinary(schema(name), message)).toString("hex"), name).toBe(hex);
      }
    }
  });

  it("a recorded session is read and written as it was", () => {
    for (const { type, base64, message } of session(release)) {
      expect(unknown(message), type).toEqual([]);
      expect(Buffer.from(toBinary(schema(type), message)).toString("base64")).toBe(base64);
    }
  });

  it("the recorded server's link is held: all of its commands are delivered, and large answers go whole", async () => {
    const recorded = session(release);
    const welcome = recorded.find(({ type }) => type === WelcomeSchema.typeName)?.message as Welcome;
    const downlinks = recorded
      .filter(({ from, type }) => from === "server" && type === DownlinkSchema.typeName)
      .map(({ message }) => message as Downlink);
    const numbered = downlinks.filter(({ seq }) => seq > 0n);
    const knowsParts = (welcome.limits?.maxPartBytes ?? 0) > 0;
    const server = new RecordedServer(welcome, downlinks);
    const delivered = linkTo(server);
    await vi.waitFor(() => expect(delivered).toHaveLength(numbered.length));
    expect(delivered.map(({ body }) => body.case)).toEqual(numbered.map(({ body }) => body.case));
    expect(client?.status).toMatchObject({ phase: ConnectionPhase.CONNECTED, revision: welcome.revision });

    const message = "x".repeat(600_000);
    const value = { commandId: "c", outcome: { case: "errorInfo", value: { message } } } as const;
    client?.send(create(UplinkSchema, { body: { case: "commandResult", value } }));
    await vi.waitFor(() => expect(server.received.some(({ seq }) => seq > 0n)).toBe(true));
    const kinds = new Set(server.received.filter(({ seq }) => seq > 0n).map(({ body }) => body.case));
    expect([...kinds]).toEqual([knowsParts ? "part" : "commandResult"]);
    await vi.waitFor(() => {
      expect(server.received.at(-1)?.ack ?? 0n).toBe(numbered.at(-1)?.seq ?? 0n);
    });
  });
});

let client: LinkClient | undefined;

afterEach(() => client?.disconnect("the test is over"));

/** Says what a server of that time said, and takes what it is sent. */
class RecordedServer {
  readonly received: Uplink[] = [];

  constructor(
    private readonly welcome: Welcome,
    private readonly downlinks: readonly Downlink[],
  ) {}

  readonly transport = createRouterTransport(({ service }) => {
    service(LinkService, {
      openLink: () => ({ welcome: this.welcome }),
      attach: ({ resume }, context) => this.#attach(resume?.attachEpoch ?? 1n, context.signal),
      send: ({ messages }) => {
        this.received.push(...messages);
        return { ack: messages.findLast(({ seq }) => seq > 0n)?.seq ?? 0n };
      },
      closeLink: () => ({}),
    });
  });

  async *#attach(attachEpoch: bigint, signal: AbortSignal): AsyncGenerator<Downlink> {
    for (const downlink of this.downlinks) {
      // It was told what that browser had sent; this one has sent nothing yet.
      const now = { ...downlink, ack: 0n };
      if (now.body.case === "attached") now.body.value.attachEpoch = attachEpoch;
      yield now;
    }
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  }
}

function linkTo(server: RecordedServer): Downlink[] {
  const delivered: Downlink[] = [];
  client = new LinkClient({
    makeTransport: () => server.transport,
    diagnose: () => Promise.reject(new Error("nothing should fail")),
    now: () => Math.floor(performance.now()),
    deliver: async (message) => {
      delivered.push(message);
      return true;
    },
    onStatus: () => {},
    onTokenNeeded: () => {},
    random: () => 0,
  });
  const hello = create(HelloSchema, { minRevision: 1, maxRevision: 1 });
  client.connect(
    create(LinkCredentialsSchema, { serverUrl: "https://127.0.0.1:8443", accessToken: "t", browserId: "b", hello }),
  );
  return delivered;
}
