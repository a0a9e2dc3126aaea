// The link's client against a server in memory: it connects, comes back after every kind of break, loses and repeats
// nothing, and tells what is in the way.

import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { ErrorCode, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import {
  ConnectionPhase,
  type ConnectionStatus,
  ConnectionTrouble,
  LinkCredentialsSchema,
} from "@gen/tabwire/v1/extension_pb";
import { type Downlink, DownlinkSchema, RotateReason, type Uplink, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import { afterEach, expect, it, vi } from "vitest";
import { diagnose } from "../../link/diagnose";
import { LinkClient } from "../../link/link_client";
import { createTransport } from "../../link/transport";
import { failing, ServerDouble } from "./server_double";

const SERVER_URL = "https://127.0.0.1:8443";

class Browser {
  readonly server = new ServerDouble();
  readonly delivered: Downlink[] = [];
  readonly statuses: ConnectionStatus[] = [];
  readonly tokenRequests: boolean[] = [];
  /** What the service worker answers; true by default. */
  answers: (boolean | Error)[] = [];
  random = 0;
  token = "token-1";
  expiresAt = Date.now() + 3_600_000;
  readonly client: LinkClient;

  constructor() {
    this.client = new LinkClient({
      makeTransport: (_serverUrl, token) => withToken(this.server, token),
      diagnose: (serverUrl, error) =>
        diagnose(serverUrl, error, () => Promise.reject(new TypeError("Failed to fetch"))),
      now: () => Math.floor(performance.now()),
      deliver: async (message) => {
        const answer = this.answers.shift() ?? true;
        if (answer instanceof Error) throw answer;
        if (answer) this.delivered.push(message);
        return answer;
      },
      onStatus: (status) => this.statuses.push(status),
      onTokenNeeded: (refused) => this.tokenRequests.push(refused),
      random: () => this.random,
    });
  }

  connect(): void {
    this.client.connect(
      create(LinkCredentialsSchema, {
        serverUrl: SERVER_URL,
        accessToken: this.token,
        accessExpiresAt: timestampFromMs(this.expiresAt),
        browserId: "browser-1",
        hello: { minRevision: 1, maxRevision: 1, extensionVersion: "9.9.9" },
      }),
    );
  }

  async connected(): Promise<void> {
    await vi.waitFor(() => expect(this.phase).toBe(ConnectionPhase.CONNECTED));
  }

  async online(): Promise<void> {
    this.connect();
    await this.connected();
  }

  get phase(): ConnectionPhase {
    return this.client.status.phase;
  }

  commandIds(): string[] {
    return this.delivered.map(({ body }) => (body.case === "command" ? body.value.commandId : `${body.case}`));
  }

  resultIds(): string[] {
    return this.server.received.map(({ body }) =>
      body.case === "commandResult" ? body.value.commandId : `${body.case}`,
    );
  }
}

/** The in-memory transport with the token as the real one sets it. */
function withToken(server: ServerDouble, token: () => string | undefined) {
  return {
    unary: (...[method, signal, timeout, header, ...rest]: Parameters<typeof server.transport.unary>) =>
      server.transport.unary(method, signal, timeout, authorized(header, token), ...rest),
    stream: (...[method, signal, timeout, header, ...rest]: Parameters<typeof server.transport.stream>) =>
      server.transport.stream(method, signal, timeout, authorized(header, token), ...rest),
  } as typeof server.transport;
}

function authorized(header: HeadersInit | undefined, token: () => string | undefined): Headers {
  const headers = new Headers(header);
  headers.set("authorization", `Bearer ${token()}`);
  return headers;
}

function command(commandId: string): Downlink {
  return create(DownlinkSchema, { body: { case: "command", value: { commandId } } });
}

function result(commandId: string): Uplink {
  return create(UplinkSchema, { body: { case: "commandResult", value: { commandId } } });
}

let browser: Browser | undefined;

function newBrowser(): Browser {
  browser = new Browser();
  return browser;
}

afterEach(async () => {
  await browser?.client.disconnect("the test is over");
});

it("connects and tells what the server said", async () => {
  const it = newBrowser();
  expect(it.phase).toBe(ConnectionPhase.UNPAIRED);
  await it.online();
  const { status } = it.client;
  expect(status.serverVersion).toBe("1.2.3");
  expect(status.modelConfigured).toBe(true);
  expect(status.revision).toBe(1);
  expect(status.serverUrl).toBe(SERVER_URL);
  expect(status.browserId).toBe("browser-1");
  expect(Math.abs(Number(status.clockOffsetMs))).toBeLessThan(5_000);
  expect(it.server.hellos[0]?.extensionVersion).toBe("9.9.9");
  expect(it.server.attachments).toEqual([{ linkId: "link-1", epoch: 1, after: 0 }]);
});

it("delivers in order and acknowledges only what is recorded", async () => {
  const it = newBrowser();
  it.answers = [false, new Error("no receiver"), true];
  await it.online();
  for (const id of ["a", "b", "c"]) it.server.push(command(id));
  await vi.waitFor(() => expect(it.commandIds()).toEqual(["a", "b", "c"]));
  await vi.waitFor(() => expect(it.server.acked).toBe(3));
});

it("does not acknowledge what the service worker does not take", async () => {
  const it = newBrowser();
  it.answers = Array.from({ length: 1_000 }, () => false);
  await it.online();
  it.server.push(command("a"));
  await vi.waitFor(() => expect(it.answers.length).toBeLessThan(999)); // tried more than once
  expect(it.client.send(result("other"))).toBe(true);
  await vi.waitFor(() => expect(it.resultIds()).toEqual(["other"]));
  expect(it.server.acked).toBe(0);
  it.answers = [];
  await vi.waitFor(() => expect(it.server.acked).toBe(1), { timeout: 10_000 });
});

it("acknowledges a kind of message that it does not know", async () => {
  const it = newBrowser();
  await it.online();
  it.server.push(create(DownlinkSchema, {}));
  it.server.push(command("a"));
  await vi.waitFor(() => expect(it.server.acked).toBe(2));
  expect(it.commandIds()).toEqual(["a"]);
});

it("sends what gathers in one Send, in order", async () => {
  const it = newBrowser();
  await it.online();
  for (const id of ["a", "b", "c"]) it.client.send(result(id));
  await vi.waitFor(() => expect(it.resultIds()).toEqual(["a", "b", "c"]));
  expect(it.server.sends).toHaveLength(1);
  expect(it.server.received.map(({ seq }) => seq)).toEqual([1n, 2n, 3n]);
});

it("keeps to the server's credit", async () => {
  const it = newBrowser();
  it.server.limits.maxUnackedMessages = 2;
  await it.online();
  for (let number = 0; number < 7; number += 1) it.client.send(result(`${number}`));
  await vi.waitFor(() => expect(it.server.received).toHaveLength(7));
  for (const { messages } of it.server.sends) expect(messages.length).toBeLessThanOrEqual(2);
});

it("repeats a Send whose answer was lost, and nothing arrives twice", async () => {
  const it = newBrowser();
  it.server.sendFailures = [failing(Code.Unavailable), failing(Code.Unknown)];
  await it.online();
  it.client.send(result("a"));
  await vi.waitFor(() => expect(it.server.sends).toHaveLength(3));
  it.client.send(result("b"));
  await vi.waitFor(() => expect(it.resultIds()).toEqual(["a", "b"]));
  expect(it.server.attachments).toHaveLength(1);
});

it("resumes a broken stream where it stood", async () => {
  const it = newBrowser();
  await it.online();
  it.server.push(command("a"));
  await vi.waitFor(() => expect(it.commandIds()).toEqual(["a"]));
  it.server.breakStream();
  it.server.push(command("b"));
  it.client.send(result("a"));
  await vi.waitFor(() => expect(it.commandIds()).toEqual(["a", "b"]));
  await vi.waitFor(() => expect(it.resultIds()).toEqual(["a"]));
  expect(it.server.attachments.at(-1)).toEqual({ linkId: "link-1", epoch: 2, after: 1 });
  expect(it.statuses.map(({ trouble }) => trouble)).toContain(ConnectionTrouble.NOTHING_LISTENING);
  expect(it.phase).toBe(ConnectionPhase.CONNECTED);
});

it("attaches again at once when the server rotates the stream", async () => {
  const it = newBrowser();
  await it.online();
  const before = it.statuses.length;
  it.server.rotate(RotateReason.AGE);
  await vi.waitFor(() => expect(it.server.attachments).toHaveLength(2));
  it.server.push(command("a"));
  await vi.waitFor(() => expect(it.commandIds()).toEqual(["a"]));
  const phases = it.statuses.slice(before).map(({ phase }) => phase);
  expect(new Set(phases)).toEqual(new Set([ConnectionPhase.CONNECTED]));
});

it("waits as long as a stopping server asks for", async () => {
  const it = newBrowser();
  await it.online();
  it.server.rotate(RotateReason.SHUTDOWN, 3_600_000);
  await vi.waitFor(() => expect(it.phase).toBe(ConnectionPhase.CONNECTING));
  expect(it.server.attachments).toHaveLength(1);
  it.client.retryNow();
  await it.connected();
});

it("opens a new link when the server does not know the old one", async () => {
  const it = newBrowser();
  await it.online();
  it.server.push(command("a"));
  await vi.waitFor(() => expect(it.commandIds()).toEqual(["a"]));
  it.server.restart();
  await vi.waitFor(() => expect(it.server.linkId).toBe("link-2"));
  await it.connected();
  it.server.push(command("b"));
  await vi.waitFor(() => expect(it.commandIds()).toEqual(["a", "b"]));
  it.client.send(result("b"));
  await vi.waitFor(() => expect(it.server.received.at(-1)?.seq).toBe(1n));
});

it("opens a new link at once also after a long absence of the server", async () => {
  const it = newBrowser();
  it.random = 1;
  await it.online();
  it.server.refusal = failing(Code.Unavailable);
  it.server.restart();
  for (let tries = 1; tries <= 4; tries += 1) {
    await vi.waitFor(() => expect(it.server.tokens.length).toBeGreaterThan(tries + 1), { timeout: 5_000 });
    await vi.waitFor(() => expect(it.phase).toBe(ConnectionPhase.WAITING));
    if (tries === 4) it.server.refusal = undefined;
    it.client.retryNow();
  }
  await it.connected();
  expect(it.server.linkId).toBe("link-2");
});

it("notices that the server has gone silent", async () => {
  const it = newBrowser();
  it.server.heartbeatMs = 40;
  await it.online();
  await vi.waitFor(() => expect(it.server.attachments.length).toBeGreaterThan(1)); // the double gives no sign of life
  const phases = it.statuses.map(({ phase }) => phase);
  expect(phases.slice(phases.indexOf(ConnectionPhase.CONNECTED))).toContain(ConnectionPhase.CONNECTING);
});

it("gives signs of life", async () => {
  const it = newBrowser();
  it.server.heartbeatMs = 60;
  await it.online();
  await vi.waitFor(() =>
    expect(it.server.sends.flatMap(({ messages }) => messages.map(({ body }) => body.case))).toContain("heartbeat"),
  );
});

it("asks for a fresh token when the current one is refused, and goes on with it", async () => {
  const it = newBrowser();
  it.server.refusal = failing(Code.Unauthenticated);
  it.connect();
  await vi.waitFor(() => expect(it.tokenRequests).toEqual([true]));
  await vi.waitFor(() => expect(it.client.status.trouble).toBe(ConnectionTrouble.TOKEN));
  expect(it.client.status.errorInfo?.remedy).toContain("tabwire pair");
  it.server.refusal = undefined;
  it.token = "token-2";
  await it.online();
  expect(it.server.tokens.at(-1)).toBe("Bearer token-2");
  expect(it.client.status.trouble).toBe(ConnectionTrouble.UNSPECIFIED);
});

it("asks for a fresh token before the current one ends, and keeps the stream", async () => {
  const it = newBrowser();
  it.expiresAt = Date.now() + 200;
  await it.online();
  await vi.waitFor(() => expect(it.tokenRequests).toEqual([false]));
  it.token = "token-2";
  it.expiresAt = Date.now() + 3_600_000;
  it.connect();
  it.client.send(result("a"));
  await vi.waitFor(() => expect(it.resultIds()).toEqual(["a"]));
  expect(it.server.tokens.at(-1)).toBe("Bearer token-2");
  expect(it.server.attachments).toHaveLength(1);
});

it("attaches with a fresh token when the server ends the stream because of the old one", async () => {
  const it = newBrowser();
  await it.online();
  it.server.rotate(RotateReason.TOKEN_EXPIRY);
  await vi.waitFor(() => expect(it.tokenRequests).toEqual([false]));
  expect(it.server.attachments).toHaveLength(1);
  it.token = "token-2";
  it.connect();
  await vi.waitFor(() => expect(it.server.attachments).toHaveLength(2));
  expect(it.server.tokens.at(-1)).toBe("Bearer token-2");
});

it("says which side to update when the two share no revision, and stops hammering", async () => {
  const it = newBrowser();
  const info = create(ErrorInfoSchema, {
    errorCode: ErrorCode.PROTOCOL_REVISION_UNSUPPORTED,
    message: "The extension speaks protocol revisions 1 to 1, the server 2 to 3; they share none.",
    remedy: "Update the Tabwire extension in this browser.",
  });
  it.server.refusal = failing(Code.FailedPrecondition, info);
  it.connect();
  await vi.waitFor(() => expect(it.phase).toBe(ConnectionPhase.FAILED));
  expect(it.client.status.trouble).toBe(ConnectionTrouble.VERSION);
  expect(it.client.status.errorInfo?.message).toContain("2 to 3");
  expect(it.client.status.errorInfo?.remedy).toContain("Update");
  expect(it.server.tokens).toHaveLength(1);
  it.server.refusal = undefined;
  it.client.retryNow();
  await it.connected();
});

it("says that the server is down, when it tries again, and tries at once when told to", async () => {
  const it = newBrowser();
  it.random = 1;
  it.server.refusal = failing(Code.Unavailable);
  it.connect();
  await vi.waitFor(() => expect(it.phase).toBe(ConnectionPhase.WAITING));
  expect(it.client.status.trouble).toBe(ConnectionTrouble.SERVER_DOWN);
  expect(it.client.status.nextTryAt).toBeDefined();
  it.server.refusal = undefined;
  it.client.retryNow();
  await it.connected();
  expect(it.client.status.errorInfo).toBeUndefined();
});

it("answers a command whose result is too large with an error", async () => {
  const it = newBrowser();
  it.server.limits.maxMessageBytes = 1_000;
  await it.online();
  const value = { commandId: "a", outcome: { case: "pageState" as const, value: { title: "x".repeat(2_000) } } };
  it.client.send(create(UplinkSchema, { body: { case: "commandResult", value } }));
  await vi.waitFor(() => expect(it.resultIds()).toEqual(["a"]));
  const [received] = it.server.received;
  const body = received?.body;
  const outcome = body?.case === "commandResult" ? body.value.outcome : undefined;
  expect(outcome?.case === "errorInfo" && outcome.value.errorCode).toBe(ErrorCode.RESOURCE_EXHAUSTED);
});

it("takes nothing to send while no link is open", () => {
  const it = newBrowser();
  expect(it.client.send(result("a"))).toBe(false);
});

it("closes the link when it is disconnected", async () => {
  const it = newBrowser();
  await it.online();
  await it.client.disconnect("unpaired");
  expect(it.server.closed).toEqual(["link-1"]);
  expect(it.phase).toBe(ConnectionPhase.UNPAIRED);
  expect(it.client.status.serverUrl).toBe("");
  expect(it.client.send(result("a"))).toBe(false);
});

it("starts anew when it is paired with another server", async () => {
  const it = newBrowser();
  await it.online();
  it.client.connect(create(LinkCredentialsSchema, { serverUrl: "https://127.0.0.1:9443", browserId: "browser-2" }));
  await vi.waitFor(() => expect(it.server.linkId).toBe("link-2"));
  await it.connected();
  expect(it.client.status.serverUrl).toBe("https://127.0.0.1:9443");
});

it("puts the token of the moment on every call of the real transport", async () => {
  const seen: (string | null)[] = [];
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    seen.push(new Headers(init.headers).get("authorization"));
    throw new TypeError("Failed to fetch");
  });
  let token: string | undefined = "one";
  const transport = createTransport(SERVER_URL, () => token);
  const { createClient } = await import("@connectrpc/connect");
  const { LinkService } = await import("@gen/tabwire/v1/link_service_pb");
  const client = createClient(LinkService, transport);
  await expect(client.openLink({})).rejects.toThrow("Failed to fetch");
  token = undefined;
  await expect(client.openLink({})).rejects.toThrow("Failed to fetch");
  expect(seen).toEqual(["Bearer one", null]);
  vi.unstubAllGlobals();
});
