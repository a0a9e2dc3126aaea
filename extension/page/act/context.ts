// What every action is given: the document's registry, its deadline, a way to be cancelled, and the moment after which it
// cannot be taken back. And what every action answers with.

import type { ActionResult, OutcomeDetails } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import type { Consequence } from "@gen/tabwire/v1/policy_pb";
import { isShadowRoot, rootOf } from "../dom";
import { PageError } from "../errors";
import type { GetExtras } from "../extras";
import { inWords, meaningNow } from "../perceive/describe";
import type { Perceiver } from "../perceive/state";
import type { Box } from "../perceive/visibility";
import type { ActionGuard } from "../policy/facts";
import { beginReading } from "../reading";
import type { Registry } from "../registry";
import { type Effects, type Snapshot, snapshot } from "./effects";
import { endAfterwards, type Grace, release, settle } from "./settle";
import { Watch } from "./watch";

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
  /** What was read, in a form of its own. */
  readonly extracted?: ActionResult["extracted"];
  /** Details that the action knows better than the effects. */
  readonly details?: Partial<Pick<OutcomeDetails, "noEffectSeen">>;
}

/** One running action. */
export class ActContext {
  readonly registry: Registry;
  readonly perceiver: Perceiver;
  /** Gets what is rarely needed into the document. */
  readonly extras: GetExtras;
  private readonly deadline: number;
  /** Refuses what the action must not lead to. */
  guard: ActionGuard | null = null;
  private cancelled = false;
  private begun = false;
  private watch: Watch | null = null;
  private before: Snapshot | null = null;
  private about: Element | null = null;

  /** `deadline` is in milliseconds of the browser's clock; 0 for none. */
  constructor(
    registry: Registry,
    perceiver: Perceiver,
    extras: GetExtras,
    deadline: number,
    /** What the action must not lead to. */
    readonly forbidden: readonly Consequence[] = [],
    /** The name of the secret that the text to be typed is; empty if it is none. */
    readonly secret = "",
  ) {
    this.registry = registry;
    this.perceiver = perceiver;
    this.extras = extras;
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

  /** Whether the document has begun to be left since the action began. */
  get isLeaving(): boolean {
    return this.watch?.isLeaving === true;
  }

  /** The document and the shadow roots that are known of. */
  get roots(): (Document | ShadowRoot)[] {
    return [document, ...this.perceiver.knownRoots()];
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
    this.guard?.check(element);
    this.begun = true;
    endAfterwards();
    this.about = element;
    this.before = snapshot(element);
    const around = element === null ? [] : shadowRootsAround(element);
    const roots = new Set([document, ...around, ...this.perceiver.knownRoots()]);
    this.watch = new Watch(Array.from(roots), (popup) => this.registry.knownIdOf(popup) === 0);
    return this.watch;
  }

  /**
   * Waits until the page has come to rest, and tells what happened since `begin`. `grace` is how long a page that has not reacted
   * is waited for, if not as long as usual.
   */
  async settle(grace?: Grace): Promise<Effects> {
    if (this.watch === null || this.before === null) throw new Error("settle without begin");
    const effects = await settle(this.watch, this.before, this.about, Math.max(0, this.timeLeft() - 200), grace);
    if (effects.domChanges > 0) this.perceiver.noticeChange();
    return effects;
  }

  /** To be called at the end, however the action ended. */
  end(): void {
    if (this.watch !== null) release(this.watch);
    this.watch = null;
  }
}

/** The shadow roots that an element lies in. */
function shadowRootsAround(element: Element): ShadowRoot[] {
  const roots: ShadowRoot[] = [];
  for (let root = rootOf(element); isShadowRoot(root); root = rootOf(root.host)) roots.push(root);
  return roots;
}
