"""The colour of a thing that has nothing else to be told by (a swatch, a marker), in a word that people use.

The browser tells it as `#rrggbb`; a model is told the nearest of the plain colour names, and the exact colour beside it
where the name alone would say too much. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tabwire.v1 import state_pb2

_HEX = re.compile(r"#[0-9a-f]{6}")
# The basic colour keywords of CSS, and those that people name besides. The first of two for the same colour counts.
_NAMED = {
    "black": 0x000000,
    "white": 0xFFFFFF,
    "grey": 0x808080,
    "silver": 0xC0C0C0,
    "red": 0xFF0000,
    "maroon": 0x800000,
    "orange": 0xFFA500,
    "brown": 0xA52A2A,
    "pink": 0xFFC0CB,
    "yellow": 0xFFFF00,
    "olive": 0x808000,
    "lime": 0x00FF00,
    "green": 0x008000,
    "cyan": 0x00FFFF,
    "teal": 0x008080,
    "blue": 0x0000FF,
    "navy": 0x000080,
    "magenta": 0xFF00FF,
    "purple": 0x800080,
}


def colour(element: state_pb2.Element) -> str:
    """An element's colour, as `red` or `red #e02020`; empty if it is not told. `fill` is that of a drawing's part."""
    attributes = element.attributes
    written = (attributes.get("background-color", "") or attributes.get("fill", "")).lower()
    if not _HEX.fullmatch(written):
        return ""
    value = int(written[1:], 16)
    name = min(_NAMED, key=lambda one: _distance(_NAMED[one], value))
    return name if _NAMED[name] == value else f"{name} {written}"


def _distance(one: int, other: int) -> int:
    return sum(((one >> shift & 0xFF) - (other >> shift & 0xFF)) ** 2 for shift in (0, 8, 16))
