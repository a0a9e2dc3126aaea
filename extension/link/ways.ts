// The way to the server, and another one when it is dead. Chrome keeps one HTTP/2 connection to a server and puts every
// request on it, new ones too, until it has found out itself that nothing comes back, which takes it up to twenty seconds. A
// page cannot close a connection. It can only ask for its requests with or without credentials, which Chrome keeps on
// connections apart. Tabwire uses no cookies, so both are the same to the server.

/** How fetch is called here. */
export type Fetch = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;

/**
 * So long after the last word on a connection Chrome makes sure of it when the next request comes, and drops it if it is dead.
 * A request that comes just then, and is not waited for, has it dropped before it is wanted again.
 */
const BURIAL_MS = 11_000;
const BURIAL_REQUEST_MS = 1_000;

const WAYS = ["same-origin", "omit"] as const;

/** Two ways to one server. */
export class Ways {
  readonly #fetch: Fetch;
  #current = 0;
  #burial: ReturnType<typeof setTimeout> | undefined;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /** Fetches on the current way. */
  readonly fetch: Fetch = (input, init) => this.#on(this.#current, input, init);

  /** The current way seems dead: from now on the other one is taken. */
  leave(serverUrl: string): void {
    const left = this.#current;
    this.#current = (left + 1) % WAYS.length;
    clearTimeout(this.#burial);
    this.#burial = setTimeout(() => {
      if (this.#current !== left) void this.#bury(left, serverUrl);
    }, BURIAL_MS);
  }

  async #bury(way: number, serverUrl: string): Promise<void> {
    try {
      await this.#on(way, serverUrl, { cache: "no-store", signal: AbortSignal.timeout(BURIAL_REQUEST_MS) });
    } catch {
      // That nothing comes back is what is expected; that Chrome has noticed is all that is wanted.
    }
  }

  #on(way: number, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    return this.#fetch(input, { ...init, credentials: WAYS[way] ?? "same-origin" });
  }
}
