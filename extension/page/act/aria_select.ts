// Chooses in lists that are made of other elements: listboxes, comboboxes with a popup, radio groups. Entries are clicked; where
// a popup has to be opened first, it is, and its entries are waited for; where a list draws only what it shows, it is scrolled
// until the entry comes. Where the entries are is told in aria_lists.ts.

import { fold } from "../clean";
import { sleep } from "../clock";
import { closestShown, isDisabled, shownParent } from "../dom";
import { failedInTarget, invalidArgument, notInteractable } from "../errors";
import { attributeOf, isConnected, textOf } from "../native";
import { nameOf } from "../perceive/name";
import { isScrollable } from "../perceive/operations";
import { roleOf } from "../perceive/role";
import { currentValueOf, isReadonly } from "../perceive/states";
import { isVisible } from "../perceive/visibility";
import { beginReading } from "../reading";
import { makeReady } from "./actionable";
import { entriesOf, shownLists } from "./aria_lists";
import { type Choice, findChoice, matchOf } from "./choice";
import type { ActContext, Outcome, Target } from "./context";
import { press } from "./dispatch_pointer";
import { editAsTyped } from "./edit_as_typed";
import { nothingSeen } from "./effects";
import { focusOn } from "./focus";
import { parseKey } from "./keys";
import { textFieldOf } from "./press_defaults";
import { pressKey } from "./press_keys";
import { scrollHeard } from "./scroll_events";

/** How long a popup may take to show its entries, for each way of opening it; and a filtered list to change. */
const OPEN_LIMIT = 1200;
/** After scrolling, a list that draws only what it shows has new entries within this. */
const DRAWN_LIMIT = 300;
/** Lists are scrolled so often at most. */
const PAGES = 400;
const LOOK_AGAIN = 20;

/** A list under way: what it is, and which lists were shown before it was opened. */
interface Widget {
  readonly target: Target;
  readonly before: readonly Element[];
  readonly ctx: ActContext;
}

function choicesOf(widget: Widget): Choice<Element>[] {
  beginReading();
  return entriesOf(widget.target.element, widget.before).map((entry) => ({
    label: nameOf(entry) || fold(textOf(entry) ?? ""),
    value: attributeOf(entry, "data-value") ?? attributeOf(entry, "value") ?? "",
    entry,
  }));
}

async function until<T>(find: () => T | null, limit: number, ctx: ActContext): Promise<T | null> {
  const end = performance.now() + Math.min(limit, ctx.timeLeft());
  for (;;) {
    const found = find();
    if (found !== null || performance.now() > end) return found;
    await sleep(LOOK_AGAIN);
  }
}

function somethingIn(widget: Widget): Choice<Element>[] | null {
  const choices = choicesOf(widget);
  return choices.length > 0 ? choices : null;
}

/** Opens a list by a press; by the key for it if that shows nothing. */
async function open(widget: Widget): Promise<void> {
  const { target, ctx } = widget;
  const ready = await makeReady(ctx, target);
  ctx.begin(target.element);
  await press(ready.hit);
  if ((await until(() => somethingIn(widget), OPEN_LIMIT, ctx)) !== null) return;
  if (isConnected(target.element) && focusOn(target.element)) {
    await pressKey(parseKey("ArrowDown"), target.element);
    if ((await until(() => somethingIn(widget), OPEN_LIMIT, ctx)) !== null) return;
  }
  // One that filters by what is typed may show nothing before.
  if (textFieldOf(target.element) !== null) return;
  throw failedInTarget(
    `The ${target.words} showed no entries after it was clicked.`,
    "Take a new page state and click the entry there.",
  );
}

/** What scrolls the entries of a list. */
function scrollerOf(entry: Element): Element | null {
  const parent = shownParent(entry);
  return parent === null ? null : closestShown(parent, (at) => isScrollable(at));
}

/** Scrolls a list that draws only what it shows, from its start, until the entry comes up. */
async function scrollTo(widget: Widget, word: string): Promise<Choice<Element> | null> {
  const first = choicesOf(widget)[0];
  const scroller = first === undefined ? null : scrollerOf(first.entry);
  if (scroller === null) return null;
  const place = scroller.scrollTop;
  for (let page = 0; page < PAGES && widget.ctx.timeLeft() > 500; page++) {
    const top = page === 0 ? 0 : scroller.scrollTop + scroller.clientHeight * 0.8;
    if (page > 0 && scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 1) break;
    const shown = choicesOf(widget)
      .map(({ label }) => label)
      .join("\n");
    const { y } = await scrollHeard(scroller, () => scroller.scrollTo({ top, behavior: "instant" }));
    const redrawn = (): true | null => {
      const now = choicesOf(widget)
        .map(({ label }) => label)
        .join("\n");
      return now !== shown ? true : null;
    };
    if (y !== 0) await until(redrawn, DRAWN_LIMIT, widget.ctx);
    const found = matchOf(choicesOf(widget), word);
    if (found !== undefined) return found;
  }
  scroller.scrollTo({ top: place, behavior: "instant" });
  return null;
}

/** Types into a field that filters its list, until the entry comes up. */
async function filterFor(widget: Widget, word: string): Promise<Choice<Element> | null> {
  const { element } = widget.target;
  const field = textFieldOf(element);
  if (field === null || isReadonly(element) || !focusOn(element)) return null;
  field.select();
  editAsTyped(element, "insertText", word);
  return until(() => matchOf(choicesOf(widget), word) ?? null, OPEN_LIMIT, widget.ctx);
}

async function find(widget: Widget, word: string): Promise<Choice<Element>> {
  const shown = choicesOf(widget);
  return (
    matchOf(shown, word) ??
    (await scrollTo(widget, word)) ??
    (await filterFor(widget, word)) ??
    findChoice(shown, word, widget.target.words)
  );
}

function isChosen(entry: Element): boolean {
  return ["aria-selected", "aria-checked"].some((name) => attributeOf(entry, name) === "true");
}

async function choose(widget: Widget, word: string, several: boolean): Promise<Choice<Element>> {
  const { ctx, target } = widget;
  const found = await find(widget, word);
  if (isDisabled(found.entry)) {
    throw notInteractable(`The entry "${found.label}" of the ${target.words} is disabled.`, "Choose another entry.");
  }
  const ready = await makeReady(ctx, { id: 0, element: found.entry, seenAt: null, words: `entry "${found.label}"` });
  if (!ctx.hasBegun) ctx.begin(target.element);
  if (!(several && isChosen(found.entry))) await press(ready.hit);
  return found;
}

/** Chooses in a list that is not a select element. */
export async function selectInWidget(target: Target, wanted: readonly string[], ctx: ActContext): Promise<Outcome> {
  const { element, words } = target;
  const role = roleOf(element);
  const several = closestShown(element, (at) => attributeOf(at, "aria-multiselectable") === "true") !== null;
  const widget: Widget = { target, before: shownLists(element), ctx };
  const listed = choicesOf(widget);
  if (listed.length === 0 && !/^(button|combobox|listbox|textbox|searchbox|radiogroup)$/.test(role)) {
    throw notInteractable(`The ${words} is no list to choose from.`, "Use an element that offers select_option.");
  }
  const isMenu = listed.some(({ entry }) => /^menuitemcheckbox$/.test(roleOf(entry)));
  if (wanted.length > 1 && !several && !isMenu && listed.length > 0)
    throw invalidArgument("options", "has one entry", `The ${words} takes one entry only.`);
  if (listed.length === 0) await open(widget);
  const manyTaken = choicesOf(widget).some(({ entry }) =>
    closestShown(entry, (at) => attributeOf(at, "aria-multiselectable") === "true"),
  );
  if (wanted.length > 1 && !several && !isMenu && !manyTaken)
    throw invalidArgument("options", "has one entry", `The ${words} takes one entry only.`);
  const chosen: Choice<Element>[] = [];
  for (const word of wanted) {
    if (chosen.length > 0 && choicesOf(widget).length === 0) await open(widget);
    chosen.push(await choose(widget, word, several || manyTaken));
  }
  const effects = await ctx.settle();
  const last = chosen[chosen.length - 1];
  const stands = last !== undefined && isConnected(last.entry) && isVisible(last.entry);
  if (stands && nothingSeen(effects) && attributeOf(last.entry, "aria-selected") === "false") {
    throw failedInTarget(`The ${words} did not take "${last.label}".`, "Click the entry instead.");
  }
  const valueNow = isConnected(element) ? currentValueOf(element, role) : undefined;
  return { message: `Chose ${chosen.map(({ label }) => `"${label}"`).join(", ")} in the ${words}`, effects, valueNow };
}
