// @vitest-environment jsdom
// Accessible names and roles: the engine's own code against dom-accessibility-api, over a table of cases. Where the two
// differ on purpose, the case says what is right and why.

import { computeAccessibleDescription, computeAccessibleName, getRole } from "dom-accessibility-api";
import { beforeEach, describe, expect, it } from "vitest";
import { descriptionOf, nameOf } from "../../page/perceive/name";
import { roleOf } from "../../page/perceive/role";
import { beginReading } from "../../page/reading";

/** Each case marks the element in question with `id="x"`. */
const NAMES: readonly string[] = [
  `<button id="x">Save</button>`,
  `<button id="x">  Save
     all </button>`,
  `<button id="x" aria-label="Close">×</button>`,
  `<button id="x" aria-label="  ">Text</button>`,
  `<button id="x" title="Tip">Text</button>`,
  `<button id="x" title="Tip"></button>`,
  `<button id="x"><img src="a" alt="Picture"></button>`,
  `<button id="x"><img src="a" alt=""> Go</button>`,
  `<button id="x"><span aria-hidden="true">★</span> Star</button>`,
  `<button id="x"><span hidden>Not</span>Shown</button>`,
  `<button id="x"><span style="display: none">Not</span>Shown</button>`,
  `<button id="x"><span style="visibility: hidden">Not</span>Shown</button>`,
  `<button id="x"><div>One</div><div>Two</div></button>`,
  `<button id="x">One<span>Two</span></button>`,
  `<button id="x"><svg><title>Drawn</title></svg></button>`,
  `<button id="x"><span role="img" aria-label="Icon"></span> Mail</button>`,
  `<button id="x" aria-labelledby="l">Own</button><span id="l">Other</span>`,
  `<button id="x" aria-labelledby="l x">Own</button><span id="l">Other</span>`,
  `<button id="x" aria-labelledby="x l" aria-label="Label">Own</button><span id="l">Other</span>`,
  `<button id="x" aria-labelledby="missing">Own</button>`,
  `<button id="x" aria-labelledby="l">Own</button><span id="l" hidden>Hidden label</span>`,
  `<button id="x" aria-labelledby="l">Own</button><span id="l" aria-labelledby="m">No chain</span><span id="m">Second</span>`,
  `<button id="x" aria-labelledby="l">Own</button><span id="l" aria-label="Said">Shown</span>`,
  `<a id="x" href="/">Home <b>page</b></a>`,
  `<a id="x" href="/"><img src="a" alt="Logo"></a>`,
  `<a id="x" href="/" title="To the start"></a>`,
  `<h2 id="x">Title <em>here</em></h2>`,
  `<label for="x">Mail</label><input id="x">`,
  `<label>Mail <input id="x"></label>`,
  `<label for="x">First</label><label for="x">Second</label><input id="x">`,
  `<label for="x">Mail</label><input id="x" aria-label="Other">`,
  `<input id="x" placeholder="Search here" title="Title">`,
  `<input id="x" title="Title">`,
  `<input id="x" type="submit">`,
  `<input id="x" type="reset">`,
  `<input id="x" type="submit" value="Send">`,
  `<input id="x" type="button" value="Press">`,
  `<input id="x" type="image" alt="Go">`,
  `<input id="x" type="image" title="Go there">`,
  `<label><input id="x" type="checkbox"> I agree</label>`,
  `<label>Flash <input value="3" aria-label="times"> times <input id="x" type="checkbox"></label>`,
  `<label for="x">Flash the screen <input value="3"> times</label><input id="x" type="checkbox">`,
  `<label for="x">Flash <select><option>1</option><option selected>2</option></select> times</label><input id="x" type="checkbox">`,
  `<label for="x">Flash <span role="slider" aria-valuetext="medium" aria-valuenow="5"></span> times</label><input id="x" type="checkbox">`,
  `<label for="x">Flash <span role="spinbutton" aria-valuenow="5"></span> times</label><input id="x" type="checkbox">`,
  `<label for="x">Colour</label><select id="x"><option>Red</option></select>`,
  `<label for="x">Notes</label><textarea id="x">content</textarea>`,
  `<img id="x" src="a" alt="A cat">`,
  `<img id="x" src="a" title="A cat">`,
  `<img id="x" src="a">`,
  `<svg id="x" role="img"><title>Chart</title><desc>more</desc></svg>`,
  `<fieldset id="x"><legend>Plan</legend><input></fieldset>`,
  `<table id="x"><caption>Prices</caption><tr><td>1</td></tr></table>`,
  `<nav id="x" aria-label="Main">Text</nav>`,
  `<nav id="x">Text</nav>`,
  `<div id="x" role="button">Press <i>me</i></div>`,
  `<div id="x" role="tab">Tab</div>`,
  `<div id="x" role="dialog" aria-labelledby="l"><h2 id="l">Question</h2></div>`,
  `<div id="x" role="textbox">content is no name</div>`,
  `<div id="x" role="checkbox" aria-checked="true">Agree</div>`,
  `<div id="x" role="listitem">item</div>`,
  `<ul><li id="x">item</li></ul>`,
  `<p id="x">paragraph</p>`,
  `<table><tr><td id="x">cell</td></tr></table>`,
  `<table><tr><th id="x">head</th></tr></table>`,
  `<table><tr id="x"><td>a</td><td>b</td></tr></table>`,
  `<select><option id="x">Choice</option></select>`,
  `<select><optgroup id="x" label="Group"><option>Choice</option></optgroup></select>`,
  `<iframe id="x" title="Frame"></iframe>`,
  `<div id="x" role="menuitem"><span>File</span> <kbd>Ctrl F</kbd></div>`,
  `<button id="x"><span role="presentation">In</span> side</button>`,
  `<div id="x" role="link" aria-labelledby="l l2"></div><p id="l">One</p><p id="l2">Two</p>`,
  `<progress id="x" value="3" max="9"></progress>`,
  `<label>Done <progress id="x" value="3" max="9"></progress></label>`,
  `<label>Load <meter id="x" value="3"></meter></label>`,
  `<output id="x" aria-label="Sum">5</output>`,
  `<button id="x"><style>.a{}</style><script>1</script>Only this</button>`,
  `<a id="x" href="/"><span aria-label="Label wins">text</span> rest</a>`,
];

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
    expect(loose(nameOf(x))).toBe(loose(computeAccessibleName(x)));
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
