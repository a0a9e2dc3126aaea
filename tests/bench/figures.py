"""The figures that are to be reached, worked out from the raw results: what was measured, and by how much it misses.

A figure about several kinds of pages is reached if it is on all of them; the worst one is told. Where a rival's cell is
lost there is no ratio, and that is said instead of counting it for anybody.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.pages import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What the token figure is measured by: browser-use's tokens for such a page, as they were found before.
REFERENCE_TOKENS = 2_554
NAMES = {
    "shop": "shop list",
    "table": "wide table",
    "deep": "deep nesting",
    "iframes": "many iframes",
    "shadow": "shadow tree",
    "quirks": "no doctype",
}


@dataclass(frozen=True)
class Figure:
    """One line of the table. `factor` above 1 tells how far it is from what is to be reached; None: not measured."""

    name: str
    goal: str
    measured: str
    factor: float | None

    @property
    def verdict(self) -> str:
        """In words."""
        if self.factor is None:
            return "not measured"
        return "**reached**" if self.factor <= 1 else f"missed by a factor of {_short(self.factor)}"


class Results:
    """The raw results, to be asked for medians."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._cells = {(row["side"], row["page"], row["cell"]): row for row in raw["cells"]}

    def cell(self, side: str, page: str, name: str) -> dict[str, Any] | None:
        """A cell, also a lost one."""
        return self._cells.get((side, page, name))

    def values(self, side: str, page: str, name: str, what: str = "ms") -> list[float]:
        """What was measured in a cell; empty if it is lost or was not measured."""
        row = self.cell(side, page, name)
        if row is None or row["lost"]:
            return []
        return [sample[what] for sample in row["samples"] if what in sample]

    def median(self, side: str, page: str, name: str, what: str = "ms") -> float | None:
        """The median of a cell."""
        values = self.values(side, page, name, what)
        return statistics.median(values) if values else None

    def clicks(self, page: str) -> list[dict[str, Any]]:
        """The clicks on a page that asked for the new state, however it was answered."""
        row = self.cell("tabwire", page, "click_page")
        return [] if row is None or row["lost"] else list(row["samples"])

    def deltas(self, page: str) -> list[dict[str, Any]]:
        """Those whose answer was a state relative to the whole one before."""
        return [one for one in self.clicks(page) if one["kind"] == "delta"]


def figures(results: Results) -> list[Figure]:
    """All of them, in the order of the issue."""
    return [
        *(_viewport_ratio(results, cell) for cell in ("state_viewport", "first_viewport")),
        *(_viewport_in_page(results, cell) for cell in ("state_viewport", "first_viewport")),
        *(_whole_page(results, nodes, cell) for nodes in (11_000, 55_000) for cell in ("state_page", "first_page")),
        _after_click_ratio(results),
        _after_click_in_page(results),
        _after_click_bytes(results),
        *(_click(results, nodes) for nodes in (11_000, 55_000)),
        _input(results),
        _tokens(results),
        *_page_cost(results),
    ]


# An agent looks at a page again and again, and what it knows of it by then is part of the product; but every page is
# looked at for the first time once. So both are held against the goal.
_LOOKS = {"state": "", "first": ", first look"}


def _look(cell: str) -> str:
    return _LOOKS[cell.partition("_")[0]]


def _viewport_ratio(results: Results, cell: str) -> Figure:
    def of(kind: str) -> tuple[str, float] | None:
        page = f"{kind}-11000"
        theirs = results.median("browser_use", page, "state")
        ours = results.median("tabwire", page, cell)
        if theirs is None or ours is None:
            return None
        return f"{_faster(theirs / ours)} ({_ms(ours)} against {_ms(theirs)})", 50 / (theirs / ours)

    return _over_kinds(
        f"page state, viewport, 11,000 nodes{_look(cell)}", "at least 50 times faster than browser-use", of
    )


def _viewport_in_page(results: Results, cell: str) -> Figure:
    def of(kind: str) -> tuple[str, float] | None:
        ours = results.median("tabwire", f"{kind}-11000", cell, "in_page_ms")
        return None if ours is None else (_ms(ours), ours / 15)

    return _over_kinds(f"its part in the page{_look(cell)}", "at most 15 ms", of)


def _whole_page(results: Results, nodes: int, cell: str) -> Figure:
    def of(kind: str) -> tuple[str, float] | None:
        page = f"{kind}-{nodes}"
        # The default snapshot does not go into frames: there it is compared with the one that does.
        theirs = results.median("playwright", page, "aria_ai" if kind == "iframes" else "aria")
        ours = results.median("tabwire", page, cell)
        if theirs is None or ours is None:
            return None
        return f"{_faster(theirs / ours)} ({_ms(ours)} against {_ms(theirs)})", 3 / (theirs / ours)

    name = f"page state, whole page, {nodes:,} nodes{_look(cell)}"
    return _over_kinds(name, "at least 3 times faster than an aria snapshot", of)


def _after_click_ratio(results: Results) -> Figure:
    def of(kind: str) -> tuple[str, float] | None:
        small, large = (_without_settling(results, f"{kind}-{nodes}") for nodes in (1_000, 55_000))
        if small is None or large is None:
            return None
        return f"{_short(large / small)} times ({_ms(large)} against {_ms(small)})", large / small / 1.5

    name = "state after one click, 55,000 nodes, without the settle"
    return _over_kinds(name, "at most 1.5 times the cost at 1,000 nodes", of)


def _without_settling(results: Results, page: str) -> float | None:
    """What the click with the new state costs beyond the waiting, which would make any two alike."""
    costs = [one["ms"] - one["settle_ms"] for one in results.clicks(page)]
    return statistics.median(costs) if costs else None


def _after_click_in_page(results: Results) -> Figure:
    def of(kind: str) -> tuple[str, float] | None:
        values = [one["state_in_page_ms"] for one in results.clicks(f"{kind}-55000")]
        return (_ms(statistics.median(values)), statistics.median(values) / 5) if values else None

    return _over_kinds("the same, the state's part in the page", "at most 5 ms", of)


def _after_click_bytes(results: Results) -> Figure:
    def of(kind: str) -> tuple[str, float] | None:
        page = f"{kind}-55000"
        values = [one["bytes"] for one in results.deltas(page)]
        whole = results.median("tabwire", page, "state_page", "bytes")
        if not values or whole is None:
            return None
        share = statistics.median(values) / whole
        asked = len(results.values("tabwire", page, "click_page"))
        relative = "" if len(values) == asked else f", only {len(values)} of {asked} answers relative"
        return f"{share:.2%} ({statistics.median(values):,.0f} of {whole:,.0f} bytes{relative})", share / 0.02

    return _over_kinds("the same, bytes of the state", "at most 2 % of the full state", of)


def _click(results: Results, nodes: int) -> Figure:
    def of(kind: str) -> tuple[str, float] | None:
        page = f"{kind}-{nodes}"
        theirs = results.median("playwright", page, "click")
        ours = results.median("tabwire", page, "click")
        if theirs is None or ours is None:
            return None
        return f"{_short(ours / theirs)} times as long ({_ms(ours)} against {_ms(theirs)})", ours / theirs

    goal = "not slower than Playwright's bare click" if nodes == 11_000 else "faster than Playwright's bare click"
    return _over_kinds(f"click with settle, verification and new state, {nodes:,} nodes", goal, of)


def _input(results: Results) -> Figure:
    def of(kind: str) -> tuple[str, float] | None:
        ours = results.median("tabwire", f"{kind}-11000", "input")
        return None if ours is None else (_ms(ours), ours / 50)

    return _over_kinds("500 characters into an input, 11,000 nodes", "at most 50 ms", of)


def _tokens(results: Results) -> Figure:
    name, goal = "tokens of the state of a list page of 142 elements", f"at most half of {REFERENCE_TOKENS:,}"
    rows = {(row["side"], row["mode"]): row for row in results.raw.get("tokens", [])}
    ours, theirs = rows.get(("tabwire", "page")), rows.get(("browser_use", ""))
    if ours is None or ours["lost"]:
        return Figure(name, goal, ours["lost"] if ours else "", None)
    beside = f"; browser-use on this very page: {theirs['tokens']:,}" if theirs and not theirs["lost"] else ""
    return Figure(name, goal, f"{ours['tokens']:,}{beside}", ours["tokens"] / (REFERENCE_TOKENS / 2))


def _page_cost(results: Results) -> list[Figure]:
    cost = results.raw.get("page_cost")
    names = ("a page while no task runs", "content script, gzipped: resident and engine", "its evaluation at page load")
    goals = ("no observer, no polling: zero work", "at most 60 kB", "under 5 ms")
    if cost is None:
        return [Figure(name, goal, "", None) for name, goal in zip(names, goals, strict=True)]
    runs, changes = cost["idle_runs"], cost["idle_changes"]
    idle = f"{runs} runs of the extension's script in {cost['idle_s']:.0f} s while the page changed {changes:,} nodes"
    gzipped = sum(script["gzipped"] for script in cost["scripts"] if not script["rare"])
    whole = sum(script["gzipped"] for script in cost["scripts"])
    spent = statistics.median(cost["evaluate_ms"])
    cpu = statistics.median(cost["evaluate_cpu_ms"])
    return [
        Figure(names[0], goals[0], idle, 1.0 if runs == 0 else float("inf")),
        Figure(
            names[1],
            goals[1],
            f"{gzipped / 1000:.1f} kB; with what rarer actions need {whole / 1000:.1f} kB",
            gzipped / 60_000,
        ),
        Figure(names[2], goals[2], f"{spent:.1f} ms, of it {cpu:.1f} ms of the processor", spent / 5),
    ]


def _over_kinds(name: str, goal: str, of: Callable[[str], tuple[str, float] | None]) -> Figure:
    """A figure over all kinds of pages: the worst one counts."""
    found = {kind: value for kind in KINDS if (value := of(kind)) is not None}
    missing = [NAMES[kind] for kind in KINDS if kind not in found]
    without = f"; no figure for {_listed(missing)}" if missing else ""
    if not found:
        return Figure(name, goal, "nothing to compare" + without, None)
    worst = max(found, key=lambda kind: found[kind][1])
    best = min(found, key=lambda kind: found[kind][1])
    good = sum(1 for _, factor in found.values() if factor <= 1)
    told = f"reached on {good} of {len(found)} kinds; worst on {NAMES[worst]}: {found[worst][0]}"
    if best != worst:
        told += f"; best on {NAMES[best]}: {found[best][0]}"
    return Figure(name, goal, told + without, found[worst][1])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _faster(ratio: float) -> str:
    return f"{_short(ratio)} times faster" if ratio >= 1 else f"{_short(1 / ratio)} times slower"


def _ms(value: float) -> str:
    return f"{value:,.0f} ms" if value >= 20 else f"{value:.1f} ms"


def _short(value: float) -> str:
    if value == float("inf"):
        return "any size"
    return f"{value:,.0f}" if value >= 20 else f"{value:.2g}" if value < 10 else f"{value:.1f}"
