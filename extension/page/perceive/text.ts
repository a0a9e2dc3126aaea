// The text of a part of the page as a person reads it: what is rendered, in blocks and lines, through shadow roots, with
// what fields show, and never a password.

import { visibleCharacters } from "../clean";
import { isElement, property, shownChildren, tagOf } from "../dom";
import { attributeOf, nodeTypeOf } from "../native";
import { isSecret } from "../secrets";
import { isLeaf, isSkipped } from "./classify";
import { hasLayout, Rendering, renderingOf } from "./visibility";

/** What separates the text of an element from its surroundings. */
function separator(element: Element, tag: string): string {
  if (tag === "td" || tag === "th") return "\t";
  if (tag === "p") return "\n\n";
  if (!hasLayout)
    return /^(a|abbr|b|button|code|em|i|input|label|select|small|span|strong|textarea)$/.test(tag) ? "" : "\n";
  const display = getComputedStyle(element).display;
  if (display === "inline" || display === "contents") return "";
  if (display.startsWith("inline")) return " ";
  return display === "table-cell" ? "\t" : "\n";
}

/** What a field shows, as text. */
function shownInField(element: Element, tag: string): string {
  if (tag === "select")
    return Array.from((element as HTMLSelectElement).selectedOptions, (option) => option.label).join(", ");
  if (tag === "img") return attributeOf(element, "alt") ?? "";
  if (tag !== "input" && tag !== "textarea") return "";
  const type = property<string>(element, "type") ?? "";
  if (isSecret(element) || /^(checkbox|color|file|hidden|image|radio|range)$/.test(type)) return "";
  return property<string>(element, "value") ?? "";
}

class Reader {
  private readonly out: string[] = [];
  private pending = "";

  /** Asks for a separation before the next text; the strongest one asked for counts. */
  separate(by: string): void {
    const strength = (mark: string): number => ["", " ", "\t", "\n", "\n\n"].indexOf(mark);
    if (strength(by) > strength(this.pending)) this.pending = by;
  }

  add(text: string, keepSpaces: boolean): void {
    const clean = visibleCharacters(text);
    const folded = keepSpaces ? clean : clean.replace(/\s+/g, " ");
    if (folded === "" || (folded === " " && !keepSpaces)) {
      if (folded === " ") this.separate(" ");
      return;
    }
    if (folded.startsWith(" ") && !keepSpaces) this.separate(" ");
    if (this.out.length > 0) this.out.push(this.pending);
    this.pending = "";
    this.out.push(keepSpaces ? folded : folded.trim());
    if (folded.endsWith(" ") && !keepSpaces) this.separate(" ");
  }

  read(node: Node, painted: boolean, keepSpaces: boolean): void {
    if (nodeTypeOf(node) === 3) {
      if (painted) this.add((node as Text).data, keepSpaces);
      return;
    }
    if (!isElement(node)) return;
    const tag = tagOf(node);
    if (tag === "br") {
      this.separate("\n");
      return;
    }
    if (isSkipped(tag)) return;
    const rendering = renderingOf(node);
    if (rendering === Rendering.None) return;
    const mark = separator(node, tag);
    this.separate(mark);
    const shown = rendering === Rendering.Painted;
    if (isLeaf(tag)) {
      const text = shown ? shownInField(node, tag) : "";
      if (text !== "") {
        this.separate(" ");
        this.add(text, tag === "textarea");
        this.separate(" ");
      }
    } else {
      const keeps = tag === "pre" || (keepSpaces && tag !== "p");
      for (const child of shownChildren(node)) this.read(child, shown, keeps);
    }
    this.separate(mark);
  }

  text(): string {
    return this.out.join("").trim();
  }
}

/** The readable text of an element. */
export function readableText(element: Element): string {
  const reader = new Reader();
  reader.read(element, renderingOf(element) === Rendering.Painted, false);
  return reader.text();
}
