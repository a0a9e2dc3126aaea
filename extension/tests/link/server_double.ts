// A server in memory for tests of the link's client: LinkService over the same channel, without a network. What a real
// server does beyond the link is not its business.

import { create } from "@bufbuild/protobuf";
import { timestampFromMs, timestampNow } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createRouterTransport, type HandlerContext, type Transport } from "@connectrpc/connect";
import { type ErrorInfo, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import {
  type Downlink,
  DownlinkSchema,
  type Hello,
  type LinkLimits,
  LinkLimitsSchema,
  RotateReason,
  type Uplink,
} from "@gen/tabwire/v1/link_pb";
import { type AttachRequest, LinkService, type SendRequest } from "@gen/tabwire/v1/link_service_pb";
import { Channel } from "../../link/channel";
import { digestOf } from "../../link/digest";
import type { Effect } from "../../link/effects";

/** The stream that a link is attached to. */
class Stream {
  readonly waiting: Downlink[] = [];
  end: ConnectError | "ok" | undefined;
  #wake: () => void = () => {};

  put(message: Downlink): void {
    this.waiting.push(message);
    this.#wake();
  }

  finish(end: ConnectError | "ok"): void {
    this.end ??= end;
    this.#wake();
  }

  async changed(): Promise<void> {
    if (this.waiting.length > 0 || this.end !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** A failure as the server sends it. */
export function failing(code: Code, info?: ErrorInfo): ConnectError {
  const details = info === undefined ? [] : [{ desc: ErrorInfoSchema, value: info }];
  return new ConnectError("refused by the test", code, undefined, details);
}

export class ServerDouble {
  heartbeatMs = 10_000;
  /** The revision of the protocol that it chooses. */
  revision = 1;
  limits: LinkLimits = create(LinkLimitsSchema, { maxMessageBytes: 2 ** 20, maxUnackedMessages: 8 });
  /** Every call fails with this. */
  refusal: ConnectError | undefined;
  /** The next Sends are recorded, but their answers fail with this. */
  sendFailures: ConnectError[] = [];
  /** True: streams give no sign of life, not even Attached. */
  silent = false;
  readonly hellos: Hello[] = [];
  readonly tokens: (string | null)[] = [];
  /** When each call came. */
  readonly calledAt: number[] = [];
  /** The link that each call named. */
  readonly named: (string | null)[] = [];
  readonly attachments: { linkId: string; epoch: number; after: number }[] = [];
  readonly sends: SendRequest[] = [];
  readonly received: Uplink[] = [];
  readonly closed: string[] = [];
  linkId = "";
  #links = 0;
  #channel = new Channel<Downlink>();
  #stream: Stream | undefined;

  /** The way to it. */
  readonly transport: Transport = createRouterTransport(({ service }) => {
    service(LinkService, {
      openLink: ({ hello }, context) => {
        this.#admit(context);
        if (hello !== undefined) this.hellos.push(hello);
        this.#links += 1;
        this.linkId = `link-${this.#links}`;
        this.#channel = new Channel({ heartbeatMs: this.heartbeatMs });
        return {
          welcome: {
            linkId: this.linkId,
            revision: this.revision,
            serverVersion: "1.2.3",
            capabilities: { model: true },
            limits: this.limits,
            heartbeatIntervalMs: this.heartbeatMs,
            serverTime: timestampNow(),
            browserId: "browser-1",
          },
        };
      },
      attach: (request, context) => this.#attach(request, context),
      send: (request, context) => this.#send(request, context),
      closeLink: ({ linkId }, context) => {
        this.#admit(context);
        this.closed.push(linkId);
        return {};
      },
    });
  });

  /** The highest number that the client has acknowledged. */
  get acked(): number {
    return this.#channel.inFlight === 0 ? this.#sent : this.#sent - this.#channel.inFlight;
  }
  #sent = 0;

  /** Sends a numbered message. */
  push(message: Downlink): void {
    this.#sent += 1;
    this.#apply(this.#channel.enqueue(message, 1));
  }

  /** A sign of life, by a clock that is so far ahead of this computer's. */
  beat(aheadMs: number): void {
    const value = { time: timestampFromMs(Date.now() + aheadMs) };
    this.#put({ body: { case: "heartbeat", value } });
  }

  /** Ends the stream politely. */
  rotate(reason: RotateReason, retryAfterMs = 0): void {
    this.#apply(this.#channel.rotate(RotateReason[reason], retryAfterMs));
  }

  /** Lets the stream break. */
  breakStream(code = Code.Unknown): void {
    this.#channel.detach(this.#channel.epoch);
    this.#stream?.finish(new ConnectError("network error", code));
  }

  /** Forgets the link, as a server that was started anew. */
  restart(): void {
    this.breakStream();
    this.linkId = "";
    this.#sent = 0;
  }

  /** How much is sent and not acknowledged. */
  get inFlight(): number {
    return this.#channel.inFlight;
  }

  /** How many links were opened. */
  get links(): number {
    return this.#links;
  }

  #admit(context: HandlerContext): void {
    this.calledAt.push(performance.now());
    this.named.push(context.requestHeader.get("x-tabwire-link"));
    this.tokens.push(context.requestHeader.get("authorization"));
    if (this.refusal !== undefined) throw this.refusal;
  }

  async *#attach({ resume }: AttachRequest, context: HandlerContext): AsyncGenerator<Downlink> {
    this.#admit(context);
    if (resume === undefined || resume.linkId !== this.linkId) throw failing(Code.OutOfRange);
    const { linkId } = resume;
    const epoch = Number(resume.attachEpoch);
    const after = Number(resume.resumeAfterSeq);
    this.attachments.push({ linkId, epoch, after });
    const effects = this.#channel.attach(performance.now(), epoch, after);
    if (effects[0]?.effect === "refuse") throw failing(Code.OutOfRange);
    if (effects[0]?.effect === "end_stream") this.#apply(effects.splice(0, 1)); // the older stream, before it is replaced
    const stream = new Stream();
    this.#stream = stream;
    context.signal.addEventListener("abort", () => stream.finish("ok"));
    this.#apply(effects);
    while (true) {
      await stream.changed();
      const message = this.silent ? undefined : stream.waiting.shift();
      if (message !== undefined) {
        message.ack = BigInt(this.#channel.acknowledge(performance.now()));
        yield message;
      } else if (stream.end !== undefined) {
        if (stream.end === "ok") return;
        throw stream.end;
      } else {
        stream.waiting.length = 0;
      }
    }
  }

  #send(request: SendRequest, context: HandlerContext) {
    this.#admit(context);
    if (request.linkId !== this.linkId) throw failing(Code.OutOfRange);
    this.sends.push(request);
    for (const message of request.messages) this.#take(Number(request.attachEpoch), message);
    const failure = this.sendFailures.shift();
    if (failure !== undefined) throw failure;
    return { ack: BigInt(this.#channel.acknowledgeApart()) };
  }

  #take(epoch: number, message: Uplink): void {
    const seq = Number(message.seq);
    const digest = digestOf(new TextEncoder().encode(JSON.stringify(message.body, asText)));
    const incoming = { seq, ack: Number(message.ack), digest, size: 1 };
    const effects = this.#channel.receive(performance.now(), epoch, incoming);
    const [first] = effects;
    if (first?.effect === "refuse") {
      throw failing(first.reason === "fenced" ? Code.Aborted : Code.FailedPrecondition);
    }
    if (first?.effect === "deliver") {
      this.received.push(message);
      this.#channel.record(performance.now(), seq);
    }
    this.#apply(effects);
  }

  #apply(effects: readonly Effect<Downlink>[]): void {
    for (const effect of effects) {
      switch (effect.effect) {
        case "transmit":
          this.#put({ seq: BigInt(effect.seq), body: effect.body.body });
          break;
        case "send_attached": {
          const { epoch, recorded } = effect;
          const value = { linkId: this.linkId, attachEpoch: BigInt(epoch), recordedUplinkSeq: BigInt(recorded) };
          this.#put({ body: { case: "attached", value: { ...value, serverTime: timestampNow() } } });
          break;
        }
        case "send_caught_up":
          this.#put({ body: { case: "caughtUp", value: { seq: BigInt(effect.seq) } } });
          break;
        case "send_rotate": {
          const reason = RotateReason[effect.reason as keyof typeof RotateReason];
          this.#put({ body: { case: "rotate", value: { reason, retryAfterMs: effect.retryAfterMs } } });
          break;
        }
        case "end_stream":
          this.#stream?.finish("ok");
          break;
        default:
          break;
      }
    }
  }

  #put(init: Parameters<typeof create<typeof DownlinkSchema>>[1]): void {
    this.#stream?.put(create(DownlinkSchema, init));
  }
}

function asText(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return digestOf(value);
  return typeof value === "bigint" ? value.toString() : value;
}
