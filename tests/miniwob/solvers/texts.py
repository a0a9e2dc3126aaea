"""Solvers of tasks in which text is selected or styled."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

from miniwob.page import UnsolvedError, parse
from miniwob.solvers.pictures import colour_of

if TYPE_CHECKING:
    from miniwob.page import Page
    from tabwire.v1.state_pb2 import Element


async def highlight_text(page: Page) -> None:
    """`Highlight the text in the paragraph below and click submit.`"""
    await page.mark(page.one(where=lambda e: e.role != "button" and e.text_content != ""))
    await page.submit()


_STYLES = {"bold": "ql-bold", "italics": "ql-italic", "underlined": "ql-underline"}
_HUES = {"red": 0, "orange": 36, "yellow": 60, "green": 120, "blue": 210, "purple": 270}


def _strength(swatch: Element, hue: int) -> float:
    """How well a swatch shows a colour: 0 if it is another colour or none, more the fuller it is."""
    colour = colour_of(swatch)
    if not colour:
        return 0
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    tone, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    return saturation * value if abs(tone * 360 - hue) < 10 else 0


async def _colour(page: Page, name: str) -> None:
    await page.click(page.one(word="ql-picker-label"))
    swatches = page.all(word="ql-picker-item")
    best = max(swatches, key=lambda swatch: _strength(swatch, _HUES[name]))
    if not _strength(best, _HUES[name]):
        raise UnsolvedError(f"none of {len(swatches)} swatches is told to be {name}")
    await page.click(best)


async def text_editor(page: Page) -> None:
    """`Using the text editor, give the text eget the style bold and press Submit.`, or everything, or a colour."""
    passage, style, colour = parse(
        r"(?:give|make) (?:everything|the text (\S+)) the (?:style (\w+)|color (\w+))", page.query
    )
    await page.mark(page.one(role="textbox"), passage)
    if colour:
        await _colour(page, colour)
    else:
        await page.click(page.one(word=_STYLES[style]))
    await page.submit()
