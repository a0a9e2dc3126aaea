// Two channels over the wire as it can be at its worst, by the rules of Attach and Send. The twin of
// tests/unit/link/test_rough_wire.py.
//
// Everything that a browser sends (attach requests, Sends, with what they carry) may be lost, repeated, delayed beyond the
// next attachment and overtaken; what a server streams may be cut anywhere, and nobody may notice for long. The server may
// forget the link, or only what a browser asks for; two attachments may race; a reader may take nothing; each end has a
// clock of its own, which jumps. The six promises of docs/link.md are checked after each step. A failure prints its seed
// and the fewest steps that lead to it.

import fc from "fast-check";
import { expect, it } from "vitest";
import { Channel } from "../../link/channel";
import type { ChannelLimits, Effect } from "../../link/effects";

const LIMITS: ChannelLimits = {
  unackedMessages: 4,
  unackedBytes: 40,
  keptMessages: 12,
  keptBytes: 400,
  keptDigests: 8,
  heartbeatMs: 10_000,
  ackDelayMs: 200,
};
const DEFAULT_RUNS = 400;

/** What a stream carries: Attached (with `recorded`), a numbered message, or a sign of life. */
interface Down {
  readonly epoch: number;
  readonly ack: number;
  readonly seq: number;
  readonly body: string;
  readonly recorded?: number;
}

/** What a browser sends: a message of a Send, or a request to attach (with `resumeAfter`). */
interface Up {
  readonly link: number;
  readonly epoch: number;
  readonly ack: number;
  readonly seq: number;
  readonly body: string;
  readonly resumeAfter?: number;
}

/** One end of a link: what it was given to send, what it got, and what of that it has recorded. */
class End {
  readonly channel = new Channel<string>(LIMITS);
  readonly sent: string[] = [];
  readonly got: string[] = [];
  recorded = 0;

  record(now: number, count: number): void {
    this.recorded = Math.min(this.recorded + count, this.got.length);
    this.channel.record(now, this.recorded);
  }

  /** The acknowledgement for what is sent now, which must not promise more than is recorded. */
  ack(now: number): number {
    const ack = this.channel.acknowledge(now);
    expect(ack).toBeLessThanOrEqual(this.recorded);
    return ack;
  }

  /** The bodies that are kept for sending, oldest first: those before `inFlight` are under way. */
  kept(): string[] {
    return this.sent.flatMap((_, index) => this.channel.peek(index + 1) ?? []);
  }
}

type Side = "browser" | "server";

/** The two ends, and what is under way between them. */
class RoughWire {
  readonly clocks = { browser: 0, server: 5_000_000 };
  /** How often what was interesting has happened, over all runs. */
  readonly #seen: Map<string, number>;
  #link = 0;
  browser = new End();
  server = new End();
  /** What the browser still reads of its newest stream. */
  stream: Down[] = [];
  /** False once that is cut or given up: what the server writes to it then reaches nobody. */
  #isOpen = false;
  /** What the browser has sent, in any order and as often as the wire likes. */
  wire: Up[] = [];
  /** Epoch and ack of the answers to Sends. */
  answers: { epoch: number; ack: number }[] = [];

  constructor(seen: Map<string, number>) {
    this.#seen = seen;
    this.beginLink();
  }

  count(what: string): void {
    this.#seen.set(what, (this.#seen.get(what) ?? 0) + 1);
  }

  /** The link is forgotten at both ends; what is under way belongs to the old one. */
  beginLink(): void {
    this.#link += 1;
    this.browser = new End();
    this.server = new End();
    this.stream = [];
    this.answers = [];
    this.attachWell();
  }

  // What the ends do

  apply(side: Side, effects: readonly Effect<string>[]): void {
    const { channel } = this[side];
    const now = this.clocks[side];
    for (const effect of effects) {
      if (effect.effect === "overflow") {
        this.count("overflow");
        this.beginLink();
        return;
      }
      if (side === "browser") this.#byBrowser(channel, now, effect);
      else this.#byServer(channel, now, effect);
    }
  }

  #byBrowser(channel: Channel<string>, now: number, effect: Effect<string>): void {
    const of = { link: this.#link, epoch: channel.epoch };
    if (effect.effect === "transmit") {
      this.wire.push({ ...of, ack: this.browser.ack(now), seq: effect.seq, body: effect.body });
    } else if (effect.effect === "send_heartbeat") {
      this.wire.push({ ...of, ack: this.browser.ack(now), seq: 0, body: "" });
    } else if (effect.effect === "send_resume") {
      this.#open(true); // it reads the new stream only
      const { epoch, resumeAfter } = effect;
      this.wire.push({ ...of, epoch, ack: 0, seq: 0, body: "", resumeAfter });
    } else if (effect.effect === "end_stream") {
      if (effect.cause === "lost") this.count("lost at the browser");
      this.#open(false);
    }
  }

  #open(isOpen: boolean): void {
    this.stream = [];
    this.#isOpen = isOpen;
  }

  #byServer(channel: Channel<string>, now: number, effect: Effect<string>): void {
    const put = (down: Down): void => {
      // Of all streams it reads the newest only.
      if (this.#isOpen && down.epoch === this.browser.channel.epoch) this.stream.push(down);
    };
    if (effect.effect === "transmit") {
      put({ epoch: channel.epoch, ack: this.server.ack(now), seq: effect.seq, body: effect.body });
    } else if (effect.effect === "send_heartbeat") {
      put({ epoch: channel.epoch, ack: this.server.ack(now), seq: 0, body: "" });
    } else if (effect.effect === "send_attached") {
      put({ epoch: effect.epoch, ack: effect.recorded, seq: 0, body: "", recorded: effect.recorded });
    } else if (effect.effect === "end_stream") {
      this.count(`ended: ${effect.cause}`);
    }
  }

  // What is asked of the ends

  enqueue(side: Side, size: number, count: number): void {
    for (let number = 0; number < count; number += 1) {
      const end = this[side];
      const body = `${end.sent.length}`.padEnd(size, ".");
      end.sent.push(body);
      this.apply(side, end.channel.enqueue(body, body.length));
    }
  }

  attach(): void {
    this.apply("browser", this.browser.channel.begin());
  }

  /** So that runs get far; Sends of the stream before stay under way. */
  attachWell(): void {
    this.attach();
    const request = this.wire.pop();
    if (request !== undefined) this.takeUp(request);
    while (this.stream[0]?.recorded !== undefined) this.arriveAtBrowser(1);
  }

  pass(side: Side, millis: number): void {
    this.clocks[side] += millis;
    this.apply(side, this[side].channel.tick(this.clocks[side]));
  }

  // What the wire does

  arriveAtServer(place: number, keep: boolean): void {
    const index = Math.floor(place * this.wire.length);
    const up = this.wire[index];
    if (up === undefined) return;
    if (!keep) this.wire.splice(index, 1);
    if (index > 0) this.count("overtaken");
    this.takeUp(up);
  }

  arriveInOrder(count: number): void {
    for (const up of this.wire.splice(0, count)) this.takeUp(up);
  }

  lose(place: number): void {
    this.wire.splice(Math.floor(place * this.wire.length), 1);
  }

  arriveAtBrowser(count: number): void {
    for (let number = 0; number < count; number += 1) {
      const down = this.stream.shift();
      if (down !== undefined) this.takeDown(down);
    }
  }

  cut(browserNotices: boolean, serverNotices: boolean): void {
    this.#open(false);
    if (browserNotices) this.browser.channel.detach(this.browser.channel.epoch);
    if (serverNotices) this.server.channel.detach(this.server.channel.epoch);
  }

  answer(place: number, isLost: boolean): void {
    const [answer] = this.answers.splice(Math.floor(place * this.answers.length), 1);
    if (answer !== undefined && !isLost) {
      this.apply("browser", this.browser.channel.acked(answer.epoch, answer.ack));
    }
  }

  /** A request to attach from a browser that has forgotten, or claims, what it cannot have. */
  askForTooMuch(after: number): void {
    const { channel, sent } = this.server;
    const before = { epoch: channel.epoch, attached: channel.attached };
    const [effect] = channel.attach(this.clocks.server, channel.epoch + 1, sent.length + after);
    expect(effect).toMatchObject({ effect: "refuse", reason: "out_of_range" });
    expect({ epoch: channel.epoch, attached: channel.attached }).toEqual(before); // it changed nothing
  }

  takeUp(up: Up): void {
    if (up.link !== this.#link) return; // OUT_OF_RANGE: nobody keeps that link
    if (up.resumeAfter === undefined) this.#takeSent(up);
    else this.#takeAttachment(up.epoch, up.resumeAfter);
  }

  #takeAttachment(epoch: number, resumeAfter: number): void {
    const { channel } = this.server;
    const before = channel.epoch;
    const effects = channel.attach(this.clocks.server, epoch, resumeAfter);
    const isRefused = effects[0]?.effect === "refuse";
    expect(channel.epoch).toBeGreaterThanOrEqual(before); // an epoch never goes back
    expect(isRefused || epoch > before).toBe(true); // an older or repeated attachment is fenced
    if (isRefused) this.count("attachment refused");
    this.apply("server", effects);
  }

  #takeSent({ epoch, seq, ack, body }: Up): void {
    const end = this.server;
    const { channel } = end;
    const gotBefore = end.got.length;
    const effects = channel.receive(this.clocks.server, epoch, { seq, ack, digest: body, size: body.length });
    const [first] = effects;
    if (first?.effect === "deliver") end.got.push(body);
    if (first?.effect === "duplicate") this.count("duplicate");
    if (first?.effect === "refuse") {
      this.count(`refused: ${first.reason}`);
      expect(["gap", "fenced"]).toContain(first.reason);
    }
    if (epoch !== channel.epoch) expect(end.got).toHaveLength(gotBefore); // only the newest stream delivers
    const link = this.#link;
    this.apply("server", effects);
    if (link === this.#link) this.answers.push({ epoch, ack: channel.acknowledgeApart() });
  }

  takeDown({ epoch, seq, ack, body, recorded }: Down): void {
    const { channel, got } = this.browser;
    const now = this.clocks.browser;
    if (recorded !== undefined) {
      this.apply("browser", channel.onAttached(now, epoch, recorded));
      return;
    }
    const effects = channel.receive(now, epoch, { seq, ack, digest: body, size: body.length });
    if (effects[0]?.effect === "deliver") got.push(body);
    expect(effects[0]?.effect).not.toBe("refuse"); // a stream has no gaps of its own
    this.apply("browser", effects);
  }

  // The promises

  check(): void {
    // Ordered and unique
    expect(this.browser.got).toEqual(this.server.sent.slice(0, this.browser.got.length));
    expect(this.server.got).toEqual(this.browser.sent.slice(0, this.server.got.length));
    // Bounded
    for (const end of [this.browser, this.server]) {
      const kept = end.kept();
      const { inFlight } = end.channel;
      expect(inFlight).toBeLessThanOrEqual(LIMITS.unackedMessages);
      expect(inFlight === 1 || bytesOf(kept.slice(0, inFlight)) <= LIMITS.unackedBytes).toBe(true);
      const next = end.channel.attached && inFlight > 0 ? kept[inFlight] : undefined;
      if (next !== undefined && inFlight < LIMITS.unackedMessages) {
        expect(bytesOf(kept.slice(0, inFlight + 1))).toBeGreaterThan(LIMITS.unackedBytes); // the credit is made use of
      }
      expect(kept.length).toBeLessThanOrEqual(LIMITS.keptMessages);
      expect(bytesOf(kept)).toBeLessThanOrEqual(LIMITS.keptBytes);
      const due = end.channel.dueAt();
      expect(due === undefined).toBe(!end.channel.attached);
    }
  }

  /** Reliable and resumable: with a wire that holds, everything arrives. */
  settle(): void {
    this.wire = [];
    this.attach();
    for (let round = 0; round < 100; round += 1) {
      while (this.wire.length > 0 || this.stream.length > 0) {
        this.arriveInOrder(1);
        this.arriveAtBrowser(1);
      }
      while (this.answers.length > 0) this.answer(0, false);
      for (const side of ["browser", "server"] as const) this[side].record(this.clocks[side], this[side].got.length);
      if (this.browser.got.length === this.server.sent.length && this.server.got.length === this.browser.sent.length)
        break;
      for (const side of ["browser", "server"] as const) this.pass(side, LIMITS.ackDelayMs); // what is recorded is told
    }
    expect(this.browser.got).toEqual(this.server.sent);
    expect(this.server.got).toEqual(this.browser.sent);
  }
}

function bytesOf(bodies: readonly string[]): number {
  return bodies.reduce((sum, body) => sum + body.length, 0);
}

const side = fc.constantFrom<Side>("browser", "server");
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const few = fc.integer({ min: 1, max: 8 });
type Step = (wire: RoughWire) => void;

/** A step that prints itself, so that a failure can be read. */
function step<Values extends unknown[]>(
  name: string,
  values: fc.Arbitrary<Values>,
  run: (wire: RoughWire, ...values: Values) => void,
): fc.Arbitrary<Step> {
  return values.map((drawn) => {
    const made: Step = (wire) => run(wire, ...drawn);
    return Object.assign(made, { [fc.toStringMethod]: () => `${name}(${drawn.join(", ")})` });
  });
}

const none = fc.constant<[]>([]);
const STEPS: fc.Arbitrary<Step>[] = [
  step(
    "enqueue",
    fc.tuple(side, fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 3 })),
    (wire, at, size, count) => wire.enqueue(at, size, count),
  ),
  step("attach", none, (wire) => wire.attach()),
  step("attachWell", none, (wire) => wire.attachWell()),
  step("record", fc.tuple(side, few), (wire, at, count) => wire[at].record(wire.clocks[at], count)),
  step("pass", fc.tuple(side, fc.oneof(fc.nat(500), fc.nat(100_000))), (wire, at, millis) => wire.pass(at, millis)),
  step("forget", none, (wire) => wire.beginLink()),
  step("arriveAtServer", fc.tuple(place, fc.boolean()), (wire, at, keep) => wire.arriveAtServer(at, keep)),
  step("arriveInOrder", fc.tuple(few), (wire, count) => wire.arriveInOrder(count)),
  step("arriveAtBrowser", fc.tuple(few), (wire, count) => wire.arriveAtBrowser(count)),
  step("lose", fc.tuple(place), (wire, at) => wire.lose(at)),
  step("cut", fc.tuple(fc.boolean(), fc.boolean()), (wire, browser, server) => wire.cut(browser, server)),
  step("answer", fc.tuple(place, fc.boolean()), (wire, at, isLost) => wire.answer(at, isLost)),
  step("askForTooMuch", fc.tuple(few), (wire, after) => wire.askForTooMuch(after)),
];
// All kinds alike but for forgetting the link, after which a run begins anew.
const anything = fc.oneof(...STEPS.map((arbitrary, index) => ({ arbitrary, weight: index === 5 ? 1 : 6 })));

it("keeps its six promises over a wire that breaks none of its own", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 80, size: "max" }), (steps) => {
      const wire = new RoughWire(seen);
      for (const one of steps) {
        one(wire);
        wire.check();
      }
      wire.settle();
      wire.check();
    }),
    { numRuns: Number(process.env.LINK_PROPERTY_RUNS ?? DEFAULT_RUNS) },
  );
  // What the promises are about has happened, or nothing was shown.
  const EVENTS = ["overflow", "overtaken", "duplicate", "ended: fenced", "ended: lost", "lost at the browser"];
  const REFUSALS = ["attachment refused", "refused: gap", "refused: fenced"];
  for (const event of [...EVENTS, ...REFUSALS]) expect([event, seen.get(event) ?? 0]).not.toEqual([event, 0]);
});
