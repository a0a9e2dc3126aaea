// The receiving half of a channel: takes each message once and in order, and knows what is recorded. Pure. A message is
// received when it is taken, and recorded when it can no longer be lost; only that is acknowledged.

import type { ChannelLimits, Verdict } from "./effects";

/** Messages of one direction as they arrive. */
export class Inbox {
  /** The last number taken. */
  received = 0;
  /** Everything up to this number is recorded. */
  recorded = 0;
  /** The acknowledgement that the peer was last told. */
  told = 0;
  readonly #limits: ChannelLimits;
  /** Of the last received messages, oldest first. */
  readonly #digests = new Map<number, string>();
  /** Sizes of messages received and not recorded. */
  readonly #unrecorded = new Map<number, number>();
  #untoldBytes = 0;

  constructor(limits: ChannelLimits) {
    this.#limits = limits;
  }

  /** Decides about a numbered message. */
  take(seq: number, digest: string, size: number): Verdict {
    const expected = this.received + 1;
    if (seq > expected) return { effect: "refuse", reason: "gap", expected, actual: seq };
    if (seq < expected) {
      // Without a remembered digest the message was acknowledged long ago: it can only be a late repeat.
      const known = this.#digests.get(seq) ?? digest;
      if (known === digest) return { effect: "duplicate", seq };
      return { effect: "refuse", reason: "conflict", expected, actual: seq };
    }
    this.received = seq;
    this.#digests.set(seq, digest);
    this.#unrecorded.set(seq, size);
    if (this.#digests.size > this.#limits.keptDigests) {
      for (const oldest of this.#digests.keys()) {
        this.#digests.delete(oldest);
        break;
      }
    }
    return { effect: "deliver", seq };
  }

  /** Everything up to this number is recorded. */
  record(seq: number): void {
    if (seq > this.received) throw new Error(`message ${seq} was not received, the last one is ${this.received}`);
    for (let number = this.recorded + 1; number <= seq; number += 1) {
      this.#untoldBytes += this.#unrecorded.get(number) ?? 0;
      this.#unrecorded.delete(number);
    }
    this.recorded = Math.max(this.recorded, seq);
  }

  /** Whether the acknowledgement is so much behind that the peer may soon run out of credit. */
  get mustTell(): boolean {
    const { unackedMessages, unackedBytes } = this.#limits;
    return (
      this.recorded - this.told >= Math.max(1, Math.floor(unackedMessages / 4)) ||
      this.#untoldBytes >= Math.floor(unackedBytes / 4)
    );
  }

  /** The acknowledgement, which is being told to the peer now. */
  tell(): number {
    this.told = this.recorded;
    this.#untoldBytes = 0;
    return this.told;
  }
}
