// Finds what a page is about: its main landmark, its article, or the part with the most running text that is not links.
// Where nothing stands out, the answer is the whole body, and those who read it leave out navigation and the like.

import { isElement, shownChildren, tagOf } from "../dom";
import { attributeOf, bodyOf, nodeTypeOf, queryAll, rootElementOf, textOf } from "../native";
import { isLeaf } from "../perceive/classify";
import { LANDMARK_ROLES, roleOf } from "../perceive/role";
import { isShown } from "./shown";

/** The main part of a document. */
export interface MainContent {
  readonly element: Element;
  /** Whether what goes around the main part (navigation, banners, footers) still has to be left out. */
  readonly everything: boolean;
}

/** Less text than this part of the page's is not what the page is about. */
const LEAST_PART = 0.25;
/** Below this a piece of text is a caption, a label or a link. */
const SENTENCE = 25;

const AROUND = new Set("banner complementary contentinfo navigation search".split(" "));
const AROUND_WORDS =
  /(?:^|[\s_-])(?:nav|navbar|menu|sidebar|footer|breadcrumbs?|cookie|advert|ads|share|social|promo|related)(?:$|[\s_-])/i;

/** Whether an element goes around the main part of a page. */
export function isAround(element: Element): boolean {
  const tag = tagOf(element);
  if (tag === "nav" || tag === "footer" || tag === "aside" || tag === "header") return AROUND.has(roleOf(element));
  return LANDMARK_ROLES.has(attributeOf(element, "role") ?? "") && AROUND.has(roleOf(element));
}

function textLength(element: Element): number {
  return (textOf(element) ?? "").replace(/\s+/g, " ").length;
}

function largest(elements: readonly Element[]): Element | null {
  let best: Element | null = null;
  let most = 0;
  for (const element of elements) {
    const length = isShown(element) ? textLength(element) : 0;
    if (length > most) [best, most] = [element, length];
  }
  return best;
}

/** Adds up running text for the elements around it, as readers' modes of browsers do. */
class Scores {
  readonly byElement = new Map<Element, number>();

  /** Walks a part of the page; answers with the text and link text in it. */
  visit(element: Element): { text: number; links: number } {
    if (!isShown(element) || isLeaf(tagOf(element)) || isAround(element)) return { text: 0, links: 0 };
    let text = 0;
    let links = 0;
    let own = "";
    for (const child of shownChildren(element)) {
      if (nodeTypeOf(child) === 3) own += (child as Text).data;
      if (!isElement(child)) continue;
      const inner = this.visit(child);
      text += inner.text;
      links += inner.links;
    }
    const said = own.replace(/\s+/g, " ").trim();
    text += said.length;
    if (tagOf(element) === "a") links = text;
    else if (text >= SENTENCE && said.length * 2 >= text) this.credit(element, text, links, said);
    return { text, links };
  }

  private credit(element: Element, text: number, links: number, said: string): void {
    const commas = said.split(/[,،、，;]/).length - 1;
    const worth = (1 + commas + Math.min(3, text / 100)) * (1 - links / Math.max(1, text));
    let share = worth;
    let at = element.parentElement;
    for (let level = 0; level < 3 && at !== null; level++, at = at.parentElement) {
      const named = `${attributeOf(at, "class") ?? ""} ${attributeOf(at, "id") ?? ""}`;
      this.byElement.set(at, (this.byElement.get(at) ?? 0) + (AROUND_WORDS.test(named) ? share / 4 : share));
      share /= 2;
    }
  }

  best(): Element | null {
    let found: Element | null = null;
    let most = 0;
    for (const [element, score] of this.byElement) if (score > most) [found, most] = [element, score];
    return found;
  }
}

/** The main content of a document. */
export function mainContent(doc: Document): MainContent {
  const body = bodyOf(doc) ?? rootElementOf(doc);
  const all = Math.max(1, textLength(body));
  const main = largest(Array.from(queryAll(doc, "main,[role=main]")));
  if (main !== null && textLength(main) > 0) return { element: main, everything: false };
  const articles = Array.from(queryAll(doc, "article,[role=article]")).filter(isShown);
  const article = articles.length === 1 ? articles[0] : undefined;
  if (article !== undefined && textLength(article) >= LEAST_PART * all) return { element: article, everything: false };
  const scores = new Scores();
  scores.visit(body);
  const best = scores.best();
  const stands = best !== null && best !== body && textLength(best) >= 0.5 * all;
  return stands ? { element: best, everything: false } : { element: body, everything: true };
}
