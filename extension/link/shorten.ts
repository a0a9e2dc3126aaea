// An answer to an action that is larger than the server takes, made to fit. What was done is never told as an error: first
// the state after it goes, which can be asked for anew; then what was read is cut, with an error that says so; at last the
// details. Pure; when it is called for is decided in size.ts.

import { create, type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import {
  type ActionResult,
  ActionResultSchema,
  ActionStatus,
  type OutcomeDetails,
  OutcomeDetailsSchema,
} from "@gen/tabwire/v1/action_pb";
import {
  ComponentOrigin,
  ErrorCode,
  ErrorDetailsSchema,
  type ErrorInfo,
  ErrorInfoSchema,
} from "@gen/tabwire/v1/error_pb";
import { RowSchema, TextMatchSchema } from "@gen/tabwire/v1/extract_pb";
import { ElementSchema } from "@gen/tabwire/v1/state_pb";

type Extracted = ActionResult["extracted"];

/** What the error and the tags around what was cut may take. */
const TELLING_BYTES = 1_024;
/** What a field's tag and length may take. */
const FIELD_BYTES = 8;
/** Details are cut to this where nothing else is left to be cut. */
const DETAIL_BYTES = 500;

const STATE_DROPPED = "The state after it was too large to be sent; ask for it anew, with a lower limit of elements.";

/** The error of what is larger than the server takes. `what` is how a person calls it. */
export function tooLarge(what: string, bytes: number, maxBytes: number): ErrorInfo {
  return create(ErrorInfoSchema, {
    errorCode: ErrorCode.RESOURCE_EXHAUSTED,
    message: `${what} has ${bytes} bytes, more than the ${maxBytes} that the server takes.`,
    remedy: "Ask for less, for example by a lower limit of elements.",
    componentOrigin: ComponentOrigin.OFFSCREEN,
    details: create(ErrorDetailsSchema, {
      kind: { case: "limit", value: { name: "max_message_bytes", limit: BigInt(maxBytes) } },
    }),
  });
}

/** The result in at most `room` bytes, or as few as there can be; `maxBytes` is the limit that is told. */
export function shortened(result: ActionResult, room: number, maxBytes: number): ActionResult {
  let short = result;
  if (short.stateAfter.case !== undefined) {
    short = { ...short, stateAfter: { case: undefined }, outcomeDetails: detailsWith(short, STATE_DROPPED) };
  }
  if (sizeOf(short) <= room) return short;
  const bare: ActionResult = { ...short, extracted: { case: undefined } };
  if (sizeOf(bare) > room - TELLING_BYTES) {
    bare.outcomeDetails = fewDetails(bare.outcomeDetails);
    if (bare.errorInfo !== undefined) bare.errorInfo = fewWords(bare.errorInfo);
  }
  const { case: kind } = short.extracted;
  if (kind === undefined) return bare;
  const bytes = sizeOf(short) - sizeOf({ ...short, extracted: { case: undefined } });
  bare.errorInfo ??= tooLarge("What was read", bytes, maxBytes);
  bare.outcomeDetails = detailsWith(bare, kind === "image" ? "The picture is left out." : "What was read is cut.");
  // A picture that is not there is no picture, and taking one changes nothing.
  if (kind === "image" && bare.status === ActionStatus.SUCCEEDED) bare.status = ActionStatus.FAILED;
  const some = { ...bare, extracted: cut(short.extracted, room - sizeOf(bare) - 2 * FIELD_BYTES) };
  return sizeOf(some) <= room ? some : bare; // of some tables not even the head fits
}

function detailsWith({ outcomeDetails }: ActionResult, sentence: string): OutcomeDetails {
  const details = outcomeDetails ?? create(OutcomeDetailsSchema);
  return { ...details, message: details.message === "" ? sentence : `${details.message} ${sentence}` };
}

/** As much of what was read as there is room for. How many there are in all stays as it was told. */
function cut(extracted: Extracted, room: number): Extracted {
  switch (extracted.case) {
    case "text":
      return { case: "text", value: cutText(extracted.value, room) };
    case "elementList": {
      const elements = fittingOf(ElementSchema, extracted.value.elements, room);
      return { case: "elementList", value: { ...extracted.value, elements } };
    }
    case "rows": {
      const head = { ...extracted.value, rows: [] };
      const rows = fittingOf(
        RowSchema,
        extracted.value.rows,
        room - sizeOf(withExtracted({ case: "rows", value: head })),
      );
      return { case: "rows", value: { ...head, rows } };
    }
    case "textMatches": {
      const matches = fittingOf(TextMatchSchema, extracted.value.matches, room);
      return { case: "textMatches", value: { ...extracted.value, matches } };
    }
    case "attributeMap":
      return {
        case: "attributeMap",
        value: { ...extracted.value, attributes: cutMap(extracted.value.attributes, room) },
      };
    default:
      return { case: undefined };
  }
}

/** The first items, as many as there is room for. */
function fittingOf<Desc extends DescMessage>(
  schema: Desc,
  items: readonly MessageShape<Desc>[],
  room: number,
): MessageShape<Desc>[] {
  let left = room - 2 * FIELD_BYTES;
  const found = items.findIndex((item) => {
    left -= toBinary(schema, item).length + FIELD_BYTES;
    return left < 0;
  });
  return items.slice(0, found < 0 ? items.length : found);
}

/** All names with as much of their values as there is room for, shared out evenly. */
function cutMap(map: Readonly<Record<string, string>>, room: number): Record<string, string> {
  const entries = Object.entries(map);
  const share = Math.floor(room / Math.max(1, entries.length)) - 3 * FIELD_BYTES;
  const fit = entries.filter(([name]) => bytesOf(name) <= share);
  return Object.fromEntries(fit.map(([name, value]) => [name, cutText(value, share - bytesOf(name))]));
}

/** The text in at most so many bytes, cut between characters. */
function cutText(text: string, bytes: number): string {
  if (bytes <= 0) return "";
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(Math.min(bytes, 3 * text.length)));
  return text.slice(0, read);
}

function fewDetails(details: OutcomeDetails | undefined): OutcomeDetails {
  const few: OutcomeDetails = { ...(details ?? create(OutcomeDetailsSchema)), dialogs: [] };
  const { message, newUrl, download, validationMessage, openedTabIds, valueNow } = few;
  few.message = cutText(message, DETAIL_BYTES);
  few.newUrl = cutText(newUrl, DETAIL_BYTES);
  few.download = cutText(download, DETAIL_BYTES);
  few.validationMessage = cutText(validationMessage, DETAIL_BYTES);
  few.openedTabIds = openedTabIds.slice(0, DETAIL_BYTES / FIELD_BYTES);
  // Half a value would be taken for the whole one.
  if (valueNow !== undefined && bytesOf(valueNow) > DETAIL_BYTES) delete few.valueNow;
  return few;
}

function fewWords({ errorCode, message, remedy, componentOrigin, retryable }: ErrorInfo): ErrorInfo {
  const words = { message: cutText(message, DETAIL_BYTES), remedy: cutText(remedy, DETAIL_BYTES) };
  return create(ErrorInfoSchema, { errorCode, componentOrigin, retryable, ...words });
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function withExtracted(extracted: Extracted): ActionResult {
  return { ...create(ActionResultSchema), extracted };
}

function sizeOf(result: ActionResult): number {
  return toBinary(ActionResultSchema, result).length;
}
