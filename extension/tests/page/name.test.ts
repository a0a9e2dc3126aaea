// @vitest-environment jsdom
// Accessible names and roles: the engine's own code against dom-accessibility-api, over a table of cases. Where the two
// differ on purpose, the case says what is right and why.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { computeAccessibleDescription, computeAccessibleName, getRole } from "dom-accessibility-api";
import { beforeEach, describe, expect, it } from "vitest";
import { descriptionOf, nameOf } from "../../page/perceive/name";
import { roleOf } from "../../page/perceive/role";
import { beginReading } from "../../page/reading";

const FILE = join(dirname(fileURLToPath(import.meta.url)), "../../../tests/vectors/names/cases.json");

/** Each case marks the element in question with `id="x"`. Chrome answers the same ones in tests/e2e_page/matrix. */
const NAMES: readonly string[] = JSON.parse(readFileSync(FILE, "utf8"));

/** Cases of the table in which dom-accessibility-api is wrong or leaves something out; with what is right and why. */
const DIFFERENT: Readonly<Record<string, readonly [name: string, why: string]>> = {
  '<label>Wrap <input id="x" type="submit" value="Value"></label>': ["Wrap", "a label names buttons too, as in Chrome"],
  '<button id="x"><img alt="Alt" src="a"><span>Text</span></button>': ["Alt Text", "a picture is no part of a word"],
  '<button id="x"><img title="Title" src="a"></button>': ["Title", "a title names an image, as in Chrome"],
  '<a id="x" href="/"><img alt="" src="a" title="Title"></a>': ["Title", "the same in a link"],
  '<img id="x" src="a" alt="" title="Title">': ["Title", "a title makes an ornament an image, as in Chrome"],
  '<button id="x"><span> spaced </span><span> out </span></button>': ["spaced out", "the space is there"],
  '<button id="x" aria-labelledby="a">Own</button><span id="a"></span>': ["Own", "what says nothing names nothing"],
  '<button id="x" aria-labelledby="a" aria-label="Label">Own</button><span id="a"></span>': ["Label", "the same"],
  '<label for="x" hidden>Hidden</label><input id="x">': ["Hidden", "hidden labels count (accname 1.2, 2A)"],
  '<div role="tree"><div id="x" role="treeitem">Node<div role="group"><div role="treeitem">Inner</div></div></div></div>':
    ["Node", "what is below a node has names of its own, as in Chrome"],
  '<button id="x"><span title="Tip"></span></button>': ["Tip", "tooltips of what has no content count (2I)"],
  '<button id="x"><details><summary>Sum</summary>Hidden</details></button>': ["Sum", "the rest is not shown"],
};

/** Cases in which the engine knows better; with the reason. */
const BETTER: readonly (readonly [html: string, name: string, why: string])[] = [
  [`<input id="x" placeholder="Search here">`, "Search here", "a placeholder names what nothing else names (HTML-AAM)"],
  [`<label for="x"></label><input id="x" placeholder="Find">`, "Find", "an empty label names nothing"],
  [`<textarea id="x" placeholder="Write"></textarea>`, "Write", "the same for text areas"],
  [
    `<figure id="x"><figcaption>Caption</figcaption></figure>`,
    "Caption",
    "a figure is named by its caption (HTML-AAM)",
  ],
  [`<button id="x">A<br>B</button>`, "A B", "a line break stands between words"],
  [
    `<label for="x">Code <input type="password" value="topsecret"></label><input id="x">`,
    "Code",
    "a password is no name",
  ],
  [`<button id="x">\u{e001}Menu\u200b</button>`, "Menu", "icon glyphs and zero width marks show nothing"],
  [`<details><summary id="x">More</summary></details>`, "More", "a summary is named by its content (HTML-AAM)"],
];

function element(html: string): Element {
  document.body.innerHTML = html;
  beginReading();
  const found = document.getElementById("x");
  if (found === null) throw new Error("no element in question");
  return found;
}

/** White space at the seams of inline and block content is left to implementations. */
function loose(name: string): string {
  return name.replace(/\s+/g, " ").trim();
}

beforeEach(() => {
  document.body.innerHTML = "";
});

describe("accessible names", () => {
  it.each(NAMES)("%s", (html) => {
    const x = element(html);
    const right = DIFFERENT[html]?.[0] ?? computeAccessibleName(x);
    expect(loose(nameOf(x))).toBe(loose(right));
  });

  it.each(BETTER)("%s is %j: %s", (html, name) => {
    expect(nameOf(element(html))).toBe(name);
  });

  it("sees into shadow roots and slots", () => {
    const x = element(`<div id="x" role="button"><b>light</b></div>`);
    x.attachShadow({ mode: "open" }).innerHTML = "shadow <slot></slot>";
    expect(nameOf(x)).toBe("shadow light");
  });

  it("looks ids up in the element's own root", () => {
    const host = element(`<div id="x"></div><span id="l">outside</span>`);
    const root = host.attachShadow({ mode: "open" });
    root.innerHTML = `<button aria-labelledby="l">own</button><span id="l">inside</span>`;
    expect(nameOf(root.querySelector("button") as Element)).toBe("inside");
  });

  it("ends on labels that point at each other", () => {
    const x = element(
      `<div id="x" role="button" aria-labelledby="y">a<div id="y" role="button">b<i aria-labelledby="x"></i></div></div>`,
    );
    expect(nameOf(x)).toBe("b");
  });
});

describe("descriptions", () => {
  it.each([
    `<button id="x" aria-describedby="d">Save</button><p id="d">Writes all <b>files</b></p>`,
    `<button id="x" aria-describedby="d">Save</button><p id="d" hidden>Hidden counts</p>`,
    `<button id="x" title="Tip">Save</button>`,
    `<button id="x">Save</button>`,
  ])("%s", (html) => {
    const x = element(html);
    expect(descriptionOf(x, nameOf(x))).toBe(loose(computeAccessibleDescription(x)));
  });

  it("does not repeat the name", () => {
    const x = element(`<button id="x" title="Tip"></button>`);
    expect(descriptionOf(x, nameOf(x))).toBe("");
  });
});

describe("roles", () => {
  it.each([
    `<a id="x" href="/">a</a>`,
    `<button id="x"></button>`,
    `<input id="x">`,
    `<input id="x" type="checkbox">`,
    `<input id="x" type="radio">`,
    `<input id="x" type="range">`,
    `<input id="x" type="number">`,
    `<input id="x" type="search">`,
    `<input id="x" type="email">`,
    `<input id="x" type="submit">`,
    `<input id="x" list="l"><datalist id="l"></datalist>`,
    `<select id="x"></select>`,
    `<select id="x" multiple></select>`,
    `<select id="x" size="4"></select>`,
    `<textarea id="x"></textarea>`,
    `<h3 id="x">t</h3>`,
    `<nav id="x"></nav>`,
    `<main id="x"></main>`,
    `<aside id="x"></aside>`,
    `<article id="x"></article>`,
    `<ul id="x"></ul>`,
    `<ul><li id="x"></li></ul>`,
    `<table id="x"></table>`,
    `<table><tr id="x"></tr></table>`,
    `<table><tr><td id="x"></td></tr></table>`,
    `<img id="x" alt="a">`,
    `<img id="x" alt="">`,
    `<progress id="x"></progress>`,
    `<dialog id="x"></dialog>`,
    `<fieldset id="x"></fieldset>`,
    `<hr id="x">`,
    `<output id="x"></output>`,
    `<div id="x" role="tab"></div>`,
    `<option id="x"></option>`,
  ])("%s", (html) => {
    const x = element(html);
    expect(roleOf(x)).toBe(getRole(x));
  });

  it.each([
    [`<div id="x" role="IMAGE"></div>`, "img"],
    [`<div id="x" role="nonsense button"></div>`, "button"],
    [`<div id="x" role="none"></div>`, "presentation"],
    [`<button id="x" role="presentation">still</button>`, "button"],
    [`<article><header id="x"></header></article>`, "generic"],
    [`<header id="x"></header>`, "banner"],
    [`<section id="x"></section>`, "generic"],
    [`<section id="x" aria-label="s"></section>`, "region"],
    [`<details><summary id="x"></summary></details>`, "button"],
    [`<div id="x" contenteditable="true"></div>`, "textbox"],
    [`<a id="x">no link</a>`, "generic"],
    [`<table><tr><th id="x">row</th><td>1</td></tr></table>`, "rowheader"],
    [`<table><tr><th id="x">a</th><th>b</th></tr></table>`, "columnheader"],
    [`<input id="x" type="hidden">`, ""],
  ])("%s is %s", (html, role) => {
    expect(roleOf(element(html))).toBe(role);
  });
});
