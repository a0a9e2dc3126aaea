// Writes elements in protobuf's binary form, as the field actionable_elements of a PageState: thousands of them at once,
// which is why it is written out by hand. The page uses it, so it is small and without the protobuf runtime. What is written
// is checked against the declaration field by field (tests/wire/element_writer.test.ts), and read by element_reader.ts.

import type { Element, ElementStates, Rect, SelectOption } from "@gen/tabwire/v1/state_pb";

/** The tag of PageState.actionable_elements. */
export const ELEMENTS_TAG = (5 << 3) | 2;

/** Texts up to this length are written letter by letter, which is faster than the browser's encoder. */
const SHORT = 48;
/** No character takes more bytes. */
const MAX_BYTES = 3;
/** More than all but the texts and lists of an element takes. */
const FIXED_BYTES = 256;

const utf8 = new TextEncoder();

/** The elements one after another, each with its tag and length. */
export function writeElements(elements: readonly Element[]): Uint8Array<ArrayBuffer> {
  const writer = new ElementWriter(Math.min(elements.length * 192, 2 ** 22));
  for (const element of elements) writer.element(ELEMENTS_TAG, element);
  return writer.taken();
}

/** Bytes that grow. Each message is written behind room for its length, and moved if it needs more of that. */
class ElementWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #at = 0;

  constructor(room: number) {
    this.#bytes = new Uint8Array(Math.max(room, 1_024));
    this.#view = new DataView(this.#bytes.buffer);
  }

  taken(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at);
  }

  element(tag: number, element: Element): void {
    this.#room(FIXED_BYTES);
    const start = this.#begin(tag);
    this.#number(8, element.id);
    this.#number(16, element.type);
    this.#text(26, element.tag);
    this.#text(34, element.textContent);
    if (element.currentValue !== undefined) this.#given(42, element.currentValue);
    for (const key in element.attributes) this.#entry(50, key, element.attributes[key] ?? "");
    this.#flag(56, element.isVisible);
    this.#numbers(66, element.availableOperations);
    this.#text(74, element.role);
    this.#text(82, element.name);
    if (element.states !== undefined) this.#states(90, element.states);
    if (element.bounds !== undefined) this.#rect(98, element.bounds);
    this.#number(104, element.frameSlot);
    for (const option of element.options) this.#option(114, option);
    this.#number(120, element.optionsOmitted);
    this.#text(130, element.form);
    this.#text(138, element.landmark);
    this.#text(146, element.heading);
    this.#flag(152, element.isNew);
    this.#number(160, element.parentId);
    this.#flag(168, element.inViewport);
    this.#text(178, element.row);
    this.#text(186, element.column);
    this.#end(start);
  }

  #states(tag: number, states: ElementStates): void {
    const start = this.#begin(tag);
    this.#number(8, states.checked);
    this.#number(16, states.selected);
    this.#number(24, states.pressed);
    this.#number(32, states.expanded);
    this.#flag(40, states.disabled);
    this.#flag(48, states.required);
    this.#flag(56, states.invalid);
    this.#flag(64, states.readonly);
    this.#flag(72, states.focused);
    this.#flag(80, states.obscured);
    this.#end(start);
  }

  #rect(tag: number, rect: Rect): void {
    const start = this.#begin(tag);
    this.#double(9, rect.x);
    this.#double(17, rect.y);
    this.#double(25, rect.width);
    this.#double(33, rect.height);
    this.#end(start);
  }

  #option(tag: number, option: SelectOption): void {
    this.#room(FIXED_BYTES);
    const start = this.#begin(tag);
    this.#number(8, option.index);
    this.#text(18, option.label);
    this.#text(26, option.value);
    this.#flag(32, option.selected);
    this.#flag(40, option.disabled);
    this.#end(start);
  }

  #entry(tag: number, key: string, value: string): void {
    this.#room(FIXED_BYTES);
    const start = this.#begin(tag);
    this.#given(10, key);
    this.#given(18, value);
    this.#end(start);
  }

  #numbers(tag: number, numbers: readonly number[]): void {
    if (numbers.length === 0) return;
    this.#room(FIXED_BYTES + 5 * numbers.length);
    const start = this.#begin(tag);
    for (const number of numbers) this.#varint(number);
    this.#end(start);
  }

  #number(tag: number, value: number): void {
    if (value === 0) return;
    this.#varint(tag);
    this.#varint(value);
  }

  #flag(tag: number, value: boolean): void {
    if (!value) return;
    this.#varint(tag);
    this.#bytes[this.#at++] = 1;
  }

  /** Only positive zero is left out, as everywhere in protobuf. */
  #double(tag: number, value: number): void {
    if (Object.is(value, 0)) return;
    this.#varint(tag);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  #text(tag: number, value: string): void {
    if (value !== "") this.#given(tag, value);
  }

  /** A text that is written also where it is empty. */
  #given(tag: number, value: string): void {
    this.#room(value.length * MAX_BYTES + FIXED_BYTES);
    const start = this.#begin(tag);
    if (!this.#letters(value)) this.#at += utf8.encodeInto(value, this.#bytes.subarray(this.#at)).written;
    this.#end(start);
  }

  /** False, and nothing is written, if the text is long or has other than ASCII letters. */
  #letters(value: string): boolean {
    const { length } = value;
    if (length > SHORT) return false;
    const bytes = this.#bytes;
    const at = this.#at;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code > 127) return false;
      bytes[at + index] = code;
    }
    this.#at = at + length;
    return true;
  }

  /** All numbers of an element are unsigned and have at most 32 bits. */
  #varint(value: number): void {
    let rest = value >>> 0;
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  #begin(tag: number): number {
    this.#varint(tag);
    this.#at += 1;
    return this.#at;
  }

  #end(start: number): void {
    const length = this.#at - start;
    if (length < 128) {
      this.#bytes[start - 1] = length;
      return;
    }
    const more = length < 2 ** 14 ? 1 : length < 2 ** 21 ? 2 : 3;
    this.#room(more);
    this.#bytes.copyWithin(start + more, start, this.#at);
    this.#at = start - 1;
    this.#varint(length);
    this.#at += length;
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
