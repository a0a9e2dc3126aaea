// Which commands were answered so long ago that nothing but this is remembered of them: their ids, as short hashes, in
// chrome.storage.session. With it a repeat is told from a new command long after its answer was dropped, so that it is not
// carried out again. Bounded too: what is forgotten even here is known to have been (`isDeep`). What follows from that is
// the journal's business (command_journal.ts), and so is the writing.
//
// The hashes are kept in segments, one key each, so that a few more cost the writing of one segment.

import { hashOf } from "../../link/digest";
import { SESSION } from "../store";

/** How much is remembered. */
export interface ForgottenLimits {
  /** At most so many segments; the oldest one goes first. */
  readonly segments: number;
  /** So many ids in each. */
  readonly segmentIds: number;
}

/** 100,000 ids: about a day of one action each second, and some 1.1 million characters. */
export const FORGOTTEN_LIMITS: ForgottenLimits = { segments: 200, segmentIds: 500 };

/** A hash has 53 bits: with 100,000 of them a new id is taken for an old one less than once in 10^10 times. */
const DIGITS = 36;
const WIDTH = 11;

/** What there is to be written, and which keys are to be removed. */
export interface ForgottenChange {
  readonly items: Record<string, string>;
  readonly gone: string[];
}

/** The ids of commands that nothing else is remembered of. */
export class Forgotten {
  readonly #limits: ForgottenLimits;
  /** By their number, which goes up from 0 for as long as the journal lives. */
  readonly #segments = new Map<number, string>();
  readonly #hashes = new Set<number>();
  /** Segments that are not written as they are here, those that are not here any more included. */
  readonly #unwritten = new Set<number>();

  constructor(limits: ForgottenLimits = FORGOTTEN_LIMITS) {
    this.#limits = limits;
  }

  /** Takes up what an earlier life of the service worker has written. */
  load(stored: Record<string, unknown>): void {
    const found = Object.entries(stored).filter(([key]) => key.startsWith(SESSION.forgotten));
    const numbered = found.map(([key, text]) => [Number(key.slice(SESSION.forgotten.length)), String(text)] as const);
    for (const [number, text] of numbered.sort(([a], [b]) => a - b)) {
      this.#segments.set(number, text);
      for (const hash of hashesOf(text)) this.#hashes.add(hash);
    }
  }

  /** True if this command was carried out, or cancelled, and its answer dropped. */
  has(commandId: string): boolean {
    return this.#hashes.size > 0 && this.#hashes.has(hashOfId(commandId));
  }

  /** True if some were forgotten altogether: whether any other command was carried out is not known any more. */
  get isDeep(): boolean {
    const [oldest = 0] = this.#segments.keys();
    return oldest > 0;
  }

  /** Remembers that these were carried out. It holds when what `change` tells is written. */
  add(commandIds: readonly string[]): void {
    for (const commandId of commandIds) {
      const hash = hashOfId(commandId);
      if (this.#hashes.has(hash)) continue;
      this.#hashes.add(hash);
      const number = this.#current();
      const text = (this.#segments.get(number) ?? "") + hash.toString(DIGITS).padStart(WIDTH, "0");
      this.#segments.set(number, text);
      this.#unwritten.add(number);
    }
    for (const [number, text] of this.#segments) {
      if (this.#segments.size <= this.#limits.segments) break;
      this.#segments.delete(number);
      for (const hash of hashesOf(text)) this.#hashes.delete(hash);
      this.#unwritten.add(number);
    }
  }

  /** What there is to be written, and to be removed after that. */
  change(): ForgottenChange {
    const items: Record<string, string> = {};
    const gone: string[] = [];
    for (const number of this.#unwritten) {
      const text = this.#segments.get(number);
      if (text === undefined) gone.push(SESSION.forgotten + number);
      else items[SESSION.forgotten + number] = text;
    }
    return { items, gone };
  }

  /** That has been done. */
  written({ items, gone }: ForgottenChange): void {
    for (const [key, text] of Object.entries(items)) {
      const number = Number(key.slice(SESSION.forgotten.length));
      if (this.#segments.get(number) === text) this.#unwritten.delete(number);
    }
    for (const key of gone) this.#unwritten.delete(Number(key.slice(SESSION.forgotten.length)));
  }

  /** The number of the segment that the next hash belongs to. */
  #current(): number {
    const last = [...this.#segments.keys()].at(-1);
    if (last === undefined) return 0;
    const isFull = (this.#segments.get(last)?.length ?? 0) >= this.#limits.segmentIds * WIDTH;
    return isFull ? last + 1 : last;
  }
}

function hashOfId(commandId: string): number {
  return hashOf(new TextEncoder().encode(commandId));
}

function hashesOf(text: string): number[] {
  return Array.from({ length: Math.floor(text.length / WIDTH) }, (_, index) =>
    Number.parseInt(text.slice(index * WIDTH, (index + 1) * WIDTH), DIGITS),
  );
}
