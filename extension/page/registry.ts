// Gives every perceived element a small number that it keeps while it lives and that no other element of the document
// ever gets; and remembers what the element meant when it was last told, so that an action meets what was seen or nothing.

import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { quote } from "./clean";
import { PageError } from "./errors";
import { isConnected, ownerOf } from "./native";
import type { Box } from "./perceive/visibility";

/** What an element meant when it was perceived. Values are no part of it: they are there to be changed. */
export interface Fingerprint {
  readonly role: string;
  readonly name: string;
  readonly tag: string;
  /** The type of an input or button. */
  readonly type: string;
  readonly href: string;
  /** The name of its form. */
  readonly form: string;
  /** What tells its row or card from the others. */
  readonly row: string;
}

interface Entry {
  readonly element: WeakRef<Element>;
  fingerprint: Fingerprint | null;
  /** Where it was, relative to the viewport, at the last perceiving; tells an element at rest from a moving one. */
  box: Box | null;
}

/** An element with its number and last known meaning. */
export interface Resolved {
  readonly id: number;
  readonly element: Element;
  readonly fingerprint: Fingerprint | null;
  readonly box: Box | null;
}

/** A number in brackets is a count; counts change without changing what a control means. */
function withoutCounts(name: string): string {
  return name.replace(/\(\s*[\d.,]+\+?\s*\)/g, "()");
}

/** A form may be named by a heading that counts or sums up what is in it. */
function withoutDigits(name: string): string {
  return name.replace(/\d+/g, "");
}

/** In which respect two meanings differ, in words; empty if they do not. */
export function difference(seen: Fingerprint, now: Fingerprint): string {
  if (seen.tag !== now.tag || seen.role !== now.role || seen.type !== now.type) {
    return `it was a ${seen.role || seen.tag} and is a ${now.role || now.tag} now`;
  }
  if (withoutCounts(seen.name) !== withoutCounts(now.name)) {
    return `it was named ${quote(seen.name)} and is named ${quote(now.name)} now`;
  }
  if (seen.href !== now.href) return `its link has changed to ${quote(now.href, 120)}`;
  if (withoutDigits(seen.form) !== withoutDigits(now.form))
    return `it was in the form ${quote(seen.form)} and is in ${quote(now.form)} now`;
  if (seen.row !== now.row) return `it belonged to ${quote(seen.row)} and belongs to ${quote(now.row)} now`;
  return "";
}

/** The elements of one document by number, and their numbers. */
export class Registry {
  private readonly ids = new WeakMap<Element, number>();
  private readonly entries = new Map<number, Entry>();
  private readonly gone = new FinalizationRegistry<number>((id) => this.entries.delete(id));
  private last = 0;

  /** The number of an element; the next free one if it has none yet. */
  idOf(element: Element): number {
    const known = this.ids.get(element);
    if (known !== undefined) return known;
    const id = ++this.last;
    this.ids.set(element, id);
    this.entries.set(id, { element: new WeakRef(element), fingerprint: null, box: null });
    this.gone.register(element, id);
    return id;
  }

  /** The number of an element if it has one, else 0. */
  knownIdOf(element: Element): number {
    return this.ids.get(element) ?? 0;
  }

  /** Remembers what an element means now. */
  remember(id: number, fingerprint: Fingerprint, box: Box): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    entry.fingerprint = fingerprint;
    entry.box = box;
  }

  /** Remembers that an element that means the same is elsewhere now. */
  moved(id: number, box: Box): void {
    const entry = this.entries.get(id);
    if (entry !== undefined) entry.box = box;
  }

  /** The living element of a number in this document. Throws TARGET_ELEMENT_NOT_FOUND or STALE_ELEMENT. */
  resolve(id: number, doc: Document): Resolved {
    if (id === 0 || id > this.last) {
      throw new PageError(ErrorCode.TARGET_ELEMENT_NOT_FOUND, `No element of this document has the id ${id}.`);
    }
    const entry = this.entries.get(id);
    const element = entry?.element.deref();
    if (entry === undefined || element === undefined || !isConnected(element) || ownerOf(element) !== doc) {
      const what = entry?.fingerprint ? ` (${entry.fingerprint.role} ${quote(entry.fingerprint.name)})` : "";
      throw new PageError(ErrorCode.STALE_ELEMENT, `Element ${id}${what} is no longer in the page.`);
    }
    return { id, element, fingerprint: entry.fingerprint, box: entry.box };
  }

  /** Throws STALE_ELEMENT if the element has come to mean something else than what was seen. */
  revalidate(resolved: Resolved, now: Fingerprint): void {
    if (resolved.fingerprint === null) return;
    const changed = difference(resolved.fingerprint, now);
    if (changed === "") return;
    throw new PageError(ErrorCode.STALE_ELEMENT, `Element ${resolved.id} no longer means what was seen: ${changed}.`);
  }
}
