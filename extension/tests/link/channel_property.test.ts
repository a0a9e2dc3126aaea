// Two channels over a network that breaks, repeats and delays: whatever happens, each side gets what the other sent, in
// order and once each, and no more is under way than the credit allows.

import fc from "fast-check";
import { expect, it } from "vitest";
import { Channel } from "../../link/channel";
import type { Effect } from "../../link/effects";

const LIMITS = { unackedMessages: 4, unackedBytes: 40, keptMessages: 10_000, keptDigests: 16 };

interface Message {
  readonly epoch: number;
  readonly seq: number;
  readonly ack: number;
  readonly body: string;
}

class End {
  readonly channel = new Channel<string>(LIMITS);
  arriving: Message[] = [];
  readonly sent: string[] = [];
  readonly got: string[] = [];
  recorded = 0;
}

class Link {
  now = 0;
  readonly browser = new End();
  readonly server = new End();

  other(end: End): End {
    return end === this.browser ? this.server : this.browser;
  }

  ends(): [End, End] {
    return [this.browser, this.server];
  }

  loseStream(): void {
    for (const end of this.ends()) end.arriving = [];
  }

  apply(end: End, effects: readonly Effect<string>[]): void {
    for (const effect of effects) {
      if (effect.effect === "transmit") {
        const { seq, body } = effect;
        const ack = end.channel.acknowledge(this.now);
        this.other(end).arriving.push({ epoch: end.channel.epoch, seq, ack, body });
      } else if (effect.effect === "end_stream") {
        this.loseStream();
      }
    }
  }

  enqueue(end: End, size: number): void {
    const body = `${end.sent.length}`.padEnd(size, ".");
    end.sent.push(body);
    this.apply(end, end.channel.enqueue(body, size));
  }

  attach(): void {
    for (const resume of this.browser.channel.begin()) {
      if (resume.effect !== "send_resume") continue;
      const effects = this.server.channel.attach(this.now, resume.epoch, resume.resumeAfter);
      this.loseStream();
      for (const answer of effects) {
        if (answer.effect !== "send_attached") continue;
        this.apply(this.browser, this.browser.channel.onAttached(this.now, answer.epoch, answer.recorded));
      }
      this.apply(
        this.server,
        effects.filter(({ effect }) => effect === "transmit"),
      );
    }
  }

  take(end: End, message: Message): void {
    const { epoch, seq, ack, body } = message;
    const effects = end.channel.receive(this.now, epoch, { seq, ack, digest: body, size: body.length });
    const [first] = effects;
    if (first?.effect === "deliver") end.got.push(body);
    if (first?.effect === "refuse") expect(first.reason).toBe("fenced");
    this.apply(end, effects);
  }

  arrive(end: End, count: number): void {
    for (const message of end.arriving.splice(0, count)) this.take(end, message);
  }

  repeat(count: number): void {
    for (const message of this.server.arriving.slice(0, count)) this.take(this.server, message);
  }

  record(end: End, part: number): void {
    end.recorded += Math.round((end.got.length - end.recorded) * part);
    end.channel.record(this.now, end.recorded);
  }

  breakStream(): void {
    this.loseStream();
    for (const end of this.ends()) end.channel.detach(end.channel.epoch);
  }

  pass(millis: number): void {
    this.now += millis;
    for (const end of this.ends()) this.apply(end, end.channel.tick(this.now));
  }

  check(): void {
    for (const end of this.ends()) {
      expect(end.got).toEqual(this.other(end).sent.slice(0, end.got.length));
      expect(end.channel.inFlight).toBeLessThanOrEqual(LIMITS.unackedMessages);
    }
  }

  /** With a stream that holds, everything arrives. */
  settle(): void {
    this.attach();
    for (let round = 0; round < 1_000; round += 1) {
      for (const end of this.ends()) {
        while (end.arriving.length > 0) this.arrive(end, 1);
        this.record(end, 1);
        const ack = end.channel.acknowledge(this.now);
        const control = { seq: 0, ack, digest: "", size: 0 };
        const peer = this.other(end);
        this.apply(peer, peer.channel.receive(this.now, end.channel.epoch, control));
      }
    }
    for (const end of this.ends()) expect(end.got).toEqual(this.other(end).sent);
  }
}

const side = fc.constantFrom("browser" as const, "server" as const);
const anything = fc.oneof(
  fc.tuple(fc.constant("enqueue" as const), side, fc.integer({ min: 1, max: 60 })),
  fc.tuple(fc.constant("arrive" as const), side, fc.integer({ min: 1, max: 10 })),
  fc.tuple(fc.constant("record" as const), side, fc.double({ min: 0, max: 1, noNaN: true })),
  fc.tuple(fc.constant("repeat" as const), side, fc.integer({ min: 1, max: 5 })),
  fc.tuple(fc.constant("attach" as const), side, fc.constant(0)),
  fc.tuple(fc.constant("break" as const), side, fc.constant(0)),
  fc.tuple(fc.constant("pass" as const), side, fc.integer({ min: 0, max: 30_000 })),
);

it("is ordered, unique, reliable, resumable and bounded", () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 60 }), (steps) => {
      const link = new Link();
      for (const [what, at, amount] of steps) {
        const end = link[at];
        if (what === "enqueue") link.enqueue(end, amount);
        else if (what === "arrive") link.arrive(end, amount);
        else if (what === "record") link.record(end, amount);
        else if (what === "repeat") link.repeat(amount);
        else if (what === "attach") link.attach();
        else if (what === "break") link.breakStream();
        else link.pass(amount);
        link.check();
      }
      link.settle();
    }),
    { numRuns: 100 },
  );
});
