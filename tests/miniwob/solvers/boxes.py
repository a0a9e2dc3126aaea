"""Solvers of tasks with check boxes, radio buttons and lists to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwob.page import parse

if TYPE_CHECKING:
    from miniwob.page import Page


async def click_checkboxes(page: Page) -> None:
    """`Select a, b and click Submit.`, or `nothing`."""
    (names,) = parse(r"^Select (.*) and click Submit", page.query)
    for name in [] if names == "nothing" else names.split(", "):
        await page.check(page.one(name, role="checkbox"))
    await page.submit()


async def click_option(page: Page) -> None:
    """`Select a and click Submit.`"""
    (name,) = parse(r"^Select (.*) and click Submit", page.query)
    await page.check(page.one(name, role="radio"))
    await page.submit()


async def click_scroll_list(page: Page) -> None:
    """`Select a, b from the scroll list and click Submit.`"""
    (names,) = parse(r"^Select (.*) from the scroll list", page.query)
    await page.select(page.one(tag="select"), names.split(", "))
    await page.submit()


async def choose_list(page: Page) -> None:
    """`Select a from the list and click Submit.`"""
    (name,) = parse(r"^Select (.*) from the list", page.query)
    await page.select(page.one(tag="select"), [name])
    await page.submit()
