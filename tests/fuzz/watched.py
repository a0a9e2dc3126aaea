"""The product's server with one thing more: on SIGUSR1 it writes down how many tasks of asyncio there are, and which.

Run as the server's process by the fuzz and the soak. The command is the product's own, `tabwire serve`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tabwire.cli.main import run

if TYPE_CHECKING:
    from types import FrameType

CENSUS = "FUZZ_CENSUS"


def _write(_signal: int, _frame: FrameType | None) -> None:
    gc.collect()
    tasks = Counter(str(getattr(task.get_coro(), "__qualname__", "?")) for task in asyncio.all_tasks())
    path = Path(os.environ[CENSUS])
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps({"tasks": tasks.total(), "by_name": tasks, "objects": len(gc.get_objects())}))
    draft.replace(path)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _write)
    sys.argv = ["tabwire", "serve"]
    run()
