// The actions that read a part of the page in a form of its own: as Markdown, and as rows of a table or list.

import type { ReadMarkdownAction, ReadRowsAction } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { cut } from "../clean";
import { PageError } from "../errors";
import { mainContent } from "../extract/main_content";
import { toMarkdown } from "../extract/markdown";
import { readRows as rowsOf } from "../extract/rows";
import { beginReading } from "../reading";
import type { ActContext, Outcome } from "./context";

/** At most so many characters of Markdown are answered. */
const MARKDOWN_LIMIT = 200_000;

/** Reads the main content of the document, or an element, as Markdown. */
export async function readMarkdown(action: ReadMarkdownAction, ctx: ActContext): Promise<Outcome> {
  beginReading();
  const target = action.elementId === 0 ? null : ctx.target(action.elementId);
  const main = target === null ? mainContent(document) : null;
  const whole =
    main === null ? toMarkdown(target?.element as Element, false) : toMarkdown(main.element, main.everything);
  const what = target === null ? "the main content" : `the ${target.words}`;
  if (whole.length <= MARKDOWN_LIMIT) {
    return { message: `Read ${what} as Markdown: ${whole.length} characters`, text: whole };
  }
  const left = whole.length - MARKDOWN_LIMIT;
  const text = `${cut(whole, MARKDOWN_LIMIT)}\n\n… (${left} more characters were left out)`;
  const message = `Read ${what} as Markdown: the first ${MARKDOWN_LIMIT} of ${whole.length} characters; read a part of it for the rest`;
  return { message, text };
}

/** Reads a table, or a list of alike items, as rows. */
export async function readRows(action: ReadRowsAction, ctx: ActContext): Promise<Outcome> {
  beginReading();
  const target = action.elementId === 0 ? null : ctx.target(action.elementId);
  const part = { skip: action.skipRows, max: action.maxRows };
  const rows = rowsOf(target?.element ?? null, part, (element) => ctx.registry.idOf(element));
  if (rows === null) {
    const where = target === null ? "The page" : `The ${target.words}`;
    throw new PageError(ErrorCode.TARGET_ELEMENT_NOT_FOUND, `${where} shows no table and no list of alike items.`, {
      remedy: "Use read_markdown for its text, or name an element inside of the list.",
    });
  }
  const from = action.skipRows + 1;
  const to = action.skipRows + rows.rows.length;
  const told = rows.rows.length === 0 ? "none of its rows are left" : `rows ${from} to ${to} of ${rows.total}`;
  const title = rows.title === "" ? "" : ` "${rows.title}"`;
  return { message: `Read the table or list${title}: ${told}`, extracted: { case: "rows", value: rows } };
}
