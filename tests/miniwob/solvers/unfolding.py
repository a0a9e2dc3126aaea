"""Solvers of tasks in which what is asked for is folded away: sections, tabs, menus, trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwob.page import UnsolvedError, parse, quoted

if TYPE_CHECKING:
    from miniwob.page import Page
    from tabwire.v1.state_pb2 import Element


async def _search_tabs(page: Page) -> None:
    target = quoted(page.query)[0]

    def targets() -> list[Element]:
        return page.all(target, clickable=True, where=lambda e: e.role != "tab")

    for title in [tab.name for tab in page.all(role="tab")]:
        if targets():
            break
        await page.click(page.one(title, role="tab"))
    await page.click((await page.until(targets, f"the link {target!r}"))[0])


async def click_collapsible(page: Page) -> None:
    """`Expand the sections below, to find and click on the link "aliquet".`"""
    await _search_tabs(page)


async def click_tab(page: Page) -> None:
    """`Switch between the tabs to find and click on the link "aliquet".`"""
    await _search_tabs(page)


async def click_menu(page: Page) -> None:
    """`Select Alvera>Terza>Ludovika`: pointing at an entry opens what is under it."""
    (path,) = parse(r"^Select (.*)$", page.query)
    *upper, last = path.split(">")
    for entry in upper:
        await page.hover((await page.until(lambda: page.all(entry, role="menuitem"), entry))[0])  # noqa: B023 - used at once
    await page.click((await page.until(lambda: page.all(last, role="menuitem"), last))[0])


_DEPTH = 8


async def navigate_tree(page: Page) -> None:
    """`Navigate through the file tree. Find and click on the folder or file named "Truman".`"""
    target = quoted(page.query)[0]
    opened: set[str] = set()
    for _ in range(_DEPTH):
        found = page.all(target)
        if found:
            await page.click(found[0])
            return
        closed = page.all(word="folder", where=lambda e: e.text_content not in opened)
        if not closed:
            break
        opened.add(closed[0].text_content)
        await page.click(closed[0])
    raise UnsolvedError(f"no {target!r} in the tree, as far as it could be opened")
