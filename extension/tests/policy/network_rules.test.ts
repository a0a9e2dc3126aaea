// The rules for Chrome's filter: evaluated here as Chrome does, they say of every address what the verdict says.

import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { EffectivePolicySchema } from "@gen/tabwire/v1/policy_pb";
import { describe, expect, it } from "vitest";
import origins from "../../../tests/vectors/policy/origins.json";
import verdicts from "../../../tests/vectors/policy/verdicts.json";
import { intersection, networkRules, regexOf } from "../../browser/policy/network_rules";
import { matches, readAddress, readPattern } from "../../policy/origins";
import { judgeAddress } from "../../policy/verdict";

type Rule = chrome.declarativeNetRequest.Rule;

/** What Chrome's filter does with an address: the rule of the highest priority counts, allowing before blocking. */
function isBlocked(rules: readonly Rule[], url: string, type: string): boolean {
  const fitting = rules.filter(({ condition }) => {
    const isOfType = condition.resourceTypes?.some((one) => String(one) === type) === true;
    return isOfType && new RegExp(condition.regexFilter ?? "", "i").test(url);
  });
  const [first] = fitting.sort(
    (a, b) => (b.priority ?? 1) - (a.priority ?? 1) || String(a.action.type).localeCompare(String(b.action.type)),
  );
  return String(first?.action.type) === "block";
}

const WEB = /^https?:/;

describe("the rules for Chrome's filter", () => {
  it.each(verdicts.cases.map((one) => [one.name, one] as const))("%s", (_, { policy: told, addresses }) => {
    const policy = fromJson(EffectivePolicySchema, told as JsonValue);
    const rules = networkRules(policy, [1], 1);
    for (const url of Object.keys(addresses).filter((one) => WEB.test(one) && URL.canParse(one))) {
      const { href } = new URL(url);
      expect([href, isBlocked(rules, href, "main_frame")]).toEqual([href, judgeAddress(policy, url) !== undefined]);
    }
  });

  it.each(origins.private as [string, boolean][])("tell that %s is private: %s", (url, expected) => {
    const none = fromJson(EffectivePolicySchema, { privateNetwork: "PERMISSION_DENY", plainHttp: "PERMISSION_ALLOW" });
    const { href } = new URL(url);
    const isTold = isBlocked(networkRules(none, [1], 1), href, "main_frame");
    // Addresses that hold one of IPv4 in IPv6's other ways are seen when a document of theirs is there.
    if (!/^http:\/\/\[(64:ff9b|2002):/.test(href)) expect(isTold).toBe(expected);
  });

  it.each(origins.patterns as [string, string, boolean][])(
    "match as the pattern does: %s, %s",
    (text, url, expected) => {
      const pattern = readPattern(text);
      if (pattern === undefined || !WEB.test(url)) return;
      expect(new RegExp(regexOf(pattern), "i").test(new URL(url).href)).toBe(expected);
    },
  );

  it("have numbers of their own, and only the tabs that are meant", () => {
    const policy = fromJson(EffectivePolicySchema, verdicts.cases[1]?.policy as JsonValue);
    const rules = networkRules(policy, [7, 8], 20);
    expect(rules.map(({ id }) => id)).toEqual(rules.map((_, at) => 20 + at));
    expect(rules.every(({ condition }) => condition.tabIds?.join() === "7,8")).toBe(true);
  });
});

describe("what lies in two patterns", () => {
  const urls = origins.patterns.map(([, url]) => readAddress(url as string)).filter((one) => one !== undefined);
  const texts = [...new Set(origins.patterns.map(([text]) => text as string))];
  it("lies in the pattern of both", () => {
    for (const a of texts.map(readPattern)) {
      for (const b of texts.map(readPattern)) {
        if (a === undefined || b === undefined) continue;
        const both = intersection(a, b);
        for (const address of urls) {
          const isInBoth = matches(a, address) && matches(b, address);
          const isTold = both !== undefined && matches(both, address);
          expect([a, b, address, isTold]).toEqual([a, b, address, isInBoth]);
        }
      }
    }
  });
});
