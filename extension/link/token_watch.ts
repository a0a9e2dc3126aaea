// Looks after the access token: asks for a fresh one in time before it ends, and again if none comes. The token itself is
// got by the service worker, which keeps the refresh token.

/** Ask so long before the end, but not before half of the token's life is over. */
const LEAD_MS = 60_000;
/** Ask again after so long without an answer. */
const PATIENCE_MS = 10_000;

/** When to ask for a fresh token. Times are those of `Date.now()`. */
export class TokenWatch {
  #askAt = Number.POSITIVE_INFINITY;

  /** A token has come. */
  renewed(now: number, expiresAt: number): void {
    const left = Math.max(0, expiresAt - now);
    this.#askAt = expiresAt - Math.min(LEAD_MS, left / 2);
  }

  /** The token was refused, or there is none: ask now. */
  refused(now: number): void {
    this.#askAt = now;
  }

  /** Nothing is needed any more. */
  stop(): void {
    this.#askAt = Number.POSITIVE_INFINITY;
  }

  /** How long until a token should be asked for; undefined for never. */
  waitMs(now: number): number | undefined {
    return Number.isFinite(this.#askAt) ? Math.max(0, this.#askAt - now) : undefined;
  }

  /** Whether to ask now. If so, it is asked again only after a while. */
  due(now: number): boolean {
    if (now < this.#askAt) return false;
    this.#askAt = now + PATIENCE_MS;
    return true;
  }
}
