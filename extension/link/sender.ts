// Sends the uplink messages of one stream: one Send at a time, with all that has gathered meanwhile. A Send that failed on
// the way is repeated, which is safe; one that was refused ends the stream, and the next one sorts it out. A sign of life has
// no place in the order: it goes beside the others, so that no answer waits behind it.

import { create } from "@bufbuild/protobuf";
import { type Client, Code, type ConnectError } from "@connectrpc/connect";
import { HeartbeatSchema, type Uplink, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import type { LinkService, SendResponse } from "@gen/tabwire/v1/link_service_pb";
import { Backoff } from "./backoff";
import { type Outgoing, outgoing } from "./outgoing";
import { sleep } from "./sleep";
import { asConnectError, LINK_HEADER } from "./transport";

const MAX_BATCH_MESSAGES = 256;
const MAX_BATCH_BYTES = 2 ** 20;
/** A Send of more than this may take longer than a sign of life can wait. */
const LARGE_BYTES = 64 * 2 ** 10;
/** What a Send adds to its messages: once, and for each. */
const REQUEST_BYTES = 128;
const MESSAGE_BYTES = 32;
const SEND_TIMEOUT_MS = 20_000;
/** A Send gets more time the larger it is: the slowest network that is waited for carries so many bytes in a millisecond. */
const SLOWEST_BYTES_PER_MS = 6;
const RETRY_BASE_MS = 200;
const RETRY_MAX_MS = 3_000;

/** How the edge says what it refuses, and when to come again, in seconds. */
const EDGE_HEADER = "x-tabwire-edge";
const TOO_LARGE = "too-large";
const RETRY_AFTER_HEADER = "retry-after";

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
  /** The size of the parts of large messages; no Send is much larger. 0 if the server takes none. */
  readonly partBytes: number;
  /** Ends with the stream. */
  readonly signal: AbortSignal;
  /** The acknowledgement to put on what is sent right now. */
  acknowledge(): number;
  /** A Send of so many bytes begins. What is returned is called when it is over, however it ended. */
  onAsked(bytes: number): () => void;
  onResponse(response: SendResponse): void;
  /** The stream cannot go on. */
  onFailure(error: ConnectError): void;
}

/** The uplink of one stream. */
export class Sender {
  readonly #env: SenderEnv;
  readonly #queue: Outgoing[] = [];
  #running = false;
  /** Whether the Send that is under way may take long. */
  #isLarge = false;

  constructor(env: SenderEnv) {
    this.#env = env;
  }

  /** Sends a message after those before it. */
  push(message: Outgoing): void {
    this.#queue.push(message);
    if (!this.#running) void this.#run();
  }

  /**
   * Sends a sign of life and the acknowledgement, unless messages are about to carry both. Beside a large one it is sent all
   * the same: on a slow network that one may take longer than the server's patience.
   */
  heartbeat(): void {
    if (this.#queue.length > 0 && !this.#isLarge) return;
    const uplink = create(UplinkSchema, { body: { case: "heartbeat", value: create(HeartbeatSchema) } });
    void this.#sendApart(outgoing(uplink));
  }

  /** Sends a control message, once. */
  beside(uplink: Uplink): void {
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
      this.#isLarge = batch.reduce((bytes, message) => bytes + message.size, 0) > LARGE_BYTES;
      try {
        const response = await this.#send(batch);
        backoff.reset();
        this.#queue.splice(0, batch.length);
        if (!signal.aborted) this.#env.onResponse(response);
      } catch (thrown) {
        if (signal.aborted) break;
        const error = asConnectError(thrown);
        if (!REPEAT.has(error.code) || error.metadata.get(EDGE_HEADER) === TOO_LARGE) {
          this.#env.onFailure(error);
          break;
        }
        const askedMs = 1_000 * Number(error.metadata.get(RETRY_AFTER_HEADER) ?? 0);
        await sleep(Math.max(backoff.next(), askedMs || 0), signal);
      }
    }
    this.#running = false;
  }

  #nextBatch(): Outgoing[] {
    const batch: Outgoing[] = [];
    const { maxBytes, partBytes } = this.#env;
    const most = Math.min(MAX_BATCH_BYTES, maxBytes || MAX_BATCH_BYTES, partBytes || MAX_BATCH_BYTES);
    let bytes = REQUEST_BYTES;
    for (const message of this.#queue) {
      bytes += message.size + MESSAGE_BYTES;
      if (batch.length > 0 && (batch.length >= MAX_BATCH_MESSAGES || bytes > most)) break;
      batch.push(message);
    }
    return batch;
  }

  async #send(batch: readonly Outgoing[]): Promise<SendResponse> {
    const { client, linkId, epoch, signal } = this.#env;
    const ack = BigInt(this.#env.acknowledge());
    const messages = batch.map(({ uplink }) => ({ ...uplink, ack }));
    const bytes = batch.reduce((sum, { size }) => sum + size, 0);
    const timeoutMs = SEND_TIMEOUT_MS + Math.ceil(bytes / SLOWEST_BYTES_PER_MS);
    const request = { linkId, attachEpoch: BigInt(epoch), messages };
    const over = this.#env.onAsked(bytes);
    try {
      return await client.send(request, { signal, timeoutMs, headers: { [LINK_HEADER]: linkId } });
    } finally {
      over();
    }
  }
}
