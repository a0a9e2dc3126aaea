// Lists to choose from that are made of other elements: listboxes, comboboxes with a popup, radio groups. Entries are
// clicked; where a popup has to be opened first, it is, and its entries are waited for.

import { fold } from "../clean";
import { sleep } from "../clock";
import { closestShown, rootOf } from "../dom";
import { failedInTarget, invalidArgument, notInteractable } from "../errors";
import { attributeOf, queryAll, textOf } from "../native";
import { nameOf } from "../perceive/name";
import { roleOf } from "../perceive/role";
import { currentValueOf } from "../perceive/states";
import { isVisible } from "../perceive/visibility";
import { makeReady } from "./actionable";
import { findChoice } from "./choice";
import type { ActContext, Outcome, Target } from "./context";
import { press } from "./dispatch_pointer";

const ENTRIES =
  '[role="option"],[role="menuitem"],[role="menuitemradio"],[role="treeitem"],[role="radio"],input[type="radio"]';
const OPEN_LIMIT = 2000;

function popupsOf(element: Element): Element[] {
  const ids = `${attributeOf(element, "aria-controls") ?? ""} ${attributeOf(element, "aria-owns") ?? ""}`
    .trim()
    .split(/\s+/);
  const root = rootOf(element);
  return ids.map((id) => (id === "" ? null : root.getElementById(id))).filter((popup) => popup !== null);
}

/** The visible entries: in the element, in the popups it names, else in the only open list of the page. */
function entriesOf(element: Element): Element[] {
  const seen = (container: ParentNode): Element[] => Array.from(queryAll(container, ENTRIES)).filter(isVisible);
  const own = seen(element);
  if (own.length > 0) return own;
  for (const popup of popupsOf(element)) {
    const entries = seen(popup);
    if (entries.length > 0) return entries;
  }
  if (attributeOf(element, "aria-expanded") !== "true") return [];
  const lists = Array.from(rootOf(element).querySelectorAll('[role="listbox"],[role="menu"],[role="tree"]')).filter(
    isVisible,
  );
  return lists.length === 1 && lists[0] !== undefined ? seen(lists[0]) : [];
}

async function open(target: Target, ctx: ActContext): Promise<Element[]> {
  const ready = await makeReady(ctx, target);
  ctx.begin(target.element);
  await press(ready.hit);
  const until = performance.now() + Math.min(OPEN_LIMIT, ctx.timeLeft());
  for (;;) {
    const entries = entriesOf(target.element);
    if (entries.length > 0) return entries;
    if (performance.now() > until) {
      throw failedInTarget(
        `The ${target.words} showed no entries after it was clicked.`,
        "Take a new page state and click the entry there.",
      );
    }
    await sleep(25);
  }
}

/** Chooses in a list that is not a select element. */
export async function selectInWidget(target: Target, wanted: readonly string[], ctx: ActContext): Promise<Outcome> {
  const role = roleOf(target.element);
  const several = closestShown(target.element, (at) => attributeOf(at, "aria-multiselectable") === "true") !== null;
  if (wanted.length > 1 && !several)
    throw invalidArgument("options", "has one entry", `The ${target.words} takes one entry only.`);
  const listed = entriesOf(target.element);
  if (listed.length === 0 && !/^(button|combobox|listbox|textbox|searchbox|radiogroup)$/.test(role)) {
    throw notInteractable(
      `The ${target.words} is no list to choose from.`,
      "Use an element that offers select_option.",
    );
  }
  let entries = listed.length > 0 ? listed : await open(target, ctx);
  const chosen: string[] = [];
  for (const word of wanted) {
    const choices = entries.map((entry) => ({
      label: nameOf(entry) || fold(textOf(entry) ?? ""),
      value: attributeOf(entry, "data-value") ?? attributeOf(entry, "value") ?? "",
      entry,
    }));
    const { entry, label } = findChoice(choices, word, target.words);
    const ready = await makeReady(ctx, { id: 0, element: entry, seenAt: null, words: `entry "${label}"` });
    if (!ctx.hasBegun) ctx.begin(target.element);
    if (!(several && attributeOf(entry, "aria-selected") === "true")) await press(ready.hit);
    chosen.push(label);
    entries = entriesOf(target.element);
  }
  const effects = await ctx.settle();
  const valueNow = target.element.isConnected ? currentValueOf(target.element, role) : undefined;
  return {
    message: `Chose ${chosen.map((label) => `"${label}"`).join(", ")} in the ${target.words}`,
    effects,
    valueNow,
  };
}
