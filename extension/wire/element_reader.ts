// Reads elements that a page has written (element_writer.ts). What comes from a page's process is not believed: each byte
// is held against the declaration, and what is not declared, of another type or no proper text does not get in. `checked`
// only does that, so that elements can be passed on as they are; `readElements` makes messages of them.

import { create, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { type Element, ElementSchema } from "@gen/tabwire/v1/state_pb";
import { ELEMENTS_TAG } from "./element_writer";
import { NotPlain } from "./plain";

/** Elements in their binary form that have been looked through, and how many they are. */
export interface WrittenElements {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

type Fields = Record<string, unknown>;

/** How one field is read. `put` is left out where fields are only looked through. */
interface FieldTable {
  readonly tag: number;
  readonly skip: (from: Bytes) => void;
  readonly put: (from: Bytes, to: Fields) => void;
}

/** The fields of a message by their tags. */
interface Table {
  readonly fields: readonly (FieldTable | undefined)[];
  readonly blank: Fields;
  /** Lists and maps are each message's own. */
  readonly own: readonly [string, "list" | "map"][];
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Texts up to this length are read letter by letter, which is faster than the browser's decoder. */
const SHORT = 24;

/** Looks through the elements. Throws NotPlain. */
export function checked(bytes: Uint8Array<ArrayBuffer>): WrittenElements {
  const from = new Bytes(bytes);
  const table = tableOf(ElementSchema);
  let count = 0;
  for (; from.at < from.end; count += 1) {
    if (from.varint() !== ELEMENTS_TAG) throw new NotPlain("something else among elements");
    inside(from, () => skipMessage(from, table));
  }
  return { bytes, count };
}

/** The elements as messages. Throws NotPlain. */
export function readElements({ bytes }: WrittenElements): Element[] {
  const from = new Bytes(bytes);
  const table = tableOf(ElementSchema);
  const elements: Element[] = [];
  while (from.at < from.end) {
    if (from.varint() !== ELEMENTS_TAG) throw new NotPlain("something else among elements");
    elements.push(inside(from, () => readMessage(from, table)) as unknown as Element);
  }
  return elements;
}

/** Bytes that are read from the start to `end`. */
class Bytes {
  at = 0;
  end: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.end = bytes.length;
  }

  /** An unsigned number of at most 32 bits. */
  varint(): number {
    const bytes = this.#bytes;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.at >= this.end) throw new NotPlain("a number is cut off");
      const byte = bytes[this.at++] as number;
      if (shift === 28 && byte > 15) break;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new NotPlain("a number has more than 32 bits");
  }

  double(): number {
    const at = this.skip(8);
    return this.#view.getFloat64(at, true);
  }

  /** Goes past so many bytes. Answers where they began. */
  skip(length: number): number {
    const { at } = this;
    if (length > this.end - at) throw new NotPlain("a field is cut off");
    this.at = at + length;
    return at;
  }

  /** Goes past a text. */
  skipText(): void {
    const length = this.varint();
    const start = this.skip(length);
    const bytes = this.#bytes;
    for (let index = start; index < this.at; index++) {
      if ((bytes[index] as number) > 127) {
        this.#decoded(start, this.at);
        return;
      }
    }
  }

  text(): string {
    const length = this.varint();
    const start = this.skip(length);
    if (length > SHORT) return this.#decoded(start, this.at);
    let text = "";
    for (let index = start; index < this.at; index++) {
      const code = this.#bytes[index] as number;
      if (code > 127) return this.#decoded(start, this.at);
      text += String.fromCharCode(code);
    }
    return text;
  }

  #decoded(start: number, end: number): string {
    try {
      return utf8.decode(this.#bytes.subarray(start, end));
    } catch {
      throw new NotPlain("a text is not UTF-8");
    }
  }
}

/** Reads what has its length in front of it, up to its end and no further. */
function inside<T>(from: Bytes, read: () => T): T {
  const length = from.varint();
  const { end } = from;
  if (length > end - from.at) throw new NotPlain("a message is cut off");
  from.end = from.at + length;
  const value = read();
  from.end = end;
  return value;
}

function fieldOf(from: Bytes, table: Table): FieldTable {
  const tag = from.varint();
  return table.fields[tag] ?? fail(`a field that is not declared, or of another type (${tag})`);
}

function skipMessage(from: Bytes, table: Table): void {
  while (from.at < from.end) fieldOf(from, table).skip(from);
}

function readMessage(from: Bytes, table: Table): Fields {
  const to = { ...table.blank };
  for (const [name, kind] of table.own) to[name] = kind === "list" ? [] : {};
  while (from.at < from.end) fieldOf(from, table).put(from, to);
  return to;
}

const tables = new Map<string, Table>();

function tableOf(schema: DescMessage): Table {
  const known = tables.get(schema.typeName);
  if (known !== undefined) return known;
  const fields: (FieldTable | undefined)[] = [];
  for (const field of schema.fields) {
    const table = fieldTable(field);
    fields[table.tag] = table;
  }
  const own = schema.fields.flatMap((field): [string, "list" | "map"][] =>
    field.fieldKind === "list" || field.fieldKind === "map" ? [[field.localName, field.fieldKind]] : [],
  );
  const table = { fields, blank: { ...(create(schema) as unknown as Fields) }, own };
  tables.set(schema.typeName, table);
  return table;
}

const VARINT = 0;
const DOUBLE = 1;
const LENGTH = 2;

function fieldTable(field: DescField): FieldTable {
  const name = field.localName;
  const tag = (wireType: number): number => (field.number << 3) | wireType;
  switch (field.fieldKind) {
    case "message": {
      const table = tableOf(field.message);
      return {
        tag: tag(LENGTH),
        skip: (from) => inside(from, () => skipMessage(from, table)),
        put: (from, to) => {
          to[name] = inside(from, () => readMessage(from, table));
        },
      };
    }
    case "list":
      return field.listKind === "message" ? messages(name, tag(LENGTH), field.message) : numbers(field, tag(LENGTH));
    case "map":
      return texts(field, tag(LENGTH));
    case "enum":
      return single(name, tag(VARINT), (from) => from.varint());
    default:
      return scalar(field, field.scalar, tag);
  }
}

function scalar(field: DescField, type: ScalarType, tag: (wireType: number) => number): FieldTable {
  const name = field.localName;
  switch (type) {
    case ScalarType.STRING:
      return {
        tag: tag(LENGTH),
        skip: (from) => from.skipText(),
        put: (from, to) => {
          to[name] = from.text();
        },
      };
    case ScalarType.BOOL:
      return single(name, tag(VARINT), (from) => from.varint() !== 0);
    case ScalarType.UINT32:
      return single(name, tag(VARINT), (from) => from.varint());
    case ScalarType.DOUBLE:
      return single(name, tag(DOUBLE), (from) => from.double());
    default:
      throw new Error(`${field.toString()} is of a type that elements had none of so far`);
  }
}

function single(name: string, tag: number, read: (from: Bytes) => unknown): FieldTable {
  return {
    tag,
    skip: (from) => void read(from),
    put: (from, to) => {
      to[name] = read(from);
    },
  };
}

function messages(name: string, tag: number, schema: DescMessage): FieldTable {
  const table = tableOf(schema);
  return {
    tag,
    skip: (from) => inside(from, () => skipMessage(from, table)),
    put: (from, to) => void (to[name] as Fields[]).push(inside(from, () => readMessage(from, table))),
  };
}

/** Lists of enum values, packed, are the only other ones of elements. */
function numbers(field: DescField & { fieldKind: "list" }, tag: number): FieldTable {
  if (field.listKind !== "enum") throw new Error(`${field.toString()} is of a type that elements had none of so far`);
  const read = (from: Bytes): number[] => {
    const list: number[] = [];
    inside(from, () => {
      while (from.at < from.end) list.push(from.varint());
    });
    return list;
  };
  return {
    tag,
    skip: (from) => void read(from),
    put: (from, to) => void (to[field.localName] as number[]).push(...read(from)),
  };
}

/** Maps of texts are the only ones of elements. */
function texts(field: DescField & { fieldKind: "map" }, tag: number): FieldTable {
  if (field.mapKind !== "scalar" || field.mapKey !== ScalarType.STRING || field.scalar !== ScalarType.STRING) {
    throw new Error(`${field.toString()} is of a type that elements had none of so far`);
  }
  const read = (from: Bytes): [string, string] => {
    const entry: [string, string] = ["", ""];
    inside(from, () => {
      while (from.at < from.end) {
        const part = from.varint();
        if (part !== 10 && part !== 18) fail("something else in a map");
        entry[part === 10 ? 0 : 1] = from.text();
      }
    });
    return entry;
  };
  return {
    tag,
    skip: (from) => void read(from),
    put: (from, to) => {
      const [key, value] = read(from);
      Object.defineProperty(to[field.localName], key, { value, enumerable: true, configurable: true, writable: true });
    },
  };
}

function fail(message: string): never {
  throw new NotPlain(message);
}
