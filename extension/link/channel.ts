// The channel: the state machine at each end of a link. Events in, effects out; no I/O and no clock of its own.
//
// Time is passed in as milliseconds of any clock that never goes back. The server accepts streams (attach, rotate), the
// browser asks for them (begin, onAttached); all else is the same at both ends. link_client.ts drives it here,
// server/tabwire/link/session.py drives its twin, channel.py; tests/vectors/channel binds the two together.
//
// What it guarantees: messages are delivered in order and once each; what was enqueued is sent until it is acknowledged; a
// stream may break at any moment and the next one goes on; only the stream of the highest epoch lives; what is sent and
// kept is bounded.

import { type ChannelLimits, DEFAULT_LIMITS, type Effect, type Verdict } from "./effects";
import { Inbox } from "./inbox";
import { Outbox } from "./outbox";

/** A message as far as the channel looks at it. */
export interface Incoming {
  /** 0 for control messages. */
  readonly seq: number;
  readonly ack: number;
  /** Tells a repeat from another message with the same number; not looked at for control messages. */
  readonly digest: string;
  readonly size: number;
}

/** One end of a link. `Body` is whatever the driver wants to have back when a message is to be sent. */
export class Channel<Body> {
  readonly #limits: ChannelLimits;
  readonly #outbox: Outbox<Body>;
  readonly #inbox: Inbox;
  #epoch = 0;
  #attached = false;
  #dead = false;
  /** CaughtUp is owed when this number is sent. */
  #replayUntil: number | undefined;
  #replayed = 0;
  #heardAt = 0;
  #spokeAt = 0;
  #ackDueAt: number | undefined;

  constructor(limits: Partial<ChannelLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#outbox = new Outbox(this.#limits);
    this.#inbox = new Inbox(this.#limits);
  }

  /** Whether a stream is attached. */
  get attached(): boolean {
    return this.#attached;
  }

  /** The highest epoch of a stream so far; 0 before the first one. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Everything up to this number was received and recorded. */
  get recorded(): number {
    return this.#inbox.recorded;
  }

  /** How many messages are sent and not acknowledged. */
  get inFlight(): number {
    return this.#outbox.inFlight;
  }

  /** When `tick` is to be called next; undefined while no stream is attached. */
  dueAt(): number | undefined {
    if (!this.#attached) return undefined;
    const due = Math.min(this.#spokeAt + this.#limits.heartbeatMs, this.#heardAt + this.#lossMs());
    return this.#ackDueAt === undefined ? due : Math.min(due, this.#ackDueAt);
  }

  /** A message that is sent and not acknowledged yet. */
  peek(seq: number): Body | undefined {
    return this.#outbox.peek(seq);
  }

  /** Numbers a message; it is sent as soon as there are a stream and credit. */
  enqueue(body: Body, size: number): Effect<Body>[] {
    if (this.#dead) return [{ effect: "overflow" }];
    this.#outbox.add(body, size);
    if (this.#outbox.overflown) {
      this.#dead = true;
      this.#detach();
      return [{ effect: "overflow" }];
    }
    return this.#transmit();
  }

  /** The peer's acknowledgement came by another way than the stream, so it is no sign of life of the stream. */
  acked(epoch: number, ack: number): Effect<Body>[] {
    const refusal = this.#checkEpoch(epoch) ?? this.#checkAck(ack);
    if (refusal !== undefined) return [refusal];
    this.#outbox.acknowledge(ack);
    return this.#transmit();
  }

  /** A message came on the stream of this epoch. The first effect tells what to do with it, if it is a numbered one. */
  receive(now: number, epoch: number, message: Incoming): Effect<Body>[] {
    const refusal = this.#checkEpoch(epoch) ?? this.#checkAck(message.ack);
    if (refusal !== undefined) return [refusal];
    this.#heardAt = now;
    this.#outbox.acknowledge(message.ack);
    const effects: Effect<Body>[] = [];
    if (message.seq !== 0) {
      const verdict = this.#inbox.take(message.seq, message.digest, message.size);
      effects.push(verdict);
      // The peer repeats it, so it has not heard the acknowledgement.
      if (verdict.effect === "duplicate" && message.seq <= this.#inbox.recorded) this.#oweAck(now);
    }
    return [...effects, ...this.#transmit()];
  }

  /** Everything up to this number is recorded and may be acknowledged, with the next message or by `tick`. */
  record(now: number, seq: number): void {
    if (seq <= this.#inbox.recorded) return;
    this.#inbox.record(seq);
    this.#oweAck(now);
  }

  /** The acknowledgement to put on a message that goes on the stream right now, which is a sign of life too. */
  acknowledge(now: number): number {
    this.#spokeAt = now;
    return this.acknowledgeApart();
  }

  /** The acknowledgement to put on a message that reaches the peer by another way than the stream. */
  acknowledgeApart(): number {
    this.#ackDueAt = undefined;
    return this.#inbox.tell();
  }

  /** The peer asks for a stream. A refusal leaves an older stream untouched. */
  attach(now: number, epoch: number, resumeAfter: number): Effect<Body>[] {
    if (!this.#dead && epoch <= this.#epoch) {
      return [{ effect: "refuse", reason: "fenced", expected: this.#epoch + 1, actual: epoch }];
    }
    if (this.#dead || !this.#outbox.canResume(resumeAfter)) {
      return [{ effect: "refuse", reason: "out_of_range", expected: this.#outbox.acked, actual: resumeAfter }];
    }
    const effects = this.#endOlder();
    this.#epoch = epoch;
    this.#startStream(now, resumeAfter);
    this.#replayUntil = this.#outbox.last;
    this.#replayed = this.#outbox.last > resumeAfter ? this.#outbox.last : 0;
    effects.push({ effect: "send_attached", epoch, recorded: this.#inbox.tell() });
    return [...effects, ...this.#transmit()];
  }

  /** This end wants a stream, with a higher epoch than ever before. */
  begin(): Effect<Body>[] {
    const effects = this.#endOlder();
    this.#detach();
    this.#epoch += 1;
    return [...effects, { effect: "send_resume", epoch: this.#epoch, resumeAfter: this.#inbox.tell() }];
  }

  /** The peer has attached the stream that `begin` asked for, and tells what it has recorded. */
  onAttached(now: number, epoch: number, recorded: number): Effect<Body>[] {
    const refusal = this.#checkEpoch(epoch);
    if (refusal !== undefined) return [refusal];
    if (this.#dead || !this.#outbox.canResume(recorded)) {
      return [{ effect: "refuse", reason: "out_of_range", expected: this.#outbox.acked, actual: recorded }];
    }
    this.#startStream(now, recorded);
    if (this.#inbox.recorded > this.#inbox.told) this.#oweAck(now);
    return this.#transmit();
  }

  /** The stream of this epoch has ended. Everything is kept for the next one. */
  detach(epoch: number): Effect<Body>[] {
    if (epoch === this.#epoch) this.#detach();
    return [];
  }

  /** Ends the stream in a way that tells the peer to attach again. */
  rotate(reason: string, retryAfterMs: number): Effect<Body>[] {
    if (!this.#attached) return [];
    this.#detach();
    return [
      { effect: "send_rotate", reason, retryAfterMs },
      { effect: "end_stream", epoch: this.#epoch, cause: "rotated" },
    ];
  }

  /** Time has passed. */
  tick(now: number): Effect<Body>[] {
    if (!this.#attached) return [];
    if (now - this.#heardAt >= this.#lossMs()) {
      this.#detach();
      return [{ effect: "end_stream", epoch: this.#epoch, cause: "lost" }];
    }
    const ackDue = this.#ackDueAt !== undefined && now >= this.#ackDueAt;
    if (!ackDue && now - this.#spokeAt < this.#limits.heartbeatMs) return [];
    this.acknowledge(now); // the driver stamps it once more when it writes; until then no second one is due
    return [{ effect: "send_heartbeat" }];
  }

  #lossMs(): number {
    return Math.floor((this.#limits.heartbeatMs * 5) / 2);
  }

  #checkEpoch(epoch: number): Verdict | undefined {
    if (epoch === this.#epoch) return undefined;
    const reason = epoch < this.#epoch ? "fenced" : "not_attached";
    return { effect: "refuse", reason, expected: this.#epoch, actual: epoch };
  }

  #checkAck(ack: number): Verdict | undefined {
    if (ack <= this.#outbox.last) return undefined;
    return { effect: "refuse", reason: "ack_ahead", expected: this.#outbox.last, actual: ack };
  }

  #endOlder(): Effect<Body>[] {
    return this.#attached ? [{ effect: "end_stream", epoch: this.#epoch, cause: "fenced" }] : [];
  }

  #startStream(now: number, resumeAfter: number): void {
    this.#attached = true;
    this.#heardAt = now;
    this.#spokeAt = now;
    this.#ackDueAt = undefined;
    this.#replayUntil = undefined;
    this.#outbox.rewind(resumeAfter);
  }

  #detach(): void {
    this.#attached = false;
    this.#ackDueAt = undefined;
    this.#replayUntil = undefined;
  }

  #oweAck(now: number): void {
    if (!this.#attached) return;
    const due = this.#inbox.mustTell ? now : now + this.#limits.ackDelayMs;
    this.#ackDueAt = Math.min(due, this.#ackDueAt ?? due);
  }

  #transmit(): Effect<Body>[] {
    const effects: Effect<Body>[] = [];
    while (this.#attached) {
      if (this.#replayUntil !== undefined && this.#outbox.sent >= this.#replayUntil) {
        this.#replayUntil = undefined;
        effects.push({ effect: "send_caught_up", seq: this.#replayed });
      }
      const message = this.#outbox.nextToSend();
      if (message === undefined) break;
      effects.push({ effect: "transmit", ...message });
    }
    return effects;
  }
}
