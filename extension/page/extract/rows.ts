// Reads a table, or a list of alike items, as rows: finds which one is meant, reads it, and tells a part of it at a time.

import type { Rows } from "@gen/tabwire/v1/extract_pb";
import { cut, fold } from "../clean";
import { shownParent, tagOf } from "../dom";
import { bodyOf, queryAll, rootElementOf, textOf } from "../native";
import { headingOf } from "../perceive/context";
import { nameOf } from "../perceive/name";
import { align } from "./fields";
import { isAround } from "./main_content";
import { itemsIn, largestIn, type Repeated } from "./repeated";
import { isShown } from "./shown";
import { type Grid, isDataTable, isTable, readTable, rowsOf, TABLES } from "./table";

const DEFAULT_ROWS = 200;
/** One value is told up to here; a whole chapter is no value of a row. */
const CELL_LIMIT = 2_000;
const TITLE_LIMIT = 200;

/** What is to be read. */
type Source =
  | { readonly kind: "table"; readonly element: Element }
  | { readonly kind: "list"; readonly element: Element; readonly items: Element[] };

function asSource(element: Element): Source | null {
  if (isTable(element) && rowsOf(element).length > 0) return { kind: "table", element };
  const items = itemsIn(element);
  return items.length > 0 ? { kind: "list", element, items } : null;
}

function listSource({ holder, items }: Repeated): Source {
  return { kind: "list", element: holder, items };
}

/** The table or list around an element. */
function around(element: Element): Source | null {
  for (let at = shownParent(element), from = element; at !== null; from = at, at = shownParent(at)) {
    if (isTable(at) && isDataTable(at)) return { kind: "table", element: at };
    if (/^(?:body|html)$/.test(tagOf(at))) break;
    const items = itemsIn(at);
    if (items.some((item) => item === from || from.contains(item))) return { kind: "list", element: at, items };
  }
  return null;
}

/** How much a table says, to be compared with lists. */
function tableWorth(table: Element): number {
  const text = (textOf(table) ?? "").replace(/\s+/g, " ").length;
  for (let at: Element | null = table; at !== null; at = shownParent(at)) if (isAround(at)) return text * 0.1;
  return text * 2;
}

function largestTable(start: Element): { table: Element; worth: number } | null {
  let best: { table: Element; worth: number } | null = null;
  for (const table of queryAll(start, TABLES)) {
    if (!isShown(table) || !isDataTable(table)) continue;
    const worth = tableWorth(table);
    if (worth > (best?.worth ?? 0)) best = { table, worth };
  }
  return best;
}

/** The table or list below an element that says most. */
function largest(start: Element): Source | null {
  const table = largestTable(start);
  const list = largestIn(start);
  if (table !== null && (list === null || table.worth >= list.worth || table.table.contains(list.holder))) {
    return { kind: "table", element: table.table };
  }
  return list === null ? null : listSource(list);
}

/** Most of an element's text is in a part of it. */
function fills(part: Element, whole: Element): boolean {
  return (textOf(part) ?? "").trim().length * 2 >= (textOf(whole) ?? "").trim().length;
}

function sourceOf(element: Element | null): Source | null {
  if (element === null) {
    const all = bodyOf(document) ?? rootElementOf(document);
    return largest(all);
  }
  const own = asSource(element);
  if (own !== null) return own;
  const inside = largest(element);
  if (inside !== null && fills(inside.element, element)) return inside;
  return around(element) ?? inside;
}

function titleOf(element: Element): string {
  const heading = headingOf(element);
  const said = nameOf(element) || (heading === null ? "" : nameOf(heading) || fold(textOf(heading) ?? ""));
  return cut(said, TITLE_LIMIT);
}

function fromGrid(grid: Grid, from: number, to: number): Pick<Told, "columns" | "rows" | "total"> {
  const rows = grid.rows.slice(from, to).map(({ element, cells }) => ({
    element,
    cells: grid.columns.map((_, column) => cells[column]?.text ?? ""),
    links: grid.columns.map((_, column) => cells[column]?.link ?? ""),
  }));
  return { columns: grid.columns, rows, total: grid.rows.length };
}

/** Rows with their elements, before these have ids. */
interface Told {
  readonly columns: readonly string[];
  readonly rows: readonly { element: Element; cells: string[]; links: string[] }[];
  readonly total: number;
  readonly element: Element;
  readonly title: string;
}

function read(source: Source, from: number, to: number): Told {
  const { element } = source;
  const title = titleOf(element);
  if (source.kind === "table") return { ...fromGrid(readTable(element), from, to), element, title };
  const aligned = align(source.items, source.items.slice(from, to));
  return { ...aligned, total: source.items.length, element, title };
}

/** Reads the rows of a table or list: the one that an element is, holds or stands in, or the page's largest. */
export function readRows(
  element: Element | null,
  part: { readonly skip: number; readonly max: number },
  idOf: (element: Element) => number,
): Rows | null {
  const source = sourceOf(element);
  if (source === null) return null;
  const told = read(source, part.skip, part.skip + (part.max || DEFAULT_ROWS));
  return {
    $typeName: "tabwire.v1.Rows",
    columns: [...told.columns],
    rows: told.rows.map((row) => ({
      $typeName: "tabwire.v1.Row",
      cells: row.cells.map((cell) => cut(cell, CELL_LIMIT)),
      links: row.links,
      elementId: idOf(row.element),
    })),
    total: told.total,
    elementId: idOf(told.element),
    title: told.title,
  };
}
