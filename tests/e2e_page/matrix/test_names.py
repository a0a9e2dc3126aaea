"""Roles and names against Chrome's own accessibility tree: over the table of cases, and over the pages of the tests."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from e2e_page.harness import PAGES, ROOT
from tabwire.v1 import state_pb2 as pb

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")

CASES: list[str] = json.loads((ROOT / "tests" / "vectors" / "names" / "cases.json").read_text())

# Chrome's words for the roles that ARIA and HTML know by another name.
ROLES = {
    "ColorWell": "button",
    "Date": "textbox",
    "DateTime": "textbox",
    "DisclosureTriangle": "button",
    "InputTime": "textbox",
    "image": "img",
    "Iframe": "",
    "ListBoxOption": "option",
    "none": "generic",
}

ORPHAN = "Chrome drops roles outside of the list or tree they belong to; people press such things all the same"
LAYOUT = "Chrome takes a table of one cell for layout; whether it lays anything out nobody can tell"

# Cases in which the engine says something else on purpose, with the reason.
ON_PURPOSE: dict[str, str] = {
    '<div id="x" role="listitem">item</div>': ORPHAN,
    '<div id="x" role="listitem" tabindex="0">Content</div>': ORPHAN,
    '<div id="x" role="listitem" aria-label="Label" tabindex="0">Content</div>': ORPHAN,
    '<div id="x" role="option">Content <b>of</b> it</div>': ORPHAN,
    '<div id="x" role="option" aria-label="Label">Content</div>': ORPHAN,
    '<div id="x" role="treeitem">Content <b>of</b> it</div>': ORPHAN,
    '<div id="x" role="treeitem" aria-label="Label">Content</div>': ORPHAN,
    '<div id="x" role="row">Content <b>of</b> it</div>': ORPHAN,
    '<table><tr><td id="x">cell</td></tr></table>': LAYOUT,
    '<table><tr><th id="x">head</th></tr></table>': LAYOUT,
    '<table><tr><td id="x" aria-label="Label">1</td></tr></table>': LAYOUT,
    '<a id="x" title="Title">No link</a>': "a tooltip tells what a link without address, a script's button, is for",
    '<label for="x" hidden>Hidden</label><input id="x">': "hidden labels count (accname 1.2, 2A)",
    '<button id="x"><span title="Tip"></span></button>': "tooltips of what has no content count (accname 1.2, 2I)",
    '<button id="x">A<wbr>B</button>': "a place where a word may break is no space",
}

CONTROLS = frozenset(
    "button checkbox combobox link listbox menuitem menuitemcheckbox menuitemradio radio searchbox slider spinbutton "  # noqa: SIM905
    "switch tab textbox treeitem".split()
)


async def chrome_says(engine: EnginePage) -> dict[str, tuple[str, str]]:
    """Role and name of the elements that have a test id, as Chrome computes them."""
    engine.may_be_kept = False
    session = await engine.page.context.new_cdp_session(engine.page)
    found: dict[str, tuple[str, str]] = {}
    marks = "[...document.querySelectorAll('.case')].map((host) => host.shadowRoot.querySelector('[data-testid]'))"
    marked = await session.send("Runtime.evaluate", {"expression": marks})
    listed = await session.send(
        "Runtime.getProperties", {"objectId": marked["result"]["objectId"], "ownProperties": True}
    )
    for entry in listed["result"]:
        if not entry["name"].isdigit() or "objectId" not in entry["value"]:
            continue
        tree = await session.send(
            "Accessibility.getPartialAXTree", {"objectId": entry["value"]["objectId"], "fetchRelatives": False}
        )
        node = tree["nodes"][0]
        found[f"case-{entry['name']}"] = spoken(node)
    await session.detach()
    return found


def spoken(node: dict[str, Any]) -> tuple[str, str]:
    role = node.get("role", {}).get("value", "")
    # Glyphs of icon fonts are private characters: they say nothing.
    name = "".join(sign for sign in node.get("name", {}).get("value", "") if not "\ue000" <= sign <= "\uf8ff")
    return ROLES.get(role, role), " ".join(name.split())


async def test_the_table_of_cases(engine: EnginePage) -> None:
    await engine.content("<main id=all></main>")
    # Each case in a root of its own, so that the ids in it mean what they say.
    await engine.page.evaluate(
        """(cases) => cases.forEach((html, number) => {
            const host = all.appendChild(Object.assign(document.createElement("div"), { className: "case" }));
            host.attachShadow({ mode: "open" }).innerHTML = html;
            host.shadowRoot.getElementById("x").setAttribute("data-testid", `case-${number}`);
        })""",
        CASES,
    )
    state = await engine.state(scope=pb.STATE_SCOPE_PAGE, max_elements=20000, max_text_bytes=4_000_000)
    ours = {e.attributes["data-testid"]: (e.role, e.name) for e in state.elements if "data-testid" in e.attributes}
    chrome = await chrome_says(engine)
    wrong = {
        CASES[int(case.removeprefix("case-"))]: (told, chrome[case])
        for case, told in ours.items()
        if told != chrome[case] and CASES[int(case.removeprefix("case-"))] not in ON_PURPOSE
    }
    assert wrong == {}, "\n" + "\n".join(
        f"{html}\n    told {told}, Chrome {said}" for html, (told, said) in wrong.items()
    )
    # Of the cases, these many are things that a state lists; the rest are checked by name.test.ts.
    assert len(ours) >= 200
    for html in ON_PURPOSE:
        case = f"case-{CASES.index(html)}"
        assert ours[case] != chrome[case], f"no longer an exception: {html}"


PAGES_WITH_CONTROLS = sorted(
    path.stem for path in (PAGES / "engine").glob("*.html") if path.stem not in {"blank", "large"}
)


@pytest.mark.parametrize("name", PAGES_WITH_CONTROLS)
async def test_the_controls_of_the_pages(engine: EnginePage, name: str) -> None:
    await engine.open(name)
    state = await engine.state(scope=pb.STATE_SCOPE_PAGE, max_elements=20000)
    engine.may_be_kept = False
    session = await engine.page.context.new_cdp_session(engine.page)
    tree = await session.send("Accessibility.getFullAXTree")
    await session.detach()
    chrome = Counter(spoken(node) for node in tree["nodes"] if not node.get("ignored"))
    for element in state.elements:
        if element.role not in CONTROLS or element.name in NOT_IN_CHROME:
            continue
        found = chrome[element.role, element.name]
        if element.role == "textbox" and element.tag not in {"input", "textarea"}:
            found += chrome["generic", element.name]  # for an editable area without a role Chrome has no word
        assert found > 0, (element.role, element.name, sorted(chrome))


# What Chrome's tree leaves out: it is hidden from accessibility, inert, or operated through its label only.
NOT_IN_CHROME = {"Hidden button", "Inert button", "inert", "Labelled switch"}
