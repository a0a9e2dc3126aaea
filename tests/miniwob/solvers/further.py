"""Solvers of tasks that are not on the list: they show that the engine was not made for the list alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwob.page import centre_of, parse, quoted, words_of
from miniwob.solvers.pictures import colour_of

if TYPE_CHECKING:
    from miniwob.page import Page
    from tabwire.v1.state_pb2 import Element

_SHAPES = {"rectangles": "rect", "circles": "circle", "triangles": "polygon"}
_WAYS = {"left": (-15.0, 0.0), "right": (15.0, 0.0), "up": (0.0, -15.0), "down": (0.0, 15.0)}


def _in_picture(page: Page) -> list[Element]:
    return page.all(where=lambda e: e.tag in _SHAPES.values())


async def drag_shape(page: Page) -> None:
    """`Drag the circle left then press Submit.`"""
    (way,) = parse(r"^Drag the \w+ (\w+) then", page.query)
    await page.drag_by(_in_picture(page)[0], *_WAYS[way])
    await page.submit()


async def drag_shapes(page: Page) -> None:
    """`Drag all circles into the black box.`"""
    (kind,) = parse(r"^Drag all (\w+) into", page.query)
    for place in range(len(_in_picture(page))):
        shape = _in_picture(page)[place]
        if shape.tag != _SHAPES[kind] or "shape-container" in words_of(shape):
            continue
        (x, y), (to_x, to_y) = centre_of(shape), centre_of(page.one(word="shape-container"))
        await page.drag_by(shape, to_x - x, to_y - y)
    await page.submit()


async def draw_line(page: Page) -> None:
    """`Draw a vertical line that runs through the dot, then press submit.`"""
    (way,) = parse(r"^Draw an? (\w+) line", page.query)
    picture, dot = page.one(tag="svg"), centre_of(page.one(tag="circle"))
    x, y = dot[0] - picture.bounds.x, dot[1] - picture.bounds.y
    across = way == "horizontal"
    start, by = ((x - 20, y), (40, 0)) if across else ((x, y - 20), (0, 40))
    await page.drag_by(picture, *by, start=start)
    await page.submit()


async def click_shades(page: Page) -> None:
    """`Select all the shades of red and press Submit.`"""
    (name,) = parse(r"shades of (\w+)", page.query)
    channel = ("red", "green", "blue").index(name)
    for place, box in enumerate(_swatches(page)):
        shares = [int(colour_of(box)[at : at + 2], 16) for at in (1, 3, 5)]
        if shares[channel] == max(shares):
            await page.click(_swatches(page)[place])
    await page.submit()


def _swatches(page: Page) -> list[Element]:
    return page.all(tag="span", where=lambda e: bool(colour_of(e)))


_MEANINGS = {
    "ui-icon-disk": "Save",
    "ui-icon-seek-start": "Prev",
    "ui-icon-stop": "Stop",
    "ui-icon-play": "Play",
    "ui-icon-seek-end": "Next",
    "ui-icon-zoomin": "Zoom In",
    "ui-icon-zoomout": "Zoom Out",
}


async def click_menu(page: Page) -> None:
    """`Click the "Menu" button, and then find and click on the item labeled "Save".`, or with an icon that is shown."""
    item = quoted(page.query)[-1]
    if item == "Menu":
        item = _MEANINGS[next(word for word in words_of(page.one(word="ui-icon")) if word in _MEANINGS)]
    await page.submit("Menu")
    for upper in ["", *[e.name for e in page.all(role="menuitem", where=lambda e: "aria-haspopup" in e.attributes)]]:
        if upper:
            await page.hover(page.one(upper, role="menuitem"))
        if page.all(item, role="menuitem"):
            break
    await page.click((await page.until(lambda: page.all(item, role="menuitem"), item))[0])


async def resize_textarea(page: Page) -> None:
    """`Resize the textarea so that the height is smaller than its initial size then press Submit.`"""
    side, way = parse(r"that the (width|height) is (smaller|larger|bigger)", page.query)
    by = -15.0 if way == "smaller" else 15.0
    await page.drag_by(page.one(word="ui-resizable-se"), *((by, 0.0) if side == "width" else (0.0, by)))
    await page.submit()


async def use_sliders(page: Page) -> None:
    """`Set the sliders to the combination [11,19,5] and submit.`"""
    (wanted,) = parse(r"\[(.*)\]", page.query)
    for place, value in enumerate(wanted.split(",")):
        shown = page.all(where=lambda e: e.text_content.isdigit())
        ahead = int(value) - int(shown[place].text_content)
        if ahead:
            handle = page.all(word="ui-slider-handle")[place]
            await page.press(handle, "ArrowRight" if ahead > 0 else "ArrowLeft", abs(ahead))
    await page.submit()


async def click_pie(page: Page) -> None:
    """`Expand the pie menu below and click on the item labeled "e".`"""
    item = quoted(page.query)[0]

    def slices() -> list[Element]:
        return page.all(item, tag="text", where=lambda e: e.bounds.height > 4)

    if not slices():
        await page.click(page.one("+", tag="text"))
    await page.click((await page.until(slices, item))[0])
