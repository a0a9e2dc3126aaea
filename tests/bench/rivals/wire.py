"""How a side of the benchmark talks with the run: one JSON request a line on standard input, one answer a line back.

Runs in each side's own environment, so it imports the standard library only. What an operation does and how its time
is taken is the side's business; an operation that raises is answered as lost, with the reason, and the side goes on.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

Operation = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class Lost(Exception):  # noqa: N818 - a cell is lost, which is a result like any other
    """The side could not do it."""


class Stopwatch:
    """Measures a block in milliseconds."""

    ms = 0.0

    def __enter__(self) -> Stopwatch:
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.ms = (time.perf_counter() - self._began) * 1000


async def serve(operations: dict[str, Operation]) -> None:
    """Answers requests until standard input ends. What the side's libraries print goes to standard error instead."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        try:
            answer = {"ok": True, **await operations[request["op"]](request)}
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the cell is lost and the reason is told
            words = str(error).strip() or type(error).__name__
            answer = {"ok": False, "error": words.splitlines()[0][:200]}
        answers.write(json.dumps(answer) + "\n")
