// The numbers by which the world outside of this browser knows its tabs. Chrome's own ids tell tabs apart only within one
// run of the browser: after a crash it may count from where it did the time before, and then what the server remembers of
// a tab would be about another one. So each run has a shift of its own, drawn at random, and a number of another run means
// a tab that there is not. Where numbers cross the border is said in server/tab_crossing.ts.
//
// A run is recognised by chrome.storage.session, which ends with it. That is emptied too when the extension is loaded
// anew, which goes on in the same run with the same tabs: then by the documents that were shown before. Chrome gives each
// document an id that can neither be guessed nor come again, so that a document that is still shown is proof. Where there
// is none, the run is taken for a new one, and what was known by the numbers before has to be looked for again.

import { LOCAL, SESSION } from "../store";
import type { TabEvent } from "./tab_events";

declare const told: unique symbol;
/** A tab as the outside knows it. Chrome's own ids are plain numbers. */
export type ToldTabId = number & { readonly [told]: true };

/** Chrome's ids are 1 to this, and so are ours. */
const MOST = 2 ** 31 - 1;
/** So many documents are remembered to know the run by. */
const DOCUMENTS = 8;

/** The numbers of one run. 0 stands for no tab, or the active one, on both sides. */
export class TabNumbering {
  constructor(private readonly shift: number) {}

  /** The number that is told for one of Chrome's. */
  told(tabId: number): ToldTabId {
    return (tabId <= 0 ? 0 : ((tabId - 1 + this.shift) % MOST) + 1) as ToldTabId;
  }

  /** Chrome's number for one that was told. What never was told is passed on, and is no tab of Chrome's either. */
  chromes(toldId: number): number {
    return toldId <= 0 || toldId > MOST ? toldId : ((toldId - 1 - this.shift + MOST) % MOST) + 1;
  }
}

/** The run as it is kept for the extension's next life. */
interface Run {
  readonly shift: number;
  /** The main documents of some tabs, by Chrome's ids of the tabs. */
  readonly documents: Record<string, string>;
}

/** Finds out which run it is, and keeps what the next life of the extension will know it by. */
export class TabNumbers {
  #numbering: Promise<TabNumbering> | undefined;
  #run: Run = { shift: 0, documents: {} };
  /** What is noted is noted in order. */
  #noting: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly session: chrome.storage.StorageArea,
    private readonly local: chrome.storage.StorageArea,
  ) {}

  /** The numbers of this run. */
  numbering(): Promise<TabNumbering> {
    this.#numbering ??= this.#begin().catch((thrown: unknown) => {
      this.#numbering = undefined;
      throw thrown;
    });
    return this.#numbering;
  }

  /** The number to tell for one of Chrome's. */
  async told(tabId: number): Promise<ToldTabId> {
    return (await this.numbering()).told(tabId);
  }

  /** Hears what happens to tabs. */
  hear(event: TabEvent): void {
    if (event.kind === "committed" && event.frameId === 0 && event.documentId !== "") {
      this.#note(() => this.#shows(event.tabId, event.documentId));
    } else if (event.kind === "closed") {
      this.#note(() => this.#closes(event.tabId));
    }
  }

  async #begin(): Promise<TabNumbering> {
    const [kept, left] = await Promise.all([keptShift(this.session), this.#left()]);
    if (kept !== undefined) {
      this.#run = { shift: kept, documents: left?.shift === kept ? left.documents : {} };
    } else {
      const shift = left !== undefined && (await isAnyShown(left)) ? left.shift : drawn();
      await this.session.set({ [SESSION.tabShift]: shift });
      this.#run = { shift, documents: {} };
      this.#note(() => this.#lookAround());
    }
    return new TabNumbering(this.#run.shift);
  }

  async #left(): Promise<Run | undefined> {
    const run = (await this.local.get(LOCAL.run))[LOCAL.run] as Partial<Run> | undefined;
    return isShift(run?.shift) ? { shift: run.shift, documents: run.documents ?? {} } : undefined;
  }

  /** A tab shows another document: what it showed before is no proof any more. */
  async #shows(tabId: number, documentId: string): Promise<void> {
    const { documents } = this.#run;
    if (documents[tabId] === documentId) return;
    if (documents[tabId] !== undefined || Object.keys(documents).length < DOCUMENTS) {
      await this.#keep({ ...documents, [tabId]: documentId });
    }
  }

  async #closes(tabId: number): Promise<void> {
    if (this.#run.documents[tabId] !== undefined) await this.#lookAround();
  }

  async #lookAround(): Promise<void> {
    const documents: Record<string, string> = {};
    for (const { id } of await chrome.tabs.query({})) {
      if (Object.keys(documents).length >= DOCUMENTS) break;
      if (id === undefined || id <= 0) continue;
      const main = await chrome.webNavigation.getFrame({ tabId: id, frameId: 0 }).catch(() => null);
      if (main?.documentId) documents[id] = main.documentId;
    }
    await this.#keep(documents);
  }

  async #keep(documents: Run["documents"]): Promise<void> {
    this.#run = { ...this.#run, documents };
    await this.local.set({ [LOCAL.run]: this.#run });
  }

  #note(work: () => Promise<void>): void {
    this.#noting = this.#noting
      .then(() => this.numbering())
      .then(work)
      .catch((thrown: unknown) => console.error("Tabwire: what tells this run was not kept", thrown));
  }
}

/** The numbers of this run, for the extension's own pages; undefined if nothing was told in it so far. */
export async function keptNumbering(session: chrome.storage.StorageArea): Promise<TabNumbering | undefined> {
  const shift = await keptShift(session);
  return shift === undefined ? undefined : new TabNumbering(shift);
}

async function keptShift(session: chrome.storage.StorageArea): Promise<number | undefined> {
  const shift = (await session.get(SESSION.tabShift))[SESSION.tabShift];
  return isShift(shift) ? shift : undefined;
}

function isShift(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < MOST;
}

async function isAnyShown({ documents }: Run): Promise<boolean> {
  const shown = await Promise.all(
    Object.values(documents).map((documentId) => chrome.webNavigation.getFrame({ documentId }).catch(() => null)),
  );
  return shown.some((frame) => frame !== null && frame !== undefined);
}

function drawn(): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return random % MOST;
}
