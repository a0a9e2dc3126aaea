// What an element is told with that belongs to its surroundings: the names of its form, landmark, heading, row or card and
// column. It is the same for many elements and costs time to find, so it is kept: for one state, or, with a memory, for as long
// as nothing has changed in what it was read from.

import { cut, fold } from "../clean";
import { closest, textOf } from "../native";
import { Ancestry, type Link } from "./ancestry";
import { ColumnHeaders, TABLES } from "./columns";
import { cardOf, formName, landmarkName, rowKey } from "./context";
import type { PageMemory } from "./index_memory";
import { nameOf } from "./name";

const HEADING = 120;

function headingText(heading: Element): string {
  return cut(nameOf(heading) || fold(textOf(heading) ?? ""), HEADING);
}

interface Kept {
  readonly text: string;
  readonly stamp: number;
  /** The take in which it was last found to hold. */
  take: number;
}

/** Texts of one kind, by element. */
class Texts {
  private readonly read: (element: Element) => string;
  private readonly memory: PageMemory | null;
  private readonly kept = new WeakMap<Element, Kept>();

  constructor(read: (element: Element) => string, memory: PageMemory | null) {
    this.read = read;
    this.memory = memory;
  }

  of(element: Element | null, take: number): string {
    if (element === null) return "";
    const known = this.kept.get(element);
    if (known !== undefined && (known.take === take || this.memory?.isAsAt(element, known.stamp) === true)) {
      known.take = take;
      return known.text;
    }
    return this.readAnew(element, take);
  }

  private readAnew(element: Element, take: number): string {
    const text = this.read(element);
    this.kept.set(element, { text, stamp: this.memory?.stamp ?? 0, take });
    return text;
  }

  /** Whether an element's text was told and is another one now. */
  differs(element: Element, take: number): boolean {
    const known = this.kept.get(element);
    return known !== undefined && known.take !== take && this.readAnew(element, take) !== known.text;
  }
}

interface Columns {
  readonly headers: ColumnHeaders;
  readonly stamp: number;
}

/** What surrounds the elements of one state, or of one document. */
export class Surroundings {
  private readonly forms: Texts;
  private readonly landmarks: Texts;
  private readonly headings: Texts;
  private readonly rows: Texts;
  private readonly tables = new WeakMap<Element, Columns>();
  private readonly memory: PageMemory | null;
  private ancestry = new Ancestry();
  private take = 0;

  constructor(memory: PageMemory | null = null) {
    this.memory = memory;
    this.forms = new Texts(formName, memory);
    this.landmarks = new Texts(landmarkName, memory);
    this.headings = new Texts(headingText, memory);
    this.rows = new Texts(rowKey, memory);
  }

  /** Something may have changed since it was asked last. */
  beginTake(): void {
    this.take++;
    this.ancestry = new Ancestry();
  }

  /** Those of the elements by which others are told, and of which something else is to be told now. */
  changed(elements: Iterable<Element>, headings: readonly Element[]): ReadonlySet<Element> {
    const { take } = this;
    const found = new Set<Element>();
    for (const element of elements) {
      const differ = [this.forms, this.landmarks, this.headings, this.rows].filter((texts) =>
        texts.differs(element, take),
      );
      if (differ.length > 0) found.add(element);
    }
    for (const heading of headings) if (this.headings.differs(heading, take)) found.add(heading);
    return found;
  }

  form(element: Element | null): string {
    return this.forms.of(element, this.take);
  }

  landmark(element: Element | null): string {
    return this.landmarks.of(element, this.take);
  }

  heading(element: Element | null): string {
    return this.headings.of(element, this.take);
  }

  row(element: Element | null): string {
    return this.rows.of(element, this.take);
  }

  /** The nearest row or card around an element. */
  card(link: Link, row: Element | null): Element | null {
    return cardOf(link, row);
  }

  column({ cell }: Link): string {
    const table = cell === null ? null : closest(cell, TABLES);
    if (table === null) return "";
    const known = this.tables.get(table);
    // Whatever may change the shape of a table or its headings has all of it forgotten (index_changes.ts).
    const holds = known !== undefined && (this.memory?.isAllAsAt(table, known.stamp) ?? true);
    const headers = holds ? known.headers : new ColumnHeaders();
    if (!holds) this.tables.set(table, { headers, stamp: this.memory?.stamp ?? 0 });
    return headers.of(cell);
  }

  /** All around an element. `style` is its own style. */
  link(element: Element, style: CSSStyleDeclaration): Link {
    return this.ancestry.of(element, style);
  }
}
