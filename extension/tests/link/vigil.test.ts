import { create } from "@bufbuild/protobuf";
import { DownlinkSchema, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Vigil } from "../../link/vigil";

/** A port to a worker that the test can let die. */
class FakePort {
  closed = false;
  die: () => void = () => {};
  readonly onDisconnect = {
    addListener: (listener: () => void) => {
      this.die = listener;
    },
  };
  disconnect(): void {
    this.closed = true;
  }
}

const command = (commandId: string) => create(DownlinkSchema, { body: { case: "command", value: { commandId } } });
const result = (commandId: string) => create(UplinkSchema, { body: { case: "commandResult", value: { commandId } } });

describe("the vigil", () => {
  const ports: FakePort[] = [];
  const open = (): FakePort => {
    const port = new FakePort();
    ports.push(port);
    return port;
  };
  beforeEach(() => {
    ports.length = 0;
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("watches only while an answer is owed", () => {
    const vigil = new Vigil(open);
    expect(ports).toHaveLength(0);
    vigil.recorded(command("a"));
    vigil.recorded(command("b"));
    vi.runAllTimers();
    expect(ports).toHaveLength(1);
    vigil.sent(result("a"));
    expect(ports[0]?.closed).toBe(false);
    vigil.sent(result("b"));
    expect(ports[0]?.closed).toBe(true);
  });

  it("starts a worker again that died owing an answer", () => {
    const vigil = new Vigil(open);
    vigil.recorded(command("a"));
    vi.runAllTimers();
    ports[0]?.die();
    vi.runAllTimers();
    expect(ports).toHaveLength(2);
  });

  it("does not watch over what is answered at once, also where the answer is faster than the receipt", () => {
    const vigil = new Vigil(open);
    vigil.recorded(command("a"));
    vigil.sent(result("a"));
    vigil.sent(result("b"));
    vigil.recorded(command("b"));
    vi.runAllTimers();
    expect(ports).toHaveLength(0);
  });

  it("lets a worker rest that owes nothing", () => {
    const vigil = new Vigil(open);
    vigil.recorded(command("a"));
    vi.runAllTimers();
    ports[0]?.die();
    vigil.sent(result("a"));
    vi.runAllTimers();
    expect(ports).toHaveLength(1);
  });
});
