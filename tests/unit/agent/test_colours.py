"""The colour of what has no name."""

from __future__ import annotations

import pytest

from tabwire.agent.colours import colour
from tabwire.agent.render import element_line
from tabwire.v1 import state_pb2


def _swatch(written: str, name: str = "") -> state_pb2.Element:
    return state_pb2.Element(
        id=7,
        type=state_pb2.ELEMENT_TYPE_IMAGE,
        is_visible=True,
        name=name,
        attributes={"background-color": written},
    )


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("#ffffff", "white"),
        ("#00FF00", "lime"),
        ("#e02020", "red #e02020"),
        ("#0a0a70", "navy #0a0a70"),
        ("", ""),
        ('red" [9] button', ""),
        ("#fff\n[9]", ""),
    ],
)
def test_a_colour_is_told_in_a_word_and_exactly_where_the_word_is_not(written: str, word: str) -> None:
    assert colour(_swatch(written)) == word


def test_only_what_has_no_name_is_told_by_its_colour() -> None:
    assert element_line(_swatch("#ff0000")) == "[7] image colour=red"
    assert "colour" not in element_line(_swatch("#ff0000", name="Sold out"))


def test_parts_of_drawings_are_told_by_shape_and_colour() -> None:
    circle = state_pb2.Element(id=7, type=state_pb2.ELEMENT_TYPE_IMAGE, tag="circle", is_visible=True)
    circle.attributes.update({"fill": "#0000ff", "class": "dot"})
    assert element_line(circle) == "[7] image shape=circle colour=blue"
    letter = state_pb2.Element(id=8, type=state_pb2.ELEMENT_TYPE_GENERIC, tag="text", name="O", is_visible=True)
    letter.attributes["fill"] = "#00ffff"
    assert element_line(letter) == '[8] clickable "O" colour=cyan'
