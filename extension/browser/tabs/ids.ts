// Element ids: a content script numbers the elements of its own document from 1; the tab-wide id is
// slot * 100,000 + that number (state.proto, Element.id). Here the two are turned into each other. Which fields hold ids is
// read from the declaration: those named element_id, or something_element_id.

import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { type Action, ActionSchema, type WaitAction } from "@gen/tabwire/v1/action_pb";

const PER_SLOT = 100_000;

/** The tab-wide id of an element. 0 stays 0, which means "none". */
export function tabWideId(slot: number, local: number): number {
  return local === 0 ? 0 : slot * PER_SLOT + local;
}

/** The slot of the frame that a tab-wide id belongs to. */
export function slotOf(id: number): number {
  return Math.floor(id / PER_SLOT);
}

/** The document's own id of an element. */
export function localId(id: number): number {
  return id % PER_SLOT;
}

/** The tab-wide element id that an action is about; 0 if it names none. */
export function targetOf(action: Action): number {
  return idsIn(action).find(({ field }) => field.name === "element_id")?.id ?? 0;
}

/** All tab-wide element ids that an action names, apart from what is expected of it. */
export function idsOf(action: Action): number[] {
  return idsIn(action).map(({ id }) => id);
}

/** The tab-wide element id that a wait names; 0 if it names none. */
export function waitTarget(wait: WaitAction): number {
  return wait.condition.case === "elementId" ? wait.condition.value : 0;
}

/** Turns the element ids in an action, and in what is expected of it, into the document's own, in place. */
export function makeLocal(action: Action): void {
  for (const { set, id } of idsIn(action)) set(localId(id));
  const expected = action.expect?.kind;
  if (expected?.case === "elementId") expected.value = localId(expected.value);
}

/** Turns the element ids in anything that a document answered into tab-wide ones, in place. */
export function makeTabWide(schema: DescMessage, message: Message, slot: number): void {
  if (slot === 0) return;
  eachId(schema, message, ({ set, id }) => set(tabWideId(slot, id)));
}

/** One id in a message. */
interface FoundId {
  readonly field: DescField;
  readonly id: number;
  readonly set: (id: number) => void;
}

type Fields = Record<string, unknown>;
type OneOf = { case?: string; value?: unknown };

function idsIn(action: Action): FoundId[] {
  const name = action.kind.case;
  const schema = name === undefined ? undefined : ActionSchema.field[name]?.message;
  const found: FoundId[] = [];
  if (schema !== undefined) eachId(schema, action.kind.value as Message, (one) => found.push(one));
  return found;
}

function eachId(schema: DescMessage, message: Message, visit: (found: FoundId) => void): void {
  const fields = message as unknown as Fields;
  for (const field of schema.fields) {
    const choice = field.oneof === undefined ? undefined : (fields[field.oneof.localName] as OneOf);
    if (choice !== undefined && choice.case !== field.localName) continue;
    const value = choice === undefined ? fields[field.localName] : choice.value;
    if (field.fieldKind === "message" && value !== undefined) eachId(field.message, value as Message, visit);
    if (field.fieldKind === "list" && field.listKind === "message") {
      for (const item of value as Message[]) eachId(field.message, item, visit);
    }
    if (field.fieldKind !== "scalar" || typeof value !== "number" || value === 0 || !isIdField(field)) continue;
    const set = (id: number): void => {
      if (choice === undefined) fields[field.localName] = id;
      else choice.value = id;
    };
    visit({ field, id: value, set });
  }
}

function isIdField(field: DescField): boolean {
  return field.name === "element_id" || field.name.endsWith("_element_id");
}
