"""Writes docs/performance.md from the raw results of one run.

Every number and every verdict in it is worked out here, so that the page stays true whatever the numbers are; nothing
in it is to be edited by hand. How it was measured is told by method.py.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from bench import method, report_parts
from bench.figures import NAMES, Results, figures
from bench.load import report as load
from bench.markdown import count, ms, or_dash, safe, table
from bench.pages import KINDS, SIZES
from bench.plan import CELLS, LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIDES = method.SIDES
_CELL_WORDS = {
    ("tabwire", "first_viewport"): "first state, viewport",
    ("tabwire", "first_page"): "first state, whole page",
    ("tabwire", "state_viewport"): "state, viewport",
    ("tabwire", "state_page"): "state, whole page",
    ("tabwire", "click"): "click + settle + new state (viewport)",
    ("tabwire", "click_page"): "click + settle + new state (whole page)",
    ("tabwire", "input"): "input of 500 characters",
    ("tabwire", "ping"): "way into the page and back",
    ("playwright", "aria"): "aria snapshot",
    ("playwright", "aria_ai"): "aria snapshot, mode ai",
    ("playwright", "click"): "bare click (CSS id)",
    ("playwright", "click_by_role"): "click by role and name",
    ("playwright", "input"): "fill of 500 characters",
    ("browser_use", "state"): "state",
    ("browser_use", "click"): "click",
    ("browser_use", "input"): "input of 500 characters",
}


def render(raw: dict[str, Any]) -> str:
    """The whole page."""
    results = Results(raw)
    parts = [
        "# Performance",
        "",
        "What `make bench` measured in its latest run. The page is written by the run itself: edit the benchmark in",
        "`tests/bench` instead. Times depend on the machine. The ratios are what to look at: all of them come from one",
        "run on one machine, with the sides taking turns.",
        "",
        *_figures(results),
        *_ratios(results),
        *_raw(results),
        *_split(results),
        *report_parts.way(raw),
        *report_parts.tokens(raw),
        *report_parts.page_cost(raw),
        *load.render(raw.get("load")),
        *_lost(results),
        *method.render(raw),
    ]
    return "\n".join(parts) + "\n"


def _figures(results: Results) -> Iterator[str]:
    yield "## What is to be reached"
    yield ""
    rows = [(one.name, one.goal, one.measured, one.verdict) for one in figures(results)]
    reached = sum(1 for row in rows if "reached" in row[3] and "missed" not in row[3])
    yield f"End to end: the server asks, the server has it. {reached} of {len(rows)} are reached on every kind of page "
    yield "that could be compared; kinds without a figure are named in their row, and lost cells below."
    yield ""
    yield from table(("figure", "to reach", "measured (medians)", "verdict"), rows)


def _ratios(results: Results) -> Iterator[str]:
    yield "## Side by side"
    yield ""
    yield "How many times as long the other one takes; below 1, Tabwire is the slower one. Raw numbers are below."
    yield ""
    rows = []
    for kind in KINDS:
        for nodes in SIZES:
            page = f"{kind}-{nodes}"
            aria = "aria_ai" if kind == "iframes" else "aria"
            pairs = (
                ("state_viewport", "browser_use", "state"),
                ("state_page", "playwright", aria),
                ("click", "playwright", "click"),
                ("click", "browser_use", "click"),
                ("input", "playwright", "input"),
                ("input", "browser_use", "input"),
            )
            cells = [_ratio(results, page, ours, side, theirs) for ours, side, theirs in pairs]
            if any(cell != "-" for cell in cells):
                rows.append((NAMES[kind], f"{nodes:,}", *cells))
    head = (
        "page",
        "nodes",
        "browser-use's state : viewport state",
        "aria snapshot : whole page state",
        "Playwright's bare click : click with new state",
        "browser-use's click : click with new state",
        "Playwright's fill : input",
        "browser-use's input : input",
    )
    yield from table(head, rows)


def _ratio(results: Results, page: str, ours: str, side: str, theirs: str) -> str:
    mine, other = results.cell("tabwire", page, ours), results.cell(side, page, theirs)
    if mine is None or other is None:
        return "-"
    if mine["lost"]:
        return "lost by Tabwire"
    if other["lost"]:
        return f"lost by {_SIDES[side]}"
    a, b = results.median("tabwire", page, ours), results.median(side, page, theirs)
    if not a or b is None:
        return "-"
    return f"{b / a:,.0f}" if b / a >= 10 else f"{b / a:.2f}"


def _raw(results: Results) -> Iterator[str]:
    yield "## Raw numbers"
    yield ""
    yield "Milliseconds: median (smallest to largest, number of measurements)."
    yield ""
    for side, cells in CELLS.items():
        shown = [
            cell
            for cell in cells
            if any((row["side"], row["cell"]) == (side, cell.name) for row in results.raw["cells"])
        ]
        if not shown:
            continue
        yield f"### {_SIDES[side]} {results.raw['versions'].get(side, '')}"
        yield ""
        rows = []
        for page in results.raw["pages"]:
            told = [_spread(results, side, page["name"], cell.name) for cell in shown]
            if any(one != "-" for one in told):
                rows.append((NAMES[page["kind"]], f"{page['nodes']:,}", *told))
        yield from table(("page", "nodes", *(_CELL_WORDS[side, cell.name] for cell in shown)), rows)


def _spread(results: Results, side: str, page: str, cell: str) -> str:
    row = results.cell(side, page, cell)
    if row is None:
        return "-"
    if row["lost"]:
        return "lost"
    values = results.values(side, page, cell)
    if not values:
        return "-"
    return f"{ms(statistics.median(values))} ({ms(min(values))} to {ms(max(values))}, {len(values)})"


def _split(results: Results) -> Iterator[str]:
    """Where Tabwire's time goes, and how much it carries."""
    yield "### Where Tabwire's time goes"
    yield ""
    yield "Medians. *In the page* is the content script, *in the browser* the service worker with the page, and the"
    yield "rest of the time is the way: offscreen document, TLS, Envoy, server, client. The first of the measurements"
    yield "is told apart."
    yield ""
    rows = []
    for page in results.raw["pages"]:
        for cell in ("first_viewport", "first_page", "state_viewport", "state_page", "click", "click_page", "input"):
            values = results.values("tabwire", page["name"], cell)
            if not values:
                continue
            row = [NAMES[page["kind"]], f"{page['nodes']:,}", _CELL_WORDS["tabwire", cell]]
            row += [ms(statistics.median(values)), ms(values[0])]
            for what in ("in_browser_ms", "in_page_ms", "settle_ms"):
                row.append(or_dash(results.median("tabwire", page["name"], cell, what)))
            row.append(or_dash(results.median("tabwire", page["name"], cell, "state_in_page_ms")))
            row.append(count(results.median("tabwire", page["name"], cell, "bytes")))
            row.append(_state_kind(results, page["name"], cell))
            rows.append(tuple(row))
    head = (
        "page",
        "nodes",
        "what",
        "end to end",
        "first",
        "in the browser",
        "in the page",
        "of it settling",
        "state after, in the page",
        "bytes of the state",
        "the state",
    )
    yield from table(head, rows)


def _state_kind(results: Results, page: str, cell: str) -> str:
    row = results.cell("tabwire", page, cell)
    samples = row["samples"] if row is not None else []
    if not samples:
        return "-"
    if "kind" in samples[0]:
        deltas = sum(1 for one in samples if one["kind"] == "delta")
        return f"relative in {deltas} of {len(samples)}"
    if "elements" in samples[0]:
        left_out = f", {samples[-1]['omitted']:,} told as left out" if samples[-1]["omitted"] else ""
        return f"{samples[-1]['elements']:,} elements{left_out}"
    return "-"


def _lost(results: Results) -> Iterator[str]:
    yield "## Lost cells"
    yield ""
    lost = [row for row in results.raw["cells"] if row["lost"]]
    if not lost:
        yield "None."
        yield ""
        return
    yield f"A cell that fails, or takes longer than {LIMIT_S:.0f} s, is lost on that page."
    yield ""
    rows = []
    for row in lost:
        done = len(row["samples"])
        after = f" (after {done} good ones)" if done else ""
        rows.append(
            (_SIDES[row["side"]], row["page"], _CELL_WORDS[row["side"], row["cell"]], safe(row["lost"]) + after)
        )
    yield from table(("side", "page", "what", "why"), rows)
