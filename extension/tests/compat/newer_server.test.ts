// What a newer server may send to this extension: kinds of messages, requests, actions, fields and values that it does not
// know. Everything is answered or passed over; nothing is taken for something else, and nothing breaks.

import { create, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Action, ActionSchema, ActionStatus } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { type Command, CommandSchema, type Downlink, DownlinkSchema } from "@gen/tabwire/v1/link_pb";
import { describe, expect, it, vi } from "vitest";
import { ServerClock } from "../../browser/clock";
import { CommandJournal } from "../../browser/server/command_journal";
import { Inbox } from "../../browser/server/inbox";
import { chromeDouble, page, run } from "../browser/dispatch_bench";
import { asArea, FakeArea } from "../browser/fake_chrome";

/** Numbers that this contract uses nowhere. */
const FIELD = 5001;
const VALUE = 4711;
const DEPTH = 2;

/** The bytes of a message with every enum field set to a value that is new, and a field that is new, to some depth. */
function ofTheFuture(schema: DescMessage, only?: string, depth = DEPTH): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (const field of schema.fields) {
    if (field.oneof !== undefined && only !== undefined && field.oneof.name === "kind" && field.name !== only) continue;
    if (field.oneof !== undefined && (only === undefined || field.oneof.name !== "kind")) {
      if (field.oneof.fields[0] !== field) continue;
    }
    if (field.fieldKind === "enum" || (field.fieldKind === "list" && field.listKind === "enum")) {
      writer.tag(field.number, WireType.Varint).int32(VALUE);
    } else if (field.fieldKind === "message" && depth > 0 && field.message.typeName.startsWith("tabwire.")) {
      writer.tag(field.number, WireType.LengthDelimited).bytes(ofTheFuture(field.message, undefined, depth - 1));
    }
  }
  return writer.tag(FIELD, WireType.LengthDelimited).string("of the future").finish() as Uint8Array<ArrayBuffer>;
}

function withUnknown<T extends Message>(schema: DescMessage, message: T, number: number): T {
  const writer = new BinaryWriter();
  const unknown = writer.tag(number, WireType.LengthDelimited).string("of the future").finish();
  return fromBinary(schema, Buffer.concat([toBinary(schema, message), unknown])) as unknown as T;
}

const kinds = ActionSchema.oneofs.find(({ name }) => name === "kind")?.fields.map(({ name }) => name) ?? [];

describe.each(kinds)("the action %s", (kind) => {
  it("with values and fields that are new is carried out or refused, and never fails inside", async () => {
    chromeDouble.addTab(1, "https://a.test/", page());
    const action = fromBinary(ActionSchema, ofTheFuture(ActionSchema, kind)) as Action;
    expect(action.kind.case).toBe(ActionSchema.fields.find(({ name }) => name === kind)?.localName);
    expect(action.$unknown).toHaveLength(1);
    const command = create(CommandSchema, { commandId: "c", tabId: 1, request: { case: "action", value: action } });
    const { outcome } = await run(command, undefined, 2_000);
    expect(outcome.case).toBe("actionResult");
    if (outcome.case !== "actionResult") return;
    expect(outcome.value.errorInfo?.errorCode).not.toBe(ErrorCode.EXTENSION_INTERNAL_ERROR);
    expect([ActionStatus.SUCCEEDED, ActionStatus.FAILED]).toContain(outcome.value.status);
  });
});

describe("what is not known", () => {
  it("as a request is answered with UNIMPLEMENTED and what to update", async () => {
    const command: Command = withUnknown(CommandSchema, create(CommandSchema, { commandId: "c", tabId: 1 }), 14);
    const { outcome } = await run(command);
    expect(outcome).toMatchObject({ case: "errorInfo", value: { errorCode: ErrorCode.UNIMPLEMENTED } });
    if (outcome.case === "errorInfo") expect(outcome.value.remedy).toContain("Update the extension");
  });

  it("as an action is answered with UNIMPLEMENTED, and nothing is done", async () => {
    const acted = vi.fn(() => {
      throw new Error("the page was asked to act");
    });
    chromeDouble.addTab(1, "https://a.test/", page(acted));
    const action: Action = withUnknown(ActionSchema, create(ActionSchema, { id: "c" }), 99);
    const command = create(CommandSchema, { commandId: "c", tabId: 1, request: { case: "action", value: action } });
    const { outcome } = await run(command);
    expect(outcome).toMatchObject({
      case: "actionResult",
      value: { status: ActionStatus.FAILED, errorInfo: { errorCode: ErrorCode.UNIMPLEMENTED } },
    });
    expect(acted).not.toHaveBeenCalled();
  });

  it("as a message of the link is taken, and neither answered nor kept from what follows", async () => {
    const delivered: string[] = [];
    const inbox = new Inbox({
      journal: new CommandJournal(asArea(new FakeArea())),
      clock: new ServerClock(),
      ready: Promise.resolve(),
      execute: (command, until, signal) => run(command, signal, until - Date.now()),
      resolveTab: async (tabId) => tabId,
      deliver: async ({ commandId }) => {
        delivered.push(commandId);
        return true;
      },
      onBusy: () => {},
    });
    const unknown: Downlink = withUnknown(DownlinkSchema, create(DownlinkSchema, { seq: 1n }), 99);
    expect(await inbox.take(unknown)).toBe(true);
    const ping = { case: "ping", value: {} } as const;
    const value = { commandId: "p", tabId: 1, request: ping };
    expect(await inbox.take(create(DownlinkSchema, { seq: 2n, body: { case: "command", value } }))).toBe(true);
    await vi.waitFor(() => expect(delivered).toEqual(["p"]));
  });
});
