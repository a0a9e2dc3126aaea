"""Solvers of tasks in which colours, shapes and places tell what is meant."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from miniwob.page import UnsolvedError, centre_of, parse

if TYPE_CHECKING:
    from miniwob.page import Page
    from tabwire.v1.state_pb2 import Element

# The names of colours that the tasks use, as CSS knows them.
_COLOURS = {
    "red": "#ff0000",
    "green": "#008000",
    "blue": "#0000ff",
    "olive": "#808000",
    "lime": "#00ff00",
    "black": "#000000",
    "white": "#ffffff",
    "grey": "#808080",
    "purple": "#800080",
    "orange": "#ffa500",
    "yellow": "#ffff00",
    "cyan": "#00ffff",
    "aqua": "#00ffff",
    "pink": "#ffc0cb",
    "magenta": "#ff00ff",
}


def colour_of(element: Element) -> str:
    """The colour an element is painted in, as #rrggbb; empty if the state does not tell."""
    for name in ("color", "background", "background-color", "fill"):
        value = element.attributes.get(name, "").lower()
        if value in _COLOURS:
            return _COLOURS[value]
        if channels := re.match(r"rgba?\((\d+), ?(\d+), ?(\d+)", value):
            return "#" + "".join(f"{int(channel):02x}" for channel in channels.groups())
        if value.startswith("#"):
            return value
    return ""


async def click_color(page: Page) -> None:
    """`Click on the lime colored box.`, or a painted box in place of the word."""
    (name,) = parse(r"^Click on the ?(.*?) ?colored box", page.query)
    boxes = [e for e in page.elements if colour_of(e) and not e.text_content]
    query = page.state.actionable_elements[0].bounds
    asked = [e for e in boxes if centre_of(e)[1] < query.y + query.height]
    offered = [e for e in boxes if e not in asked]
    colour = _COLOURS[name] if name else colour_of(asked[0]) if asked else ""
    found = [e for e in offered if colour_of(e) == colour]
    if not found:
        raise UnsolvedError(f"no box of the colour {name or colour or 'asked for'} among {len(offered)}")
    await page.click(found[0])


_LARGE = 14
_SHAPES = {"circle": "circle", "rect": "rectangle", "polygon": "triangle"}


def _fits(shape: Element, word: str) -> bool:
    if word in ("large", "small"):
        return (shape.bounds.height >= _LARGE) == (word == "large")
    if word in _COLOURS:
        # Black is what SVG paints if nothing else is said, and is not told.
        return (colour_of(shape) or _COLOURS["black"]) == _COLOURS[word]
    letter = shape.text_content if shape.tag == "text" else ""
    kinds = {
        "item": True,
        "shape": shape.tag in _SHAPES,
        "letter": letter.isalpha(),
        "digit": letter.isdigit(),
    }
    return kinds.get(word, word in (letter, _SHAPES.get(shape.tag)))


async def click_shape(page: Page) -> None:
    """`Click on a large red letter`: size, colour, and kind or letter, each of which may be missing."""
    (words,) = parse(r"^Click on an? (.*)$", page.query)
    shapes = [e for e in page.elements if e.tag in ("text", *_SHAPES)]
    found = [e for e in shapes if all(_fits(e, word) for word in words.split())]
    if not found:
        raise UnsolvedError(f"no {words} among {len(shapes)} shapes")
    await page.click(found[0])


async def grid_coordinate(page: Page) -> None:
    """`Click on the grid coordinate (-2,1).` The picture is five units wide and high, and 0 is in its middle."""
    x, y = (int(number) for number in parse(r"\((-?\d+),(-?\d+)\)", page.query))
    (middle_x, middle_y), unit = centre_of(page.one(tag="svg")), page.one(tag="svg").bounds.width / 5
    place = (middle_x + x * unit, middle_y - y * unit)
    points = page.all(tag="circle")
    if not points:
        raise UnsolvedError("no points are told of the picture")
    await page.click(min(points, key=lambda point: math.dist(centre_of(point), place)))
