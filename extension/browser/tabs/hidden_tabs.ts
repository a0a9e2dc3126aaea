// Sees to it that the documents of background tabs in which the agent acts have the script that gives them frames
// (page/kept_frames.ts). It has to be there before the page's own scripts, so it is registered with Chrome for the sites that
// the agent works at, for as long as it does; a document that is there already, or comes from elsewhere, gets it as soon as
// may be. Tabs that are shown need none, but for a while the person's own tabs of the same site have it too: there it does
// nothing.

import { messageOf } from "../errors";
import type { TabEvent, TabEvents } from "./tab_events";

const SCRIPT = { id: "kept_frames", js: ["kept_frames.js"] };
/** A site is worked at for so long after the last action. */
const RECENT_MS = 60_000;
/** At most so many sites at once; the oldest go first. */
const MAX_SITES = 20;

/** The background tabs that are worked in. */
export class HiddenTabs {
  /** Until when, by match pattern and by tab. */
  readonly #sites = new Map<string, number>();
  readonly #tabs = new Map<number, number>();
  #registering: Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(events: TabEvents) {
    events.subscribe((event) => this.take(event));
    // An earlier life of the service worker may have left it behind.
    this.#registering = unregister();
  }

  /** A background tab is about to go to an address. Done when its documents will have the script from the beginning. */
  async expect(url: string): Promise<void> {
    const site = siteOf(url);
    if (site === undefined) return;
    const isKnown = this.#sites.delete(site);
    this.#sites.set(site, Date.now() + RECENT_MS);
    if (!isKnown) this.#register();
    this.#tidyLater();
    await this.#registering;
  }

  /** The agent has opened a background tab. */
  follow(tabId: number): void {
    this.#tabs.set(tabId, Date.now() + RECENT_MS);
  }

  /** The agent acts in a tab, or looks at it. */
  workIn({ id, active, url }: chrome.tabs.Tab): void {
    if (id === undefined || active) return;
    const isKnown = this.#isWorkedIn(id);
    this.follow(id);
    this.expect(url ?? "").catch(complain);
    if (!isKnown) this.#equip({ tabId: id, allFrames: true });
  }

  /** Takes note of what happened in a tab. */
  take(event: TabEvent): void {
    if (event.kind === "closed") this.#tabs.delete(event.tabId);
    if (event.kind === "spawned" && this.#isWorkedIn(event.tabId)) this.follow(event.openedTabId);
    if (event.kind !== "committed" || !this.#isWorkedIn(event.tabId)) return;
    const site = siteOf(event.url);
    if (site === undefined || !this.#sites.has(site))
      this.#equip({ tabId: event.tabId, documentIds: [event.documentId] });
  }

  #isWorkedIn(tabId: number): boolean {
    return (this.#tabs.get(tabId) ?? 0) > Date.now();
  }

  #equip(target: chrome.scripting.InjectionTarget): void {
    const injection = { target, world: "MAIN" as const, injectImmediately: true, files: SCRIPT.js };
    // Gone, or no extension may look into it.
    chrome.scripting.executeScript(injection).catch((thrown: unknown) => {
      console.debug("Tabwire: a document takes no script", messageOf(thrown));
    });
  }

  #register(): void {
    this.#registering = this.#registering.then(async () => {
      for (const oldest of this.#sites.keys()) {
        if (this.#sites.size <= MAX_SITES) break;
        this.#sites.delete(oldest);
      }
      await unregister();
      const matches = [...this.#sites.keys()];
      if (matches.length === 0) return;
      const script = { ...SCRIPT, matches, runAt: "document_start" as const, world: "MAIN" as const };
      const everywhere = { allFrames: true, matchOriginAsFallback: true, persistAcrossSessions: false };
      await chrome.scripting.registerContentScripts([{ ...script, ...everywhere }]);
    });
    this.#registering.catch(complain);
  }

  #tidyLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const now = Date.now();
      const over = [...this.#sites].filter(([, until]) => until <= now);
      for (const [site] of over) this.#sites.delete(site);
      for (const [tabId, until] of this.#tabs) if (until <= now) this.#tabs.delete(tabId);
      if (over.length > 0) this.#register();
      if (this.#sites.size > 0) this.#tidyLater();
    }, RECENT_MS);
  }
}

/** The pattern of all addresses of a site; undefined if it is no web address. Patterns know no ports. */
function siteOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" || protocol === "https:" ? `${protocol}//${hostname}/*` : undefined;
}

async function unregister(): Promise<void> {
  const ids = (await chrome.scripting.getRegisteredContentScripts({ ids: [SCRIPT.id] })).map(({ id }) => id);
  if (ids.length > 0) await chrome.scripting.unregisterContentScripts({ ids });
}

function complain(thrown: unknown): void {
  console.error("Tabwire: hidden pages get no frames", messageOf(thrown));
}
