"""The task of the demo, as a person would say it and as plain commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tabwire.settings import Settings

IN_WORDS = "find the cheapest stapler and put it in the cart"

IN_COMMANDS = """\
type "stapler" into "Search"
press Enter
wait for "Results"
select "Price: low to high" in "Sort by"
click first "Add to cart"
click "Go to cart"
read "Total"
"""


def prompt(settings: Settings) -> str:
    """What to give as the task: words if a model can read them, else plain commands."""
    return IN_WORDS if settings.model else IN_COMMANDS.strip()
