// What every action is given: the document's registry, its deadline, a way to be cancelled, and the moment after which it
// cannot be taken back. And what every action answers with.

import type { OutcomeDetails } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { PageError } from "../errors";
import { inWords, meaningNow } from "../perceive/describe";
import type { Perceiver } from "../perceive/state";
import type { Box } from "../perceive/visibility";
import { beginReading } from "../reading";
import type { Registry } from "../registry";
import type { Effects } from "./effects";
import { Watch } from "./settle";

/** The element that an action is about. */
export interface Target {
  readonly id: number;
  readonly element: Element;
  /** Where it was when it was perceived last. */
  readonly seenAt: Box | null;
  /** For messages, as `button "Add to cart"`. */
  readonly words: string;
}

/** What an action answers with. Whatever failed is thrown as a PageError instead. */
export interface Outcome {
  /** One sentence, without what is said about effects, and without the stop. */
  readonly message: string;
  readonly effects?: Effects;
  readonly valueNow?: string | undefined;
  /** Text or attributes, for actions that read. */
  readonly text?: string;
  readonly attributes?: Record<string, string>;
  /** Details that the action knows better than the effects. */
  readonly details?: Partial<Pick<OutcomeDetails, "noEffectSeen">>;
}

/** One running action. */
export class ActContext {
  readonly registry: Registry;
  readonly perceiver: Perceiver;
  private readonly deadline: number;
  private cancelled = false;
  private begun = false;
  private watch: Watch | null = null;

  /** `deadline` is in milliseconds of the browser's clock; 0 for none. */
  constructor(registry: Registry, perceiver: Perceiver, deadline: number) {
    this.registry = registry;
    this.perceiver = perceiver;
    this.deadline = deadline === 0 ? Number.POSITIVE_INFINITY : deadline;
  }

  /** How many milliseconds are left. */
  timeLeft(): number {
    return this.deadline - Date.now();
  }

  /** Whether the page may have noticed the action already. */
  get hasBegun(): boolean {
    return this.begun;
  }

  /** Stops the action if it has had no effect yet. */
  cancel(): void {
    this.cancelled = true;
  }

  /** To be called between steps as long as nothing has happened. Throws CANCELLED or DEADLINE_EXCEEDED. */
  checkpoint(): void {
    if (this.begun) return;
    if (this.cancelled) throw new PageError(ErrorCode.CANCELLED, "The action was cancelled before it had effect.");
    if (this.timeLeft() <= 0) {
      throw new PageError(ErrorCode.DEADLINE_EXCEEDED, "The deadline passed before the action began.", {
        retryable: true,
      });
    }
  }

  /** Finds the element of an id, and makes sure that it still means what was seen. */
  target(id: number): Target {
    beginReading();
    const resolved = this.registry.resolve(id, document);
    const { element, fingerprint } = resolved;
    if (fingerprint !== null) this.registry.revalidate(resolved, meaningNow(element, fingerprint));
    return { id, element, seenAt: resolved.box, words: inWords(element) };
  }

  /** From here on the action cannot be taken back. Changes of the page are counted from here. */
  begin(element: Element | null): Watch {
    this.checkpoint();
    this.begun = true;
    this.watch = new Watch([document, ...this.perceiver.knownRoots()], element);
    return this.watch;
  }

  /** Waits until the page has come to rest, and tells what happened since `begin`. */
  async settle(): Promise<Effects> {
    if (this.watch === null) throw new Error("settle without begin");
    const effects = await this.watch.settle(Math.max(0, this.timeLeft() - 200));
    if (effects.domChanges > 0) this.perceiver.noticeChange();
    return effects;
  }

  /** To be called at the end, however the action ended. */
  end(): void {
    this.watch?.stop();
  }
}
