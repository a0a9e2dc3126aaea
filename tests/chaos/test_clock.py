"""The library that moves the server's clock does so at next to no cost: else a slow server would be the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from chaos.house import clock_settings, faketime_library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Two threads that want Python's lock all the time; how much processor that took, and what the clock shows.
_WORK = """
import resource, threading, time
def work():
    for _ in range(4_000_000): pass
threads = [threading.Thread(target=work) for _ in range(2)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, time.time())
"""


def _run(env: Mapping[str, str]) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", _WORK], env={**os.environ, **env}, capture_output=True, text=True, check=True
    )
    used, clock = done.stdout.split()
    return float(used), float(clock)


@pytest.mark.skipif(not faketime_library(), reason="libfaketime is not installed")
def test_a_clock_that_is_moved_slows_nobody_down(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+3600s\n", encoding="ascii")
    own, now = _run({})
    moved, then = _run({"LD_PRELOAD": faketime_library(), **clock_settings(clock)})
    assert 3_500 < then - now < 3_900
    # Without the setting it is about thirty times as much.
    assert moved < 5 * own
