// The sending half of a channel: numbers messages, keeps them until they are acknowledged, and counts the credit. Pure; it
// knows nothing of streams and time: channel.ts tells it when a stream begins, and takes from it what may be sent.

import type { ChannelLimits } from "./effects";

interface Kept<Body> {
  readonly seq: number;
  readonly size: number;
  readonly body: Body;
}

/** Messages of one direction, numbered from 1 without gaps. */
export class Outbox<Body> {
  /** The last number given. */
  last = 0;
  /** The peer has recorded everything up to this number; nothing before it is kept. */
  acked = 0;
  /** Everything up to this number was put on the current stream, or is acknowledged. */
  sent = 0;
  readonly #limits: ChannelLimits;
  /** From `acked` + 1 on. */
  #kept: Kept<Body>[] = [];
  #keptBytes = 0;
  #flightBytes = 0;

  constructor(limits: ChannelLimits) {
    this.#limits = limits;
  }

  /** How many messages are sent and not acknowledged. */
  get inFlight(): number {
    return this.sent - this.acked;
  }

  /** Whether more is kept than may be. */
  get overflown(): boolean {
    if (this.#kept.length <= 1) return false;
    return this.#kept.length > this.#limits.keptMessages || this.#keptBytes > this.#limits.keptBytes;
  }

  /** Numbers a message and keeps it. */
  add(body: Body, size: number): number {
    this.last += 1;
    this.#kept.push({ seq: this.last, size, body });
    this.#keptBytes += size;
    return this.last;
  }

  /** A message that is still kept. */
  peek(seq: number): Body | undefined {
    return this.#kept[seq - this.acked - 1]?.body;
  }

  /** The next message that the credit lets through, which then counts as sent. */
  nextToSend(): { seq: number; body: Body } | undefined {
    const index = this.inFlight;
    const next = this.#kept[index];
    if (next === undefined) return undefined;
    const { unackedMessages, unackedBytes } = this.#limits;
    if (index > 0 && (index >= unackedMessages || this.#flightBytes + next.size > unackedBytes)) return undefined;
    this.sent = next.seq;
    this.#flightBytes += next.size;
    return { seq: next.seq, body: next.body };
  }

  /** The peer has recorded everything up to `ack`, which is at most `last`. */
  acknowledge(ack: number): void {
    let count = 0;
    for (const { seq, size } of this.#kept) {
      if (seq > ack) break;
      count += 1;
      this.#keptBytes -= size;
      if (seq <= this.sent) this.#flightBytes -= size;
    }
    this.#kept.splice(0, count);
    this.acked = Math.max(this.acked, ack);
    this.sent = Math.max(this.sent, this.acked);
  }

  /** Whether everything after this number is still kept, and the number was given at all. */
  canResume(after: number): boolean {
    return this.acked <= after && after <= this.last;
  }

  /** A new stream begins after this number: what comes later is sent again. */
  rewind(after: number): void {
    this.acknowledge(after);
    this.sent = this.acked;
    this.#flightBytes = 0;
  }
}
