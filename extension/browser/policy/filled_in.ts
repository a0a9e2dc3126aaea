// Which documents a secret was filled in, and in which of their fields: kept for as long as the document may be shown,
// also when the extension is loaded anew, which empties chrome.storage.session and leaves the page's scripts without
// their memory. Kept are names of secrets and of fields, never a value. What the fields show instead is for page/secrets.ts.

import { type FilledField, type FilledNotes, readFilled } from "../../wire/filled_field";
import { LOCAL } from "../store";
import type { TabEvent } from "../tabs/tab_events";
import type { TabNumbers } from "../tabs/tab_numbers";

/** Of more documents is nothing kept; those that are gone are forgotten first, then the oldest. */
const MOST = 500;

/** One document. */
interface FilledDocument {
  readonly tabId: number;
  readonly fields: readonly FilledField[];
}

/** As it is kept. */
interface Kept {
  /** What tells this run of the browser from others: another run has other tabs by the same ids. */
  readonly run: number;
  readonly documents: Record<string, FilledDocument>;
}

/** Remembers where secrets were filled in. */
export class FilledIn {
  #loading: Promise<Kept> | undefined;
  #kept: Kept = { run: 0, documents: {} };
  /** What is written is written in order. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly local: chrome.storage.StorageArea,
    private readonly numbers: Pick<TabNumbers, "told">,
  ) {}

  /** A secret is about to be filled in in a document. Nobody knows yet in which field that ends. */
  async begin(tabId: number, documentId: string, secret: string): Promise<void> {
    await this.#change((documents) => {
      const others = (documents[documentId]?.fields ?? []).filter((one) => one.secret !== secret || one.place !== null);
      return { ...documents, [documentId]: { tabId, fields: [...others, { secret, place: null }] } };
    });
  }

  /** The action is over. The document knows in which field the secret is; if it does not say, that may be any. */
  async end(tabId: number, documentId: string, secret: string): Promise<void> {
    const fields = await notesOf(tabId, documentId);
    if (fields?.some((one) => one.secret === secret) !== true) return;
    await this.#change((documents) => ({ ...documents, [documentId]: { tabId, fields } }));
  }

  /** The fields of a document, for scripts that are put into it now. */
  async fieldsOf(documentId: string): Promise<readonly FilledField[]> {
    return (await this.#loaded()).documents[documentId]?.fields ?? [];
  }

  /** Whether a secret was filled in in a tab, in whatever it showed then. */
  async isIn(tabId: number): Promise<boolean> {
    return Object.values((await this.#loaded()).documents).some((one) => one.tabId === tabId);
  }

  /** Hears what happens to tabs. */
  hear(event: TabEvent): void {
    if (event.kind !== "closed") return;
    this.#change((documents) => without(documents, ([, { tabId }]) => tabId === event.tabId)).catch((thrown: unknown) =>
      console.error("Tabwire: what was filled in in a closed tab was not forgotten", thrown),
    );
  }

  #loaded(): Promise<Kept> {
    this.#loading ??= this.#load().catch((thrown: unknown) => {
      this.#loading = undefined;
      throw thrown;
    });
    return this.#loading.then(() => this.#kept);
  }

  async #load(): Promise<Kept> {
    const run = await this.numbers.told(1);
    const kept = (await this.local.get(LOCAL.filled))[LOCAL.filled] as Partial<Kept> | undefined;
    const documents = kept?.documents ?? {};
    this.#kept = { run, documents: kept?.run === run ? documents : await shown(documents) };
    return this.#kept;
  }

  #change(to: (documents: Kept["documents"]) => Kept["documents"]): Promise<void> {
    const changed = this.#writing.then(async () => {
      const { run, documents } = await this.#loaded();
      const next = to(documents);
      if (next === documents) return;
      this.#kept = { run, documents: await atMost(next) };
      await this.local.set({ [LOCAL.filled]: this.#kept });
    });
    this.#writing = changed.catch(() => {});
    return changed;
  }
}

function without(
  documents: Kept["documents"],
  isLeftOut: (entry: [string, FilledDocument]) => boolean,
): Kept["documents"] {
  const all = Object.entries(documents);
  const left = all.filter((entry) => !isLeftOut(entry));
  return left.length === all.length ? documents : Object.fromEntries(left);
}

async function atMost(documents: Kept["documents"]): Promise<Kept["documents"]> {
  if (Object.keys(documents).length <= MOST) return documents;
  return Object.fromEntries(Object.entries(await shown(documents)).slice(-MOST));
}

/** Those that are still there. Chrome gives no id of a document twice. */
async function shown(documents: Kept["documents"]): Promise<Kept["documents"]> {
  const ids = Object.keys(documents);
  const found = await Promise.all(
    ids.map((documentId) => chrome.webNavigation.getFrame({ documentId }).catch(() => null)),
  );
  return without(documents, ([documentId]) => (found[ids.indexOf(documentId)] ?? null) === null);
}

/** What a document itself noted; null if it is gone, or nothing was ever noted in it. */
async function notesOf(tabId: number, documentId: string): Promise<FilledField[] | null> {
  // Runs in the document, so it may use nothing of this file.
  const func = (): unknown => {
    const { tabwireLeft = [], tabwireFilled } = globalThis as FilledNotes;
    return tabwireFilled === undefined ? null : [...tabwireLeft, ...tabwireFilled];
  };
  try {
    const target = { tabId, documentIds: [documentId] };
    const [found] = await chrome.scripting.executeScript({ target, func, injectImmediately: true });
    return readFilled(found?.result);
  } catch {
    return null;
  }
}

/** Brings the notes of an earlier life of the extension into a document. Must come before the page engine. */
export async function bringNotes(tabId: number, documentId: string, fields: readonly FilledField[]): Promise<void> {
  if (fields.length === 0) return;
  const func = (left: readonly FilledField[]): void => {
    (globalThis as FilledNotes).tabwireLeft = left;
  };
  const target = { tabId, documentIds: [documentId] };
  await chrome.scripting.executeScript({ target, func, args: [[...fields]], injectImmediately: true });
}
