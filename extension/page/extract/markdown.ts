// Writes what is shown of a part of the page as Markdown: headings, paragraphs, lists, links with full addresses, tables,
// code, quotations and pictures by their words. What a person does not see is left out.

import { fold, visibleCharacters } from "../clean";
import { isElement, property, shownChildren, tagOf } from "../dom";
import { attributeOf, childrenOf, hasAttribute, nodeTypeOf, query, textOf } from "../native";
import { flows, isSkipped } from "../perceive/classify";
import { nameOf } from "../perceive/name";
import { roleOf } from "../perceive/role";
import { hasLayout } from "../perceive/visibility";
import { isSecret } from "../secrets";
import { headingLevel } from "./headings";
import { isAround } from "./main_content";
import { addressOf, checkMark, isShown, showsOwnText } from "./shown";
import { isDataTable, isTable, readTable } from "./table";

/** Deeper than this nothing is written by anybody; what is there is told as plain text. */
const DEEPEST = 400;

const BLOCKS = new Set(
  (
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 " +
    "h3 h4 h5 h6 header hgroup hr html li main menu nav ol p pre search section summary table tbody td tfoot th thead tr ul"
  ).split(" "),
);

const EMPHASIS: Readonly<Record<string, string>> = {
  b: "**",
  code: "`",
  del: "~~",
  em: "*",
  i: "*",
  kbd: "`",
  s: "~~",
  samp: "`",
  strong: "**",
  tt: "`",
};

/** Signs at the start of a line that would make something else of a paragraph. */
const STARTS = /^(?:#{1,6}(?=\s)|[-+*](?=\s)|>|\d{1,9}(?=[.)]\s)|```|~~~)/;

function escapeStart(text: string): string {
  return text.replace(STARTS, (sign) => (/^\d/.test(sign) ? `${sign}\\` : `\\${sign}`));
}

function indent(block: string, by: string): string {
  return block
    .split("\n")
    .map((line, index) => (index === 0 || line === "" ? line : by + line))
    .join("\n");
}

/** Whether an element stands apart from the text around it. */
function isBlock(element: Element): boolean {
  const tag = tagOf(element);
  if (BLOCKS.has(tag)) return !hasLayout || getComputedStyle(element).display !== "inline";
  if (!flows(tag) && tag.includes("-")) return hasBlockInside(element);
  if (!hasLayout) return false;
  return /^(?:block|flex|grid|list-item|table)$/.test(getComputedStyle(element).display) || hasBlockInside(element);
}

function hasBlockInside(element: Element): boolean {
  for (const child of shownChildren(element)) {
    if (!isElement(child)) continue;
    if (BLOCKS.has(tagOf(child)) || (child.tagName.includes("-") && hasBlockInside(child))) return true;
    if (/^(?:a|slot|span)$/.test(tagOf(child)) && hasBlockInside(child)) return true;
  }
  return false;
}

/** Turns a part of the page into Markdown. */
class Writer {
  /** Leave out what goes around the main part. */
  private readonly onlyMain: boolean;
  /** The link that all of this is in, which goes to the first text in it. */
  private link = "";
  private depth = 0;

  constructor(onlyMain: boolean) {
    this.onlyMain = onlyMain;
  }

  /** The blocks in an element. */
  blocks(element: Element): string[] {
    const found: string[] = [];
    let line = "";
    const end = (): void => {
      const text = this.paragraph(line);
      if (text !== "") found.push(text);
      line = "";
    };
    const seen = showsOwnText(element);
    for (const node of shownChildren(element)) {
      if (nodeTypeOf(node) === 3 && seen) line += (node as Text).data;
      if (!isElement(node) || !this.isTold(node)) continue;
      if (isBlock(node)) {
        end();
        found.push(...this.block(node));
      } else line += this.inline(node);
    }
    end();
    return found;
  }

  private isTold(element: Element): boolean {
    return isShown(element) && !(this.onlyMain && isAround(element));
  }

  private paragraph(line: string): string {
    const lines = line.split("\n\u0001").map((part) => fold(part));
    const text = lines.filter((part, index) => part !== "" || (index > 0 && index < lines.length - 1)).join("  \n");
    if (text.trim() === "") return "";
    if (this.link === "") return escapeStart(text);
    const linked = `[${text}](${this.link})`;
    this.link = "";
    return linked;
  }

  /** One block, as the blocks it makes. */
  block(element: Element): string[] {
    if (this.depth >= DEEPEST) return [fold(textOf(element) ?? "")].filter((text) => text !== "");
    this.depth++;
    try {
      return this.blockOf(element, tagOf(element));
    } finally {
      this.depth--;
    }
  }

  private blockOf(element: Element, tag: string): string[] {
    const level = headingLevel(element);
    if (level > 0) {
      const text = this.paragraph(this.inlineOf(element));
      return text === "" ? [] : [`${"#".repeat(level)} ${text.replace(/\s*\n\s*/g, " ")}`];
    }
    if (tag === "hr") return ["---"];
    if (tag === "pre") return this.code(element);
    if (tag === "blockquote") return quoted(this.blocks(element));
    const role = attributeOf(element, "role");
    if (/^(?:menu|ol|ul)$/.test(tag) || role === "list") return this.list(element, tag === "ol");
    if (tag === "dl") return this.definitions(element);
    if (isTable(element) && isDataTable(element)) return this.table(element);
    if (tag === "a") return this.linked(element);
    return this.blocks(element);
  }

  /** A link around blocks, as cards are: its first text carries it. */
  private linked(element: Element): string[] {
    const before = this.link;
    this.link = addressOf(element);
    const blocks = this.blocks(element);
    this.link = before;
    return blocks;
  }

  private code(element: Element): string[] {
    const code = query(element, "code");
    const words = `${attributeOf(element, "class") ?? ""} ${(code && attributeOf(code, "class")) ?? ""}`;
    const language = /\b(?:language|lang|highlight-source)-([\w+#-]+)/.exec(words)?.[1] ?? "";
    // biome-ignore lint/performance/useDomNodeTextContent: lines are what a person sees, so layout has to be asked
    const text = visibleCharacters((element as HTMLElement).innerText ?? textOf(element) ?? "").replace(/\n+$/, "");
    if (text.trim() === "") return [];
    const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), (match) => match[0].length));
    const fence = "`".repeat(Math.max(3, longest + 1));
    return [`${fence}${language}\n${text}\n${fence}`];
  }

  private list(element: Element, ordered: boolean): string[] {
    let number = ordered ? (property<number>(element, "start") ?? 1) : 0;
    const items: string[] = [];
    for (const child of shownChildren(element)) {
      if (!isElement(child) || !this.isTold(child)) continue;
      const blocks = this.depth < DEEPEST ? this.item(child) : [];
      if (blocks.length === 0) continue;
      const given = Number.parseInt(attributeOf(child, "value") ?? "", 10);
      if (ordered && !Number.isNaN(given)) number = given;
      const marker = ordered ? `${number++}. ` : "- ";
      // Lists in an item follow its text at once; other blocks stand apart from each other.
      const text = blocks.reduce((all, block) => all + (isListBlock(block) ? "\n" : "\n\n") + block);
      items.push(marker + indent(text, " ".repeat(marker.length)));
    }
    return items.length === 0 ? [] : [items.join("\n")];
  }

  private item(element: Element): string[] {
    return isBlock(element) || tagOf(element) === "li" ? this.block(element) : [this.paragraph(this.inline(element))];
  }

  private definitions(element: Element): string[] {
    const lines: string[] = [];
    for (const child of shownChildren(element)) {
      if (!isElement(child) || !this.isTold(child)) continue;
      const tag = tagOf(child);
      if (tag === "div") lines.push(...this.definitions(child));
      else if (tag === "dt") lines.push(`**${fold(this.inlineOf(child))}**`);
      else if (tag === "dd") lines.push(`: ${indent(this.blocks(child).join("\n\n"), "  ")}`);
    }
    return lines.length === 0 ? [] : [lines.join("\n")];
  }

  private table(element: Element): string[] {
    const caption = query(element, "caption");
    const title = caption !== null && isShown(caption) ? fold(textOf(caption) ?? "") : "";
    const grid = readTable(element);
    if (grid.columns.length === 0) return title === "" ? [] : [title];
    const row = (cells: readonly string[]): string =>
      `| ${cells.map((cell) => cell.replace(/\|/g, "\\|")).join(" | ")} |`;
    const body = grid.rows.map(({ cells }) =>
      row(grid.columns.map((_, column) => this.cell(cells[column]?.element, cells[column]?.text ?? ""))),
    );
    const lines = [row(grid.columns), row(grid.columns.map(() => "---")), ...body];
    return [...(title === "" ? [] : [`**${title}**`]), lines.join("\n")];
  }

  private cell(element: Element | undefined, text: string): string {
    if (element === undefined || childrenOf(element).length === 0) return text;
    return fold(this.inlineOf(element).replaceAll("\n\u0001", " ")) || text;
  }

  /** All that is in an element in one line; `\n\u0001` stands for a line break. */
  private inlineOf(element: Element): string {
    let line = "";
    const seen = showsOwnText(element);
    for (const node of shownChildren(element)) {
      if (nodeTypeOf(node) === 3) line += seen ? (node as Text).data : "";
      else if (isElement(node) && this.isTold(node))
        line += isBlock(node) ? ` ${this.inline(node)} ` : this.inline(node);
    }
    return line;
  }

  private inline(element: Element): string {
    const tag = tagOf(element);
    if (isSkipped(tag) || this.depth >= DEEPEST) return "";
    this.depth++;
    try {
      return this.inlineTag(element, tag);
    } finally {
      this.depth--;
    }
  }

  private inlineTag(element: Element, tag: string): string {
    switch (tag) {
      case "br":
        return "\n\u0001";
      case "img":
        return picture(fold(attributeOf(element, "alt") ?? ""), element);
      case "svg":
      case "canvas":
        return named(element);
      case "math":
        return formula(element);
      case "input":
      case "select":
      case "textarea":
        return field(element, tag);
      case "q":
        return `“${this.inlineOf(element)}”`;
      case "audio":
      case "iframe":
      case "object":
      case "video":
        return "";
    }
    const inside = this.inlineOf(element);
    if (tag === "a") return withLink(inside, addressOf(element));
    const sign = EMPHASIS[tag];
    if (sign !== undefined) return wrapped(inside, sign);
    const box = attributeOf(element, "role") === null ? "" : checkMark(element);
    return box === "" ? inside : `${box} ${inside}`;
  }
}

function isListBlock(block: string): boolean {
  return /^(?:- |\d+\. )/.test(block);
}

function quoted(blocks: readonly string[]): string[] {
  if (blocks.length === 0) return [];
  const lines = blocks.join("\n\n").split("\n");
  return [lines.map((line) => (line === "" ? ">" : `> ${line}`)).join("\n")];
}

/** Signs go around the words and not around the spaces at their ends. */
function wrapped(text: string, sign: string): string {
  const core = text.replaceAll("\n\u0001", " ").trim();
  if (core === "" || core.startsWith(sign) || (sign === "`" && core.includes("`"))) return text;
  const [before = "", after = ""] = [/^\s*/.exec(text)?.[0], /\s*$/.exec(text)?.[0]];
  return `${before}${sign}${core}${sign}${after}`;
}

function withLink(text: string, address: string): string {
  const core = fold(text.replaceAll("\n\u0001", " "));
  if (core === "" || address === "") return text;
  const [before = "", after = ""] = [/^\s*/.exec(text)?.[0], /\s*$/.exec(text)?.[0]];
  return `${before}[${core.replace(/\](?=\()/g, "\\]")}](${address.replace(/[()\s]/g, encodeURIComponent)})${after}`;
}

function picture(alt: string, image: Element): string {
  if (alt === "") return "";
  const source = property<string>(image, "currentSrc") || property<string>(image, "src") || "";
  return `![${alt}](${/^https?:/.test(source) ? source : ""})`;
}

function named(element: Element): string {
  const name = roleOf(element) === "img" || hasAttribute(element, "aria-label") ? nameOf(element) : "";
  return name === "" ? "" : `![${name}]()`;
}

function formula(element: Element): string {
  const source = query(element, 'annotation[encoding*="tex" i]');
  const text = source === null ? attributeOf(element, "alttext") : textOf(source);
  return text === null ? fold(textOf(element) ?? "") : `$${fold(text)}$`;
}

function field(element: Element, tag: string): string {
  if (isSecret(element)) return "";
  if (tag === "select") {
    const chosen = Array.from((element as HTMLSelectElement).selectedOptions, (option) => fold(option.label));
    return ` ${chosen.join(", ")} `;
  }
  const mark = checkMark(element);
  if (mark !== "") return `${mark} `;
  if (/^(?:color|file|hidden|image|range)$/.test(property<string>(element, "type") ?? "")) return "";
  return ` ${fold(property<string>(element, "value") ?? "")} `;
}

/** An element as Markdown. `onlyMain` leaves out navigation, banners, footers and the like. */
export function toMarkdown(element: Element, onlyMain: boolean): string {
  const writer = new Writer(onlyMain);
  const alone = headingLevel(element) > 0 || /^(?:a|blockquote|dl|li|menu|ol|p|pre|table|ul)$/.test(tagOf(element));
  const blocks = alone || isTable(element) ? writer.block(element) : writer.blocks(element);
  return blocks.join("\n\n");
}
