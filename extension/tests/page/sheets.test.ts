// @vitest-environment jsdom
// What is read out of style sheets: on which classes, attributes and states it depends what is shown.

import { afterEach, describe, expect, it } from "vitest";
import { addReach, emptyReach, type Reach, reachOf, sheetsOf } from "../../page/perceive/sheets";

afterEach(() => document.head.replaceChildren());

function reach(css: string): Reach {
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  const all = emptyReach();
  for (const sheet of sheetsOf(document)) addReach(all, reachOf(sheet));
  return all;
}

describe("the reach of rules", () => {
  it("names the classes, ids and attributes that things are shown or hidden by", () => {
    const { names, siblings, all, isKnown } = reach(`
      .menu.open > li { display: block }
      #side[data-state="shut"] p { visibility: hidden }
      @media (min-width: 1px) { .wide { width: 10px } }
    `);
    expect([...names].sort()).toEqual(["#side", ".menu", ".open", ".wide", "[data-state"]);
    expect([siblings, all, isKnown]).toEqual([false, false, true]);
  });

  it("leaves out what only paints", () => {
    const { names, states } = reach(".a:hover { color: red } .b::before { content: 'x'; display: block }");
    expect([...names, ...states]).toEqual([]);
  });

  it("knows the states that a rule depends on, and no structure among them", () => {
    const { states } = reach("input:checked ~ div { display: none } li:first-child:not(:hover) { height: 0 }");
    expect([...states].sort()).toEqual([":checked", ":hover"]);
  });

  it.each([
    [".a + .b { display: none }"],
    [".a ~ .b { display: none }"],
    ["li:nth-child(2n + 1) { display: none }"],
    ["p:empty { position: fixed }"],
  ])("reaches siblings: %s", (css) => {
    expect(reach(css).siblings).toBe(true);
  });

  it.each([['[title="a + b"] { display: none }'], ["li { display: none }"]])("does not reach siblings: %s", (css) => {
    expect(reach(css).siblings).toBe(false);
  });

  it("is read anew when rules have come or gone", () => {
    const style = document.createElement("style");
    style.textContent = ".a { display: none }";
    document.head.append(style);
    const sheet = style.sheet as CSSStyleSheet;
    const before = reachOf(sheet);
    expect(reachOf(sheet)).toBe(before);
    sheet.insertRule(".b { display: none }", 1);
    expect([...reachOf(sheet).names]).toEqual([".a", ".b"]);
  });
});
