// What is remembered of secrets that were filled in: past the end of the worker and of the extension, not past that of the
// document, and never more than names.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bringNotes, FilledIn } from "../../browser/policy/filled_in";
import type { ToldTabId } from "../../browser/tabs/tab_numbers";
import type { FilledNotes } from "../../wire/filled_field";
import { asArea, FakeArea, FakeChrome } from "./fake_chrome";

const DOCUMENT = "doc-7";
const CODE = { secret: "pin", place: '["input","","code"]' };
const ANYWHERE = { secret: "pin", place: null };

let local: FakeArea;
/** What the document itself would say, as scripts of this extension share it there. */
let notes: FilledNotes;
let run: number;

beforeEach(() => {
  local = new FakeArea();
  run = 4711;
  const browser = new FakeChrome().install();
  showIn(browser, 7, DOCUMENT);
  notes = {};
  vi.stubGlobal("chrome", {
    ...globalThis.chrome,
    scripting: {
      executeScript: async ({ func, args = [] }: { func: (...given: unknown[]) => unknown; args?: unknown[] }) => {
        const world = globalThis as FilledNotes;
        const before = { tabwireLeft: world.tabwireLeft, tabwireFilled: world.tabwireFilled };
        Object.assign(world, { tabwireLeft: undefined, tabwireFilled: undefined }, notes);
        const result = func(...args);
        notes = JSON.parse(JSON.stringify({ tabwireLeft: world.tabwireLeft, tabwireFilled: world.tabwireFilled }));
        Object.assign(world, before);
        return [{ result }];
      },
    },
  });
});
afterEach(() => vi.unstubAllGlobals());

function showIn(browser: FakeChrome, tabId: number, documentId: string): void {
  const { frames } = browser.addTab(tabId, "https://bank.test/");
  if (frames[0] !== undefined) frames[0].documentId = documentId;
}

function start(): FilledIn {
  return new FilledIn(asArea(local), { told: async () => run as ToldTabId });
}

async function fill(filledIn: FilledIn): Promise<void> {
  await filledIn.begin(7, DOCUMENT, "pin");
  notes = { ...notes, tabwireFilled: [CODE] };
  await filledIn.end(7, DOCUMENT, "pin");
}

describe("what was filled in", () => {
  it("is known of the field by a later life", async () => {
    await fill(start());
    const later = start();
    expect(await later.fieldsOf(DOCUMENT)).toEqual([CODE]);
    expect(await later.isIn(7)).toBe(true);
    expect([await later.fieldsOf("other"), await later.isIn(8)]).toEqual([[], false]);
  });

  it("may be anywhere in the document if the worker ends before it hears where", async () => {
    await start().begin(7, DOCUMENT, "pin");
    expect(await start().fieldsOf(DOCUMENT)).toEqual([ANYWHERE]);
  });

  it.each([undefined, [], [{ secret: "other", place: CODE.place }], "no list", [{ secret: "pin", place: 5 }]])(
    "may be anywhere if the document says only %j",
    async (said) => {
      const filledIn = start();
      await filledIn.begin(7, DOCUMENT, "pin");
      notes = { tabwireFilled: said as never };
      await filledIn.end(7, DOCUMENT, "pin");
      await filledIn.begin(7, DOCUMENT, "pin");
      expect(await start().fieldsOf(DOCUMENT)).toEqual([ANYWHERE]);
    },
  );

  it("adds to what was brought along", async () => {
    await bringNotes(7, DOCUMENT, [{ secret: "bank", place: '["input","","password"]' }]);
    await fill(start());
    expect((await start().fieldsOf(DOCUMENT)).map(({ secret }) => secret)).toEqual(["bank", "pin"]);
  });

  it("is known in another run only of documents that are still shown", async () => {
    const first = start();
    await fill(first);
    await first.begin(8, "gone", "pin");
    run += 1;
    const next = start();
    expect(await next.fieldsOf(DOCUMENT)).toEqual([CODE]);
    expect(await next.fieldsOf("gone")).toEqual([]);
    expect(await next.isIn(8)).toBe(false);
  });

  it("is remembered of a tab that went on to another document, and forgotten with the tab", async () => {
    const filledIn = start();
    await filledIn.begin(9, "earlier document", "pin");
    expect(await start().isIn(9)).toBe(true);
    filledIn.hear({ kind: "closed", tabId: 9 });
    await vi.waitFor(async () => expect(await start().isIn(9)).toBe(false));
  });

  it("is not begun if it cannot be remembered", async () => {
    vi.spyOn(local, "set").mockRejectedValueOnce(new Error("full"));
    await expect(start().begin(7, DOCUMENT, "pin")).rejects.toThrow("full");
  });
});
