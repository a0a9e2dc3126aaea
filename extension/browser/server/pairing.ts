// Who this browser is to which server: pairs by a one-time code, keeps the tokens in chrome.storage.local, and renews
// the access token before it ends. Renewing is single-flight, because a refresh token is good once. What the person
// sees of it is written to the status board; what the link needs is handed out as LinkCredentials.

import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { type TokenPair, TokenPairSchema } from "@gen/tabwire/v1/auth_pb";
import { ErrorCode, type ErrorInfo } from "@gen/tabwire/v1/error_pb";
import { ConnectionTrouble, type LinkCredentials, LinkCredentialsSchema } from "@gen/tabwire/v1/extension_pb";
import type { ServerClock } from "../clock";
import { BrowserError, errorInfo, failure } from "../errors";
import { decode, encode, LOCAL } from "../store";
import { describeBrowser, hello } from "./hello";

/** What is asked of the server. Implemented over the link's transport in auth_rpc.ts. */
export interface AuthRpc {
  pair(serverUrl: string, code: string, displayName: string, browserId: string, attemptId: string): Promise<Paired>;
  refresh(serverUrl: string, refreshToken: string): Promise<TokenPair>;
  /** Ends this browser's own pairing. */
  revoke(serverUrl: string, accessToken: string, browserId: string): Promise<void>;
}

/** What a pairing gives. */
export interface Paired {
  readonly browserId: string;
  readonly tokens: TokenPair;
}

/** What is in the way of an RPC, found out from its error. */
export type Diagnose = (serverUrl: string, error: unknown) => Promise<{ trouble: ConnectionTrouble; error: ErrorInfo }>;

/** A pairing as it is stored. */
interface Stored {
  readonly serverUrl: string;
  readonly browserId: string;
  /** TokenPair as base64; absent once the server has said that the tokens are no longer good. */
  readonly tokens?: string;
  /** When they were handed out, by this computer's clock. */
  readonly renewedAt?: number;
}

/** An attempt to pair, as it is stored: made again with the same code, it is the same one, in case its answer was lost. */
interface Attempt {
  readonly serverUrl: string;
  readonly code: string;
  readonly id: string;
}

/** An RPC failed; what is in the way is known. */
export class AuthTrouble extends BrowserError {
  constructor(
    readonly trouble: ConnectionTrouble,
    info: ErrorInfo,
    /** True if trying again is of no use before the browser is paired anew. */
    readonly isFinal: boolean,
  ) {
    super(info);
  }
}

/**
 * The access token is renewed when it has less than this left, or less than this part of its life if that is less. A
 * little earlier than the link asks for it (token_watch.ts), so that its asking always helps.
 */
const RENEW_BEFORE_MS = 65_000;
const RENEW_BEFORE_PART = 0.55;
/** A token that was renewed this recently is not renewed again because somebody still complains about the old one. */
const FRESH_MS = 3_000;

/** The pairing. */
export class Pairing {
  readonly #area: chrome.storage.StorageArea;
  readonly #rpc: AuthRpc;
  readonly #diagnose: Diagnose;
  readonly #clock: ServerClock;
  #renewing: Promise<TokenPair | undefined> | undefined;

  constructor(area: chrome.storage.StorageArea, rpc: AuthRpc, diagnose: Diagnose, clock: ServerClock) {
    this.#area = area;
    this.#rpc = rpc;
    this.#diagnose = diagnose;
    this.#clock = clock;
  }

  /** The server and this browser's id; undefined if not paired. `isAlive` is false once the tokens are refused for good. */
  async current(): Promise<{ serverUrl: string; browserId: string; isAlive: boolean } | undefined> {
    const stored = await this.#load();
    if (stored === undefined || stored.serverUrl === "") return undefined;
    return { serverUrl: stored.serverUrl, browserId: stored.browserId, isAlive: stored.tokens !== undefined };
  }

  /** Pairs with a server. The browser keeps its id if it had one. Throws AuthTrouble. */
  async pair(serverUrl: string, code: string): Promise<LinkCredentials> {
    const address = serverAddress(serverUrl);
    const before = await this.#load();
    let paired: Paired;
    try {
      const attemptId = await this.#attempt(address, code.trim());
      paired = await this.#rpc.pair(address, code.trim(), describeBrowser(), before?.browserId ?? "", attemptId);
    } catch (thrown) {
      throw await this.#explain(address, thrown, false);
    }
    await this.#save(fresh(address, paired.browserId, paired.tokens));
    await this.#area.remove(LOCAL.attempt);
    return credentials(address, paired.browserId, paired.tokens);
  }

  /** The secret name of the attempt with this code: that of the last one, if it was with this code. Stored when it is told. */
  async #attempt(serverUrl: string, code: string): Promise<string> {
    const last = (await this.#area.get(LOCAL.attempt))[LOCAL.attempt] as Attempt | undefined;
    if (last?.serverUrl === serverUrl && last.code === code) return last.id;
    const id = crypto.randomUUID() + crypto.randomUUID().slice(0, 8); // more than 128 random bits
    await this.#area.set({ [LOCAL.attempt]: { serverUrl, code, id } satisfies Attempt });
    return id;
  }

  /**
   * Ends the pairing, here in any case and at the server if it can be told. The browser's id stays, so that a new pairing
   * finds its tasks and history. Gives what is in the way if the server could not be told: it goes on honouring the tokens
   * until they end, should somebody have a copy.
   */
  async unpair(): Promise<AuthTrouble | undefined> {
    const stored = await this.#load();
    if (stored === undefined) return undefined;
    const trouble = await this.#tellServer(stored);
    await this.#save({ serverUrl: "", browserId: stored.browserId });
    return trouble;
  }

  async #tellServer(stored: Stored): Promise<AuthTrouble | undefined> {
    if (stored.serverUrl === "" || stored.tokens === undefined) return undefined;
    const { serverUrl, browserId } = stored;
    try {
      const { accessToken } = await this.access();
      await this.#rpc.revoke(serverUrl, accessToken, browserId);
    } catch (thrown) {
      const trouble = thrown instanceof AuthTrouble ? thrown : await this.#explain(serverUrl, thrown, true);
      // Refused tokens are dead at the server already, which is all that is wanted.
      if (trouble.isFinal) return undefined;
      return new AuthTrouble(trouble.trouble, stillPaired(trouble.info, browserId), false);
    }
    return undefined;
  }

  /**
   * What the link, or the panel, needs to speak to the server; renewed first if it ends soon, or if the server refused
   * it. Throws UNAUTHENTICATED if not paired, or AuthTrouble.
   */
  async access(refused = false): Promise<LinkCredentials> {
    const stored = await this.#load();
    const tokens = decode(TokenPairSchema, stored?.tokens);
    if (stored === undefined || stored.serverUrl === "") throw unpaired();
    if (tokens === undefined) throw new AuthTrouble(ConnectionTrouble.TOKEN, tokensDead(), true);
    const isFresh = Date.now() - (stored.renewedAt ?? 0) < FRESH_MS;
    if ((!refused || isFresh) && !this.#endsSoon(stored, tokens))
      return credentials(stored.serverUrl, stored.browserId, tokens);
    this.#renewing ??= this.#renew(stored, tokens).finally(() => {
      this.#renewing = undefined;
    });
    const renewed = await this.#renewing;
    // Unpaired or paired anew meanwhile: what became of the tokens of before says nothing about what there is now.
    return renewed === undefined ? this.access() : credentials(stored.serverUrl, stored.browserId, renewed);
  }

  /** True if the access token should be renewed now, so that nobody meets its end. */
  async isDue(): Promise<boolean> {
    const stored = await this.#load();
    const tokens = decode(TokenPairSchema, stored?.tokens);
    return stored !== undefined && tokens !== undefined && this.#endsSoon(stored, tokens);
  }

  /** The next pair of tokens; undefined if the pairing they are for is not this browser's any more. */
  async #renew(stored: Stored, tokens: TokenPair): Promise<TokenPair | undefined> {
    let renewed: TokenPair;
    try {
      renewed = await this.#rpc.refresh(stored.serverUrl, tokens.refreshToken);
    } catch (thrown) {
      const explained = await this.#explain(stored.serverUrl, thrown, true);
      if (!(await this.#isStill(stored))) return undefined;
      const { serverUrl, browserId } = stored;
      if (explained.isFinal) await this.#save({ serverUrl, browserId });
      throw explained;
    }
    if (!(await this.#isStill(stored))) return undefined;
    await this.#save(fresh(stored.serverUrl, stored.browserId, renewed));
    return renewed;
  }

  /** False if the person unpaired or paired anew while a renewal was under way. */
  async #isStill(stored: Stored): Promise<boolean> {
    return (await this.#load())?.tokens === stored.tokens;
  }

  #endsSoon(stored: Stored, tokens: TokenPair): boolean {
    const ends = this.#clock.toLocal(tokens.accessExpiresAt) ?? 0;
    const life = ends - (stored.renewedAt ?? 0);
    return ends - Date.now() < Math.min(RENEW_BEFORE_MS, life * RENEW_BEFORE_PART);
  }

  async #explain(serverUrl: string, thrown: unknown, isRefresh: boolean): Promise<AuthTrouble> {
    const { code } = ConnectError.from(thrown);
    const { trouble, error } = await this.#diagnose(serverUrl, thrown);
    const isRefused = code === Code.Unauthenticated || code === Code.InvalidArgument;
    if (isRefresh && isRefused) return new AuthTrouble(ConnectionTrouble.TOKEN, tokensDead(), true);
    // Who may not call at all (a foreign origin) may be let in later: the tokens are good as before.
    const isFinal = isRefused || code === Code.NotFound || code === Code.PermissionDenied;
    return new AuthTrouble(trouble, error, isFinal && !isRefresh);
  }

  async #load(): Promise<Stored | undefined> {
    return (await this.#area.get(LOCAL.pairing))[LOCAL.pairing] as Stored | undefined;
  }

  async #save(stored: Stored): Promise<void> {
    await this.#area.set({ [LOCAL.pairing]: stored });
  }
}

function credentials(serverUrl: string, browserId: string, tokens: TokenPair): LinkCredentials {
  return create(LinkCredentialsSchema, {
    serverUrl,
    browserId,
    accessToken: tokens.accessToken,
    accessExpiresAt: tokens.accessExpiresAt ?? timestampNow(),
    hello: hello(),
  });
}

function fresh(serverUrl: string, browserId: string, tokens: TokenPair): Stored {
  return { serverUrl, browserId, tokens: encode(TokenPairSchema, tokens), renewedAt: Date.now() };
}

/** The server's address as it is kept: https, without a path. Throws INVALID_ARGUMENT. */
function serverAddress(text: string): string {
  const trimmed = text.trim();
  const whole = trimmed.includes("://") ? trimmed : `https://${trimmed}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url?.protocol === "https:" && url.hostname !== "") return url.origin;
  throw failure(ErrorCode.INVALID_ARGUMENT, "This is not the address of a Tabwire server.", {
    remedy: "Give the address that `tabwire up` printed, as https://127.0.0.1:8443.",
  });
}

function unpaired(): BrowserError {
  return failure(ErrorCode.UNAUTHENTICATED, "This browser is not paired with a Tabwire server.", {
    remedy: "Pair it in the side panel.",
  });
}

function stillPaired(info: ErrorInfo, browserId: string): ErrorInfo {
  return errorInfo(info.errorCode, `This browser has forgotten the server, but could not tell it. ${info.message}`, {
    remedy: `End the pairing on the server's computer, too: tabwire token revoke ${browserId}`,
  });
}

function tokensDead(): ErrorInfo {
  return errorInfo(ErrorCode.UNAUTHENTICATED, "The server no longer knows this browser's pairing.", {
    remedy: "Pair this browser again with a new code from `tabwire pair`.",
  });
}
