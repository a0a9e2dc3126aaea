"""Measures the load: browsers that are only there, round trips against the bare server, and everybody's coming back.

python -m bench.load.measure [--browsers 1000] [--seconds 5] [--parts idle,rate,return]     prints the raw results
`make bench` calls `measure`, and the report makes the tables.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.load.stand import Stand

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psutil

    from bench.load.stand import Worker

PARTS = ("idle", "rate", "return")
CARRIERS = ("native", "web")
SIDES = ("echo", "relay", "tabwire")
RATE_COUNTS = (1, 10, 100)
# The sides take turns so often, so that what slows the machine down slows all of them.
_ROUNDS = 3
_SETTLE_S = 5.0


async def measure(
    browsers: int, seconds: float, idle_s: float, tell: Callable[[str], None], parts: Sequence[str] = PARTS
) -> dict[str, Any]:
    """All of it; the raw results."""
    raw: dict[str, Any] = {"browsers": browsers, "idle_s": idle_s}
    if "rate" in parts:
        raw["rate"] = []
        for carrier in CARRIERS:
            with tempfile.TemporaryDirectory() as home:
                raw["rate"].append(await _rates(Path(home), carrier, seconds, tell))
    for part, work in (("idle", _idle), ("return", _return)):
        if part in parts:
            raw[part] = []
            for carrier in CARRIERS:
                with tempfile.TemporaryDirectory() as home:
                    raw[part].append(await work(Path(home), carrier, browsers, idle_s, tell))
    return raw


async def _idle(home: Path, carrier: str, count: int, idle_s: float, tell: Callable[[str], None]) -> dict[str, Any]:
    """What browsers cost that are attached and asked for nothing."""
    async with Stand(home) as stand:
        few = await stand.swarm(1, carrier)  # what is made for the first browser is not the others' cost
        await stand.add_browsers(count)
        await asyncio.sleep(_SETTLE_S)
        before = {name: _memory(usage) for name, usage in _both(stand)}
        await few.stop()
        swarm = await stand.swarm(count, carrier)
        await asyncio.sleep(_SETTLE_S)
        cpu = {name: _cpu_s(usage) for name, usage in _both(stand)}
        began = time.monotonic()
        await asyncio.sleep(idle_s)
        status = await stand.attached(swarm, count)
        took_s = time.monotonic() - began
        found = {
            "carrier": carrier,
            "browsers": count,
            "seconds": took_s,
            "troubles": status["troubles"],
            **{
                name: {
                    "bytes_each": (_memory(usage) - before[name]) / count,
                    "core_each": (_cpu_s(usage) - cpu[name]) / took_s / count,
                    "bytes_before": before[name],
                }
                for name, usage in _both(stand)
            },
        }
    server = found["server"]
    each = f"{server['bytes_each'] / 1024:.1f} KiB and {server['core_each']:.4%} of a core each"
    tell(f"{count} idle browsers ({carrier}): {each}")
    return found


async def _rates(home: Path, carrier: str, seconds: float, tell: Callable[[str], None]) -> dict[str, Any]:
    """Round trips, side by side with the bare server."""
    most = max(RATE_COUNTS)
    cells: list[dict[str, Any]] = []
    async with Stand(home) as stand:
        swarm = await stand.swarm(most, carrier, peers=most)
        callers = await stand.callers(range(most))
        for count in RATE_COUNTS:
            for turn in range(_ROUNDS):
                # Whoever goes first changes: what a machine does after a pause is nobody's merit.
                turns = (*SIDES[turn:], *SIDES[:turn])
                cells += [await _rate(stand, swarm, callers, side, count, seconds) for side in turns]
            tell(f"round trips at {count} ({carrier}): {_told(cells, count)}")
    return {"carrier": carrier, "cells": cells}


async def _rate(stand: Stand, swarm: Worker, callers: Worker, side: str, count: int, seconds: float) -> dict[str, Any]:
    parties = {
        "server": stand.bare_usage if side != "tabwire" else stand.server_usage,
        "envoy": stand.envoy_usage,
        "browsers": swarm.usage,
    }
    cpu = {name: _cpu_s(usage) for name, usage in parties.items()}
    answer = await callers.ask(side=side, count=count, seconds=seconds)
    took = sorted(answer["took_ms"])
    # The processes' time runs from before the first calls that are not counted; so all is taken by the second.
    return {
        "side": side,
        "count": count,
        "round_trips": len(took),
        "per_second": len(took) / answer["seconds"],
        "p50_ms": took[len(took) // 2],
        "p99_ms": took[min(len(took) - 1, int(len(took) * 0.99))],
        "max_ms": took[-1],
        "cpu_us": {
            **{
                name: (_cpu_s(usage) - cpu[name]) / len(took) * 1e6 * seconds / (seconds + 0.3)
                for name, usage in parties.items()
            },
            "callers": answer["cpu_s"] / len(took) * 1e6,
        },
    }


def _told(cells: Sequence[dict[str, Any]], count: int) -> str:
    rates = {
        side: statistics.median(cell["per_second"] for cell in cells if (cell["side"], cell["count"]) == (side, count))
        for side in SIDES
    }
    own = rates["tabwire"]
    return (
        f"{own:,.0f}/s, {own / rates['echo']:.0%} of the echo's {rates['echo']:,.0f}, "
        f"{own / rates['relay']:.0%} of the relay's {rates['relay']:,.0f}"
    )


async def _return(home: Path, carrier: str, count: int, _idle_s: float, tell: Callable[[str], None]) -> dict[str, Any]:
    """Everybody comes back after the server stopped, politely and not."""
    found: dict[str, Any] = {"carrier": carrier, "browsers": count, "restarts": []}
    async with Stand(home) as stand:
        swarm = await stand.swarm(count, carrier)
        for how in (signal.SIGTERM, signal.SIGKILL):
            await asyncio.sleep(_SETTLE_S)
            await swarm.ask(do="forget_troubles")
            down_at = time.time()
            await stand.stop_server(how)
            await stand.start_server()
            up_at = time.time()
            status = await stand.back(swarm, count, down_at)
            after_s = sorted(at - up_at for at in status["attached_at"])
            found["restarts"].append(
                {
                    "how": how.name,
                    "down_s": up_at - down_at,
                    "after_s": [round(at, 3) for at in after_s],
                    "troubles": status["troubles"],
                    "most_troubles": status["most_troubles"],
                }
            )
            tell(
                f"{count} browsers back after {how.name} ({carrier}): half after {after_s[count // 2]:.1f} s, "
                f"all after {after_s[-1]:.1f} s; {status['troubles']}"
            )
    return found


def _both(stand: Stand) -> tuple[tuple[str, psutil.Process], ...]:
    return (("server", stand.server_usage), ("envoy", stand.envoy_usage))


def _memory(usage: psutil.Process) -> int:
    return int(usage.memory_info().rss)


def _cpu_s(usage: psutil.Process) -> float:
    times = usage.cpu_times()
    return float(times.user + times.system)


def main(argv: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--browsers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each turn of round trips")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds of doing nothing")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--raw", action="store_true", help="print the raw results too")
    options = parser.parse_args(argv)
    raw = asyncio.run(measure(options.browsers, options.seconds, options.idle, print, options.parts.split(",")))
    if options.raw:
        print(json.dumps(raw))


if __name__ == "__main__":
    main()
