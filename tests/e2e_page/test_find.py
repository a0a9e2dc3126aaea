"""Finding text and elements all over a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tabwire.v1 import error_pb2 as err
from tabwire.v1 import state_pb2 as pb
from tabwire.v1.action_pb2 import ClickAction, FindElementsAction, FindTextAction, GetAttributesAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage
    from tabwire.v1.extract_pb2 import ElementList, TextMatches

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def places(engine: EnginePage, text: str, **options: int) -> TextMatches:
    return (await engine.do(find_text=FindTextAction(text=text, **options))).text_matches


async def elements(engine: EnginePage, role: str = "", name: str = "", **options: int) -> ElementList:
    return (await engine.do(find_elements=FindElementsAction(role=role, name=name, **options))).element_list


async def element_of(engine: EnginePage, element_id: int) -> str:
    """The HTML id of an element."""
    result = await engine.do(get_attributes=GetAttributesAction(element_id=element_id))
    return result.attribute_map.attributes.get("id", "")


FOUND = {
    "one-element": ("<p id=x>Say hello there</p>", "hello", "Say hello there"),
    "case": ("<p id=x>Say HeLLo</p>", "hEllO", "Say HeLLo"),
    "white-space": ("<p id=x>Say\n   hello   you</p>", "say hello you", "Say hello you"),
    "over-inline-elements": ("<p id=x>Say <b>hel</b>lo <i>you</i></p>", "hello you", "Say hello you"),
    "smallest-element": ("<div><p>Some <b id=x>bold words</b> here</p></div>", "bold", "Some bold words here"),
    "line-break": ("<p id=x>Say<br>hello</p>", "say hello", "Say hello"),
    "hidden-beside": ("<p id=x>Say <span hidden>no</span>hello</p>", "hello", "Say hello"),
    "field-after-text": ("<p>Say</p><input id=x value='say hello'><p>you</p>", "hello", "say hello"),
    "invisible-signs": ("<p id=x>Say hel\u200blo</p>", "hello", "Say hello"),
    "field": ("<input id=x value='say hello'>", "hello", "say hello"),
    "placeholder": ("<input id=x placeholder='say hello'>", "hello", "say hello"),
    "text-area": ("<textarea id=x>say hello</textarea>", "hello", "say hello"),
    "button": ("<button id=x>Say hello</button>", "hello", "Say hello"),
    "svg-text": ("<svg width=100 height=50><text id=x y=20>Say hello</text></svg>", "hello", "Say hello"),
    "signs-of-patterns": ("<p id=x>a.b*(c)[d]$ ^e|f\\g{h}+?</p>", "b*(c)[d]$ ^e|f\\g{h}+?", "a.b*(c)[d]$ ^e|f\\g{h}+?"),
}


@pytest.mark.parametrize("case", FOUND)
async def test_text_is_found(engine: EnginePage, case: str) -> None:
    html, text, excerpt = FOUND[case]
    await engine.content(html)
    found = await places(engine, text)
    assert found.total == 1, found
    assert found.matches[0].excerpt == excerpt
    assert await element_of(engine, found.matches[0].element_id) == "x"


NOT_FOUND = {
    "hidden": "<p hidden>hello</p>",
    "not-displayed": "<div style='display:none'><p>hello</p></div>",
    "invisible": "<p style='visibility:hidden'>hello</p>",
    "transparent": "<p style='opacity:0'>hello</p>",
    "script": "<script>'hello'</script><style>/* hello */</style><template>hello</template>",
    "over-blocks": "<p>hel</p><p>lo</p>",
    "over-a-block-in-text": "hel<div>x</div>lo",
    "password": "<input type=password value=hello>",
    "closed-details": "<details><summary>More</summary>hello</details>",
    "attribute": "<p class=hello>none</p>",
}


@pytest.mark.parametrize("case", NOT_FOUND)
async def test_text_is_not_found(engine: EnginePage, case: str) -> None:
    await engine.content(NOT_FOUND[case])
    assert (await places(engine, "hello")).total == 0


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_text_in_shadow_roots(engine: EnginePage, mode: str) -> None:
    await engine.content("<div id=host></div>")
    await engine.truth(f"host.attachShadow({{ mode: '{mode}' }}).innerHTML = '<p>Deep hello</p>'")
    assert (await places(engine, "hello")).matches[0].excerpt == "Deep hello"


async def test_counts_excerpts_and_headings(engine: EnginePage) -> None:
    words = "word " * 100
    await engine.content(
        "<h1>Top</h1>"
        + "".join(f"<article><h2>Part {n}</h2><p>{words}needle {words}</p></article>" for n in range(30))
        + "<p>needle needle</p>"
    )
    found = await places(engine, "needle", max_matches=31)
    assert (found.total, len(found.matches)) == (32, 31)
    assert [match.heading for match in found.matches[:2]] == ["Part 0", "Part 1"]
    assert found.matches[30].heading == "Top"
    assert len(found.matches[0].excerpt) <= 200
    assert found.matches[0].excerpt.startswith("…")
    assert "needle" in found.matches[0].excerpt
    assert found.matches[0].in_viewport
    assert not found.matches[29].in_viewport
    assert len((await places(engine, "needle")).matches) == 20


async def test_nothing_to_look_for(engine: EnginePage) -> None:
    await engine.content("<p>hello</p>")
    await engine.refused(err.ERROR_CODE_INVALID_ARGUMENT, find_text=FindTextAction(text=" \u200b "))


@pytest.mark.parametrize(
    ("role", "html"),
    [
        ("button", "<button>Go on</button>"),
        ("button", "<input type=submit value='Go on'>"),
        ("button", "<div role=button>Go on</div>"),
        ("button", "<details open><summary>Go on</summary>x</details>"),
        ("link", "<a href=/x>Go on</a>"),
        ("textbox", "<label>Go on <input></label>"),
        ("textbox", "<label>Go on <textarea></textarea></label>"),
        ("textbox", "<div contenteditable aria-label='Go on' style='height:20px'></div>"),
        ("searchbox", "<input type=search placeholder='Go on'>"),
        ("combobox", "<label for=s>Go on</label><select id=s><option>1</select>"),
        ("checkbox", "<label><input type=checkbox>Go on</label>"),
        ("checkbox", "<style>input{display:none}</style><input type=checkbox id=c><label for=c>Go on</label>"),
        ("radio", "<input type=radio aria-labelledby=l><span id=l>Go on</span>"),
        ("slider", "<input type=range aria-label='Go on'>"),
        ("spinbutton", "<input type=number title='Go on'>"),
        ("heading", "<h3>Go <b>on</b></h3>"),
        ("img", "<img alt='Go on' src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' width=9 height=9>"),
        ("image", "<svg role=img aria-label='Go on' width=9 height=9></svg>"),
        ("tab", "<div role=tablist><div role=tab>Go on</div></div>"),
        ("", "<button>Go on</button>"),
        ("BUTTON", "<button><img alt='Go on' src=x></button>"),
    ],
)
async def test_elements_by_role_and_name(engine: EnginePage, role: str, html: str) -> None:
    await engine.content(f"<button>Other</button><a href=/o>Other</a><input aria-label=Other>{html}")
    found = await elements(engine, role, "go ON")
    assert found.total == 1, found
    assert found.elements[0].name == "Go on"
    # The ids are those of the states.
    state = await engine.state(scope=pb.STATE_SCOPE_PAGE)
    assert found.elements[0].id in {element.id for element in state.elements}


async def test_elements_that_nobody_sees_are_not_found(engine: EnginePage) -> None:
    await engine.content(
        "<button hidden>Go</button><button style='visibility:hidden'>Go</button><div style='height:3000px'>"
        "</div><button>Go</button>"
    )
    found = await elements(engine, "button", "go")
    assert found.total == 1
    assert not found.elements[0].in_viewport
    await engine.do(click=ClickAction(element_id=found.elements[0].id))


async def test_the_limit_and_the_order(engine: EnginePage) -> None:
    await engine.content("<div id=host></div>" + "".join(f"<button>Button {n}</button>" for n in range(80)))
    await engine.truth("host.attachShadow({ mode: 'closed' }).innerHTML = '<button>In shadow</button>'")
    found = await elements(engine, "button")
    assert (found.total, len(found.elements)) == (81, 50)
    assert [e.name for e in found.elements[:2]] == ["In shadow", "Button 0"]
    assert len((await elements(engine, "button", max_elements=3)).elements) == 3


async def test_a_large_page_is_searched_quickly(engine: EnginePage) -> None:
    """The figure is for a page of 55,000 nodes; the bound is wide, as tests run side by side on slow machines."""
    await engine.page.goto(f"{engine.origins[0]}/engine/large.html#5000")
    await engine.state()
    result = await engine.do(find_text=FindTextAction(text="no such words on the page"))
    assert result.text_matches.total == 0
    assert result.timing.in_page_us < 1_000_000
    result = await engine.do(find_elements=FindElementsAction(role="button", name="4321"))
    assert result.timing.in_page_us < 3_000_000
