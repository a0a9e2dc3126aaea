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

function matters(style: CSSStyleDeclaration, depth: Depth): boolean {
  for (let i = 0; i < style.length; i++) {
    const name = style.item(i);
    if (depth === Depth.Place ? MATTERS.test(name) : !NEVER_TOLD.test(name)) return true;
  }
  return false;
}

function clips(style: CSSStyleDeclaration | undefined): boolean {
  for (let i = 0; i < (style?.length ?? 0); i++) if (style?.item(i).startsWith("overflow")) return true;
  return false;
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

function addRules(rules: CSSRuleList, nested: boolean, reach: Reach, depth: Depth): void {
  for (const rule of rules) {
    const { selectorText, style, styleSheet, cssRules } = rule as CSSStyleRule & CSSImportRule;
    if (styleSheet) addSheet(styleSheet, reach, depth);
    // What depends on the size of a container, or is bound to a part of the page by two selectors, may change anywhere.
    if (depth === Depth.Look && FAR_REACHING.has(Object.prototype.toString.call(rule))) reach.all = true;
    reach.clips ||= clips(style);
    const isOwn = selectorText !== undefined && (nested || matters(style, depth) || (cssRules?.length ?? 0) > 0);
    if (isOwn) for (const part of splitSelectors(selectorText)) addSelector(part, reach, depth);
    if (cssRules && cssRules.length > 0) addRules(cssRules, nested || selectorText !== undefined, reach, depth);
  }
}

function addSheet(sheet: CSSStyleSheet, reach: Reach, depth: Depth): void {
  try {
    addRules(sheet.cssRules, false, reach, depth);
  } catch {
    reach.isKnown = false;
    reach.clips = true;
  }
}

/** All sheets of a document or shadow root. */
export function sheetsOf(root: Document | ShadowRoot): CSSStyleSheet[] {
  return [...root.styleSheets, ...root.adoptedStyleSheets];
}

interface Read {
  readonly first: CSSRule | undefined;
  readonly length: number;
  readonly reach: Reach;
}

const read = [new WeakMap<CSSStyleSheet, Read>(), new WeakMap<CSSStyleSheet, Read>()] as const;

function rulesOf(sheet: CSSStyleSheet): CSSRuleList | null {
  try {
    return sheet.cssRules;
  } catch {
    return null;
  }
}

/** Of components that are there many times over, each has the same sheet of its own. */
const byText = [new Map<string, Read>(), new Map<string, Read>()] as const;
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
  const known = read[depth].get(sheet);
  if (known !== undefined && known.length === (rules?.length ?? -1) && known.first === rules?.[0]) return known.reach;
  const length = rules?.length ?? -1;
  const text = known === undefined ? textOfSheet(sheet) : "";
  const alike = text === "" ? undefined : byText[depth].get(text);
  const reach = alike?.length === length ? { ...alike.reach } : emptyReach();
  if (alike?.length !== length) addSheet(sheet, reach, depth);
  const now = { first: rules?.[0], length, reach };
  read[depth].set(sheet, now);
  if (text !== "" && byText[depth].size < MANY_TEXTS) byText[depth].set(text, now);
  return reach;
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
