// Large messages in pieces: taken apart for a peer that wants it, and put together within bounds. Pure. Each piece is a
// numbered message of its own, so loss, repeats and credit are the channel's business as ever; what a whole message means is
// link.ts's. The twin is server/tabwire/link/parts.py.

import { create, fromBinary } from "@bufbuild/protobuf";
import { type Downlink, DownlinkSchema, type Part, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import { bytesOf, type Outgoing, outgoing } from "./outgoing";

/** A peer that asks for smaller parts gets parts of this size: the number of a message's parts is bounded by it. */
export const MIN_PART_BYTES = 4096;

/** What the pieces of a message may not add up to. */
const NEVER_IN_PARTS: ReadonlySet<string> = new Set([
  ...["part", "welcome", "attached", "caughtUp"],
  ...["heartbeat", "nack", "rotate"],
]);

/** The size of the parts that a peer gets which asked for this size; 0 if it gets every message whole. */
export function partBytes(asked: number): number {
  return asked === 0 ? 0 : Math.max(asked, MIN_PART_BYTES);
}

/** The message, or its parts if it is larger than `limit`; 0 means no limit. */
export function piecesOf(message: Outgoing, limit: number): Outgoing[] {
  if (limit === 0 || message.size <= limit) return [message];
  const data = bytesOf(message);
  const pieces: Outgoing[] = [];
  for (let start = 0; start < data.length; start += limit) {
    const value = { data: data.subarray(start, start + limit), index: pieces.length, totalBytes: data.length };
    pieces.push(outgoing(create(UplinkSchema, { body: { case: "part", value } })));
  }
  return pieces;
}

/** The message that came in parts. Throws if it is none that may. */
export function wholeDownlink(data: Uint8Array, last: Downlink): Downlink {
  const whole = fromBinary(DownlinkSchema, data);
  if (NEVER_IN_PARTS.has(whole.body.case ?? "")) throw new Error(`${whole.body.case} does not come in parts`);
  return { ...whole, seq: last.seq, ack: last.ack };
}

/** What became of a part: the message that is complete with it, if any; or that it does not fit. */
export type Taken = { readonly fits: true; readonly data?: Uint8Array } | { readonly fits: false };

/** Puts one message at a time together, of at most `maxBytes`. */
export class Assembler {
  readonly #maxBytes: number;
  #data = new Uint8Array();
  #length = 0;
  #next = 0;
  #total = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How much is kept of a message that is not complete. */
  get keptBytes(): number {
    return this.#length;
  }

  /** Adds a part. With one that does not fit, the message it belongs to is dropped. */
  take({ data, index, totalBytes }: Part): Taken {
    if (index === 0) {
      this.drop();
      this.#total = totalBytes;
    }
    const fits =
      index === this.#next &&
      totalBytes === this.#total &&
      totalBytes <= this.#maxBytes &&
      data.length > 0 &&
      data.length <= totalBytes - this.#length;
    if (!fits) {
      this.drop();
      return { fits: false };
    }
    this.#append(data);
    this.#next += 1;
    if (this.#length < totalBytes) return { fits: true };
    const whole = this.#data.subarray(0, this.#length);
    this.drop();
    return { fits: true, data: whole };
  }

  /** Forgets what was begun. */
  drop(): void {
    this.#data = new Uint8Array();
    this.#length = 0;
    this.#next = 0;
    this.#total = 0;
  }

  /** Room grows with what has come, not with what was announced. */
  #append(data: Uint8Array): void {
    const length = this.#length + data.length;
    if (length > this.#data.length) {
      const larger = new Uint8Array(Math.min(this.#total, Math.max(length, 2 * this.#data.length)));
      larger.set(this.#data.subarray(0, this.#length));
      this.#data = larger;
    }
    this.#data.set(data, this.#length);
    this.#length = length;
  }
}
