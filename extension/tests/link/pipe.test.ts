// The pipe to the service worker: what counts as recorded, what is tried again, and what is not for it.

import { create } from "@bufbuild/protobuf";
import {
  ConnectionPhase,
  ConnectionStatusSchema,
  type PipeMessage,
  PipeMessageSchema,
} from "@gen/tabwire/v1/extension_pb";
import { DownlinkSchema, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import { expect, it, vi } from "vitest";
import { Pipe, type PipeHandler } from "../../link/pipe";
import { isFor, seal, unseal } from "../../wire/envelope";

/** A service worker that answers with these, one after the other, and then with {ok: true}. */
function worker(...answers: unknown[]) {
  const heard: PipeMessage[] = [];
  const post = vi.fn(async (message: unknown) => {
    if (!isFor(message, "background", "pipe")) throw new Error("not sealed for the service worker");
    const answer = answers.length > 0 ? answers.shift() : { ok: true };
    if (answer instanceof Error) throw answer;
    heard.push(unseal(PipeMessageSchema, message));
    return answer;
  });
  return { heard, pipe: new Pipe(post) };
}

function handler() {
  return {
    connect: vi.fn<PipeHandler["connect"]>(),
    disconnect: vi.fn<PipeHandler["disconnect"]>(),
    send: vi.fn<PipeHandler["send"]>(() => true),
    sendResult: vi.fn<PipeHandler["sendResult"]>(() => true),
    pushStatus: vi.fn<PipeHandler["pushStatus"]>(),
    retryNow: vi.fn<PipeHandler["retryNow"]>(),
  };
}

function toOffscreen(kind: Parameters<typeof create<typeof PipeMessageSchema>>[1]) {
  return seal("offscreen", "pipe", PipeMessageSchema, create(PipeMessageSchema, kind));
}

it.each([
  [{ ok: true }, true],
  [{ ok: false }, false],
  [undefined, false],
  ["yes", false],
])("takes %j as %s", async (answer, recorded) => {
  const { pipe, heard } = worker(answer);
  expect(await pipe.deliver(create(DownlinkSchema, { seq: 4n }))).toBe(recorded);
  expect(heard[0]?.kind).toMatchObject({ case: "downlink", value: { seq: 4n } });
});

it("lets the caller know if nobody is there", async () => {
  const { pipe } = worker(new Error("Could not establish connection. Receiving end does not exist."));
  await expect(pipe.deliver(create(DownlinkSchema))).rejects.toThrow("Receiving end");
});

it("pushes the latest status until it is heard, and older ones not at all", async () => {
  const { pipe, heard } = worker(new Error("the worker is dead"), undefined);
  for (const phase of [ConnectionPhase.CONNECTING, ConnectionPhase.WAITING, ConnectionPhase.CONNECTED]) {
    pipe.pushStatus(create(ConnectionStatusSchema, { phase }));
  }
  await vi.waitFor(() => expect(heard).toHaveLength(2), { timeout: 5_000 });
  expect(heard.at(-1)?.kind).toMatchObject({ case: "status", value: { phase: ConnectionPhase.CONNECTED } });
});

it("asks for a token, and a dead service worker is no harm", async () => {
  const { pipe, heard } = worker(new Error("the worker is dead"));
  await pipe.needToken(true);
  await pipe.needToken(true);
  expect(heard.map(({ kind }) => kind)).toMatchObject([{ case: "tokenNeeded", value: { refused: true } }]);
});

it("asks for credentials until they come, because each request may be lost", async () => {
  vi.useFakeTimers();
  const { pipe, heard } = worker(new Error("the worker is dead"), { ok: false });
  const told = new AbortController();
  const asking = pipe.askForCredentials(told.signal);
  await vi.advanceTimersByTimeAsync(900);
  expect(heard, "a worker that has just made this document sends them by itself").toHaveLength(0);
  await vi.advanceTimersByTimeAsync(7_000);
  expect(heard.map(({ kind }) => kind)).toMatchObject([
    { case: "tokenNeeded", value: { refused: false } },
    { case: "tokenNeeded", value: { refused: false } },
  ]);
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(heard.length, "rarely, where nobody has any").toBeLessThan(20);
  told.abort();
  await asking;
  const asked = heard.length;
  await vi.advanceTimersByTimeAsync(120_000);
  expect(heard).toHaveLength(asked);
  vi.useRealTimers();
});

it("hands on what the service worker says", () => {
  const { pipe } = worker();
  const to = handler();
  const credentials = { serverUrl: "https://127.0.0.1:8443", accessToken: "t" };
  expect(pipe.take(toOffscreen({ kind: { case: "credentials", value: credentials } }), to)).toEqual({ ok: true });
  expect(to.connect.mock.calls[0]?.[0]).toMatchObject(credentials);
  expect(pipe.take(toOffscreen({ kind: { case: "disconnect", value: { reason: "bye" } } }), to)).toEqual({ ok: true });
  expect(to.disconnect).toHaveBeenCalledWith("bye");
  expect(pipe.take(toOffscreen({ kind: { case: "statusRequest", value: {} } }), to)).toEqual({ ok: true });
  expect(to.pushStatus).toHaveBeenCalled();
  expect(pipe.take(toOffscreen({ kind: { case: "retryNow", value: {} } }), to)).toEqual({ ok: true });
  expect(to.retryNow).toHaveBeenCalled();
});

it("says whether a message could be queued", () => {
  const { pipe } = worker();
  const to = handler();
  const uplink = toOffscreen({ kind: { case: "uplink", value: create(UplinkSchema, { seq: 1n }) } });
  expect(pipe.take(uplink, to)).toEqual({ ok: true });
  to.send.mockReturnValue(false);
  expect(pipe.take(uplink, to)).toEqual({ ok: false });
});

it("leaves alone what is not for it, and refuses what it does not know", () => {
  const { pipe } = worker();
  const to = handler();
  expect(pipe.take({ some: "message" }, to)).toBeUndefined();
  expect(pipe.take(seal("background", "pipe", PipeMessageSchema, create(PipeMessageSchema)), to)).toBeUndefined();
  expect(pipe.take(toOffscreen({}), to)).toEqual({ ok: false });
});
