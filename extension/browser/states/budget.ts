// Holds the limits of a page state over all documents of a tab together. Each document has kept to them for itself
// (page/perceive/limits.ts); here what is too much in all is left out, in the order of reading, and counted.

import { create } from "@bufbuild/protobuf";
import { type Element, OmittedSectionSchema, type StateRequest, type Truncation } from "@gen/tabwire/v1/state_pb";

/** How many elements, and bytes of text, a state holds if the asker does not say. */
export const DEFAULT_MAX_ELEMENTS = 500;
export const DEFAULT_MAX_TEXT_BYTES = 262_144;

/** At most so many sections are named of which something was left out. */
const MAX_SECTIONS = 20;
/** No character takes more bytes. */
const MAX_BYTES = 3;

/** What is left of the limits. */
export class Budget {
  #elements: number;
  #bytes: number;
  readonly #utf8 = new TextEncoder();
  #scratch = new Uint8Array(4_096);

  constructor(
    options: StateRequest,
    private readonly truncation: Truncation,
  ) {
    this.#elements = options.maxElements || DEFAULT_MAX_ELEMENTS;
    this.#bytes = options.maxTextBytes || DEFAULT_MAX_TEXT_BYTES;
  }

  /** Lists the element, with its text cut if it must be. False if there is no room: then it is counted as left out. */
  take(element: Element, list: Element[]): boolean {
    if (this.#elements === 0) {
      this.truncation.elementsOmitted += 1;
      this.truncation.elementsBelow += 1;
      return false;
    }
    this.#elements -= 1;
    this.#bytes -= this.#size(element.name) + this.#size(element.currentValue ?? "");
    const kept = this.#cut(element.textContent);
    this.#bytes -= this.#size(kept);
    if (kept.length === element.textContent.length) list.push(element);
    else {
      this.truncation.charactersCut += element.textContent.length - kept.length;
      list.push({ ...element, textContent: kept });
    }
    return true;
  }

  #size(text: string): number {
    if (text === "") return 0;
    if (this.#scratch.length < text.length * MAX_BYTES) this.#scratch = new Uint8Array(text.length * MAX_BYTES);
    return this.#utf8.encodeInto(text, this.#scratch).written;
  }

  #cut(text: string): string {
    if (text.length * MAX_BYTES <= this.#bytes || this.#size(text) <= this.#bytes) return text;
    const { read } = this.#utf8.encodeInto(text, new Uint8Array(Math.max(0, this.#bytes)));
    return text.slice(0, read);
  }
}

/** Counts elements of one section as left out that are counted in all already. */
export function addSection(truncation: Truncation, elementId: number, title: string, elementsOmitted: number): void {
  const known = truncation.sections.find((section) => section.elementId === elementId);
  if (known !== undefined) known.elementsOmitted += elementsOmitted;
  else truncation.sections.push(create(OmittedSectionSchema, { elementId, title, elementsOmitted }));
}

/** Puts the sections in order, the one that most was left out of first, and keeps to their number. */
export function rankSections(truncation: Truncation): void {
  truncation.sections.sort((a, b) => b.elementsOmitted - a.elementsOmitted || a.elementId - b.elementId);
  truncation.sections.splice(MAX_SECTIONS);
}
