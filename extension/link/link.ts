// One open link: drives its channel with streams, Sends and time. It knows nothing of other links and of reconnecting: that
// is link_client.ts. Streams come and go under one link; what is to be delivered or sent outlives them.

import { create, toBinary } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { ComponentOrigin, ErrorCode, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import type { EncodedResult } from "@gen/tabwire/v1/extension_pb";
import {
  type Attached,
  type Downlink,
  DownlinkSchema,
  type Rotate,
  type Uplink,
  UplinkSchema,
  type Welcome,
} from "@gen/tabwire/v1/link_pb";
import type { LinkService, SendResponse } from "@gen/tabwire/v1/link_service_pb";
import { Channel } from "./channel";
import { Delivery } from "./delivery";
import { digestOf } from "./digest";
import type { Effect } from "./effects";
import { numbered, type Outgoing } from "./outgoing";
import { Assembler, partBytes, piecesOf, wholeDownlink } from "./parts";
import { Pulse } from "./pulse";
import { Sender } from "./sender";
import { fitting, fittingResult } from "./size";
import { asConnectError, LINK_HEADER } from "./transport";

/** What a link needs to know and to tell. */
export interface LinkEnv {
  readonly client: Client<typeof LinkService>;
  /** The largest message that is taken in parts. */
  readonly maxMessageBytes: number;
  /** Milliseconds that never go back. */
  now(): number;
  /** Hands a numbered message on; true when it is recorded. */
  deliver(message: Downlink): Promise<boolean>;
  onAttached(attached: Attached): void;
  /** Something came from the server. */
  onSignOfLife(): void;
  /** What the server's clock shows. Told before anything that it sent later is delivered. */
  onServerTime(time: Timestamp): void;
  /** Whether this computer's clock was set since the server's was told: then no deadline can be understood. */
  wasClockSet(): boolean;
}

/** One link, from Welcome until it is forgotten. */
export class Link {
  readonly welcome: Welcome;
  readonly #env: LinkEnv;
  readonly #channel: Channel<Outgoing>;
  readonly #delivery: Delivery;
  readonly #assembler: Assembler;
  readonly #pulse = new Pulse();
  #sender: Sender | undefined;
  #failure: ConnectError | undefined;
  #abort: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lost = false;
  #silent = false;
  #untimely = false;

  constructor(welcome: Welcome, env: LinkEnv) {
    this.welcome = welcome;
    this.#env = env;
    const { limits } = welcome;
    this.#channel = new Channel({
      ...(welcome.heartbeatIntervalMs > 0 ? { heartbeatMs: welcome.heartbeatIntervalMs } : {}),
      ...(limits !== undefined && limits.maxUnackedMessages > 0 ? { unackedMessages: limits.maxUnackedMessages } : {}),
      ...(limits !== undefined && limits.maxUnackedBytes > 0 ? { unackedBytes: limits.maxUnackedBytes } : {}),
    });
    this.#assembler = new Assembler(env.maxMessageBytes);
    this.#delivery = new Delivery(
      // A kind that is not known here is acknowledged in its turn and otherwise ignored.
      (message) => (message.body.case === undefined ? Promise.resolve(true) : env.deliver(message)),
      (seq) => this.#recorded(seq),
    );
  }

  /** True if too much had to be kept: this link is of no use any more. */
  get lost(): boolean {
    return this.#lost;
  }

  /** True if the last stream ended because nothing came from the server: its connection may be dead. */
  get silent(): boolean {
    return this.#silent;
  }

  /** True if the last stream was ended because this computer's clock was set: the next one tells the server's anew. */
  get untimely(): boolean {
    return this.#untimely;
  }

  /** Numbers a message, and sends it as soon as that is possible. */
  send(uplink: Uplink): void {
    this.#enqueue(fitting(uplink, this.welcome.limits?.maxMessageBytes ?? 0));
  }

  /** The same with an answer that is encoded already. */
  sendResult(result: EncodedResult): void {
    this.#enqueue(fittingResult(result, this.welcome.limits?.maxMessageBytes ?? 0));
  }

  #enqueue(message: Outgoing): void {
    this.#pulse.used(this.#env.now());
    for (const piece of piecesOf(message, partBytes(this.welcome.limits?.maxPartBytes ?? 0))) {
      this.#apply(this.#channel.enqueue(piece, piece.size));
    }
  }

  /** Holds one stream until it ends. Returns how the server wants to go on; throws why the stream broke. */
  async stream(signal: AbortSignal): Promise<Rotate> {
    const abort = new AbortController();
    const stop = (): void => this.#fail(new ConnectError("the link is no longer wanted", Code.Canceled));
    this.#abort = abort;
    this.#failure = undefined;
    this.#silent = this.#untimely = false;
    signal.addEventListener("abort", stop);
    const patience = setTimeout(
      () => this.#failSilent("the server did not attach the stream in time"),
      this.#pulse.attachPatienceMs,
    );
    let rotate: Rotate | undefined;
    try {
      for await (const downlink of this.#attach(abort.signal)) {
        if (downlink.body.case === "attached") clearTimeout(patience);
        if (downlink.body.case === "rotate") rotate = downlink.body.value;
        this.#receive(downlink);
      }
    } catch (error) {
      // After Rotate the stream's end is expected, however it comes.
      if (rotate === undefined) throw this.#failure ?? asConnectError(error);
    } finally {
      clearTimeout(patience);
      clearTimeout(this.#timer);
      signal.removeEventListener("abort", stop);
      abort.abort();
      this.#channel.detach(this.#channel.epoch);
      this.#sender = undefined;
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (rotate === undefined) throw new ConnectError("the stream ended without a word", Code.Unknown);
    return rotate;
  }

  /** Forgets everything. */
  close(): void {
    this.#fail(new ConnectError("the link is closed", Code.Canceled));
    this.#delivery.close();
  }

  #attach(signal: AbortSignal): AsyncIterable<Downlink> {
    for (const effect of this.#channel.begin()) {
      if (effect.effect !== "send_resume") continue;
      const { client } = this.#env;
      const { linkId } = this.welcome;
      const { epoch, resumeAfter } = effect;
      const abort = this.#abort;
      this.#sender = new Sender({
        client,
        linkId,
        epoch,
        maxBytes: this.welcome.limits?.maxMessageBytes ?? 0,
        partBytes: partBytes(this.welcome.limits?.maxPartBytes ?? 0),
        signal,
        acknowledge: () => this.#channel.acknowledge(this.#env.now()),
        onAsked: (bytes) => this.#onAsked(bytes),
        onResponse: (response) => this.#onSent(epoch, response),
        onFailure: (error) => {
          if (abort === this.#abort) this.#fail(error);
        },
      });
      const resume = { linkId, resumeAfterSeq: BigInt(resumeAfter), attachEpoch: BigInt(epoch) };
      return client.attach({ resume }, { signal, headers: { [LINK_HEADER]: linkId } });
    }
    throw new Error("a channel always asks for a stream when it begins one");
  }

  #receive(downlink: Downlink): void {
    if (this.#abort?.signal.aborted) return; // given up; what is still under way here comes again on the next stream
    this.#env.onSignOfLife();
    const now = this.#env.now();
    this.#pulse.heard(now);
    if (downlink.body.case === "command") this.#pulse.used(now);
    if (downlink.body.case === "heartbeat" && downlink.body.value.time !== undefined) {
      this.#env.onServerTime(downlink.body.value.time);
    }
    if (downlink.body.case === "command" && this.#env.wasClockSet()) {
      this.#untimely = true;
      this.#fail(new ConnectError("this computer's clock was set", Code.Aborted));
      return; // not taken, so it comes again on the next stream
    }
    if (downlink.body.case === "attached") {
      this.#pulse.start(now);
      const attached = downlink.body.value;
      const effects = this.#channel.onAttached(now, Number(attached.attachEpoch), Number(attached.recordedUplinkSeq));
      this.#env.onAttached(attached);
      this.#apply(effects);
      return;
    }
    const bytes = downlink.seq === 0n ? new Uint8Array() : withoutAck(downlink);
    const effects = this.#channel.receive(now, this.#channel.epoch, {
      seq: Number(downlink.seq),
      ack: Number(downlink.ack),
      digest: digestOf(bytes),
      size: bytes.length,
    });
    if (effects[0]?.effect === "deliver") this.#take(downlink);
    if (downlink.body.case === "nack") console.warn("Tabwire: the server refused a message", downlink.body.value);
    this.#apply(effects);
    this.#tick(); // timers of hidden pages may be late, messages are not
  }

  /** A numbered message, the next one in order. */
  #take(downlink: Downlink): void {
    const seq = Number(downlink.seq);
    if (downlink.body.case !== "part") {
      this.#assembler.drop(); // a message that was begun will not be finished
      this.#delivery.push(seq, downlink);
      return;
    }
    const part = downlink.body.value;
    const taken = this.#assembler.take(part);
    if (taken.fits) {
      if (taken.data === undefined) {
        this.#delivery.push(seq);
        return;
      }
      try {
        this.#delivery.push(seq, wholeDownlink(taken.data, downlink));
        return;
      } catch (thrown) {
        console.warn("Tabwire: the parts of a message are none", thrown);
      }
    }
    this.#refuse(seq, part.totalBytes);
    this.#delivery.push(seq);
  }

  /** Tells the server that a message is not taken. It is received all the same, so the stream goes on. */
  #refuse(seq: number, bytes: number): void {
    const isTooLarge = bytes > this.#env.maxMessageBytes;
    const errorInfo = create(ErrorInfoSchema, {
      errorCode: isTooLarge ? ErrorCode.RESOURCE_EXHAUSTED : ErrorCode.INVALID_ARGUMENT,
      message: isTooLarge
        ? `The message has ${bytes} bytes, more than the ${this.#env.maxMessageBytes} that are taken.`
        : "The parts of the message do not fit together.",
      componentOrigin: ComponentOrigin.OFFSCREEN,
    });
    this.#sender?.beside(create(UplinkSchema, { body: { case: "nack", value: { seq: BigInt(seq), errorInfo } } }));
  }

  #recorded(seq: number): void {
    this.#channel.record(this.#env.now(), seq);
    this.#schedule();
  }

  #onSent(epoch: number, response: SendResponse): void {
    for (const nack of response.nacks) console.warn("Tabwire: the server refused a message", nack);
    this.#apply(this.#channel.acked(epoch, Number(response.ack)));
  }

  #onAsked(bytes: number): () => void {
    const ask = this.#pulse.asked(this.#env.now(), bytes);
    return () => this.#pulse.answered(this.#env.now(), ask);
  }

  #tick(): void {
    this.#apply(this.#channel.tick(this.#env.now()));
    if (!this.#channel.attached) return;
    const verdict = this.#pulse.look(this.#env.now());
    if (verdict === "ask") this.#sender?.heartbeat();
    if (verdict === "dead") this.#failSilent("the server did not answer in time");
    if (verdict !== "fine") this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const channelDue = this.#channel.dueAt();
    if (channelDue === undefined || this.#abort?.signal.aborted) return;
    const due = Math.min(channelDue, this.#pulse.dueAt() ?? channelDue);
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, due - this.#env.now()));
  }

  #apply(effects: readonly Effect<Outgoing>[]): void {
    for (const effect of effects) {
      switch (effect.effect) {
        case "transmit":
          this.#sender?.push(numbered(effect.body, effect.seq));
          break;
        case "send_heartbeat":
          this.#sender?.heartbeat();
          break;
        case "end_stream":
          this.#failSilent("the server gave no sign of life in time");
          break;
        case "refuse":
          if (effect.reason === "fenced" || effect.reason === "not_attached") break; // of a stream that is over
          // The two ends disagree about what was said: only a new link can settle that.
          this.#lost = true;
          this.#fail(new ConnectError(`the link is out of step: ${effect.reason}`, Code.OutOfRange));
          break;
        case "overflow":
          this.#lost = true;
          this.#fail(new ConnectError("too much is waiting for the server", Code.OutOfRange));
          break;
        default:
          break; // delivering is done by the caller; the rest is the server's
      }
    }
    this.#schedule();
  }

  #failSilent(message: string): void {
    if (this.#abort === undefined || this.#abort.signal.aborted) return;
    this.#silent = true;
    this.#pulse.gaveUp();
    this.#fail(new ConnectError(message, Code.DeadlineExceeded));
  }

  #fail(error: ConnectError): void {
    if (this.#abort === undefined || this.#abort.signal.aborted) return;
    this.#failure = error;
    this.#abort.abort();
  }
}

/** The bytes that make a message what it is; its ack moves on from one repeat to the next. */
function withoutAck(message: Downlink): Uint8Array {
  return toBinary(DownlinkSchema, { ...message, ack: 0n });
}
