// The direct line over real ports: bytes arrive as they are, who does not answer is given up, and what was silent for too
// long is not trusted.

import { MessageChannel } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DirectLine, type LinePort } from "../../wire/direct_line";

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

describe("a direct line", () => {
  let now = 0;
  let heard: Uint8Array[] = [];
  let channel: MessageChannel;
  beforeEach(() => {
    now = 1_000;
    heard = [];
    channel = new MessageChannel();
  });
  afterEach(() => {
    channel.port1.close();
  });

  function lines(take: (body: Uint8Array) => Promise<boolean>): [DirectLine, DirectLine] {
    const [one, other] = [channel.port1, channel.port2] as unknown as [LinePort, LinePort];
    return [
      new DirectLine(
        one,
        async () => true,
        () => now,
      ),
      new DirectLine(other, take, () => now),
    ];
  }

  it("is trusted once the other end was heard", async () => {
    const [line, other] = lines(async () => true);
    expect([line.isTrusted, line.isHopeful]).toEqual([false, true]);
    other.greet();
    await vi.waitFor(() => expect(line.isTrusted).toBe(true));
    expect(other.isTrusted).toBe(false);
    now += 30_000;
    expect([line.isHopeful, other.isHopeful]).toEqual([false, false]);
  });

  it("carries bytes, and whether they were taken", async () => {
    const [line] = lines(async (body) => {
      heard.push(body);
      return body[0] !== 2;
    });
    const sent = bytes(1, 200, 0);
    expect(await line.ask(sent)).toBe(true);
    expect(sent).toHaveLength(0); // handed over, not copied
    expect(await line.ask(bytes(2))).toBe(false);
    expect(heard).toEqual([bytes(1, 200, 0), bytes(2)]);
  });

  it("says no for what could not be taken", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const [line] = lines(() => Promise.reject(new Error("no room")));
    expect(await line.ask(bytes(1))).toBe(false);
    expect(logged).toHaveBeenCalled();
    logged.mockRestore();
  });

  it("goes on both ways at once", async () => {
    const [line, other] = lines(async () => true);
    expect(await Promise.all([line.ask(bytes(1)), other.ask(bytes(2)), line.ask(bytes(3))])).toEqual([
      true,
      true,
      true,
    ]);
  });

  it("tells when the other end has closed", async () => {
    const ended = vi.fn();
    const [one, other] = [channel.port1, channel.port2] as unknown as [LinePort, LinePort];
    const line = new DirectLine(one, async () => true, Date.now, ended);
    const far = new DirectLine(other, async () => true, Date.now, ended);
    far.close();
    await vi.waitFor(() => expect(ended).toHaveBeenCalled());
    expect([line.isHopeful, far.isHopeful]).toEqual([false, false]);
  });

  it("is given up when the other end closes or does not answer", async () => {
    const [line, other] = lines(() => new Promise(() => {}));
    other.greet();
    await vi.waitFor(() => expect(line.isTrusted).toBe(true));
    const asked = line.ask(bytes(1));
    other.close();
    expect(await asked).toBeUndefined();
    expect(line.isTrusted).toBe(false);
    channel = new MessageChannel();
    const [silent] = lines(() => new Promise(() => {}));
    expect(await silent.ask(bytes(1))).toBeUndefined();
    expect(silent.isTrusted).toBe(false);
  });

  it("is not trusted when it was silent for long", async () => {
    const [line] = lines(async () => true);
    now += 15_000;
    expect(await line.ask(bytes(1))).toBe(true);
    now += 15_000;
    expect(line.isTrusted).toBe(true);
    now += 10_000;
    expect(line.isTrusted).toBe(false);
  });
});
