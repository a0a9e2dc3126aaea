// Answers that are larger than the server takes: what was done is never told as an error.

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type ActionResult, type ActionResultSchema, ActionStatus } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { EncodedResultSchema } from "@gen/tabwire/v1/extension_pb";
import { type CommandResult, CommandResultSchema, UplinkSchema } from "@gen/tabwire/v1/link_pb";
import fc from "fast-check";
import { beforeEach, expect, it, vi } from "vitest";
import { bytesOf, type Outgoing } from "../../link/outgoing";
import { fitting, fittingResult } from "../../link/size";

type Init = MessageInitShape<typeof ActionResultSchema>;

const LIMIT = 20_000;
const BIG = "ü€😀x".repeat(5_000); // 50,000 bytes

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

function answered(result: Init): CommandResult {
  return create(CommandResultSchema, {
    commandId: "c1",
    epoch: 7n,
    outcome: { case: "actionResult", value: { originalActionId: "c1", status: ActionStatus.SUCCEEDED, ...result } },
  });
}

/** The answer as it goes up, by both ways: as a message, and written already. */
function both(result: CommandResult, limit = LIMIT): CommandResult {
  const { commandId, epoch } = result;
  const commandResult = toBinary(CommandResultSchema, result) as Uint8Array<ArrayBuffer>;
  const ways: Outgoing[] = [
    fitting(create(UplinkSchema, { body: { case: "commandResult", value: result } }), limit),
    fittingResult(create(EncodedResultSchema, { commandId, epoch, commandResult }), limit),
  ];
  const [one, other] = ways.map((message) => {
    expect(message.size).toBe(bytesOf(message).length);
    const { body } = fromBinary(UplinkSchema, bytesOf(message));
    if (body.case !== "commandResult") throw new Error("no answer");
    return { size: message.size, result: body.value };
  });
  if (one === undefined || other === undefined) throw new Error("two ways");
  expect(other.result).toEqual(one.result);
  expect(one.size).toBeLessThanOrEqual(limit);
  return one.result;
}

function action(result: CommandResult): ActionResult {
  expect(result.outcome.case).toBe("actionResult");
  return result.outcome.value as ActionResult;
}

const state = { tabId: 1, actionableElements: [{ id: 1, textContent: BIG }] };

it("leaves alone what fits", () => {
  const result = answered({ extracted: { case: "text", value: "short" } });
  expect(both(result)).toEqual(result);
});

it("drops the state first, and says so; what was read stays whole", () => {
  const text = "y".repeat(LIMIT / 2);
  const result = answered({
    outcomeDetails: { message: "Clicked.", navigationOccurred: true },
    extracted: { case: "text", value: text },
    stateAfter: { case: "newState", value: state },
  });
  const told = both(result);
  expect([told.commandId, told.epoch]).toEqual(["c1", 7n]);
  expect(action(told)).toMatchObject({
    originalActionId: "c1",
    status: ActionStatus.SUCCEEDED,
    extracted: { value: text },
    stateAfter: { case: undefined },
    outcomeDetails: { navigationOccurred: true },
  });
  expect(action(told).outcomeDetails?.message).toMatch(
    /^Clicked\. The state after it was too large .* ask for it anew/,
  );
  expect(action(told).errorInfo).toBeUndefined();
});

it("drops a delta as it drops a state", () => {
  const value = { baseRevision: 1n, head: { title: BIG } };
  const told = action(both(answered({ stateAfter: { case: "stateDelta", value } })));
  expect(told).toMatchObject({ status: ActionStatus.SUCCEEDED, stateAfter: { case: undefined } });
});

const element = (id: number) => ({ id, textContent: "z".repeat(100) });
const many = Array.from({ length: 1_000 }, (_, id) => id + 1);
const CUTS: [string, Init["extracted"], (result: ActionResult) => number][] = [
  ["text", { case: "text", value: BIG }, ({ extracted }) => (extracted.case === "text" ? extracted.value.length : 0)],
  [
    "elements",
    { case: "elementList", value: { elements: many.map(element), total: 1_500 } },
    ({ extracted: { value, case: kind } }) =>
      kind === "elementList" && value.total === 1_500 ? value.elements.length : 0,
  ],
  [
    "rows",
    {
      case: "rows",
      value: { columns: ["a"], rows: many.map((id) => ({ cells: ["z".repeat(100)], elementId: id })), total: 1_500 },
    },
    ({ extracted: { value, case: kind } }) => (kind === "rows" && value.columns[0] === "a" ? value.rows.length : 0),
  ],
  [
    "matches",
    {
      case: "textMatches",
      value: { matches: many.map((id) => ({ elementId: id, excerpt: "z".repeat(100) })), total: 1_500 },
    },
    ({ extracted: { value, case: kind } }) =>
      kind === "textMatches" && value.total === 1_500 ? value.matches.length : 0,
  ],
  [
    "attributes",
    { case: "attributeMap", value: { attributes: { class: "c", style: BIG } } },
    ({ extracted }) => (extracted.case === "attributeMap" ? (extracted.value.attributes.style?.length ?? 0) : 0),
  ],
];

it.each(CUTS)("cuts %s, keeps what there is room for, and says so as an error", (_, extracted, kept) => {
  const result = answered({
    ...(extracted === undefined ? {} : { extracted }),
    stateAfter: { case: "newState", value: state },
  });
  const told = action(both(result));
  expect(told).toMatchObject({
    status: ActionStatus.SUCCEEDED,
    errorInfo: { errorCode: ErrorCode.RESOURCE_EXHAUSTED, details: { kind: { value: { limit: BigInt(LIMIT) } } } },
  });
  expect(told.errorInfo?.remedy).not.toBe("");
  expect(told.outcomeDetails?.message).toContain("is cut");
  expect(kept(told)).toBeGreaterThan(kept(action(result)) / 20);
  expect(kept(told)).toBeLessThan(kept(action(result)));
});

it("says of a picture that is left out that there is none", () => {
  const told = action(both(answered({ extracted: { case: "image", value: { data: new Uint8Array(50_000) } } })));
  expect(told).toMatchObject({
    status: ActionStatus.FAILED,
    extracted: { case: undefined },
    errorInfo: { errorCode: ErrorCode.RESOURCE_EXHAUSTED },
  });
});

it("keeps the error of an action that failed", () => {
  const errorInfo = { errorCode: ErrorCode.ELEMENT_COVERED, message: BIG, remedy: "Close it." };
  const told = action(
    both(answered({ status: ActionStatus.FAILED, errorInfo, extracted: { case: "text", value: BIG } })),
  );
  expect(told.errorInfo).toMatchObject({ errorCode: ErrorCode.ELEMENT_COVERED, remedy: "Close it." });
  expect(BIG).toContain(told.errorInfo?.message);
});

it("answers what was only asked for with an error", () => {
  const result = create(CommandResultSchema, { commandId: "c1", outcome: { case: "pageState", value: state } });
  expect(both(result).outcome).toMatchObject({ case: "errorInfo", value: { errorCode: ErrorCode.RESOURCE_EXHAUSTED } });
});

it("fits whatever was done into what the server takes, and never says that it was not done", () => {
  const text = fc.tuple(fc.constantFrom("a", "€", "😀\n"), fc.nat(9_000)).map(([part, count]) => part.repeat(count));
  const texts = fc.array(text, { maxLength: 8 });
  const extracted = fc.oneof(
    text.map((value) => ({ case: "text", value }) as const),
    texts.map(
      (all) => ({ case: "elementList", value: { elements: all.map((textContent) => ({ textContent })) } }) as const,
    ),
    texts.map((cells) => ({ case: "rows" as const, value: { columns: cells, rows: [{ cells }, {}] } })),
    fc.dictionary(fc.string(), text).map((attributes) => ({ case: "attributeMap", value: { attributes } }) as const),
    fc.nat(40_000).map((size) => ({ case: "image", value: { data: new Uint8Array(size) } }) as const),
    fc.constant({ case: undefined }),
  );
  const details = fc.record({
    message: text,
    newUrl: text,
    valueNow: text,
    dialogs: texts.map((all) => all.map((message) => ({ message }))),
  });
  fc.assert(
    fc.property(
      extracted,
      details,
      text,
      fc.integer({ min: 6_000, max: 60_000 }),
      (read, outcomeDetails, title, limit) => {
        const result = answered({
          extracted: read,
          outcomeDetails,
          stateAfter: { case: "newState", value: { title } },
        });
        const told = action(both(result, limit));
        expect(told.originalActionId).toBe("c1");
        expect(told.status === ActionStatus.SUCCEEDED || read.case === "image").toBe(true);
        const isWhole =
          told.extracted.case === undefined ||
          JSON.stringify(told.extracted, bytes) === JSON.stringify(action(result).extracted, bytes);
        expect(isWhole || told.errorInfo?.errorCode === ErrorCode.RESOURCE_EXHAUSTED).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

function bytes(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? value.length : value;
}
