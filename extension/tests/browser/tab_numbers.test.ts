// The numbers that tabs are told by: the same within a run of the browser, others in the next one, and none left unturned
// at the border.

import { create, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { DownlinkSchema, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inward, outward } from "../../browser/server/tab_crossing";
import { keptNumbering, TabNumbering, TabNumbers } from "../../browser/tabs/tab_numbers";
import { asArea, FakeArea, FakeChrome } from "./fake_chrome";

const MOST = 2 ** 31 - 1;
const tabIds = fc.oneof(
  fc.integer({ min: 1, max: 50 }),
  fc.integer({ min: MOST - 50, max: MOST }),
  fc.integer({ min: 1, max: MOST }),
);
const shifts = fc.oneof(fc.constantFrom(0, 1, MOST - 1), fc.integer({ min: 0, max: MOST - 1 }));

describe("the numbers of one run", () => {
  it("lead back to Chrome's", () => {
    fc.assert(
      fc.property(shifts, tabIds, (shift, tabId) => {
        const numbering = new TabNumbering(shift);
        const told = numbering.told(tabId);
        expect(told).toBeGreaterThanOrEqual(1);
        expect(told).toBeLessThanOrEqual(MOST);
        expect(numbering.chromes(told)).toBe(tabId);
      }),
    );
  });

  it("are as different as Chrome's, and of no other run", () => {
    fc.assert(
      fc.property(shifts, shifts, tabIds, tabIds, (shift, other, tabId, otherId) => {
        const numbering = new TabNumbering(shift);
        expect(numbering.told(tabId) === numbering.told(otherId)).toBe(tabId === otherId);
        expect(new TabNumbering(other).told(tabId) === numbering.told(tabId)).toBe(other === shift);
      }),
    );
  });

  it("go round at their end", () => {
    expect(new TabNumbering(1).told(MOST)).toBe(1);
    expect(new TabNumbering(1).chromes(1)).toBe(MOST);
  });

  it("have 0 for no tab, and pass on what can be none", () => {
    const numbering = new TabNumbering(12_345);
    expect(numbering.told(0)).toBe(0);
    expect(numbering.told(-1)).toBe(0);
    expect(numbering.chromes(0)).toBe(0);
    expect(numbering.chromes(2 ** 32 - 1)).toBe(2 ** 32 - 1);
  });
});

describe("a run of the browser", () => {
  let chromeDouble: FakeChrome;
  const local = new FakeArea();

  beforeEach(() => {
    local.items.clear();
    startBrowser();
  });
  afterEach(() => vi.unstubAllGlobals());

  let started = 0;
  /** The browser as after a crash: Chrome's ids are what they were, the documents are others. */
  function startBrowser(): void {
    started += 1;
    chromeDouble = new FakeChrome();
    chromeDouble.install();
    for (const tabId of [7, 8]) showIn(tabId, `doc-${started}-${tabId}`);
  }

  function showIn(tabId: number, documentId: string): void {
    const tab = chromeDouble.tabs.get(tabId) ?? chromeDouble.addTab(tabId, `https://${tabId}.test/`);
    if (tab.frames[0] !== undefined) tab.frames[0].documentId = documentId;
  }

  /** The service worker's numbers; with `reload` the extension was loaded anew before. */
  function startWorker({ reload = false } = {}): TabNumbers {
    if (reload) chromeDouble.session.items.clear();
    return new TabNumbers(asArea(chromeDouble.session), asArea(local));
  }

  /** What is known of the run, once it is written down. */
  async function written(documentId: string): Promise<void> {
    await vi.waitFor(() => expect(local.items.get("run")).toContain(documentId));
  }

  it("keeps its numbers when the service worker starts again", async () => {
    const told = await startWorker().told(7);
    expect(await startWorker().told(7)).toBe(told);
    expect((await keptNumbering(asArea(chromeDouble.session)))?.chromes(told)).toBe(7);
  });

  it("has others than the one before", async () => {
    const told = await startWorker().told(7);
    await written("doc");
    startBrowser();
    const numbers = startWorker();
    expect(await numbers.told(7)).not.toBe(told);
    expect([7, 8]).not.toContain((await numbers.numbering()).chromes(told));
  });

  it("is known again when the extension is loaded anew, by what is shown", async () => {
    const told = await startWorker().told(7);
    await written(`doc-${started}-8`);
    expect(await startWorker({ reload: true }).told(7)).toBe(told);
  });

  it("is known again by documents that came since, also by a later life of the worker", async () => {
    const told = await startWorker().told(7);
    await written("doc");
    const numbers = startWorker();
    for (const tabId of [7, 8]) {
      showIn(tabId, `later-${tabId}`);
      numbers.hear({ kind: "committed", tabId, frameId: 0, url: "", documentId: `later-${tabId}` });
    }
    await written("later-8");
    expect(await startWorker({ reload: true }).told(7)).toBe(told);
  });

  it("is known again by the tabs that are left", async () => {
    const numbers = startWorker();
    const told = await numbers.told(8);
    for (const tabId of [11, 12, 13, 14, 15, 16, 17, 18, 19]) showIn(tabId, `more-${tabId}`);
    await written("doc");
    for (const tabId of [7, 8, 11, 12, 13, 14, 15, 16, 17, 18]) {
      chromeDouble.tabs.delete(tabId);
      numbers.hear({ kind: "closed", tabId });
    }
    await written("more-19");
    expect(await startWorker({ reload: true }).told(8)).toBe(told);
  });

  it("is taken for a new one when nothing is left that was shown", async () => {
    const told = await startWorker().told(7);
    await written("doc");
    for (const tabId of [7, 8]) showIn(tabId, `unheard-${tabId}`);
    expect(await startWorker({ reload: true }).told(7)).not.toBe(told);
  });

  it("is not given numbers that could not be kept", async () => {
    const numbers = startWorker();
    const set = vi.spyOn(chromeDouble.session, "set").mockRejectedValueOnce(new Error("full"));
    await expect(numbers.told(7)).rejects.toThrow("full");
    set.mockRestore();
    const told = await numbers.told(7);
    expect(await startWorker().told(7)).toBe(told);
  });
});

describe("the border", () => {
  const SHIFT = 1_000;
  const numbering = new TabNumbering(SHIFT);
  /** What may be sent each way without being about tabs of this browser. */
  const IN_BROWSER = 5;

  it.each(["command", "taskTabsRule", "observeTabs"])("turns every id in the server's %s", (body) => {
    const fields = pathsToTabs(DownlinkSchema, body);
    expect(fields.length).toBeGreaterThan(0);
    for (const path of fields) {
      const message = withTab(DownlinkSchema, path, IN_BROWSER + SHIFT);
      inward(numbering, message);
      expect([nameOf(path), tabAt(message, path)]).toEqual([nameOf(path), IN_BROWSER]);
    }
  });

  it.each(["command_result", "state_update", "person_input"])("turns every id in our %s", (body) => {
    const fields = pathsToTabs(UplinkSchema, body);
    expect(fields.length).toBeGreaterThan(0);
    for (const path of fields) {
      const message = withTab(UplinkSchema, path, IN_BROWSER);
      const before = JSON.stringify(message, plain);
      const turned = { ...message, body: outward(numbering, message.body) };
      expect([nameOf(path), tabAt(turned, path)]).toEqual([nameOf(path), IN_BROWSER + SHIFT]);
      expect(JSON.stringify(message, plain)).toBe(before);
    }
  });

  it("is crossed by no other message that names a tab", () => {
    const bodies = [...pathsToTabs(DownlinkSchema), ...pathsToTabs(UplinkSchema)].map((path) => path[0]?.name);
    const known = ["command", "task_tabs_rule", "observe_tabs", "command_result", "state_update", "person_input"];
    expect([...new Set(bodies)].sort()).toEqual(known.sort());
  });
});

const plain = (_: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
const nameOf = (path: readonly DescField[]): string => path.map((field) => field.name).join(".");

/** All ways through a message, of one of its bodies if it is named, to a field that names tabs. */
function pathsToTabs(schema: DescMessage, body?: string, around: readonly DescMessage[] = []): DescField[][] {
  const found: DescField[][] = [];
  for (const field of schema.fields) {
    if (body !== undefined && field.name !== body && field.localName !== body) continue;
    if (/(^|_)tab_ids?$/.test(field.name)) found.push([field]);
    const inner = field.message;
    if (inner === undefined || around.includes(inner)) continue;
    for (const rest of pathsToTabs(inner, undefined, [...around, schema])) found.push([field, ...rest]);
  }
  return found;
}

/** A message with nothing in it but a tab at the end of the way. */
function withTab<Desc extends DescMessage>(schema: Desc, path: readonly DescField[], tabId: number) {
  const message = create(schema);
  put(message, path, tabId);
  return message;
}

function put(message: Message, [field, ...rest]: readonly DescField[], tabId: number): void {
  if (field === undefined) return;
  const one = field.message === undefined ? tabId : create(field.message);
  if (field.message !== undefined) put(one as Message, rest, tabId);
  const value = field.fieldKind === "list" ? [one] : one;
  const at = field.oneof === undefined ? field.localName : field.oneof.localName;
  Object.assign(message, { [at]: field.oneof === undefined ? value : { case: field.localName, value } });
}

/** The tab at the end of the way. */
function tabAt(message: unknown, path: readonly DescField[]): unknown {
  let at = message as Record<string, unknown>;
  for (const field of path) {
    const held = field.oneof === undefined ? at : (at[field.oneof.localName] as { case: string; value: unknown });
    const value = field.oneof === undefined ? at[field.localName] : (held as { value: unknown }).value;
    at = (Array.isArray(value) ? value[0] : value) as Record<string, unknown>;
  }
  return at;
}
