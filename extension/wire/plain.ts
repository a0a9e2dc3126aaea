// How messages travel to and from content scripts: as plain objects of the message's own shape, so that no page has to
// load protobuf to answer. This is the service worker's side. What comes from a page's process is rebuilt field by field
// from the declaration: a field of another type, or one that is not declared, does not get in.

import {
  create,
  type DescField,
  type DescMessage,
  type Message,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "./base64";

type Fields = Record<string, unknown>;

/** Thrown for an object that is not of the message's shape. */
export class NotPlain extends Error {}

/** The message as an object that Chrome can carry: 64-bit numbers as numbers, bytes as base64, no type names. */
export function toPlain<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): object {
  const from = message as unknown as Fields;
  const to: Fields = {};
  for (const member of schema.members) {
    const value = from[member.localName];
    if (member.kind === "oneof") {
      const { case: name, value: inner } = value as { case?: string; value?: unknown };
      const field = name === undefined ? undefined : schema.field[name];
      to[member.localName] = field === undefined ? {} : { case: name, value: given(field, inner) };
    } else if (value !== undefined) to[member.localName] = given(member, value);
  }
  return to;
}

/** The message that an object is of the shape of. Fields may be left out. Throws NotPlain. */
export function fromPlain<Desc extends DescMessage>(schema: Desc, plain: unknown): MessageShape<Desc> {
  return readerOf(schema)(plain) as MessageShape<Desc>;
}

/** Makes a message of an object. */
type Reader = (plain: unknown) => Fields;

/** Takes one member of the object over into the message. */
interface MemberReader {
  readonly name: string;
  readonly take: (value: unknown) => unknown;
}

/** A page state has thousands of messages of the same few kinds, so what is to be done for a kind is found out once. */
const readers = new Map<string, Reader>();

function readerOf(schema: DescMessage): Reader {
  const known = readers.get(schema.typeName);
  if (known !== undefined) return known;
  const members = schema.members.map(memberReader);
  const blank = create(schema) as unknown as Fields;
  const own = Object.entries(blank).filter(([, value]) => typeof value === "object" && value !== null);
  const reader: Reader = (plain) => {
    if (typeof plain !== "object" || plain === null) throw new NotPlain(`${schema.typeName} is no object`);
    const to = { ...blank };
    // Lists, maps and choices are each message's own.
    for (const [name, value] of own) to[name] = fresh(value);
    for (const { name, take } of members) {
      const value = (plain as Fields)[name];
      if (value === undefined || value === null) continue;
      const taken = take(value);
      if (taken !== undefined) to[name] = taken;
    }
    return to;
  };
  readers.set(schema.typeName, reader);
  return reader;
}

/** An empty value of a message's own. */
function fresh(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  return value instanceof Uint8Array ? new Uint8Array() : { ...(value as object) };
}

function memberReader(member: DescMessage["members"][number]): MemberReader {
  const name = member.localName;
  if (member.kind !== "oneof") return { name, take: (value) => taken(member, value) };
  const fields = new Map(member.fields.map((field) => [field.localName, field]));
  const take = (value: unknown): unknown => {
    const { case: chosen, value: inner } = value as { case?: unknown; value?: unknown };
    const field = typeof chosen === "string" ? fields.get(chosen) : undefined;
    return field === undefined ? undefined : { case: field.localName, value: taken(field, inner) };
  };
  return { name, take };
}

function given(field: DescField, value: unknown): unknown {
  switch (field.fieldKind) {
    case "list":
      return (value as unknown[]).map((item) =>
        field.listKind === "message" ? toPlain(field.message, item as Message) : scalarGiven(item),
      );
    case "map":
      return { ...(value as object) };
    case "message":
      return toPlain(field.message, value as Message);
    default:
      return scalarGiven(value);
  }
}

function scalarGiven(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return value instanceof Uint8Array ? base64Encode(value) : value;
}

function taken(field: DescField, value: unknown): unknown {
  switch (field.fieldKind) {
    case "list": {
      if (!Array.isArray(value)) throw wrong(field);
      if (field.listKind === "message") return value.map((item) => fromPlain(field.message, item));
      return value.map((item) => scalarTaken(field, field.listKind === "enum" ? ScalarType.INT32 : field.scalar, item));
    }
    case "map":
      return textMap(field, value);
    case "message":
      return fromPlain(field.message, value);
    case "enum":
      return scalarTaken(field, ScalarType.INT32, value);
    default:
      return scalarTaken(field, field.scalar, value);
  }
}

/** Maps of texts are the only ones that pages tell. */
function textMap(field: DescField, value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) throw wrong(field);
  const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(entries);
}

function scalarTaken(field: DescField, scalar: ScalarType, value: unknown): unknown {
  switch (scalar) {
    case ScalarType.STRING:
      if (typeof value === "string") return value;
      break;
    case ScalarType.BOOL:
      if (typeof value === "boolean") return value;
      break;
    case ScalarType.BYTES:
      if (typeof value === "string") return base64Decode(value);
      break;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      if (typeof value === "number") return value;
      break;
    case ScalarType.INT64:
      if (Number.isSafeInteger(value)) return BigInt(value as number);
      break;
    case ScalarType.UINT64:
      if (Number.isSafeInteger(value) && (value as number) >= 0) return BigInt(value as number);
      break;
    case ScalarType.INT32:
      if (Number.isInteger(value) && Math.abs(value as number) < 2 ** 31) return value;
      break;
    default:
      if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32) return value;
  }
  throw wrong(field);
}

function wrong(field: DescField): NotPlain {
  return new NotPlain(`${field.toString()} is of another type`);
}
