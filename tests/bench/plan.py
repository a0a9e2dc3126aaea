"""What is measured: the cells of each side, how often, and how long one may take."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.pages import Page

# No cell gets longer. What has not answered by then is of no use to an agent, and the whole run is to end in time.
LIMIT_S = 40.0
OPEN_S = 60.0
_LARGE = 50_000


# What is measured one after the other on a page; within each of them the sides take turns. Clicks with one kind of
# state stand together, because a state is relative to the one before of the same kind, as with an agent.
PHASES = ("first", "look", "click", "click_page", "input", "ping")


@dataclass(frozen=True)
class Cell:
    """One thing that one side does on one page."""

    name: str
    operation: str
    phase: str
    repeats: int
    request: dict[str, Any] = field(default_factory=dict)
    # Where its text or element is: what the page calls "button" or "field".
    target: str = ""
    # What takes some sides many seconds is measured once on the largest pages, and need not be seen on all of them.
    repeats_large: int = 0
    kinds: tuple[str, ...] = ()

    def fits(self, page: Page) -> bool:
        """Whether it is measured on a page."""
        return not self.kinds or page.kind in self.kinds

    def repeats_on(self, page: Page) -> int:
        """How often it is measured on a page."""
        return self.repeats_large if self.repeats_large and page.nodes >= _LARGE else self.repeats


CELLS: dict[str, tuple[Cell, ...]] = {
    "tabwire": (
        Cell("first_viewport", "first_state", "first", 5, {"mode": "viewport"}, repeats_large=3),
        Cell("first_page", "first_state", "first", 5, {"mode": "page"}, repeats_large=3),
        Cell("state_viewport", "state", "look", 9, {"mode": "viewport"}),
        Cell("state_page", "state", "look", 5, {"mode": "page"}, repeats_large=3),
        Cell("click", "click", "click", 9, {"mode": "viewport"}, "button"),
        Cell("click_page", "click", "click_page", 9, {"mode": "page"}, "button", repeats_large=7),
        Cell("input", "input", "input", 7, {}, "field"),
        Cell("ping", "ping", "ping", 7),
    ),
    "playwright": (
        Cell("aria", "state", "look", 5, {"mode": "default"}, repeats_large=3),
        Cell("aria_ai", "state", "look", 3, {"mode": "ai"}, repeats_large=2),
        Cell("click", "click", "click", 9, {}, "button"),
        Cell("click_by_role", "click_by_role", "click", 3, {}, "button"),
        Cell("input", "input", "input", 7, {}, "field"),
    ),
    "browser_use": (
        Cell("state", "state", "look", 3, {}, repeats_large=1),
        Cell("click", "click", "click", 2, {}, "button"),
        Cell("input", "input", "input", 1, {}, "field", kinds=("shop", "quirks")),
    ),
}
CLICKS = frozenset({"click", "click_page", "click_by_role"})
