// The header of a table's column, for what stands in the cells of it. Found once for each table and state, from the header
// rows, `headers` attributes, spans and ARIA roles; layout tables have no headers and cost nothing more than that look.

import { cut, fold } from "../clean";
import { rootOf, tagOf } from "../dom";
import {
  attributeOf,
  childrenOf,
  closest,
  firstElementOf,
  hasAttribute,
  parentElementOf,
  query,
  queryAll,
  textOf,
} from "../native";

const HEADER_TEXT = 80;
const CELL_ROLES = new Set("cell columnheader gridcell rowheader".split(" "));
const HEADER_ROLE = "columnheader";
/** Whether an element is the cell of a table. */
export function isCell(element: Element): boolean {
  const tag = tagOf(element);
  if (tag === "td" || tag === "th") return true;
  const role = attributeOf(element, "role");
  return role !== null && CELL_ROLES.has(role);
}

function isHeader(cell: Element): boolean {
  const role = attributeOf(cell, "role");
  if (role !== null) return role === HEADER_ROLE;
  return tagOf(cell) === "th" && !/^row/.test(attributeOf(cell, "scope") ?? "");
}

function spanOf(cell: Element, name: "colspan" | "rowspan"): number {
  const span = Number.parseInt(attributeOf(cell, name) ?? attributeOf(cell, `aria-${name}`) ?? "1", 10);
  return span >= 1 && span <= 1000 ? span : 1;
}

/** What is known of the columns of one table. */
interface Columns {
  /** Header text by column. */
  readonly headers: readonly string[];
  /** Columns by cell; only in tables in which cells reach over several rows. */
  readonly placed: ReadonlyMap<Element, number> | null;
}

const NONE: Columns = { headers: [], placed: null };

function cellsOf(row: Element): Element[] {
  return Array.from(childrenOf(row)).filter(isCell);
}

/** Rows that come before all others and hold nothing but headers, and those of a table's head. */
function headerRows(rows: readonly Element[]): Element[] {
  const found: Element[] = [];
  for (const row of rows) {
    const cells = cellsOf(row);
    if (cells.length === 0) continue;
    const parent = parentElementOf(row);
    const inHead = parent !== null && tagOf(parent) === "thead";
    const only = cells.every((cell) => isHeader(cell) || fold(textOf(cell) ?? "") === "");
    if (!(only && cells.some(isHeader)) && !inHead) break;
    found.push(row);
  }
  return found;
}

function headerText(cell: Element): string {
  const label = fold(attributeOf(cell, "aria-label") ?? "");
  return cut(label !== "" ? label : fold(textOf(cell) ?? ""), HEADER_TEXT);
}

/** Places the cells of rows in columns, with those that reach down from rows above. */
function place(rows: readonly Element[], put: (cell: Element, column: number, span: number) => void): void {
  let reaching: { column: number; span: number; left: number }[] = [];
  for (const row of rows) {
    let column = 0;
    const next = reaching.map((cell) => ({ ...cell, left: cell.left - 1 })).filter((cell) => cell.left > 0);
    const taken = (at: number): boolean => reaching.some((cell) => at >= cell.column && at < cell.column + cell.span);
    for (const cell of cellsOf(row)) {
      while (taken(column)) column++;
      const span = spanOf(cell, "colspan");
      put(cell, column, span);
      const down = spanOf(cell, "rowspan");
      if (down > 1) next.push({ column, span, left: down - 1 });
      column += span;
    }
    reaching = next;
  }
}

function rowsOf(table: Element): Element[] {
  if (tagOf(table) === "table" && !hasAttribute(table, "role")) return Array.from((table as HTMLTableElement).rows);
  return Array.from(queryAll(table, "tr,[role=row]")).filter((row) => closest(row, TABLES) === table);
}

export const TABLES = "table,[role=table],[role=grid],[role=treegrid]";

function columnsOf(table: Element): Columns {
  if (query(table, `th,thead,[role=${HEADER_ROLE}]`) === null) return NONE;
  const rows = rowsOf(table);
  const heads = headerRows(rows);
  if (heads.length === 0) return NONE;
  const texts: string[][] = [];
  place(heads, (cell, column, span) => {
    const text = headerText(cell);
    if (text === "") return;
    for (let at = column; at < column + span; at++) {
      texts[at] ??= [];
      texts[at]?.push(text);
    }
  });
  const headers = Array.from(texts, (parts) => (parts ?? []).join(" / "));
  if (query(table, "[rowspan],[aria-rowspan]") === null) return { headers, placed: null };
  const placed = new Map<Element, number>();
  place(rows, (cell, column) => placed.set(cell, column));
  return { headers, placed };
}

/** Finds the headers of columns, for one state. */
export class ColumnHeaders {
  private readonly tables = new Map<Element, Columns>();
  /** The columns of a row's cells; found for the whole row at the first cell that is asked for. */
  private readonly rows = new Map<Element, Map<Element, number>>();

  /** The header of the column that a cell stands in; empty if there is none. */
  of(cell: Element | null): string {
    if (cell === null || isHeader(cell)) return "";
    const table = closest(cell, TABLES);
    if (table === null) return "";
    const named = attributeOf(cell, "headers");
    if (named !== null) return byIds(cell, named);
    let columns = this.tables.get(table);
    if (columns === undefined) {
      columns = columnsOf(table);
      this.tables.set(table, columns);
    }
    if (columns === NONE) return "";
    const place = columns.placed?.get(cell) ?? this.placeInRow(cell);
    return columns.headers[place] ?? "";
  }

  private placeInRow(cell: Element): number {
    const index = Number.parseInt(attributeOf(cell, "aria-colindex") ?? "", 10);
    if (index >= 1) return index - 1;
    const row = parentElementOf(cell);
    if (row === null || firstElementOf(row) === null) return 0;
    let places = this.rows.get(row);
    if (places === undefined) {
      places = new Map();
      let column = 0;
      for (const each of cellsOf(row)) {
        places.set(each, column);
        column += spanOf(each, "colspan");
      }
      this.rows.set(row, places);
    }
    return places.get(cell) ?? 0;
  }
}

/** What the cells named by a `headers` attribute say, without those that head the row. */
function byIds(cell: Element, ids: string): string {
  const root = rootOf(cell);
  const texts = ids
    .trim()
    .split(/\s+/)
    .map((id) => (id === "" ? null : root.getElementById(id)))
    .filter((header): header is HTMLElement => header !== null && isHeader(header))
    .map(headerText);
  return texts.filter((text) => text !== "").join(" / ");
}
