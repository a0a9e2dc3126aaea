"""Solvers of tasks with dates and times."""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

from miniwob.page import parse

if TYPE_CHECKING:
    from miniwob.page import Page
    from tabwire.v1.state_pb2 import Element

_MONTHS = list(calendar.month_name)


async def choose_date(page: Page) -> None:
    """`Select 01/14/2016 as the date and hit submit.`, in a calendar that opens at December 2016."""
    month, day, year = (int(part) for part in parse(r"(\d+)/(\d+)/(\d+)", page.query))

    def calendars() -> list[Element]:
        return page.all(where=lambda e: len(parts := e.text_content.split()) == 2 and parts[0] in _MONTHS)

    await page.click(page.one(role="textbox"))
    title = (await page.until(calendars, "the calendar"))[0].text_content.split()
    ahead = (year - int(title[1])) * 12 + month - _MONTHS.index(title[0])
    for _ in range(abs(ahead)):
        await page.click(page.one("Next" if ahead > 0 else "Prev"))
    await page.click(page.one(str(day), role="link"))
    await page.submit()


async def enter_date(page: Page) -> None:
    """`Enter 05/20/2010 as the date and hit submit.`"""
    month, day, year = parse(r"(\d+)/(\d+)/(\d+)", page.query)
    await page.type(page.one(tag="input"), f"{year}-{month}-{day}")
    await page.submit()


async def enter_time(page: Page) -> None:
    """`Enter 9:37 PM as the time and press submit.`"""
    hour, minute, half = parse(r"(\d+):(\d+)\s*([AP])M", page.query)
    await page.type(page.one(tag="input"), f"{int(hour) % 12 + (12 if half == 'P' else 0):02}:{minute}")
    await page.submit()
