"""What is told of each element beyond name and role: where it stands, what can be asked of it, what it looks like; and
which things without a role are told at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e_page.harness import only
from tabwire.v1 import state_pb2 as pb
from tabwire.v1.action_pb2 import ClickAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage
    from tabwire.v1.extension_pb2 import FrameState

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def state_of(engine: EnginePage, html: str) -> FrameState:
    await engine.content(f"<!doctype html>{html}")
    return await engine.state(scope=pb.STATE_SCOPE_PAGE)


def pressable(state: FrameState) -> list[str]:
    return [e.name or e.text_content for e in state.elements if pb.OPERATION_CLICK in e.available_operations]


COLUMNS = {
    "plain": ("<tr><th>A<th>B<tr><td>1<td><button>It</button>", "B"),
    "scope": ("<tr><td><th scope=col>B<tr><th scope=row>Row<td><button>It</button>", "B"),
    "head": ("<thead><tr><td>A<td>B</thead><tr><td>1<td><button>It</button>", "B"),
    "two-lines": (
        "<thead><tr><th rowspan=2>A<th colspan=2>B<tr><th>C<th>D</thead><tr><td>1<td>2<td><button>It</button>",
        "B / D",
    ),
    "rowspan-in-the-body": ("<tr><th>A<th>B<tr><td rowspan=2>1<td>2<tr><td><button>It</button>", "B"),
    "colspan-in-the-body": ("<tr><th>A<th>B<th>C<tr><td colspan=2>1<td><button>It</button>", "C"),
    "headers": ("<tr><th id=a>A<th id=b>B<tr><td headers=b><button>It</button>", "B"),
    "deep-in-the-cell": ("<tr><th>A<th>B<tr><td>1<td><div><p><button>It</button></p></div>", "B"),
    "no-headers": ("<tr><td>A<td>B<tr><td>1<td><button>It</button>", ""),
    "header-cell": ("<tr><th>A<th><button>It</button><tr><td>1<td>2", ""),
}


@pytest.mark.parametrize("case", COLUMNS)
async def test_the_column_of_what_stands_in_a_table(engine: EnginePage, case: str) -> None:
    html, column = COLUMNS[case]
    assert only(await state_of(engine, f"<table>{html}</table>"), "It", "button").column == column


async def test_the_column_in_a_grid(engine: EnginePage) -> None:
    head = "<div role=row><b role=columnheader>A</b><b role=columnheader aria-colindex=2>B</b></div>"
    state = await state_of(
        engine,
        f"<div role=grid>{head}<div role=row><i role=gridcell>1</i><i role=gridcell><button>It</button></i></div>"
        "<div role=row><i role=gridcell aria-colindex=2><button>Other</button></i></div></div>",
    )
    assert (only(state, "It").column, only(state, "Other").column) == ("B", "B")


ROWS = {
    "table": "<table><tr><td><input type=checkbox aria-label=pick><td>{}<td><button>Add</button></table>",
    "table-with-buttons-first": "<table><tr><td><button>Add</button><td>{}</table>",
    "row-header": "<table><tr><td>5<th scope=row>{}<td><button>Add</button></table>",
    "list": "<ul><li>{} <button>Add</button></li></ul>",
    "article": "<article><p>New</p><h3>{}</h3><button>Add</button></article>",
    "cards": "<div class=card><p>{}</p><button>Add</button></div>",
    "role-row": "<div role=row><span role=gridcell>{}</span><span role=gridcell><button>Add</button></span></div>",
}


@pytest.mark.parametrize("case", ROWS)
async def test_the_row_that_tells_alike_buttons_apart(engine: EnginePage, case: str) -> None:
    state = await state_of(engine, "".join(ROWS[case].format(name) for name in ("Stapler", "Tape", "Glue")))
    assert [e.row for e in state.elements if e.name == "Add"] == ["Stapler", "Tape", "Glue"]


async def test_a_row_that_says_the_same_is_not_told(engine: EnginePage) -> None:
    state = await state_of(engine, "<ul><li><a href=/a>Alpha</a></li><li><a href=/b>Beta</a></li></ul>")
    assert [(e.name, e.row) for e in state.elements] == [("Alpha", ""), ("Beta", "")]


HANDLERS = [
    "onclick=''",
    "ng-click='go()'",
    "data-action='click->list#open'",
    "@click.prevent='open'",
    "x-on:click='open'",
    "v-on:click='open'",
    "wire:click='open'",
    "jsaction='click:abc'",
    "data-bind='click: open'",
    "hx-post='/x'",
    "phx-click='open'",
    "data-bs-toggle='dropdown'",
    "tabindex=0",
    "style='cursor:pointer'",
    "draggable=true",
]


@pytest.mark.parametrize("attribute", HANDLERS)
async def test_what_hears_a_press_is_told(engine: EnginePage, attribute: str) -> None:
    state = await state_of(engine, f"<div {attribute}>Press here</div><div data-controller=x data-url=y>Not here</div>")
    assert pressable(state) == ["Press here"]


async def test_a_link_without_an_address_is_a_button_of_its_own(engine: EnginePage) -> None:
    state = await state_of(
        engine, "<div><a class=prev title=Prev><span>&lt;</span></a><a class=next>Next</a><a name=here>Here</a></div>"
    )
    assert pressable(state) == ["Prev", "Next"]


PARTS = {
    "own-handlers": ("<div onclick=''>Row <span onclick=''>Delete</span></div>", ["Row Delete", "Delete"]),
    "two-alike": (
        "<div style='cursor:pointer'><span><i></i><b>Reply</b></span> <span><i></i><b>Forward</b></span></div>",
        ["Reply", "Forward"],
    ),
    "one-card": ("<div style='cursor:pointer'><div>Title</div><div>Text</div></div>", ["Title Text"]),
    "nested-items": (
        "<ul><li style='cursor:pointer'><b>Folder</b><ul><li style='cursor:pointer'>File</li></ul></li></ul>",
        ["Folder", "File"],
    ),
}


@pytest.mark.parametrize("case", PARTS)
async def test_the_parts_of_something_clickable(engine: EnginePage, case: str) -> None:
    html, expected = PARTS[case]
    assert pressable(await state_of(engine, html)) == expected


async def test_an_icon_in_a_row_is_a_thing_of_its_own(engine: EnginePage) -> None:
    state = await state_of(
        engine,
        "<style>i { display: inline-block; width: 16px; height: 16px }"
        ".trash { background: url(/img/delete.gif) }</style>"
        "<div style='cursor:pointer' onclick='window.row=1'>A letter <i class='trash' onclick=''></i>"
        "<i class=icon-star></i></div>",
    )
    icons = [e for e in state.elements if e.tag == "i"]
    assert [dict(e.attributes) for e in icons] == [{"class": "trash", "src": "delete.gif"}, {"class": "icon-star"}]
    await engine.do(click=ClickAction(element_id=icons[0].id))


async def test_boxes_without_a_word_are_told_by_their_colour(engine: EnginePage) -> None:
    state = await state_of(
        engine,
        "<style>div { width: 30px; height: 30px }</style><div style='background:red'></div>"
        "<div style='background:rgb(0, 128, 255);cursor:pointer' class=swatch></div><div></div>"
        "<div style='height:1px;background:red'></div>"
        "<table><tr><td style='background:lime;width:20px;height:20px'></td><td></td></tr></table>",
    )
    told = [(e.type, dict(e.attributes)) for e in state.elements]
    assert told == [
        (pb.ELEMENT_TYPE_IMAGE, {"background-color": "#ff0000"}),
        (pb.ELEMENT_TYPE_GENERIC, {"background-color": "#0080ff", "class": "swatch"}),
        (pb.ELEMENT_TYPE_CELL, {"background-color": "#00ff00"}),
    ]
    assert len(pressable(state)) == 3


async def test_a_picture_that_style_puts_in_place_of_an_element(engine: EnginePage) -> None:
    state = await state_of(
        engine,
        "<style>.reply { content: url('/img/reply.png'); width: 14px; height: 14px }</style><span class=reply></span>",
    )
    assert [dict(e.attributes) for e in state.elements] == [{"class": "reply", "src": "reply.png"}]


async def test_the_shapes_of_a_drawing(engine: EnginePage) -> None:
    state = await state_of(
        engine,
        "<svg width=150 height=150><line x2=150 stroke=black /><circle id=a cx=20 cy=20 r=5 fill=aqua />"
        "<rect x=50 y=50 width=20 height=10 fill=none stroke=red /><polygon points='60,60 70,80 50,80' fill=green />"
        "<text x=50 y=120 fill=red>Word</text></svg>"
        "<svg width=16 height=16><circle cx=8 cy=8 r=8 /></svg><button><svg width=80 height=80>"
        "<circle cx=8 cy=8 r=8 /></svg>Go</button>",
    )
    told = {e.tag: dict(e.attributes) for e in state.elements}
    assert list(told) == ["svg", "circle", "rect", "polygon", "text", "button"]
    assert told["circle"] == {"id": "a", "fill": "#00ffff", "r": "5", "cx": "20", "cy": "20"}
    assert told["rect"] == {"stroke": "#ff0000", "width": "20", "height": "10"}
    assert told["polygon"] == {"fill": "#008000", "points": "60,60 70,80 50,80"}
    assert told["text"] == {"fill": "#ff0000"}
    assert next(e for e in state.elements if e.tag == "circle").bounds.width == 10


async def test_a_chart_of_hundreds_of_shapes_is_one_picture(engine: EnginePage) -> None:
    bars = "".join(f"<rect x={n} width=1 height={n} />" for n in range(300))
    state = await state_of(
        engine, f"<svg width=400 height=300>{bars}<rect width=9 height=9><title>Sum</title></rect></svg>"
    )
    assert [(e.tag, e.name) for e in state.elements] == [("svg", ""), ("rect", "Sum")]


async def test_marks_that_only_class_names_carry(engine: EnginePage) -> None:
    state = await state_of(
        engine,
        "<ul><li style='cursor:pointer' class='x1 expandable'><span class='folder bold'>Docs</span></li></ul>"
        "<a href=/a class='nav-link active'>Home</a><button class='btn btn-primary'>Go</button>",
    )
    assert [e.attributes.get("class", "") for e in state.elements] == ["expandable folder", "active", ""]


async def test_text_is_not_torn_apart_and_not_glued(engine: EnginePage) -> None:
    state = await state_of(
        engine,
        '<p>"<span>yA</span>" H<span>2</span>O <span>19</span>.<span>99</span> '
        "<span>One</span><span style='margin-left:8px'>Two</span></p><p style='display:flex'><span>Three"
        "</span><span>Four</span></p>",
    )
    assert [e.text_content for e in state.elements] == ['"yA" H2O 19.99 One Two', "Three Four"]


async def test_limits_of_numbers_and_suggestions(engine: EnginePage) -> None:
    state = await state_of(
        engine,
        "<div role=slider aria-label=S tabindex=0 aria-valuemin=1 aria-valuemax=9 aria-valuenow=5 "
        "aria-valuetext=middle "
        "style='width:50px;height:9px'></div><input type=number aria-label=N min=2 max=8 step=2>",
    )
    slider, number = only(state, "S"), only(state, "N")
    assert (slider.current_value, slider.attributes["min"], slider.attributes["max"]) == ("middle", "1", "9")
    assert (number.attributes["min"], number.attributes["max"], number.attributes["step"]) == ("2", "8", "2")
