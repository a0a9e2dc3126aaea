// What style sheets can do: which classes, ids, attributes and states the rules depend on. So a change of anything else need
// not make the engine look anew. What is only counted depends on rules that can show, hide or move things; what is described
// also on those that change its looks. A sheet that cannot be read (of another origin) may depend on everything.

import { nodeTypeOf, textOf } from "../native";
import { splitSelectors } from "./generated";

/** What the rules of some sheets depend on. */
export interface Reach {
  /** False if some sheet could not be read. */
  isKnown: boolean;
  /** ".class", "#id" and "[attribute" that are named in selectors. */
  readonly names: Set<string>;
  /** Pseudo-classes of states, as ":checked". */
  readonly states: Set<string>;
  /** A change can reach the siblings, by + ~ :nth-child() and the like. */
  siblings: boolean;
  /** A change can reach anything, by :has(). */
  all: boolean;
  /** Some rule says that what does not fit into a box is cut off or scrolled. */
  clips: boolean;
}

/** Which rules count: those that show, hide or move things, or all that make a difference to what is told. */
export enum Depth {
  Place,
  Look,
}

/** Properties by which something appears, disappears or leaves its place. */
const MATTERS =
  /^(?:--|all$|display$|visibility$|content|(?:min-|max-)?(?:width|height|inline-size|block-size)$|font$|font-size$|position$|inset|top$|left$|right$|bottom$|transform$|translate$|scale$|rotate$|zoom$|overflow|animation|contain$|order$|float$)/;

/** Properties that change nothing that is told. */
const NEVER_TOLD =
  /^(?:accent-color|animation-|border-(?:.*-)?(?:color|radius)|box-shadow|caret|cursor-|list-style-type|outline|scrollbar|text-decoration|transition|-webkit-(?:tap|font-smoothing)|will-change)/;

/** Of so many names of properties it is remembered what they can do: a page may make up any number of them. */
const MANY_NAMES = 2_000;

const FAR_REACHING = new Set(["[object CSSContainerRule]", "[object CSSScopeRule]"]);

const STRUCTURE = /:(?:nth-|first-|last-|only-|empty\b)/;
const PLACELESS = new Set(
  (
    "active any any-link autofill defined dir has host host-context is lang link matches not root scope visited where " +
    "-webkit-any -webkit-autofill before after first-line first-letter"
  ).split(" "),
);

export function emptyReach(): Reach {
  return { isKnown: true, names: new Set(), states: new Set(), siblings: false, all: false, clips: false };
}

/** What a declaration can do: 1 << depth for each depth at which it counts, and: */
const CLIPS = 4;
const ALL = 7;
/** By the names of properties, of which there are few. */
const powers = new Map<string, number>();

function powerOf(name: string): number {
  let power = powers.get(name);
  if (power !== undefined) return power;
  power = MATTERS.test(name) ? 1 << Depth.Place : 0;
  if (!NEVER_TOLD.test(name)) power |= 1 << Depth.Look;
  if (name.startsWith("overflow")) power |= CLIPS;
  if (powers.size < MANY_NAMES) powers.set(name, power);
  return power;
}

/** What the declarations of one rule can do together. */
function powerOfAll(style: CSSStyleDeclaration | undefined): number {
  let power = 0;
  const length = style?.length ?? 0;
  for (let i = 0; i < length && power !== ALL; i++) power |= powerOf(style?.item(i) ?? "");
  return power;
}

/** Adds what one selector depends on. */
function addSelector(selector: string, reach: Reach, depth: Depth): void {
  if (depth === Depth.Place && /::(?!slotted|part)/.test(selector)) return; // generated content is not counted
  reach.all ||= selector.includes(":has(");
  for (const [, name] of selector.matchAll(/\[\s*([\w-]+)/g)) reach.names.add(`[${name}`);
  const bare = selector.replace(/\[[^\]]*\]/g, "").replace(/:nth-[\w-]+\([^)]*\)/g, ":nth-child");
  reach.siblings ||= /[+~]/.test(bare) || STRUCTURE.test(bare);
  for (const [name] of bare.matchAll(/[.#](?:[\w-]|\\.|[^\0-\x7f])+/g)) reach.names.add(name.replace(/\\/g, ""));
  for (const [, name] of bare.matchAll(/:([\w-]+)/g)) {
    if (name === undefined || STRUCTURE.test(`:${name}`)) continue;
    if (PLACELESS.has(name) && !(depth === Depth.Look && name === "active")) continue;
    reach.states.add(`:${name}`);
  }
}

/** What rules depend on, by depth. */
type Reaches = readonly [Reach, Reach];

function addRules(rules: CSSRuleList, nested: boolean, reaches: Reaches): void {
  for (const rule of rules) {
    const { selectorText, style, styleSheet, cssRules } = rule as CSSStyleRule & CSSImportRule;
    if (styleSheet) addSheet(styleSheet, reaches);
    // What depends on the size of a container, or is bound to a part of the page by two selectors, may change anywhere.
    if (selectorText === undefined && FAR_REACHING.has(Object.prototype.toString.call(rule)))
      reaches[Depth.Look].all = true;
    const power = powerOfAll(style);
    const hasInner = (cssRules?.length ?? 0) > 0;
    const parts = selectorText === undefined ? [] : splitSelectors(selectorText);
    for (const [depth, reach] of reaches.entries()) {
      reach.clips ||= (power & CLIPS) !== 0;
      if (nested || hasInner || (power & (1 << depth)) !== 0) for (const part of parts) addSelector(part, reach, depth);
    }
    if (hasInner) addRules(cssRules, nested || selectorText !== undefined, reaches);
  }
}

function addSheet(sheet: CSSStyleSheet, reaches: Reaches): void {
  try {
    addRules(sheet.cssRules, false, reaches);
  } catch {
    for (const reach of reaches) {
      reach.isKnown = false;
      reach.clips = true;
    }
  }
}

/** All sheets of a document or shadow root. */
export function sheetsOf(root: Document | ShadowRoot): CSSStyleSheet[] {
  return [...root.styleSheets, ...root.adoptedStyleSheets];
}

interface Read {
  readonly first: CSSRule | undefined;
  readonly length: number;
  readonly reaches: Reaches;
}

const read = new WeakMap<CSSStyleSheet, Read>();

function rulesOf(sheet: CSSStyleSheet): CSSRuleList | null {
  try {
    return sheet.cssRules;
  } catch {
    return null;
  }
}

/** Of components that are there many times over, each has the same sheet of its own. */
const byText = new Map<string, Read>();
const MANY_TEXTS = 200;
const LONG_TEXT = 20_000;

function textOfSheet(sheet: CSSStyleSheet): string {
  const owner = sheet.ownerNode;
  const text = owner !== null && nodeTypeOf(owner) === 1 ? (textOf(owner) ?? "") : "";
  return text.length > LONG_TEXT ? "" : text;
}

/** What the rules of one sheet depend on. It is read anew when rules were added or removed, or all were replaced. */
export function reachOf(sheet: CSSStyleSheet, depth = Depth.Place): Reach {
  const rules = rulesOf(sheet);
  const known = read.get(sheet);
  const length = rules?.length ?? -1;
  if (known !== undefined && known.length === length && known.first === rules?.[0]) return known.reaches[depth];
  const text = known === undefined ? textOfSheet(sheet) : "";
  const alike = text === "" ? undefined : byText.get(text);
  const isAlike = alike?.length === length;
  const reaches: Reaches = isAlike ? [{ ...alike.reaches[0] }, { ...alike.reaches[1] }] : [emptyReach(), emptyReach()];
  if (!isAlike) addSheet(sheet, reaches);
  const now = { first: rules?.[0], length, reaches };
  read.set(sheet, now);
  if (text !== "" && byText.size < MANY_TEXTS) byText.set(text, now);
  return reaches[depth];
}

/** Adds what one sheet depends on to what others depend on. */
export function addReach(to: Reach, from: Reach): void {
  to.isKnown &&= from.isKnown;
  to.siblings ||= from.siblings;
  to.all ||= from.all;
  to.clips ||= from.clips;
  for (const name of from.names) to.names.add(name);
  for (const state of from.states) to.states.add(state);
}
