// A table as a grid of cells: HTML tables with their spans and header rows, and what ARIA or style make a table. What
// values mean beyond that is not this file's business.

import { isElement, shownChildren, tagOf } from "../dom";
import { attributeOf, closest, hasAttribute, query, queryAll } from "../native";
import { hasLayout } from "../perceive/visibility";
import { isShown, lineText, linkOf } from "./shown";

/** One value of a table. */
export interface Cell {
  readonly element: Element;
  readonly text: string;
  readonly link: string;
}

/** A row as it is shown. */
export interface GridRow {
  readonly element: Element;
  readonly cells: readonly (Cell | undefined)[];
}

/** A table, read. */
export interface Grid {
  readonly columns: string[];
  readonly rows: readonly GridRow[];
}

const ROLES = /^(?:grid|table|treegrid)$/;
export const TABLES = "table,[role=table],[role=grid],[role=treegrid]";
const CELL_ROLES = /^(?:cell|columnheader|gridcell|rowheader)$/;
/** A span that claims to be larger than this is a mistake, or an attack. */
const MAX_SPAN = 1000;
const MAX_COLUMNS = 1000;

/** Whether an element is a table, by tag, role or style. */
export function isTable(element: Element): boolean {
  const role = attributeOf(element, "role");
  if (role !== null) return ROLES.test(role);
  if (tagOf(element) === "table") return true;
  return hasLayout && /^(?:inline-)?table$/.test(getComputedStyle(element).display);
}

/** Whether a table holds data rather than the parts of a page. */
export function isDataTable(table: Element): boolean {
  const role = attributeOf(table, "role");
  if (role === "presentation" || role === "none") return false;
  if (query(table, "th,caption,thead,[role=columnheader],[role=rowheader]") !== null) return true;
  if (query(table, "table,form,h1,h2,h3,ul,ol") !== null) return false;
  const rows = rowsOf(table);
  const width = rows[0] === undefined ? 0 : cellsOf(rows[0]).length;
  return rows.length > 1 && width > 1 && rows.every((row) => Math.abs(cellsOf(row).length - width) <= 1);
}

/** The rows of a table without those of tables in it. */
export function rowsOf(table: Element): Element[] {
  const found = Array.from(queryAll(table, "tr,[role=row]")).filter((row) => closest(row, TABLES) === table);
  if (found.length > 0 || tagOf(table) === "table") return found.filter(isShown);
  return byDisplay(table, "table-row");
}

/** Elements that style makes rows or cells, through groups of rows. */
function byDisplay(element: Element, display: string): Element[] {
  if (!hasLayout) return [];
  const found: Element[] = [];
  for (const child of shownChildren(element)) {
    if (!isElement(child) || !isShown(child)) continue;
    const own = getComputedStyle(child).display;
    if (own === display) found.push(child);
    else if (/^(?:contents|table-(?:row|header|footer)-group)$/.test(own)) found.push(...byDisplay(child, display));
  }
  return found;
}

function isCell(element: Element): boolean {
  const tag = tagOf(element);
  return tag === "td" || tag === "th" || CELL_ROLES.test(attributeOf(element, "role") ?? "");
}

/** The cells of a row; they may be wrapped, as grids with pinned columns do. */
export function cellsOf(row: Element): Element[] {
  const found: Element[] = [];
  for (const child of shownChildren(row)) {
    if (!isElement(child)) continue;
    if (isCell(child)) {
      if (isShown(child)) found.push(child);
    } else if (query(child, "td,th,[role=cell],[role=gridcell],[role=columnheader],[role=rowheader]") !== null) {
      found.push(...cellsOf(child));
    }
  }
  return found.length > 0 ? found : byDisplay(row, "table-cell");
}

function isHeader(cell: Element): boolean {
  const role = attributeOf(cell, "role");
  if (role !== null && CELL_ROLES.test(role)) return role === "columnheader";
  return tagOf(cell) === "th" && !/^row/.test(attributeOf(cell, "scope") ?? "");
}

function isHeaderRow(row: Element, cells: readonly Element[]): boolean {
  if (cells.length === 0) return false;
  if (closest(row, "thead") !== null) return true;
  if (hasLayout && row.parentElement !== null) {
    if (getComputedStyle(row.parentElement).display === "table-header-group") return true;
  }
  return cells.some(isHeader) && cells.every((cell) => isHeader(cell) || lineText(cell) === "");
}

function spanOf(cell: Element, name: "colspan" | "rowspan", rest: number): number {
  const given = attributeOf(cell, name) ?? attributeOf(cell, `aria-${name}`);
  const span = given === null ? 1 : Number.parseInt(given, 10);
  if (name === "rowspan" && span === 0 && hasAttribute(cell, "rowspan")) return rest;
  return span >= 1 ? Math.min(span, MAX_SPAN) : 1;
}

function read(cell: Element): Cell {
  return { element: cell, text: lineText(cell), link: linkOf(cell, cell) };
}

/** Lays the cells of rows out; a cell that spans stands in each place that it covers. */
function layOut(rows: readonly (readonly Element[])[]): (Cell | undefined)[][] {
  const grid: (Cell | undefined)[][] = rows.map(() => []);
  rows.forEach((cells, y) => {
    let x = 0;
    for (const element of cells) {
      while (grid[y]?.[x] !== undefined) x++;
      if (x >= MAX_COLUMNS) break;
      const cell = read(element);
      const across = Math.min(spanOf(element, "colspan", 1), MAX_COLUMNS - x);
      const down = Math.min(spanOf(element, "rowspan", rows.length - y), rows.length - y);
      for (let dy = 0; dy < down; dy++) for (let dx = 0; dx < across; dx++) put(grid[y + dy], x + dx, cell);
      x += across;
    }
  });
  return grid;
}

function put(row: (Cell | undefined)[] | undefined, at: number, cell: Cell): void {
  if (row !== undefined && row[at] === undefined) row[at] = cell;
}

/** The names of columns: what the header cells over each say, from top to bottom, and each text once. */
function namesOf(headers: readonly (readonly (Cell | undefined)[])[], width: number): string[] {
  return Array.from({ length: width }, (_, column) => {
    const texts = headers.map((row) => row[column]?.text ?? "").filter((text) => text !== "");
    return [...new Set(texts)].join(" / ");
  });
}

/** Reads a table. Without header cells the columns are numbered. */
export function readTable(table: Element): Grid {
  const rows = rowsOf(table).map((element) => ({ element, cells: cellsOf(element) }));
  let heads = 0;
  while (heads < rows.length && isHeaderRow(rows[heads]?.element as Element, rows[heads]?.cells ?? [])) heads++;
  if (heads === rows.length) heads = Math.min(1, rows.length); // a table of nothing but header cells
  const grid = layOut(rows.map((row) => row.cells));
  const width = grid.reduce((most, row) => Math.max(most, row.length), 0);
  const names = namesOf(grid.slice(0, heads), width);
  const columns = names.some((name) => name !== "") ? names : names.map((_, index) => `column ${index + 1}`);
  const body = rows.slice(heads).map((row, index) => ({ element: row.element, cells: grid[heads + index] ?? [] }));
  return { columns, rows: body.filter((row) => isTold(row, names)) };
}

/** Header rows that a long table repeats, and empty ones, are no rows. */
function isTold(row: GridRow, names: readonly string[]): boolean {
  const texts = names.map((_, column) => row.cells[column]?.text ?? "");
  if (texts.every((text) => text === "") && row.cells.every((cell) => cell === undefined || cell.link === ""))
    return false;
  return !(
    row.cells.some((cell) => cell !== undefined && isHeader(cell.element)) && texts.every((t, i) => t === names[i])
  );
}
