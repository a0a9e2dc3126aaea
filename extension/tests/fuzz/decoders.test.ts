// What comes over the wire or from a page's process, as broken as it may come: every decoder either takes it or refuses it
// with an error that its caller expects, and the state machines keep their promises whatever they are told. `make fuzz`
// has a hundred thousand cases; FUZZ_CASES and FUZZ_SEED choose how many, and others. A failure names seed and case.

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FrameReplySchema } from "@gen/tabwire/v1/extension_pb";
import { DownlinkSchema, PartSchema } from "@gen/tabwire/v1/link_pb";
import { ElementSchema, PageStateSchema } from "@gen/tabwire/v1/state_pb";
import { describe, expect, it } from "vitest";
import { Channel } from "../../link/channel";
import { Assembler, wholeDownlink } from "../../link/parts";
import { checked, readElements } from "../../wire/element_reader";
import { writeElements } from "../../wire/element_writer";
import { unseal } from "../../wire/envelope";
import { fromPlain, NotPlain, toPlain } from "../../wire/plain";
import { replyEnvelope } from "../../wire/told_reply";

const CASES = Math.ceil(Number(process.env.FUZZ_CASES ?? 10_000) / 5);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

/** Numbers from 0 to below 1 that are the same again for the same seed and case. */
class Chance {
  #state: number;

  constructor(seed: number, number: number) {
    this.#state = (seed * 0x9e3779b1 + number * 0x85ebca6b) >>> 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  bytes(length: number): number[] {
    return Array.from({ length }, () => this.below(256));
  }
}

/** Bytes that are not quite what they were: flipped, cut, repeated, with unknown fields, odd types and long lengths. */
function mutated(chance: Chance, raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = [...raw];
  for (let times = 1 + chance.below(3); times > 0; times--) {
    const at = chance.below(out.length + 1);
    switch (chance.below(9)) {
      case 0:
        if (out.length > 0) out[at % out.length] = (out[at % out.length] as number) ^ (1 << chance.below(8));
        break;
      case 1:
        out.length = at;
        break;
      case 2:
        out.splice(at, 0, ...chance.bytes(1 + chance.below(6)));
        break;
      case 3:
        out.splice(at, 0, ...out.slice(at, at + 20));
        break;
      case 4:
        out.push(0xba, 0xbb, 0x03, 2, 1, 2); // a field that nobody knows
        break;
      case 5:
        out.push((chance.below(15) << 3) | chance.below(8), ...chance.bytes(chance.below(10)));
        break;
      case 6:
        out.push((chance.below(15) << 3) | 2, 0xff, 0xff, 0xff, 0xff, chance.of([0x07, 0x0f, 0xff]));
        break;
      case 7:
        out.push(chance.below(15) << 3, ...new Array(chance.of([9, 10, 11, 40])).fill(0xff));
        break;
      default:
        out.splice(at, 0, ...new Array(chance.of([50, 101, 3000])).fill((chance.below(15) << 3) | 3));
    }
  }
  return Uint8Array.from(out);
}

/** Runs the cases; what fails says which one it was. */
function forAll(test: (chance: Chance, number: number) => void): void {
  for (let number = 0; number < CASES; number++) {
    try {
      test(new Chance(SEED, number), number);
    } catch (error) {
      throw new Error(`FUZZ_SEED=${SEED}, case ${number}: ${String(error)}`, { cause: error });
    }
  }
}

const downlinks = [
  { case: "welcome", value: { linkId: "l1", revision: 1, limits: { maxMessageBytes: 9 }, heartbeatIntervalMs: 10 } },
  { case: "attached", value: { linkId: "l1", attachEpoch: 3n, recordedUplinkSeq: 2n } },
  { case: "caughtUp", value: { seq: 4n } },
  { case: "command", value: { commandId: "c1", epoch: 2n, tabId: 7, request: { case: "ping", value: {} } } },
  { case: "cancelCommand", value: { commandId: "c1", reason: "over" } },
  { case: "observeTabs", value: { tabIds: [1, 2, 300] } },
  { case: "nack", value: { seq: 2n, errorInfo: { message: "no" } } },
  { case: "part", value: { data: Uint8Array.of(1, 2, 3), index: 1, totalBytes: 9 } },
] as const;
const sent = downlinks.map((body) =>
  toBinary(DownlinkSchema, create(DownlinkSchema, { seq: 5n, ack: 2n, body } as never)),
);

const elements = [
  create(ElementSchema, {
    id: 1,
    tag: "input",
    name: "Ä",
    currentValue: "x",
    attributes: { href: "/" },
    states: { disabled: true },
  }),
  create(ElementSchema, { id: 70_000, options: [{ index: 1, label: "漢" }], bounds: { x: 1.5, y: -2 } }),
];
const state = { case: "state", value: { title: "T", elements, inPageUs: 3 } } as const;
const reply = create(FrameReplySchema, { kind: state } as never);

describe("whatever comes", () => {
  it("a message of the server is taken or refused with an error", () => {
    let taken = 0;
    forAll((chance) => {
      const bytes = mutated(chance, chance.of(sent));
      let message: ReturnType<typeof fromBinary<typeof DownlinkSchema>>;
      try {
        message = fromBinary(DownlinkSchema, bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        return;
      }
      taken++;
      // What was understood can be told on, and means the same.
      expect(fromBinary(DownlinkSchema, toBinary(DownlinkSchema, message)).body.case).toBe(message.body.case);
      try {
        expect(wholeDownlink(bytes, message).seq).toBe(message.seq);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    });
    expect(taken).toBeGreaterThan(CASES / 20);
  });

  it("elements of a page are taken as the declaration says, or refused as not plain", () => {
    const right = writeElements(elements);
    let taken = 0;
    forAll((chance) => {
      const bytes = mutated(chance, right);
      try {
        const looked = checked(bytes);
        const read = readElements(looked);
        taken++;
        expect(read).toHaveLength(looked.count);
        expect(fromBinary(PageStateSchema, bytes).actionableElements).toHaveLength(looked.count);
      } catch (error) {
        expect(error).toBeInstanceOf(NotPlain);
      }
    });
    expect(taken).toBeGreaterThan(CASES / 200);
  });

  it("an object of a page's process becomes a message, or is refused as not plain", () => {
    const right = toPlain(FrameReplySchema, reply);
    const odd = [
      null,
      undefined,
      "",
      "x",
      -1,
      1.5,
      Number.NaN,
      2 ** 60,
      true,
      [],
      [null],
      {},
      { case: "state" },
      { case: 1 },
      "=!",
      [[]],
    ];
    forAll((chance) => {
      const plain = structuredClone(right) as Record<string, unknown>;
      spoil(chance, plain, odd);
      try {
        const message = fromPlain(FrameReplySchema, plain);
        toBinary(FrameReplySchema, message); // whatever got in can be sent on
      } catch (error) {
        expect(error).toBeInstanceOf(NotPlain);
      }
      const body = chance.of<unknown>([...odd, replyEnvelope(reply).body]);
      try {
        unseal(FrameReplySchema, { to: "background", conversation: "frame", body: body as object });
      } catch (error) {
        expect(error).toBeInstanceOf(NotPlain);
      }
    });
  });

  it("parts are put together within bounds, in any order and of any size", () => {
    forAll((chance) => {
      const assembler = new Assembler(200);
      for (let times = 0; times < 8; times++) {
        const part = create(PartSchema, {
          data: Uint8Array.from(chance.bytes(chance.of([0, 1, 50, 100, 300]))),
          index: chance.of([0, 0, 1, 2, 3, 2 ** 32 - 1]),
          totalBytes: chance.of([0, 1, 100, 150, 200, 201, 2 ** 32 - 1]),
        });
        const taken = assembler.take(part);
        expect(assembler.keptBytes).toBeLessThanOrEqual(200);
        if (taken.fits && taken.data !== undefined) expect(taken.data).toHaveLength(part.totalBytes);
      }
    });
  });

  it("the channel keeps its promises, whatever numbers the other side tells", () => {
    const limits = { unackedMessages: 4, unackedBytes: 100, keptMessages: 20, keptDigests: 8 };
    const numbers = [0, 1, 1, 2, 2, 3, 4, 5, 9, 2 ** 32, Number.MAX_SAFE_INTEGER];
    forAll((chance) => {
      const channel = new Channel<string>(limits);
      let now = 0;
      let recorded = 0;
      let delivered = 0;
      for (let times = 0; times < 14; times++) {
        now += chance.below(9_000);
        switch (chance.below(6)) {
          case 0:
            channel.begin();
            break;
          case 1:
            channel.onAttached(now, chance.of([channel.epoch, 0, 1, 99]), chance.of(numbers));
            break;
          case 2:
            channel.enqueue("x", chance.of([1, 30, 99, 100_000]));
            break;
          case 3:
            channel.tick(now);
            break;
          default:
            for (const effect of channel.receive(now, chance.of([channel.epoch, channel.epoch, 0, 7]), {
              seq: chance.of(numbers),
              ack: chance.of(numbers),
              digest: chance.of(["a", "b"]),
              size: chance.of([1, 50, 5_000]),
            })) {
              if (effect.effect !== "deliver") continue;
              expect(effect.seq).toBe(delivered + 1); // in order, without a gap, and once
              delivered = effect.seq;
              channel.record(now, effect.seq);
            }
        }
        expect(channel.recorded).toBeGreaterThanOrEqual(recorded);
        recorded = channel.recorded;
        expect(recorded).toBe(delivered);
        expect(channel.inFlight).toBeLessThanOrEqual(limits.unackedMessages);
      }
    });
  });
});

/** Puts something else in the place of a few values, at any depth. */
function spoil(chance: Chance, plain: Record<string, unknown>, odd: readonly unknown[]): void {
  let at = plain;
  for (let depth = 1 + chance.below(5); depth > 0; depth--) {
    const name = chance.of([...Object.keys(at), "nobodyKnows"]);
    const value = at[name];
    if (depth > 1 && typeof value === "object" && value !== null && !Array.isArray(value)) {
      at = value as Record<string, unknown>;
      continue;
    }
    if (depth > 1 && Array.isArray(value) && typeof value[0] === "object" && value[0] !== null) {
      at = value[0] as Record<string, unknown>;
      continue;
    }
    at[name] = chance.of(odd);
    return;
  }
}
