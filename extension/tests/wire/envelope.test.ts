import { create } from "@bufbuild/protobuf";
import { ErrorDetailsSchema } from "@gen/tabwire/v1/error_pb";
import { FrameRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { describe, expect, it } from "vitest";
import { isFor, seal, unseal } from "../../wire/envelope";
import { fromPlain, NotPlain } from "../../wire/plain";

describe("envelope", () => {
  const request = create(FrameRequestSchema, { kind: { case: "observe", value: { enabled: true } } });

  it("carries a message through JSON unchanged", () => {
    const sent = JSON.parse(JSON.stringify(seal("frame", "frame", FrameRequestSchema, request))) as unknown;
    expect(isFor(sent, "frame", "frame")).toBe(true);
    if (!isFor(sent, "frame", "frame")) return;
    expect(unseal(FrameRequestSchema, sent)).toEqual(request);
  });

  it("is taken only by its recipient and conversation", () => {
    const sent = seal("background", "panel", FrameRequestSchema, request);
    expect(isFor(sent, "offscreen", "panel")).toBe(false);
    expect(isFor(sent, "background", "pipe")).toBe(false);
  });

  it("is told from foreign messages", () => {
    for (const foreign of [null, undefined, 3, "text", {}, { to: "frame", conversation: "frame", body: 7 }]) {
      expect(isFor(foreign, "frame", "frame")).toBe(false);
    }
  });

  it("refuses a body that is no such message", () => {
    expect(() => unseal(FrameRequestSchema, { to: "frame", conversation: "frame", body: "////" })).toThrow();
  });

  it("takes from a page's process no binary form, which may hold what is not declared", () => {
    const { body } = seal("background", "panel", FrameRequestSchema, request);
    expect(unseal(FrameRequestSchema, { to: "background", conversation: "panel", body })).toEqual(request);
    expect(() => unseal(FrameRequestSchema, { to: "background", conversation: "frame", body })).toThrow(NotPlain);
  });

  it("takes no negative number where none can be written", () => {
    const details = (limit: number) => ({ kind: { case: "limit", value: { limit } } });
    expect(fromPlain(ErrorDetailsSchema, details(7)).kind).toMatchObject({ value: { limit: 7n } });
    expect(() => fromPlain(ErrorDetailsSchema, details(-1))).toThrow(NotPlain);
  });
});
