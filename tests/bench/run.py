"""The benchmark: everything in one run, and docs/performance.md written from it. `make bench` prepares it first.

python -m bench.run                                    all of it, about a quarter of an hour
python -m bench.run --sides tabwire --sizes 11000      a part: printed, not written
python -m bench.run --parts load                       the load alone, about ten minutes; its part of the page anew
python -m bench.run --again                            the page anew from the latest raw results
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import platform
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from bench import page_cost, pages, report, round_trip, tokens
from bench.host import PageHost
from bench.load import measure as load
from bench.measure import Measurement
from bench.side import BENCH, KINDS, ROOT, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

_RESULTS = BENCH / "results.json"
_LOAD_RESULTS = BENCH / "load.json"  # apart: it is measured by itself as well
_PAGE = ROOT / "docs" / "performance.md"
_PARTS = ("pages", "tokens", "round-trip", "page-cost", "load")
_CLICKS = 50
_LOADS = 25
_LOAD_BROWSERS = 1000
_LOAD_TURN_S = 5.0
_LOAD_IDLE_S = 60.0


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the benchmark."""
    options = _options(argv)
    BENCH.mkdir(exist_ok=True)
    if "load" in options.parts and not options.again:
        _LOAD_RESULTS.write_text(json.dumps(_measure_load(options), indent=1), encoding="utf-8")
    if options.again or options.parts == ["load"]:
        _PAGE.write_text(_rendered(json.loads(_RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")
        return
    raw = run(options)
    whole = _is_whole(options)
    target = _RESULTS if whole else _RESULTS.with_name("part.json")
    target.write_text(json.dumps(raw, indent=1), encoding="utf-8")
    text = _rendered(raw)
    if whole:
        _PAGE.write_text(text, encoding="utf-8")
        print(f"Written to {_PAGE.relative_to(ROOT)} in {raw['minutes']:.0f} minutes.")
    else:
        print(text)


def _rendered(raw: dict[str, Any]) -> str:
    """The page, with the load as it was measured last."""
    measured = json.loads(_LOAD_RESULTS.read_text(encoding="utf-8")) if _LOAD_RESULTS.exists() else None
    return report.render({**raw, "load": measured})


def _measure_load(options: argparse.Namespace) -> dict[str, Any]:
    before = os.getloadavg()[0]
    raw = asyncio.run(load.measure(options.browsers, _LOAD_TURN_S, _LOAD_IDLE_S, print))
    return {
        "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        "commit": _commit(),
        "cpus": os.cpu_count(),
        "load_before": before,
        "load_after": os.getloadavg()[0],
        **raw,
    }


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measures what is asked for; the raw results."""
    began = time.monotonic()
    machine = _machine()
    raw: dict[str, Any] = {"date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}", "commit": _commit()}
    raw.update(cells=[], pages=[], versions={"chromium": _chromium()}, machine=machine)
    if {"pages", "tokens"} & set(options.parts):
        _measure_sides(options, raw)
    if "round-trip" in options.parts:
        raw["round_trip"] = asyncio.run(round_trip.measure(min(_CLICKS, options.reps * 5)))
        print("the way of a click: done")
    if "page-cost" in options.parts:
        raw["page_cost"] = asyncio.run(page_cost.measure(min(_LOADS, options.reps * 3)))
        print("the cost for a page while no task runs: done")
    machine["load_after"] = os.getloadavg()[0]
    raw["minutes"] = (time.monotonic() - began) / 60
    return raw


def _measure_sides(options: argparse.Namespace, raw: dict[str, Any]) -> None:
    made = [pages.make(kind, nodes) for kind in options.kinds for nodes in options.sizes]
    listed = pages.make_list()
    host = PageHost([*made, listed])
    sides: list[Side] = []
    try:
        sides.extend(Side(KINDS[name]) for name in options.sides)
        raw["versions"].update({side.kind.name: side.about["version"] for side in sides})
        if "tokens" in options.parts:
            raw["tokens"] = tokens.measure(sides, host, listed)
        if "pages" in options.parts:
            measurement = Measurement(sides, host, print, options.reps)
            for page in made:
                measurement.page(page)
            raw["cells"], raw["pages"] = measurement.cells, measurement.pages
    finally:
        for side in sides:
            side.close()
        host.close()


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sides", type=_list_of(tuple(KINDS)), default=list(KINDS), help="only these sides")
    parser.add_argument("--kinds", type=_list_of(pages.KINDS), default=list(pages.KINDS), help="only these pages")
    parser.add_argument("--sizes", type=_sizes, default=list(pages.SIZES), help="only these numbers of nodes")
    parser.add_argument("--parts", type=_list_of(_PARTS), default=list(_PARTS), help="only these parts")
    parser.add_argument("--reps", type=int, default=100, help="repeat no cell more often than this")
    parser.add_argument("--browsers", type=int, default=_LOAD_BROWSERS, help="so many simulated browsers at once")
    parser.add_argument("--again", action="store_true", help="write the page anew from the latest whole run")
    return parser.parse_args(argv)


def _list_of(known: Sequence[str]) -> Any:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: choose from {', '.join(known)}")
        return names

    return parse


def _sizes(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _is_whole(options: argparse.Namespace) -> bool:
    """Whether everything was measured as often as it is to be."""
    every = _options([])
    return all(
        getattr(options, name) == getattr(every, name)
        for name in ("sides", "kinds", "sizes", "parts", "reps", "browsers")
    )


def _machine() -> dict[str, Any]:
    model = platform.processor() or platform.machine()
    with suppress(OSError):
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        model = found.group(1) if found else model
    system = platform.system()
    with suppress(OSError):
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return {
        "cpu": model,
        "cpus": os.cpu_count(),
        "memory_gb": psutil.virtual_memory().total / 1e9,
        "system": f"{system}, Python {platform.python_version()}",
        "load_before": os.getloadavg()[0],
    }


def _chromium() -> str:
    told = subprocess.run(["/usr/bin/chromium", "--version"], capture_output=True, text=True, check=True).stdout
    return told.strip()


def _commit() -> str:
    """The commit that is measured, and whether it is exactly that."""
    git = ["git", "-C", str(ROOT)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--", "server", "extension", "proto", "gen"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return "a copy without its history"
    return f"commit {head.strip()}" + (" with changes" if changed.strip() else "")


if __name__ == "__main__":
    main()
