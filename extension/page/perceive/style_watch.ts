// What style sheets depend on that leaves no record when it changes: the sheets themselves, the viewport, and the states
// of elements, as :checked. Compared from take to take.

import { deepActiveElement } from "../dom";
import { matches, queryAll, rootElementOf } from "../native";
import { addReach, Depth, emptyReach, type Reach, reachOf, sheetsOf } from "./sheets";

export type Root = Document | ShadowRoot;

/** In more roots than these sheets are read only once, and states not at all. */
const MANY_ROOTS = 300;
/** More kinds of states are not compared one by one. */
const MANY_STATES = 32;
/** States that a sheet which cannot be read may depend on. */
const USUAL_STATES = [":checked", ":focus-within", ":hover", ":target", ":open"];
/** Attributes that states depend on. */
const STATEFUL =
  /^(?:checked|disabled|href|max|maxlength|min|minlength|multiple|open|pattern|placeholder|readonly|required|selected|step|type|value)$/;

function wordsOf(text: string | null): ReadonlySet<string> {
  return new Set((text ?? "").split(/\s+/).filter((word) => word !== ""));
}

/** Whether no element can be in a state, as far as that can be told without asking all of them. */
function isNowhere(state: string): boolean {
  if (state === ":hover" || state === ":active") return !matches(rootElementOf(document), state);
  if (state === ":target") return document.location.hash === "";
  return state.startsWith(":focus") && deepActiveElement(document) === null;
}

/** Watches the style of one document. */
export class StyleWatch {
  /** What the rules of all sheets depend on that show, hide or move things. */
  reach: Reach = emptyReach();
  /** The same for all rules that make a difference to what is told. */
  looks: Reach = emptyReach();
  private readonly roots: ReadonlySet<Root>;
  /** What the rules of all shadow roots depend on, or have. Not all of them are compared each time. */
  private readonly once = emptyReach();
  private readonly onceLooks = emptyReach();
  private sheets = "";
  private lastNumber = 0;
  private readonly numbers = new WeakMap<CSSStyleSheet, number>();
  private reaches = new Map<CSSStyleSheet, Reach>();
  private states = new Map<string, readonly Element[]>();
  private surroundings = "";

  /** `roots` grows while the document is watched. */
  constructor(roots: ReadonlySet<Root>) {
    this.roots = roots;
  }

  /** A root has come. */
  follow(root: Root): void {
    if (root === document) return; // always compared
    for (const sheet of sheetsOf(root)) {
      const reach = reachOf(sheet);
      const looks = reachOf(sheet, Depth.Look);
      addReach(this.once, reach);
      addReach(this.reach, reach);
      addReach(this.onceLooks, looks);
      addReach(this.looks, looks);
      this.reach.all ||= !reach.isKnown;
      this.looks.all ||= !looks.isKnown;
    }
  }

  private compared(): Root[] {
    return this.roots.size > MANY_ROOTS ? [document] : [...this.roots];
  }

  /** Answers whether the viewport or the style sheets differ from those of the last time. */
  differs(): boolean {
    const dark = window.matchMedia?.("(prefers-color-scheme: dark)").matches === true;
    const fonts = document.fonts?.status ?? "";
    const surroundings = `${window.innerWidth}x${window.innerHeight}@${window.devicePixelRatio} ${dark} ${fonts}`;
    const sheets = this.sheetsNow();
    const isSame = surroundings === this.surroundings && sheets === this.sheets;
    this.surroundings = surroundings;
    this.sheets = sheets;
    return !isSame;
  }

  /** Tells all sheets that are in force, and whether any of their rules were added, removed or replaced. */
  private sheetsNow(): string {
    const key: string[] = [];
    const reaches = new Map<CSSStyleSheet, Reach>();
    for (const root of this.compared()) {
      for (const sheet of sheetsOf(root)) {
        if (sheet.disabled) continue;
        const reach = reachOf(sheet);
        const number = this.reaches.get(sheet) === reach ? (this.numbers.get(sheet) ?? 0) : ++this.lastNumber;
        this.numbers.set(sheet, number);
        reaches.set(sheet, reach);
        key.push(String(number));
      }
      key.push("|");
    }
    this.reaches = reaches;
    const joined = key.join(" ");
    if (joined !== this.sheets) {
      this.reach = this.join([this.once, ...this.reaches.values()]);
      const looks = Array.from(this.reaches.keys(), (sheet) => reachOf(sheet, Depth.Look));
      this.looks = this.join([this.onceLooks, ...looks]);
    }
    return joined;
  }

  private join(reaches: readonly Reach[]): Reach {
    const reach = emptyReach();
    for (const one of reaches) addReach(reach, one);
    if (reach.isKnown) return reach;
    reach.all = true;
    for (const state of USUAL_STATES) reach.states.add(state);
    return reach;
  }

  /** Whether rules depend on a change of an attribute. */
  dependsOn(name: string, before: string | null, now: string | null, reach = this.reach): boolean {
    const { isKnown, names, states } = reach;
    if (!isKnown || names.has(`[${name}`)) return true;
    if (name === "class") {
      const [then, since] = [wordsOf(before), wordsOf(now)];
      const differ = [...then, ...since].filter((word) => then.has(word) !== since.has(word));
      return differ.some((word) => names.has(`.${word}`));
    }
    if (name === "id") return names.has(`#${before}`) || names.has(`#${now}`);
    return states.size > 0 && STATEFUL.test(name);
  }

  private get areStatesUnknown(): boolean {
    const { size } = this.looks.states;
    return size > MANY_STATES || (size > 0 && this.roots.size > MANY_ROOTS);
  }

  /** Remembers which elements are in which state. */
  noteStates(): void {
    this.states = new Map();
    if (this.areStatesUnknown) return;
    for (const [index, root] of this.compared().entries()) {
      for (const state of this.looks.states) {
        if (isNowhere(state)) continue;
        try {
          this.states.set(`${index} ${state}`, [...queryAll(root, state)]);
        } catch {
          // not a state that can be asked for; then no element can be in it
        }
      }
    }
  }

  /** The elements whose state has changed since the last time, as far as rules depend on it; null if that cannot be said. */
  changedStates(): ReadonlySet<Element> | null {
    const changed = new Set<Element>();
    if (this.looks.states.size === 0) return changed;
    if (this.areStatesUnknown) return null;
    const before = this.states;
    this.noteStates();
    for (const key of new Set([...before.keys(), ...this.states.keys()])) {
      const then = before.get(key) ?? [];
      const elements = this.states.get(key) ?? [];
      if (then.length === elements.length && then.every((element, index) => element === elements[index])) continue;
      const [a, b] = [new Set(then), new Set(elements)];
      for (const element of [...then, ...elements]) if (a.has(element) !== b.has(element)) changed.add(element);
    }
    return changed;
  }
}
