// Remembers the states that were told of each tab, so that the next one can be told by what has changed since. Only in
// memory: after the service worker's death states are told whole again. Folding is put off until somebody needs it.

import { create, toBinary } from "@bufbuild/protobuf";
import type { FrameDelta, FrameState } from "@gen/tabwire/v1/extension_pb";
import { type Element, type StateRequest, StateRequestSchema } from "@gen/tabwire/v1/state_pb";
import { base64Encode } from "../../wire/base64";
import { DeltaMismatch, foldElements } from "../../wire/delta";
import { readElements, type WrittenElements } from "../../wire/element_reader";
import { heldBy } from "./written";

/** Of so many tabs, and with so many ways of taking them each, states are remembered. */
const MAX_TABS = 8;
const MAX_WAYS = 4;
/** So many deltas of a document may wait to be folded. */
const MAX_UNFOLDED = 32;

/** The state of one document as it was told. Never changes; what follows is told on top of it. */
export class ToldFrame {
  readonly revision: number;
  /** How many elements it has. */
  readonly size: number;
  #state: FrameState | undefined;
  /** The elements as they were told, as long as nobody has looked into them. */
  #written: WrittenElements | undefined;
  #before: { readonly base: ToldFrame; readonly delta: FrameDelta } | undefined;
  readonly #depth: number;

  private constructor(revision: number, size: number, depth: number) {
    this.revision = revision;
    this.size = size;
    this.#depth = depth;
  }

  /** A state that was told whole. */
  static whole(state: FrameState): ToldFrame {
    const written = heldBy(state);
    const told = new ToldFrame(state.revision, written?.count ?? state.elements.length, 0);
    told.#state = state;
    told.#written = written;
    return told;
  }

  /** The state after a delta. Throws DeltaMismatch if it is not relative to this one. */
  after(delta: FrameDelta): ToldFrame {
    if (delta.baseRevision !== this.revision || delta.head === undefined) {
      throw new DeltaMismatch(`relative to revision ${delta.baseRevision}, not ${this.revision}`);
    }
    const inserted = delta.inserted.reduce((sum, run) => sum + run.elements.length, 0);
    const size = this.size - delta.removedIds.length + inserted;
    const told = new ToldFrame(delta.head.revision, size, this.#depth + 1);
    told.#before = { base: this, delta };
    if (told.#depth >= MAX_UNFOLDED) told.state();
    return told;
  }

  /** The state without its elements. */
  head(): FrameState {
    const state = this.#state ?? (this.#before?.delta.head as FrameState);
    return { ...state, elements: [] };
  }

  /** The elements as the document wrote them, if nobody has looked into them so far. */
  written(): WrittenElements | undefined {
    return this.#written;
  }

  /** The whole state. Throws DeltaMismatch if what was told does not fit together. */
  state(): FrameState {
    if (this.#state !== undefined && this.#written !== undefined) {
      this.#state = { ...this.#state, elements: readElements(this.#written) };
      this.#written = undefined;
    }
    if (this.#state !== undefined) return this.#state;
    const { base, delta } = this.#before as { base: ToldFrame; delta: FrameDelta };
    const elements = foldElements(base.state().elements, delta);
    if (elements.length !== this.size) throw new DeltaMismatch("an element was told twice");
    this.#state = { ...(delta.head as FrameState), elements };
    this.#before = undefined;
    return this.#state;
  }
}

/** The state of a tab as it was told. */
export interface ToldState {
  /** Which options it was taken with. */
  readonly way: string;
  readonly revision: bigint;
  /** The documents by Chrome's ids of them. */
  readonly frames: ReadonlyMap<string, ToldFrame>;
  /** The main frame's document. */
  readonly documentId: string;
  /** The elements of the tab; of a tab with one document they are that document's own. */
  readonly elements: () => readonly Element[];
}

/** Tells apart which options a state was taken with. */
export function wayOf(options: StateRequest): string {
  return base64Encode(toBinary(StateRequestSchema, create(StateRequestSchema, { ...options, baseRevision: 0n })));
}

/** The memory. */
export class ToldStates {
  /** The latest ones are at the end, of tabs and of ways alike. */
  readonly #tabs = new Map<number, Map<string, ToldState>>();

  /** The state of a revision that was told last among those taken this way; undefined if it was another one. */
  find(tabId: number, way: string, revision: bigint): ToldState | undefined {
    const told = revision === 0n ? undefined : this.#tabs.get(tabId)?.get(way);
    return told?.revision === revision ? told : undefined;
  }

  /** Remembers what is told now. States of another document are forgotten. */
  keep(tabId: number, told: ToldState): void {
    const ways = this.#tabs.get(tabId) ?? new Map<string, ToldState>();
    for (const [way, before] of ways) if (before.documentId !== told.documentId) ways.delete(way);
    renew(ways, told.way, told, MAX_WAYS);
    renew(this.#tabs, tabId, ways, MAX_TABS);
  }

  /** Forgets what was told of a tab. */
  forget(tabId: number): void {
    this.#tabs.delete(tabId);
  }
}

/** Puts an entry at the end, and drops the oldest ones. */
function renew<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, most: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}
