// Tells when a person uses the document: trusted input that the agent did not give. Only that, never which key or where.

const INPUT = ["pointerdown", "keydown"] as const;
/** Told at most so often. */
const PAUSE_MS = 1_000;

/** Watches for a person. */
export class PersonWatch {
  #listening: AbortController | undefined;
  #told = 0;

  /** `isAgents` says whether input that looks like a person's is the agent's own just now. */
  constructor(
    private readonly tell: (what: string) => void,
    private readonly isAgents: () => boolean,
  ) {}

  /** Begins or ends to watch. */
  set(enabled: boolean): void {
    if (enabled === (this.#listening !== undefined)) return;
    this.#listening?.abort();
    this.#listening = undefined;
    if (!enabled) return;
    this.#listening = new AbortController();
    const options = { capture: true, passive: true, signal: this.#listening.signal };
    for (const type of INPUT) window.addEventListener(type, (event) => this.#hear(event), options);
  }

  #hear(event: Event): void {
    if (!event.isTrusted || this.isAgents() || Date.now() - this.#told < PAUSE_MS) return;
    this.#told = Date.now();
    this.tell(event.type === "keydown" ? "key" : "click");
  }
}
