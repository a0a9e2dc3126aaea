// How long the debugger stays attached: for as long as there is work, a while after it, and not from a former life.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Sessions } from "../../browser/trusted/session";
import { FakeEvent } from "./fake_chrome";

let attached: Set<number>;

beforeEach(() => {
  vi.useFakeTimers();
  attached = new Set();
  const debug = {
    onEvent: new FakeEvent(),
    onDetach: new FakeEvent(),
    attach: async ({ tabId }: { tabId: number }) => attached.add(tabId),
    detach: async ({ tabId }: { tabId: number }) => attached.delete(tabId),
    sendCommand: async () => ({}),
    getTargets: async () => [...attached].map((tabId) => ({ tabId, attached: true })),
  };
  vi.stubGlobal("chrome", { debugger: debug });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the debugger", () => {
  it("stays attached during a long piece of work, and not much longer", async () => {
    const session = await new Sessions().over(1);
    session.hold(Date.now() + 60_000);
    await session.send("Runtime.evaluate");
    await vi.advanceTimersByTimeAsync(59_000);
    expect(attached).toEqual(new Set([1]));
    session.release();
    await vi.advanceTimersByTimeAsync(21_000);
    expect(attached).toEqual(new Set());
  });

  it("is detached where nobody says that the work has ended", async () => {
    (await new Sessions().over(1)).hold(Date.now() + 60_000);
    await vi.advanceTimersByTimeAsync(81_000);
    expect(attached).toEqual(new Set());
  });

  it("is detached where a former life has left it attached, and not from what this one needs", async () => {
    attached.add(1).add(2);
    const sessions = new Sessions();
    const needed = sessions.over(2);
    await vi.advanceTimersByTimeAsync(0);
    await needed;
    expect(attached).toEqual(new Set([2]));
  });
});
