"""The parts of docs/performance.md that are no cells of pages: tokens, the way of a click, the cost for idle pages."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from bench import method, round_trip
from bench.figures import REFERENCE_TOKENS
from bench.markdown import ms, table

if TYPE_CHECKING:
    from collections.abc import Iterator


def tokens(raw: dict[str, Any]) -> Iterator[str]:
    """The token figure."""
    if not raw.get("tokens"):
        return
    yield "## Tokens"
    yield ""
    yield "The state of a list page with 142 elements that can be operated, as the side hands it to a model, in tokens"
    yield f"of o200k. The goal was set by an earlier list page, for which browser-use took {REFERENCE_TOKENS:,}; this"
    yield "one is made to be like it."
    yield ""
    words = {"page": "whole page", "viewport": "viewport", "ai": "mode ai", "default": "default", "": "state"}
    rows = [
        (
            method.SIDES[row["side"]],
            words[row["mode"]],
            row["lost"] or f"{row['tokens']:,}",
            "-" if row["lost"] else f"{row['elements']:,}",
            "-" if row["lost"] else f"{row.get('omitted', 0):,}",
        )
        for row in raw["tokens"]
    ]
    yield from table(("side", "what", "tokens", "elements or lines in it", "told as left out"), rows)


def way(raw: dict[str, Any]) -> Iterator[str]:
    """Where the time of a click goes."""
    times = raw.get("round_trip")
    if times is None:
        return
    yield "### The way of a click"
    yield ""
    yield f"Milliseconds on a small page, {len(times['click'])} clicks without a state after them, and as many pings."
    yield ""
    rows = [
        (words, ms(statistics.median(times[name])), ms(min(times[name])), ms(max(times[name])))
        for name, words in round_trip.WORDS.items()
    ]
    yield from table(("what", "median", "smallest", "largest"), rows)


def page_cost(raw: dict[str, Any]) -> Iterator[str]:
    """What pages pay that nothing is done in."""
    cost = raw.get("page_cost")
    if cost is None:
        return
    yield "## What the extension costs a page while no task runs"
    yield ""
    spent, cpu = cost["evaluate_ms"], cost["evaluate_cpu_ms"]
    rows = [
        (
            f"`{one['name']}`, {_where(one)}",
            f"{one['bytes']:,} bytes, {one['gzipped']:,} gzipped",
        )
        for one in cost["scripts"]
    ]
    rows += [
        (f"evaluation at page load, {len(spent)} loads", f"{ms(statistics.median(spent))} ms"),
        ("of it the processor", f"{ms(statistics.median(cpu))} ms"),
        ("evaluation when it is looked at for the first time", f"{ms(statistics.median(cost['first_look_ms']))} ms"),
        ("load of a page of 1,000 nodes with the extension", f"{ms(statistics.median(cost['load_with_ms']))} ms"),
        ("the same in a Chromium without it", f"{ms(statistics.median(cost['load_without_ms']))} ms"),
        (
            f"runs of its script in {cost['idle_s']:.0f} s while the page added {cost['idle_changes']:,} nodes",
            f"{cost['idle_runs']}",
        ),
        (
            f"runs of its script during {cost['used_events']} clicks, keys and turns of the wheel of a person",
            f"{cost['used_runs']}, together {cost['used_us'] / 1000:.2f} ms",
        ),
        (
            "for comparison: runs while a program watches the tab for 2 s",
            str(cost["watched_runs"]) if cost["watched_runs"] else "0: this trace cannot tell",
        ),
    ]
    yield "Told by Chromium's own trace, in which every run of script in a page is an event. The extension is paired"
    yield "and connected."
    yield ""
    yield from table(("what", "measured"), rows)


def _where(script: dict[str, Any]) -> str:
    """Which pages get a script, and when."""
    if script["resident"]:
        return "in every page"
    if script["rare"]:
        return "put into a page when a rarer action, or a hidden tab, needs it"
    return "put into a page when it is first looked at"
