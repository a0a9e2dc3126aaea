"""The load in small: simulated browsers over both carriers keep their links through Envoy, answer, and come back.

What the benchmark measures with a thousand is only worth something if it works with a few; so does this part of it in
every run of the tests. The figures themselves are worked out from raw results that are made up here.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench.load import report
from bench.load.stand import Stand

if TYPE_CHECKING:
    from collections.abc import Iterator

_BROWSERS = 4


@pytest.fixture
def short_home() -> Iterator[Path]:
    """A folder whose sockets' paths the system takes."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("carrier", ["native", "web"])
async def test_simulated_browsers_answer_and_come_back(carrier: str, short_home: Path) -> None:
    async with Stand(short_home, heartbeat_ms=1000) as stand:
        swarm = await stand.swarm(_BROWSERS, carrier, peers=_BROWSERS)
        callers = await stand.callers(range(_BROWSERS))
        for side in ("echo", "relay", "tabwire"):
            answer = await callers.ask(side=side, count=_BROWSERS, seconds=0.3)
            assert len(answer["took_ms"]) >= 2 * _BROWSERS
        before = await stand.attached(swarm, _BROWSERS)
        assert before["links"] == _BROWSERS
        assert not before["troubles"]

        await stand.stop_server()
        await stand.start_server()
        after = await stand.back(swarm, _BROWSERS, since=max(before["attached_at"]))
        assert after["links"] == 2 * _BROWSERS
        assert not after["ended"]
        answer = await callers.ask(side="tabwire", count=_BROWSERS, seconds=0.3)
        assert len(answer["took_ms"]) >= 2 * _BROWSERS


def cell(side: str, count: int, per_second: float) -> dict[str, Any]:
    cpu = dict.fromkeys(("server", "envoy", "browsers", "callers"), 100.0)
    return {
        "side": side,
        "count": count,
        "per_second": per_second,
        "p50_ms": 1.0,
        "p99_ms": 2.0,
        "max_ms": 3.0,
        "cpu_us": cpu,
    }


def raw(own: float, each: float) -> dict[str, Any]:
    cells = [cell(*one) for count in (1, 10, 100) for one in (("echo", count, 1000), ("relay", count, 700))]
    cells += [cell("tabwire", count, own) for count in (1, 10, 100)]
    party = {"bytes_each": each, "core_each": 0.0001, "bytes_before": 0}
    idle = {"carrier": "web", "browsers": 10, "seconds": 60, "troubles": {}, "server": party, "envoy": party}
    restart = {"how": "SIGTERM", "down_s": 1.0, "after_s": [0.1, 2.0], "troubles": {"x": 1}, "most_troubles": 1}
    return {
        "date": "2000-01-01",
        "commit": "none",
        "cpus": 2,
        "load_before": 0.0,
        "load_after": 0.0,
        "browsers": 10,
        "rate": [{"carrier": "native", "cells": cells}],
        "idle": [idle],
        "return": [{"carrier": "web", "browsers": 2, "restarts": [restart]}],
    }


def test_what_is_reached_is_told_from_what_is_missed() -> None:
    good = list(report.figures(raw(own=601, each=64 * 1024)))
    assert {figure.verdict for figure in good} == {"**reached**"}
    bad = raw(own=300, each=128 * 1024)
    bad["return"][0]["browsers"] = 3
    verdicts = [figure.verdict for figure in report.figures(bad)]
    assert verdicts[0] == "missed by a factor of 2"
    assert verdicts[2:5] == ["missed by a factor of 2"] * 3
    assert verdicts[5].startswith("missed")
    assert "| bare relay |" in "\n".join(report.render(bad))


def test_without_a_measurement_there_is_no_section() -> None:
    assert list(report.render(None)) == []
