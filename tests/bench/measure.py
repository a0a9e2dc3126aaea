"""Measures the cells of all sides on one page after the other, interleaved: in each repetition every side has its turn.

A cell that fails or does not end in time is lost: it is kept with its reason and not tried again on that page. Clicks
count only if the page itself tells of them.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from bench.pages import TEXT
from bench.plan import CELLS, CLICKS, LIMIT_S, OPEN_S, PHASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.host import PageHost
    from bench.pages import Page
    from bench.plan import Cell
    from bench.side import Side

# Between two cells, so that one's aftermath (garbage collection, painting) is not the next one's cost.
_REST_S = 0.05


class Measurement:
    """The raw results, as they go into results.json."""

    def __init__(self, sides: list[Side], host: PageHost, tell: Callable[[str], None], most: int) -> None:
        """`most` bounds the repetitions of every cell, for a quick look."""
        self._sides = sides
        self._host = host
        self._tell = tell
        self._most = most
        self.cells: list[dict[str, Any]] = []
        self.pages: list[dict[str, Any]] = []

    def page(self, page: Page) -> None:
        """Measures everything on one page."""
        began = time.monotonic()
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        opened: dict[str, dict[str, Any]] = {}
        for side in self._sides:
            name = side.kind.name
            opened[name] = side.ask("open", OPEN_S, url=self._host.url(page))
            for cell in CELLS[name]:
                if cell.fits(page):
                    row = {"page": page.name, "side": name, "cell": cell.name, "samples": [], "lost": ""}
                    if not opened[name]["ok"]:
                        row["lost"] = f"the page did not open: {opened[name]['error']}"
                    rows[name, cell.name] = row
        for phase in PHASES:
            self._phase(phase, page, rows)
        for side in self._sides:
            self._check_clicks(side, page, rows)
            if any(not row["lost"] for (name, _), row in rows.items() if name == side.kind.name):
                side.ask("close", OPEN_S)
        self.cells.extend(rows.values())
        counted = opened.get("playwright", {}).get("nodes", 0)
        self.pages.append({"name": page.name, "kind": page.kind, "nodes": page.nodes, "counted": counted})
        lost = sum(1 for row in rows.values() if row["lost"])
        self._tell(f"{page.name:15} {time.monotonic() - began:6.1f} s" + (f", {lost} cells lost" if lost else ""))

    def _phase(self, phase: str, page: Page, rows: dict[tuple[str, str], dict[str, Any]]) -> None:
        """All repetitions of the cells of a phase; who begins changes."""
        cells = {side: [cell for cell in CELLS[side.kind.name] if cell.phase == phase] for side in self._sides}
        rounds = max((cell.repeats_on(page) for those in cells.values() for cell in those), default=0)
        for number in range(min(rounds, self._most)):
            turn = number % len(self._sides)
            for side in [*self._sides[turn:], *self._sides[:turn]]:
                self._round(side, page, rows, cells[side], number)

    def _round(
        self, side: Side, page: Page, rows: dict[tuple[str, str], dict[str, Any]], cells: list[Cell], number: int
    ) -> None:
        """One repetition of some cells of one side."""
        for cell in cells:
            row = rows.get((side.kind.name, cell.name))
            if row is None or row["lost"] or number >= cell.repeats_on(page):
                continue
            time.sleep(_REST_S)
            answer = side.ask(cell.operation, LIMIT_S, **self._request(cell, page, number))
            if answer.pop("ok"):
                row["samples"].append(answer)
                continue
            row["lost"] = answer["error"]
            if answer.get("restarted"):
                self._lose_rest(side, page, rows)

    def _lose_rest(self, side: Side, page: Page, rows: dict[tuple[str, str], dict[str, Any]]) -> None:
        """The side had to be ended on this page: its other cells are lost with it, but for those that need no state."""
        again = side.ask("open", OPEN_S, url=self._host.url(page))
        if again["ok"]:
            return
        for (name, _), row in rows.items():
            if name == side.kind.name and not row["lost"]:
                row["lost"] = f"the page did not open again: {again['error']}"

    def _request(self, cell: Cell, page: Page, number: int) -> dict[str, Any]:
        request = dict(cell.request)
        if cell.target:
            target = getattr(page, cell.target)
            request.update(css=target.css, role=target.role, name=target.name, frame_css=target.frame_css)
        if cell.operation == "input":
            # Another text each time, so that the field never holds it already.
            request["text"] = f"{number}{TEXT}"[: len(TEXT)]
        if cell.operation == "first_state":
            request["url"] = self._host.url(page)
        return request

    def _check_clicks(self, side: Side, page: Page, rows: dict[tuple[str, str], dict[str, Any]]) -> None:
        """Asks the page how many clicks it has seen, and gives up those of a side that claims more."""
        clicked = [rows[key] for key in rows if key[0] == side.kind.name and key[1] in CLICKS]
        claimed = sum(len(row["samples"]) for row in clicked)
        # A page that was opened again counts from 0 again.
        if claimed == 0 or any("no answer" in row["lost"] for key, row in rows.items() if key[0] == side.kind.name):
            return
        answer = side.ask("read", LIMIT_S, css=page.counter.css, frame_css=page.counter.frame_css)
        told = re.search(r"\d+", str(answer.get("text", "")))
        seen = int(told.group()) if told else 0
        if seen != claimed:
            for row in clicked:
                row["lost"] = f"it reported {claimed} clicks, the page saw {seen}"
