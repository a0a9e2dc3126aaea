// The policy's vectors, which the server is held to as well (tests/unit/policy/test_policy_vectors.py).

import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { Consequence, EffectivePolicySchema, Permission } from "@gen/tabwire/v1/policy_pb";
import { describe, expect, it } from "vitest";
import consequences from "../../../tests/vectors/policy/consequences.json";
import origins from "../../../tests/vectors/policy/origins.json";
import verdicts from "../../../tests/vectors/policy/verdicts.json";
import { classify, type Facts, type Field } from "../../policy/consequences";
import { isPrivateHost, matches, readAddress, readPattern } from "../../policy/origins";
import { judgeAddress, permissionOf } from "../../policy/verdict";

const NOTHING: Facts = {
  ...{ kind: "click", changes: false, activates: false, submits: false, isLink: false, address: "", downloads: false },
  ...{ acceptsDialog: false, labels: [], fields: [] },
};

function names(found: Set<Consequence>): string[] {
  return [...found].map((one) => Consequence[one]).sort();
}

describe("origins", () => {
  it.each(origins.patterns)("%s and %s", (pattern, url, expected) => {
    const read = readPattern(pattern as string);
    const address = readAddress(url as string);
    expect(read !== undefined && address !== undefined && matches(read, address)).toBe(expected);
  });
  it.each(origins.unreadable)("%s is no pattern", (pattern) => {
    expect(readPattern(pattern)).toBeUndefined();
  });
  it.each(origins.private)("%s is private: %s", (url, expected) => {
    expect(isPrivateHost(readAddress(url as string)?.host ?? "")).toBe(expected);
  });
});

describe("verdicts", () => {
  it.each(verdicts.cases.map((one) => [one.name, one] as const))(
    "%s",
    (_, { policy: told, addresses, permissions }) => {
      const policy = fromJson(EffectivePolicySchema, told as JsonValue);
      const judged = Object.keys(addresses).map((url) => [url, judgeAddress(policy, url) === undefined]);
      expect(Object.fromEntries(judged)).toEqual(addresses);
      for (const [url = "", consequence = "", expected] of permissions) {
        const name = consequence.replace("CONSEQUENCE_", "") as keyof typeof Consequence;
        expect(Permission[permissionOf(policy, url, Consequence[name])]).toBe(expected);
      }
    },
  );
});

describe("consequences", () => {
  it.each(consequences.labels)("a button %s", (label, expected) => {
    const facts = { ...NOTHING, activates: true, labels: [label as string] };
    expect(names(classify(facts))).toEqual([...(expected as string[])].sort());
  });
  it.each(consequences.links)("a link %s", (label, expected) => {
    const facts = { ...NOTHING, activates: true, isLink: true, labels: [label as string] };
    expect(names(classify(facts))).toEqual([...(expected as string[])].sort());
  });
  it.each(consequences.addressed as [string, string, string[]][])("a link %s to %j", (label, address, expected) => {
    const facts = { ...NOTHING, activates: true, isLink: true, address, labels: [label] };
    expect(names(classify(facts))).toEqual([...expected].sort());
  });
  it.each(consequences.forms as [unknown, unknown][])("a form of %j", (told, expected) => {
    const fields = (told as Partial<Field>[]).map((one) => ({ type: "", autocomplete: "", labels: [], ...one }));
    expect(names(classify({ ...NOTHING, submits: true, fields }))).toEqual([...(expected as string[])].sort());
  });
  it.each(consequences.others as [unknown, unknown][])("an action %j", (told, expected) => {
    const { accepts_dialog: acceptsDialog = false, ...rest } = told as Partial<Facts> & { accepts_dialog?: boolean };
    expect(names(classify({ ...NOTHING, ...rest, acceptsDialog }))).toEqual([...(expected as string[])].sort());
  });
});
