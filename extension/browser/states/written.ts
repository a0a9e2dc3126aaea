// Elements that a document told in their binary form (wire/element_reader.ts): kept beside the state they belong to, and
// put into the answer as they are where nobody has to look into them.

import { type Message, toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { type CommandResult, CommandResultSchema } from "@gen/tabwire/v1/link_pb";
import { type PageState, PageStateSchema } from "@gen/tabwire/v1/state_pb";
import type { WrittenElements } from "../../wire/element_reader";
import { writeElements } from "../../wire/element_writer";

const held = new WeakMap<Message, WrittenElements>();

/** Keeps elements beside the state that was told without them. */
export function hold(state: Message, elements: WrittenElements): void {
  held.set(state, elements);
}

/** The elements that are kept beside a state. */
export function heldBy(state: Message): WrittenElements | undefined {
  return held.get(state);
}

/** A state with elements that are written already. It is for being written itself, and for nothing else. */
export function withWritten(state: PageState, { bytes }: Pick<WrittenElements, "bytes">): PageState {
  if (bytes.length === 0) return { ...state, actionableElements: [] };
  // Each element has its tag in front of it already, and that of the first one is written with the field.
  const no = PageStateSchema.field.actionableElements.number;
  const field = { no, wireType: WireType.LengthDelimited, data: bytes.subarray(1) };
  return { ...state, actionableElements: [], $unknown: [...(state.$unknown ?? []), field] };
}

/** The binary form of an answer. */
export function encodeResult(result: CommandResult): Uint8Array<ArrayBuffer> {
  return toBinary(CommandResultSchema, {
    ...result,
    outcome: outcomeToWrite(result.outcome),
  }) as Uint8Array<ArrayBuffer>;
}

function outcomeToWrite(outcome: CommandResult["outcome"]): CommandResult["outcome"] {
  if (outcome.case === "pageState") return { case: "pageState", value: toWrite(outcome.value) };
  if (outcome.case !== "actionResult" || outcome.value.stateAfter.case !== "newState") return outcome;
  const value = toWrite(outcome.value.stateAfter.value);
  return { case: "actionResult", value: { ...outcome.value, stateAfter: { case: "newState", value } } };
}

function toWrite(state: PageState): PageState {
  if (state.actionableElements.length === 0) return state;
  return withWritten(state, { bytes: writeElements(state.actionableElements) });
}
