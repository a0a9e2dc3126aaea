import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Action, ActionResultSchema, ActionSchema } from "@gen/tabwire/v1/action_pb";
import { describe, expect, it } from "vitest";
import { idsOf, makeLocal, makeTabWide, targetOf } from "../../browser/tabs/ids";

function action(init: Exclude<MessageInitShape<typeof ActionSchema>, Action>): Action {
  return create(ActionSchema, init);
}

describe("ids in actions", () => {
  it("are found in every kind of action by the declaration", () => {
    const kinds = ActionSchema.oneofs.find((oneof) => oneof.name === "kind")?.fields ?? [];
    for (const kind of kinds) {
      const field = kind.message?.fields.find((one) => one.name === "element_id");
      if (field === undefined) continue;
      const value =
        field.oneof === undefined
          ? { elementId: 200_003 }
          : { [field.oneof.localName]: { case: field.localName, value: 200_003 } };
      const made = action({ kind: { case: kind.localName, value } as never });
      expect([kind.name, targetOf(made)]).toEqual([kind.name, 200_003]);
      makeLocal(made);
      expect([kind.name, targetOf(made)]).toEqual([kind.name, 3]);
    }
  });

  it("are all turned, also that of the target of a drag and of what is expected", () => {
    const drag = action({
      expect: { kind: { case: "elementId", value: 100_009 } },
      kind: { case: "drag", value: { elementId: 100_001, toElementId: 100_002 } },
    });
    expect(idsOf(drag)).toEqual([100_001, 100_002]);
    makeLocal(drag);
    expect(drag).toMatchObject({ expect: { kind: { value: 9 } }, kind: { value: { elementId: 1, toElementId: 2 } } });
  });

  it("stay none where there is none", () => {
    const drag = action({ kind: { case: "drag", value: { elementId: 1 } } });
    expect(idsOf(drag)).toEqual([1]);
    expect(targetOf(action({ kind: { case: "reload", value: {} } }))).toBe(0);
    expect(targetOf(action({}))).toBe(0);
  });
});

describe("ids in results", () => {
  it("become tab-wide wherever they are", () => {
    const rows = { elementId: 4, rows: [{ elementId: 5 }, {}] };
    const result = create(ActionResultSchema, { extracted: { case: "rows", value: rows } });
    makeTabWide(ActionResultSchema, result, 3);
    expect(result.extracted).toMatchObject({
      value: { elementId: 300_004, rows: [{ elementId: 300_005 }, { elementId: 0 }] },
    });
    const found = create(ActionResultSchema, {
      extracted: { case: "textMatches", value: { matches: [{ elementId: 7 }] } },
      errorInfo: { details: { kind: { case: "covered", value: { elementId: 8 } } } },
    });
    makeTabWide(ActionResultSchema, found, 2);
    expect(found).toMatchObject({
      extracted: { value: { matches: [{ elementId: 200_007 }] } },
      errorInfo: { details: { kind: { value: { elementId: 200_008 } } } },
    });
  });

  it("of the main document are tab-wide already", () => {
    const result = create(ActionResultSchema, { extracted: { case: "rows", value: { elementId: 4 } } });
    makeTabWide(ActionResultSchema, result, 0);
    expect(result.extracted).toMatchObject({ value: { elementId: 4 } });
  });
});
