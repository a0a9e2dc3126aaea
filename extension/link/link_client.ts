// Keeps a browser linked with its server: opens a link, holds its stream, and comes back after every break, with the
// troubles told apart on the way. One stream's life is in link.ts; the rules of the wire are in channel.ts. Runs wherever
// fetch does; what it hands out and takes in goes through its environment (the offscreen document).

import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { type ErrorInfo, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import {
  ConnectionPhase,
  type ConnectionStatus,
  ConnectionStatusSchema,
  ConnectionTrouble,
  type EncodedResult,
  type LinkCredentials,
} from "@gen/tabwire/v1/extension_pb";
import { type Downlink, HelloSchema, type Rotate, RotateReason, type Uplink } from "@gen/tabwire/v1/link_pb";
import { LinkService } from "@gen/tabwire/v1/link_service_pb";
import { Backoff } from "./backoff";
import { Link } from "./link";
import type { Diagnosis } from "./problems";
import { foreignRevision } from "./revision";
import { Bell } from "./sleep";
import { TokenWatch } from "./token_watch";
import { asConnectError, LINK_HEADER } from "./transport";

/** A connection may be dead from the start, for Chrome goes on using one that is. The patience doubles where that was wrong. */
const OPEN_TIMEOUT_MS = 2_500;
const OPEN_TIMEOUT_MAX_MS = 15_000;
const CLOSE_TIMEOUT_MS = 3_000;
/** The largest message that is taken, where Hello does not say. */
const MAX_MESSAGE_BYTES = 16 * 2 ** 20;
const RETRY_BASE_MS = 500;
const RETRY_MAX_MS = 5_000;
/** An edge that answers at once that only the server behind it is away: it mostly starts again just then, so it is asked sooner. */
const SOON_MAX_MS = 1_500;
const SOON_FOR_MS = 30_000;
/** Where trying again is of no use before a person has done something, one look a minute finds out that they have. */
const HOPELESS_RETRY_MS = 60_000;
/** The server's clock is taken for another than it was known to be if it is off by more than messages are late. */
const CLOCK_OFF_MS = 500;
/** So often in a row a server that is silent is tried again at once, before it counts as a failure like any other. */
const SILENCES_AT_ONCE = 2;
/** Within so long, because it may be the server that stood still, and not the connections of all its browsers. */
const SPREAD_MS = 250;
/** Longest wait for a fresh token before the old one is tried once more. */
const TOKEN_PATIENCE_MS = 10_000;

/** What the client needs, and whom it tells what happens. */
export interface LinkClientEnv {
  makeTransport(serverUrl: string, token: () => string | undefined): Transport;
  diagnose(serverUrl: string, error: unknown): Promise<Diagnosis>;
  /** The connection seems dead: what follows is to go over another one. */
  leaveConnection?(serverUrl: string): void;
  /** Milliseconds that never go back. */
  now(): number;
  /** Hands a numbered message to the service worker; true when it is recorded there. */
  deliver(message: Downlink): Promise<boolean>;
  onStatus(status: ConnectionStatus): void;
  /** A fresh token is needed; it comes by `connect`. */
  onTokenNeeded(refused: boolean): void;
  random(): number;
}

/** One browser's connection. */
export class LinkClient {
  readonly #env: LinkClientEnv;
  readonly #bell = new Bell();
  readonly #backoff: Backoff;
  readonly #tokens = new TokenWatch();
  #tokenTimer: ReturnType<typeof setTimeout> | undefined;
  #credentials: LinkCredentials | undefined;
  #client: Client<typeof LinkService> | undefined;
  #run: AbortController | undefined;
  #link: Link | undefined;
  /** A new link is being opened because the server did not know the old one. */
  #reopening = false;
  /** Streams, and tries to open a link, in a row that were given up for silence. */
  #silences = 0;
  /** When the first try failed since there was a stream. */
  #awaySince: number | undefined;
  /** How far this computer's clock was from the one that nobody can set, when the server's was last told. */
  #clocksApart = 0;
  #status = create(ConnectionStatusSchema, { phase: ConnectionPhase.UNPAIRED });

  constructor(env: LinkClientEnv) {
    this.#env = env;
    this.#backoff = new Backoff(RETRY_BASE_MS, RETRY_MAX_MS, () => env.random());
  }

  /** What the connection is doing. */
  get status(): ConnectionStatus {
    return this.#status;
  }

  /** Connects, or goes on with fresh credentials. */
  connect(credentials: LinkCredentials): void {
    const before = this.#credentials;
    const same =
      this.#run !== undefined &&
      before?.serverUrl === credentials.serverUrl &&
      before.browserId === credentials.browserId;
    if (!same) this.#stop();
    this.#credentials = credentials;
    if (!same || before?.accessToken !== credentials.accessToken) {
      const expires = credentials.accessExpiresAt;
      if (expires === undefined) this.#tokens.stop();
      else this.#tokens.renewed(Date.now(), timestampMs(expires));
      this.#watchToken();
      this.#bell.ring();
    }
    if (same) {
      this.#env.onStatus(this.#status); // whoever hands credentials over may not know how things stand
      return;
    }
    const transport = this.#env.makeTransport(credentials.serverUrl, () => this.#credentials?.accessToken);
    this.#client = createClient(LinkService, transport);
    this.#run = new AbortController();
    void this.#keepConnected(this.#run.signal, this.#client);
  }

  /** Closes the link and forgets the credentials. */
  async disconnect(reason: string): Promise<void> {
    const client = this.#client;
    const linkId = this.#link?.welcome.linkId;
    this.#stop();
    try {
      if (client !== undefined && linkId !== undefined) {
        const headers = { [LINK_HEADER]: linkId };
        await client.closeLink({ linkId, reason }, { timeoutMs: CLOSE_TIMEOUT_MS, headers });
      }
    } catch (error) {
      console.debug("Tabwire: the server was not told about the end of the link", asConnectError(error).message);
    }
    if (this.#run !== undefined) return; // connected anew meanwhile
    this.#credentials = undefined;
    this.#client = undefined;
    this.#setStatus({ phase: ConnectionPhase.UNPAIRED });
  }

  /** Tries at once instead of waiting. */
  retryNow(): void {
    this.#bell.ring();
  }

  /** Sends a message. False if no link is open: the server will ask again for what it still wants. */
  send(uplink: Uplink): boolean {
    if (this.#link === undefined || this.#link.lost) return false;
    this.#link.send(uplink);
    return !this.#link.lost;
  }

  /** The same with an answer that is encoded already. */
  sendResult(result: EncodedResult): boolean {
    if (this.#link === undefined || this.#link.lost) return false;
    this.#link.sendResult(result);
    return !this.#link.lost;
  }

  #stop(): void {
    this.#run?.abort();
    this.#run = undefined;
    this.#forgetLink();
    this.#tokens.stop();
    clearTimeout(this.#tokenTimer);
    this.#backoff.reset();
    this.#awaySince = undefined;
    this.#bell.mute();
  }

  #forgetLink(): void {
    this.#link?.close();
    this.#link = undefined;
  }

  async #keepConnected(signal: AbortSignal, client: Client<typeof LinkService>): Promise<void> {
    this.#setStatus({ phase: ConnectionPhase.CONNECTING });
    while (!signal.aborted) {
      const token = this.#credentials?.accessToken;
      try {
        this.#bell.mute();
        this.#link ??= await this.#open(signal, client);
        if (signal.aborted) return;
        await this.#afterRotate(await this.#link.stream(signal), token, signal);
      } catch (thrown) {
        if (signal.aborted) return;
        await this.#afterFailure(asConnectError(thrown), signal);
      }
    }
  }

  async #open(signal: AbortSignal, client: Client<typeof LinkService>): Promise<Link> {
    const hello = this.#credentials?.hello ?? create(HelloSchema, { minRevision: 1, maxRevision: 1 });
    const timeoutMs = Math.min(OPEN_TIMEOUT_MAX_MS, OPEN_TIMEOUT_MS * 2 ** this.#silences);
    const { welcome } = await client.openLink({ hello }, { signal, timeoutMs });
    if (welcome === undefined) throw new ConnectError("the server did not say Welcome", Code.Internal);
    const foreign = foreignRevision(hello, welcome);
    if (foreign !== undefined) {
      const details = [{ desc: ErrorInfoSchema, value: foreign }];
      throw new ConnectError(foreign.message, Code.FailedPrecondition, undefined, details);
    }
    this.#status.serverVersion = welcome.serverVersion;
    this.#status.modelConfigured = welcome.capabilities?.model ?? false;
    this.#status.revision = welcome.revision;
    return new Link(welcome, {
      client,
      maxMessageBytes: hello.limits?.maxMessageBytes || MAX_MESSAGE_BYTES,
      now: () => this.#env.now(),
      deliver: (message) => this.#env.deliver(message),
      onAttached: (attached) => {
        this.#backoff.reset();
        this.#reopening = false;
        this.#silences = 0;
        this.#awaySince = undefined;
        this.#clocksApart = clocksApart();
        this.#setStatus({ phase: ConnectionPhase.CONNECTED, serverTime: attached.serverTime });
      },
      onSignOfLife: () => this.#askForToken(), // timers of hidden pages may be late, messages are not
      onServerTime: (time) => this.#compareClocks(time),
      wasClockSet: () => Math.abs(clocksApart() - this.#clocksApart) > CLOCK_OFF_MS,
    });
  }

  /** The server says what its clock shows. If that has been set since it was last told, deadlines mean other moments. */
  #compareClocks(serverTime: Timestamp): void {
    const { phase, clockOffsetMs } = this.#status;
    if (phase !== ConnectionPhase.CONNECTED) return;
    this.#clocksApart = clocksApart();
    if (Math.abs(offsetOf(serverTime) - Number(clockOffsetMs)) > CLOCK_OFF_MS) this.#setStatus({ phase, serverTime });
  }

  /** The server asked for a new stream: at once, or when it is back. */
  async #afterRotate(rotate: Rotate, token: string | undefined, signal: AbortSignal): Promise<void> {
    if (rotate.reason === RotateReason.TOKEN_EXPIRY && token === this.#credentials?.accessToken) {
      this.#tokens.refused(Date.now());
      this.#askForToken();
      await this.#bell.wait(TOKEN_PATIENCE_MS, signal);
    }
    if (rotate.retryAfterMs === 0) return;
    this.#setStatus({ phase: ConnectionPhase.CONNECTING });
    await this.#bell.wait(rotate.retryAfterMs * (1 + this.#env.random() / 2), signal);
  }

  async #afterFailure(error: ConnectError, signal: AbortSignal): Promise<void> {
    const outOfRange = error.code === Code.OutOfRange;
    if (outOfRange || this.#link?.lost) {
      this.#forgetLink();
      this.#setStatus({ phase: ConnectionPhase.CONNECTING });
      // Once at once: the server was restarted. If that does not help, it is a failure like any other.
      if (!this.#reopening) {
        this.#reopening = true;
        return;
      }
    }
    if (this.#link?.untimely) return;
    if (error.code === Code.Unauthenticated) {
      await this.#afterRefusedToken(error, signal);
      return;
    }
    if (this.#status.phase === ConnectionPhase.CONNECTED) this.#setStatus({ phase: ConnectionPhase.CONNECTING });
    if (this.#link === undefined ? error.code === Code.DeadlineExceeded : this.#link.silent) {
      this.#env.leaveConnection?.(this.#credentials?.serverUrl ?? "");
      this.#silences += 1;
      if (this.#silences <= SILENCES_AT_ONCE) {
        await this.#bell.wait(this.#env.random() * SPREAD_MS, signal);
        return;
      }
    }
    const { trouble, error: info } = await this.#env.diagnose(this.#credentials?.serverUrl ?? "", error);
    if (signal.aborted) return;
    const hopeless = trouble === ConnectionTrouble.VERSION || trouble === ConnectionTrouble.ORIGIN;
    const wait = hopeless
      ? HOPELESS_RETRY_MS
      : Math.max(this.#backoff.next(this.#longestMs(trouble)), this.#busyMs(info));
    const phase = hopeless ? ConnectionPhase.FAILED : ConnectionPhase.WAITING;
    if (hopeless && this.#status.trouble !== trouble) console.warn(`Tabwire: ${info.message} ${info.remedy}`);
    this.#setStatus({ phase, diagnosis: { trouble, error: info }, nextTryAt: timestampFromMs(Date.now() + wait) });
    if (await this.#bell.wait(wait, signal)) this.#setStatus({ phase: ConnectionPhase.CONNECTING });
  }

  /** The most to wait after a failure: less while the server may be about to start again. */
  #longestMs(trouble: ConnectionTrouble): number {
    const now = this.#env.now();
    this.#awaySince ??= now;
    const soon = trouble === ConnectionTrouble.SERVER_DOWN && now - this.#awaySince < SOON_FOR_MS;
    return soon ? SOON_MAX_MS : RETRY_MAX_MS;
  }

  /** How long an overloaded server asks to be left alone: a little longer, and not all at once. */
  #busyMs({ details }: ErrorInfo): number {
    const asked = details?.kind.case === "limit" ? details.kind.value.retryAfterMs : 0;
    return Math.round(asked * (1 + this.#env.random() / 2));
  }

  /** Waits for the service worker's next token. If it can get none, it says so itself. */
  async #afterRefusedToken(error: ConnectError, signal: AbortSignal): Promise<void> {
    this.#tokens.refused(Date.now());
    this.#askForToken(true);
    const wait = Math.max(TOKEN_PATIENCE_MS, this.#backoff.next());
    // An ended token, one that is not known, or a clock that is wrong: each has its own remedy.
    const diagnosis = await this.#env.diagnose(this.#credentials?.serverUrl ?? "", error);
    if (signal.aborted) return;
    this.#setStatus({
      phase: ConnectionPhase.WAITING,
      diagnosis,
      nextTryAt: timestampFromMs(Date.now() + wait),
    });
    console.debug("Tabwire: the token was refused", error.message);
    if (await this.#bell.wait(wait, signal)) this.#setStatus({ phase: ConnectionPhase.CONNECTING });
  }

  #askForToken(refused = false): void {
    if (this.#run === undefined) return;
    if (this.#tokens.due(Date.now())) this.#env.onTokenNeeded(refused);
    this.#watchToken();
  }

  #watchToken(): void {
    clearTimeout(this.#tokenTimer);
    const wait = this.#tokens.waitMs(Date.now());
    if (wait !== undefined) this.#tokenTimer = setTimeout(() => this.#askForToken(), Math.min(wait, 2 ** 31 - 1));
  }

  #setStatus(change: {
    readonly phase: ConnectionPhase;
    readonly diagnosis?: Diagnosis;
    readonly nextTryAt?: Timestamp;
    readonly serverTime?: Timestamp | undefined;
  }): void {
    const before = this.#status;
    const status = create(ConnectionStatusSchema, {
      phase: change.phase,
      trouble: change.diagnosis?.trouble ?? ConnectionTrouble.UNSPECIFIED,
      serverUrl: this.#credentials?.serverUrl ?? "",
      browserId: this.#credentials?.browserId ?? "",
      serverVersion: before.serverVersion,
      modelConfigured: before.modelConfigured,
      revision: before.revision,
      clockOffsetMs: change.serverTime === undefined ? before.clockOffsetMs : BigInt(offsetOf(change.serverTime)),
    });
    if (change.diagnosis !== undefined) status.errorInfo = change.diagnosis.error;
    if (change.nextTryAt !== undefined) status.nextTryAt = change.nextTryAt;
    this.#status = status;
    this.#env.onStatus(status);
  }
}

/** What the clock shows beyond the one that nobody can set: it changes when the clock is set, and where computers sleep. */
function clocksApart(): number {
  return Date.now() - performance.now();
}

/** How far the server's clock is ahead of this computer's, in milliseconds. */
function offsetOf(serverTime: Timestamp): number {
  return Math.round(timestampMs(serverTime) - Date.now());
}
