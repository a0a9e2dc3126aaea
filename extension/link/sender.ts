// Sends the uplink messages of one stream: one Send at a time, with all that has gathered meanwhile. A Send that failed on
// the way is repeated, which is safe; one that was refused ends the stream, and the next one sorts it out. A sign of life has
// no place in the order: it goes beside the others, so that no answer waits behind it.

import { create } from "@bufbuild/protobuf";
import { type Client, Code, type ConnectError } from "@connectrpc/connect";
import { HeartbeatSchema, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import type { LinkService, SendResponse } from "@gen/tabwire/v1/link_service_pb";
import { Backoff } from "./backoff";
import { type Outgoing, outgoing } from "./outgoing";
import { sleep } from "./sleep";
import { asConnectError } from "./transport";

const MAX_BATCH_MESSAGES = 256;
const MAX_BATCH_BYTES = 2 ** 20;
/** What a Send adds to its messages: once, and for each. */
const REQUEST_BYTES = 128;
const MESSAGE_BYTES = 32;
const SEND_TIMEOUT_MS = 20_000;
const RETRY_BASE_MS = 200;
const RETRY_MAX_MS = 3_000;

/** The errors after which the same Send can succeed when it is simply repeated. */
const REPEAT: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.Unknown,
  Code.Internal,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
]);

/** What a sender needs to know and to tell. */
export interface SenderEnv {
  readonly client: Client<typeof LinkService>;
  readonly linkId: string;
  readonly epoch: number;
  /** The most that the server takes in one Send; 0 if it does not say. */
  readonly maxBytes: number;
  /** Ends with the stream. */
  readonly signal: AbortSignal;
  /** The acknowledgement to put on what is sent right now. */
  acknowledge(): number;
  onResponse(response: SendResponse): void;
  /** The stream cannot go on. */
  onFailure(error: ConnectError): void;
}

/** The uplink of one stream. */
export class Sender {
  readonly #env: SenderEnv;
  readonly #queue: Outgoing[] = [];
  #running = false;

  constructor(env: SenderEnv) {
    this.#env = env;
  }

  /** Sends a message after those before it. */
  push(message: Outgoing): void {
    this.#queue.push(message);
    if (!this.#running) void this.#run();
  }

  /** Sends a sign of life and the acknowledgement, unless a message is about to carry both. */
  heartbeat(): void {
    if (this.#queue.length > 0) return;
    const uplink = create(UplinkSchema, { body: { case: "heartbeat", value: create(HeartbeatSchema) } });
    void this.#sendApart(outgoing(uplink));
  }

  /** One try: if it is lost on the way, the next one is due soon enough. */
  async #sendApart(message: Outgoing): Promise<void> {
    try {
      const response = await this.#send([message]);
      if (!this.#env.signal.aborted) this.#env.onResponse(response);
    } catch (thrown) {
      const error = asConnectError(thrown);
      if (!this.#env.signal.aborted && !REPEAT.has(error.code)) this.#env.onFailure(error);
    }
  }

  async #run(): Promise<void> {
    this.#running = true;
    const { signal } = this.#env;
    const backoff = new Backoff(RETRY_BASE_MS, RETRY_MAX_MS);
    await Promise.resolve(); // what is pushed in the same turn goes into one Send
    while (this.#queue.length > 0 && !signal.aborted) {
      const batch = this.#nextBatch();
      try {
        const response = await this.#send(batch);
        backoff.reset();
        this.#queue.splice(0, batch.length);
        if (!signal.aborted) this.#env.onResponse(response);
      } catch (thrown) {
        if (signal.aborted) break;
        const error = asConnectError(thrown);
        if (!REPEAT.has(error.code)) {
          this.#env.onFailure(error);
          break;
        }
        await sleep(backoff.next(), signal);
      }
    }
    this.#running = false;
  }

  #nextBatch(): Outgoing[] {
    const batch: Outgoing[] = [];
    const most = this.#env.maxBytes === 0 ? MAX_BATCH_BYTES : Math.min(MAX_BATCH_BYTES, this.#env.maxBytes);
    let bytes = REQUEST_BYTES;
    for (const message of this.#queue) {
      bytes += message.size + MESSAGE_BYTES;
      if (batch.length > 0 && (batch.length >= MAX_BATCH_MESSAGES || bytes > most)) break;
      batch.push(message);
    }
    return batch;
  }

  #send(batch: readonly Outgoing[]): Promise<SendResponse> {
    const { client, linkId, epoch, signal } = this.#env;
    const ack = BigInt(this.#env.acknowledge());
    const messages = batch.map(({ uplink }) => ({ ...uplink, ack }));
    return client.send({ linkId, attachEpoch: BigInt(epoch), messages }, { signal, timeoutMs: SEND_TIMEOUT_MS });
  }
}
