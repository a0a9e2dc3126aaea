// What a channel wants done: the effects that its events return, and the limits it keeps. Plain values without behaviour.
// channel.ts makes them, link_client.ts carries them out; server/tabwire/link/effects.py is the twin, and the shared
// vectors in tests/vectors/channel name the effects as they are named here.

/** How much a channel sends, keeps and waits. Times in milliseconds, sizes in bytes. */
export interface ChannelLimits {
  /** At most so many messages sent and not acknowledged. */
  readonly unackedMessages: number;
  /** At most so many bytes of them; a single larger message may pass alone. */
  readonly unackedBytes: number;
  /** At most so many messages kept for sending at all. One more, and the link is given up. */
  readonly keptMessages: number;
  /** At most so many bytes of them; a single larger message may be kept alone. */
  readonly keptBytes: number;
  /** So many received messages are remembered to tell a repeat from a conflict. Not below the peer's credit. */
  readonly keptDigests: number;
  /** A sign of life is due this often. */
  readonly heartbeatMs: number;
  /** Longest wait for a message that could carry an acknowledgement along. */
  readonly ackDelayMs: number;
}

/** The limits unless the other end asks for less. */
export const DEFAULT_LIMITS: ChannelLimits = {
  unackedMessages: 256,
  unackedBytes: 2 ** 20,
  keptMessages: 8192,
  keptBytes: 32 * 2 ** 20,
  keptDigests: 1024,
  heartbeatMs: 10_000,
  ackDelayMs: 200,
};

/** Why an event is refused. */
export type RefuseReason = "gap" | "conflict" | "fenced" | "not_attached" | "ack_ahead" | "out_of_range";

/** Why a stream is to be ended. */
export type EndCause = "fenced" | "lost" | "rotated";

/** Decides what to do with a numbered message that was just received. */
export type Verdict =
  /** It is new and next in order: take it, and tell the channel when it is recorded. */
  | { readonly effect: "deliver"; readonly seq: number }
  /** It was taken before. That is a success for the peer, and nothing to do. */
  | { readonly effect: "duplicate"; readonly seq: number }
  /** The event is refused and changed nothing. The numbers are of messages or epochs. */
  | { readonly effect: "refuse"; readonly reason: RefuseReason; readonly expected: number; readonly actual: number };

/** One thing to do. */
export type Effect<Body> =
  | Verdict
  /** Put this numbered message on the current stream. */
  | { readonly effect: "transmit"; readonly seq: number; readonly body: Body }
  /** Tell the peer that its stream is attached, and how far its messages are recorded. */
  | { readonly effect: "send_attached"; readonly epoch: number; readonly recorded: number }
  /** Ask the peer for a stream with this epoch, from the message after this one on. */
  | { readonly effect: "send_resume"; readonly epoch: number; readonly resumeAfter: number }
  /** Tell the peer that the replay is over; `seq` is the last replayed number, or 0. */
  | { readonly effect: "send_caught_up"; readonly seq: number }
  /** Give a sign of life, which also carries the acknowledgement. */
  | { readonly effect: "send_heartbeat" }
  /** Tell the peer that the stream ends now and is to be attached again. */
  | { readonly effect: "send_rotate"; readonly reason: string; readonly retryAfterMs: number }
  /** End the stream of this epoch. */
  | { readonly effect: "end_stream"; readonly epoch: number; readonly cause: EndCause }
  /** More is waiting than may be kept. The channel is dead: forget the link and open a new one. */
  | { readonly effect: "overflow" };
