// Text that style sheets put before or after elements. It is part of a name, but asking Chrome for it makes it work out a
// style that the page may never have needed: dozens of microseconds for each element. So the style sheets are read first,
// once for each change of them, and only elements that a rule with such text may fit are asked.

import { visibleCharacters } from "../clean";
import { rootOf } from "../dom";
import { matches } from "../native";
import { OncePerReading } from "../reading";
import { hasLayout } from "./visibility";

/** What is known of the style sheets of a document or shadow root. */
interface Known {
  /** Changes when sheets or rules are added or removed. */
  readonly key: string;
  /** Fits every element that may have generated text; "" for none, "*" for perhaps any. */
  readonly selector: string;
}

const known = new WeakMap<Document | ShadowRoot, Known>();
const PSEUDO = /::?(before|after)\b/;

/** So many selectors are tried one by one; with more it is cheaper to ask for the style. */
const MANY = 400;

/** Thrown for a sheet of another origin, which may hold anything. */
class Unreadable extends Error {}

function rulesOf(sheet: CSSStyleSheet): CSSRuleList {
  try {
    return sheet.cssRules;
  } catch {
    throw new Unreadable();
  }
}

/** Splits a list of selectors at its commas, but not at those inside of brackets. */
export function splitSelectors(list: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < list.length; i++) {
    const sign = list[i];
    if (sign === "(" || sign === "[") depth++;
    else if (sign === ")" || sign === "]") depth--;
    else if (sign === "," && depth === 0) {
      parts.push(list.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(list.slice(from));
  return parts.map((part) => part.trim());
}

/** Whether a `content` shows any text: not empty, and not only glyphs of an icon font. */
function showsText(content: string): boolean {
  if (content === "" || content === "none" || content === "normal") return false;
  return !/^(["'])\s*\1$/.test(visibleCharacters(content));
}

/** Adds the selectors of all rules that generate text. `around` is the selector of the rule they are nested in. */
function collect(rules: CSSRuleList, around: string, found: Set<string>): void {
  for (const rule of rules) {
    const { selectorText, style, styleSheet, cssRules } = rule as CSSStyleRule & CSSImportRule;
    if (styleSheet) collect(rulesOf(styleSheet), around, found);
    let inner = around;
    if (selectorText !== undefined) {
      const full = splitSelectors(selectorText).map((part) => {
        if (around === "") return part;
        return part.includes("&") ? part.replaceAll("&", `:is(${around})`) : `:is(${around}) ${part}`;
      });
      inner = full.join(",");
      if (PSEUDO.test(selectorText) && showsText(style.content)) {
        for (const part of full) if (PSEUDO.test(part)) found.add(part.replace(PSEUDO, "") || "*");
      }
    }
    if (cssRules && cssRules.length > 0) collect(cssRules, inner, found);
  }
}

function keyOf(sheets: readonly CSSStyleSheet[]): string {
  return sheets.map((sheet) => (sheet.disabled ? -1 : rulesOf(sheet).length)).join();
}

/** Puts the selectors into one that Chrome can be asked about. */
function combine(found: ReadonlySet<string>): string {
  const parts = [...found].filter((part) => !part.endsWith(">") && !part.endsWith("+") && !part.endsWith("~"));
  return parts.length > MANY || parts.length < found.size ? "*" : parts.join(",");
}

function readSheets(sheets: readonly CSSStyleSheet[]): string {
  const found = new Set<string>();
  for (const sheet of sheets) if (!sheet.disabled) collect(rulesOf(sheet), "", found);
  return combine(found);
}

function findSelector(root: Document | ShadowRoot): string {
  try {
    const sheets = [...root.styleSheets, ...root.adoptedStyleSheets];
    const key = keyOf(sheets);
    const before = known.get(root);
    if (before?.key === key) return before.selector;
    const selector = readSheets(sheets);
    known.set(root, { key, selector });
    return selector;
  } catch (thrown) {
    if (thrown instanceof Unreadable) return "*";
    throw thrown;
  }
}

const selectors = new OncePerReading(findSelector);

/** Whether text may be generated before or after an element. */
export function mayHaveGeneratedText(element: Element): boolean {
  const selector = selectors.get(rootOf(element));
  if (selector === "") return false;
  try {
    return selector === "*" || matches(element, selector);
  } catch {
    return true; // a selector that cannot be asked about outside of its sheet
  }
}

/** The text before or after an element. */
export function generatedText(element: Element, where: "::before" | "::after"): string {
  if (!hasLayout || !mayHaveGeneratedText(element)) return "";
  const content = getComputedStyle(element, where).content;
  if (content === "none" || content === "normal" || content === "") return "";
  const alternative = /\/\s*"((?:[^"\\]|\\.)*)"\s*$/.exec(content);
  if (alternative !== null) return alternative[1] ?? "";
  const pieces = content.matchAll(/"((?:[^"\\]|\\.)*)"/g);
  return Array.from(pieces, (match) => (match[1] ?? "").replace(/\\(.)/g, "$1")).join("");
}
