import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { type TokenPair, TokenPairSchema } from "@gen/tabwire/v1/auth_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import {
  ConnectionPhase,
  ConnectionStatusSchema,
  ConnectionTrouble,
  type LinkCredentials,
  type PairingOffer,
} from "@gen/tabwire/v1/extension_pb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ServerClock } from "../../browser/clock";
import { BrowserError, errorInfo } from "../../browser/errors";
import { Connection } from "../../browser/server/connection";
import { parseOffer } from "../../browser/server/offer";
import { type AuthRpc, type Diagnose, Pairing } from "../../browser/server/pairing";
import { StatusBoard } from "../../browser/server/status";
import { asArea, FakeArea, FakeChrome } from "./fake_chrome";

const SERVER = "https://127.0.0.1:8443";
const diagnose: Diagnose = async () => ({
  trouble: ConnectionTrouble.NOTHING_LISTENING,
  error: errorInfo(ErrorCode.UNAVAILABLE, "Nothing answers.", { remedy: "Run `tabwire up`." }),
});

/** A server that pairs by one code and rotates its refresh tokens, named as the double it is. */
class AuthDouble implements AuthRpc {
  life = 900_000;
  issued = 0;
  readonly asked: string[] = [];
  readonly attempts: string[] = [];
  failWith: unknown;
  /** What happens while a renewal is on its way. */
  meanwhile: (() => Promise<unknown>) | undefined;

  tokens(): TokenPair {
    this.issued += 1;
    return create(TokenPairSchema, {
      accessToken: `access-${this.issued}`,
      refreshToken: `refresh-${this.issued}`,
      accessExpiresAt: timestampFromMs(Date.now() + this.life),
    });
  }

  async pair(serverUrl: string, code: string, _name: string, browserId: string, attemptId: string) {
    this.asked.push(`pair ${serverUrl} ${code} ${browserId}`);
    this.attempts.push(attemptId);
    if (this.failWith !== undefined) throw this.failWith;
    return { browserId: browserId || "browser-1", tokens: this.tokens() };
  }

  async refresh(_serverUrl: string, refreshToken: string) {
    this.asked.push(`refresh ${refreshToken}`);
    await this.meanwhile?.();
    if (this.failWith !== undefined) throw this.failWith;
    return this.tokens();
  }

  async revoke(_serverUrl: string, accessToken: string, browserId: string) {
    this.asked.push(`revoke ${browserId} with ${accessToken}`);
    if (this.failWith !== undefined) throw this.failWith;
  }
}

let rpc: AuthDouble;
let local: FakeArea;
let pairing: Pairing;

beforeEach(() => {
  new FakeChrome().install();
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  rpc = new AuthDouble();
  local = new FakeArea();
  pairing = new Pairing(asArea(local), rpc, diagnose, new ServerClock());
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function errorOf(promise: Promise<unknown>): Promise<BrowserError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof BrowserError)) throw new Error("expected a BrowserError");
  return thrown;
}

describe("the pairing", () => {
  it("keeps its tokens over the worker's death and hands them out with Hello", async () => {
    await pairing.pair("127.0.0.1:8443/", " K7QF-2MXD ");
    const later = new Pairing(asArea(local), rpc, diagnose, new ServerClock());
    const credentials = await later.access();
    expect(credentials).toMatchObject({ serverUrl: SERVER, browserId: "browser-1", accessToken: "access-1" });
    expect(credentials.hello).toMatchObject({ minRevision: 1, maxRevision: 1, extensionVersion: "9.9.9" });
    expect(rpc.asked).toEqual([`pair ${SERVER} K7QF-2MXD `]);
  });

  it("makes the same attempt again when the answer to the last one was lost, and a new one with another code", async () => {
    rpc.failWith = new ConnectError("x", Code.Unavailable);
    await errorOf(pairing.pair(SERVER, "code"));
    const later = new Pairing(asArea(local), rpc, diagnose, new ServerClock());
    await errorOf(later.pair(SERVER, " code "));
    await errorOf(later.pair("https://elsewhere.test", "code"));
    await errorOf(later.pair(SERVER, "other"));
    rpc.failWith = undefined;
    await later.pair(SERVER, "other");
    expect(local.items.has("attempt")).toBe(false);
    await later.pair(SERVER, "other");
    const [first, again, elsewhere, other, otherAgain, afterwards] = rpc.attempts;
    expect([again, otherAgain]).toEqual([first, other]);
    expect(new Set([first, elsewhere, other, afterwards]).size).toBe(4);
    for (const attempt of rpc.attempts) expect(attempt).toMatch(/^[0-9a-f-]{44}$/);
  });

  it("renews the access token before it ends, once however many ask", async () => {
    await pairing.pair(SERVER, "code");
    vi.advanceTimersByTime(850_000);
    const [first, second] = await Promise.all([pairing.access(), pairing.access()]);
    expect([first.accessToken, second.accessToken]).toEqual(["access-2", "access-2"]);
    expect((await pairing.access()).accessToken).toBe("access-2");
    expect(rpc.asked.slice(1)).toEqual(["refresh refresh-1"]);
  });

  it("renews a refused token, but not again for a complaint about the one before", async () => {
    await pairing.pair(SERVER, "code");
    vi.advanceTimersByTime(10_000);
    expect((await pairing.access(true)).accessToken).toBe("access-2");
    expect((await pairing.access(true)).accessToken).toBe("access-2");
    vi.advanceTimersByTime(10_000);
    expect((await pairing.access(true)).accessToken).toBe("access-3");
  });

  it("does not renew a short-lived token at every question", async () => {
    rpc.life = 30_000;
    await pairing.pair(SERVER, "code");
    vi.advanceTimersByTime(10_000);
    expect((await pairing.access()).accessToken).toBe("access-1");
    vi.advanceTimersByTime(5_000);
    expect((await pairing.access()).accessToken).toBe("access-2");
  });

  it("keeps its tokens when the server cannot be reached, and says what is in the way", async () => {
    await pairing.pair(SERVER, "code");
    rpc.failWith = new ConnectError("x", Code.Unavailable);
    const error = await errorOf(
      pairing
        .access(true)
        .then(() => pairing.access(true))
        .then(() => {
          vi.advanceTimersByTime(900_000);
          return pairing.access();
        }),
    );
    expect(error).toMatchObject({ trouble: ConnectionTrouble.NOTHING_LISTENING, isFinal: false });
    rpc.failWith = undefined;
    expect((await pairing.access()).accessToken).toBe("access-2");
  });

  it("is over when the server refuses to renew; the browser's id stays for the next pairing", async () => {
    await pairing.pair(SERVER, "code");
    vi.advanceTimersByTime(900_000);
    rpc.failWith = new ConnectError("revoked", Code.Unauthenticated);
    expect(await errorOf(pairing.access())).toMatchObject({ trouble: ConnectionTrouble.TOKEN, isFinal: true });
    expect((await pairing.current())?.isAlive).toBe(false);
    rpc.failWith = undefined;
    expect((await errorOf(pairing.access())).info.remedy).toContain("Pair this browser again");
    await pairing.pair(SERVER, "new");
    expect(rpc.asked.at(-1)).toBe(`pair ${SERVER} new browser-1`);
  });

  it("keeps its tokens when it may not call at all, because that may change", async () => {
    await pairing.pair(SERVER, "code");
    vi.advanceTimersByTime(900_000);
    rpc.failWith = new ConnectError("origin", Code.PermissionDenied);
    expect(await errorOf(pairing.access())).toMatchObject({ isFinal: false });
    rpc.failWith = undefined;
    expect((await pairing.access()).accessToken).toBe("access-2");
  });

  it("sends the same refresh token again when the answer was lost", async () => {
    await pairing.pair(SERVER, "code");
    vi.advanceTimersByTime(900_000);
    rpc.failWith = new ConnectError("the connection broke", Code.Unavailable);
    await errorOf(pairing.access());
    rpc.failWith = undefined;
    await new Pairing(asArea(local), rpc, diagnose, new ServerClock()).access();
    expect(rpc.asked.slice(1)).toEqual(["refresh refresh-1", "refresh refresh-1"]);
  });

  it.each([undefined, new ConnectError("revoked", Code.Unauthenticated)])(
    "does not lose a pairing that was made while tokens of the one before were renewed: %s",
    async (failure) => {
      await pairing.pair(SERVER, "code");
      vi.advanceTimersByTime(900_000);
      rpc.meanwhile = async () => {
        rpc.meanwhile = undefined;
        await pairing.pair(SERVER, "new");
        rpc.failWith = failure;
      };
      const { accessToken } = await pairing.access();
      expect(accessToken).toBe("access-2");
      rpc.failWith = undefined;
      expect((await pairing.access()).accessToken).toBe("access-2");
      expect((await pairing.current())?.isAlive).toBe(true);
    },
  );

  it("gives no tokens of a pairing that was ended while they were renewed", async () => {
    await pairing.pair(SERVER, "code");
    vi.advanceTimersByTime(900_000);
    rpc.meanwhile = () => local.set({ pairing: { serverUrl: "", browserId: "browser-1" } });
    expect((await errorOf(pairing.access())).info.message).toContain("not paired");
    expect(await pairing.current()).toBeUndefined();
  });

  it("tells the server when it is ended, with a token that is good", async () => {
    await pairing.pair(SERVER, "code");
    vi.advanceTimersByTime(900_000);
    expect(await pairing.unpair()).toBeUndefined();
    expect(rpc.asked.slice(1)).toEqual(["refresh refresh-1", "revoke browser-1 with access-2"]);
    expect(await pairing.current()).toBeUndefined();
    expect(await pairing.unpair()).toBeUndefined();
    expect(rpc.asked).toHaveLength(3);
  });

  it("is ended here also if the server is away, and says what is left to do", async () => {
    await pairing.pair(SERVER, "code");
    rpc.failWith = new ConnectError("x", Code.Unavailable);
    const trouble = await pairing.unpair();
    expect(trouble?.trouble).toBe(ConnectionTrouble.NOTHING_LISTENING);
    expect(trouble?.info.message).toContain("Nothing answers.");
    expect(trouble?.info.remedy).toContain("tabwire token revoke browser-1");
    expect(await pairing.current()).toBeUndefined();
  });

  it("is ended without a word if the server has ended it before", async () => {
    await pairing.pair(SERVER, "code");
    rpc.failWith = new ConnectError("revoked", Code.Unauthenticated);
    expect(await pairing.unpair()).toBeUndefined();
    expect(await pairing.current()).toBeUndefined();
  });

  it.each(["http://127.0.0.1:8443", "", "ftp://x", "https://"])("refuses the address %j", async (address) => {
    expect((await errorOf(pairing.pair(address, "code"))).info.errorCode).toBe(ErrorCode.INVALID_ARGUMENT);
    expect(rpc.asked).toEqual([]);
  });
});

describe("the offer of tabwire up", () => {
  it("is read from the file, and anything else is no offer", () => {
    expect(parseOffer({ server_url: SERVER, code: "c", automatic: true })).toMatchObject({
      serverUrl: SERVER,
      code: "c",
      automatic: true,
    });
    for (const other of [undefined, null, "x", {}, { server_url: SERVER }, { server_url: 1, code: "c" }]) {
      expect(parseOffer(other).serverUrl).toBe("");
    }
    expect(parseOffer({ server_url: SERVER, code: "c", automatic: "yes" }).automatic).toBe(false);
  });
});

describe("the connection", () => {
  let board: StatusBoard;
  let offer: PairingOffer;
  let handed: LinkCredentials[];
  let other: string[];
  let isNew: boolean;
  let connection: Connection;

  beforeEach(() => {
    board = new StatusBoard(asArea(new FakeArea()));
    offer = parseOffer(undefined);
    handed = [];
    other = [];
    isNew = false;
    connection = new Connection({
      pairing,
      board,
      clock: new ServerClock(),
      local: asArea(local),
      readOffer: async () => offer,
      journalId: async () => "journal-1",
      pipe: {
        ensure: async () => isNew,
        send: async (kind) => {
          if (kind.case === "credentials") handed.push(kind.value as LinkCredentials);
          else other.push(String(kind.case));
          return true;
        },
      },
    });
  });

  const automatic = (code: string, serverUrl = SERVER): PairingOffer =>
    parseOffer({ server_url: serverUrl, code, automatic: true });

  it("says that nothing is paired", async () => {
    await connection.start();
    expect((await board.get()).phase).toBe(ConnectionPhase.UNPAIRED);
    expect(handed).toEqual([]);
  });

  it("pairs by itself where tabwire up says so, once for each code", async () => {
    offer = automatic("c1");
    await connection.start();
    expect(handed.map((each) => each.accessToken)).toEqual(["access-1"]);
    await connection.report(create(ConnectionStatusSchema, { phase: ConnectionPhase.CONNECTED }));
    await connection.start();
    expect(rpc.asked).toHaveLength(1);
  });

  it("waits for a server that is still starting", async () => {
    offer = automatic("c1");
    rpc.failWith = new ConnectError("refused", Code.Unavailable);
    const started = connection.start();
    await vi.advanceTimersByTimeAsync(600);
    expect((await board.get()).trouble).toBe(ConnectionTrouble.NOTHING_LISTENING);
    rpc.failWith = undefined;
    await vi.advanceTimersByTimeAsync(1_000);
    await started;
    expect(handed).toHaveLength(1);
  });

  it("does not try a code again that the server has refused", async () => {
    offer = automatic("used");
    rpc.failWith = new ConnectError("no such code", Code.Unauthenticated);
    await connection.start();
    await connection.start();
    expect(rpc.asked).toHaveLength(1);
    offer = automatic("fresh");
    rpc.failWith = undefined;
    await connection.start();
    expect(handed).toHaveLength(1);
  });

  it("pairs anew when tabwire up offers another address", async () => {
    await pairing.pair(SERVER, "old");
    offer = automatic("c2", "https://127.0.0.1:9443");
    await connection.start();
    expect(handed.at(-1)?.serverUrl).toBe("https://127.0.0.1:9443");
    expect(rpc.asked.at(-1)).toBe("pair https://127.0.0.1:9443 c2 browser-1");
  });

  it("never pairs by itself when the offer is not automatic, nor after the person has unpaired", async () => {
    offer = parseOffer({ server_url: SERVER, code: "c1" });
    await connection.start();
    expect(rpc.asked).toEqual([]);
    offer = automatic("c2");
    await connection.start();
    await connection.unpair();
    await connection.start();
    expect(rpc.asked).toEqual([`pair ${SERVER} c2 `, "revoke browser-1 with access-1"]);
    expect((await board.get()).phase).toBe(ConnectionPhase.UNPAIRED);
    expect(other).toEqual(["disconnect"]);
  });

  it("says in the panel that the server could not be told of the end", async () => {
    await pairing.pair(SERVER, "code");
    rpc.failWith = new ConnectError("x", Code.Unavailable);
    const status = await connection.unpair();
    expect(status).toMatchObject({ phase: ConnectionPhase.UNPAIRED, trouble: ConnectionTrouble.NOTHING_LISTENING });
    expect(status.errorInfo?.remedy).toContain("tabwire token revoke");
    expect(other).toEqual(["disconnect"]);
  });

  it("stops the link and says so when the tokens are dead", async () => {
    await pairing.pair(SERVER, "code");
    vi.advanceTimersByTime(900_000);
    rpc.failWith = new ConnectError("revoked", Code.Unauthenticated);
    expect(await connection.renew(false)).toBe(false);
    expect(await board.get()).toMatchObject({ phase: ConnectionPhase.FAILED, trouble: ConnectionTrouble.TOKEN });
    expect(other).toEqual(["disconnect"]);
    // What the stopped link reports afterwards must not hide the reason.
    await connection.report(create(ConnectionStatusSchema, { phase: ConnectionPhase.UNPAIRED }));
    expect((await board.get()).phase).toBe(ConnectionPhase.FAILED);
  });

  it("introduces itself to an offscreen document that knows nothing", async () => {
    await pairing.pair(SERVER, "code");
    await connection.introduce();
    expect(handed).toHaveLength(1);
    expect(handed[0]?.hello?.journalId).toBe("journal-1");
  });

  it("keeps what the link reports, with the server and the browser in it", async () => {
    await pairing.pair(SERVER, "code");
    await connection.report(create(ConnectionStatusSchema, { phase: ConnectionPhase.CONNECTED, serverVersion: "1" }));
    expect(await board.get()).toMatchObject({ serverUrl: SERVER, browserId: "browser-1", serverVersion: "1" });
    expect(await board.isConnected()).toBe(true);
  });
});
