"""A side of the benchmark as the run sees it: a process of its own that is asked over standard input and output.

A side that does not answer in time is ended with all its processes and started anew, so that what it still computes
weighs on no other side. What is asked, and when, is the run's business.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

ROOT = Path(__file__).parents[2]
BENCH = ROOT / ".bench"
_HERE = Path(__file__).parent
# Starting a product, a server and a browser may take long on a slow machine.
_START_S = 120.0
_END_S = 20.0


@dataclass(frozen=True)
class Kind:
    """How a side is started."""

    name: str
    label: str
    python: Path
    script: Path


def _python(name: str) -> Path:
    """The interpreter of a rival's own environment, which `make bench` has made."""
    return BENCH / name / "bin" / "python"


KINDS = {
    "tabwire": Kind("tabwire", "Tabwire", Path(sys.executable), _HERE / "tabwire_side.py"),
    "playwright": Kind("playwright", "Playwright", _python("playwright"), _HERE / "rivals" / "playwright_side.py"),
    "browser_use": Kind("browser_use", "browser-use", _python("browser_use"), _HERE / "rivals" / "browser_use_side.py"),
}


class Side:
    """One running side."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._home = tempfile.TemporaryDirectory(prefix=f"bench-{kind.name}-", ignore_cleanup_errors=True)
        self._log = (BENCH / f"{kind.name}.log").open("ab")
        self.about = self._start()

    def ask(self, operation: str, timeout_s: float, **request: Any) -> dict[str, Any]:
        """Asks, and waits for the answer. One that does not come in time is a lost one."""
        if self._process is None:
            try:
                self._start()
            except RuntimeError as error:
                return {"ok": False, "error": str(error)}
        answer = self._exchange(operation, timeout_s, request)
        if answer is not None:
            return answer
        gone = self._process is None or self._process.poll() is not None
        self.stop()
        why = "its process ended" if gone else f"no answer within {timeout_s:.0f} s"
        return {"ok": False, "error": why, "restarted": True}

    def stop(self) -> None:
        """Ends it with everything it has started."""
        process, self._process = self._process, None
        if process is None:
            return
        tree = _tree(process.pid)
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            if process.stdin is not None:
                process.stdin.close()  # it ends by itself
            process.wait(0 if self._stuck else _END_S)
        if process.poll() is None:
            process.kill()
            process.wait()
        for one in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()

    def close(self) -> None:
        """Ends it for good."""
        self.stop()
        self._log.close()
        self._home.cleanup()

    _process: subprocess.Popen[str] | None = None
    _stuck = False

    def _start(self) -> dict[str, Any]:
        self._stuck = False
        home = self._home.name
        keep = {key: value for key, value in os.environ.items() if not key.startswith(("TABWIRE_", "OPENAI_", "XDG_"))}
        env = {**keep, "HOME": home, "PYTHONPATH": _search_path()}
        self._process = subprocess.Popen(
            [self.kind.python, self.kind.script],
            cwd=home,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            bufsize=1,
        )
        self._answers: queue.Queue[str] = queue.Queue()
        assert self._process.stdout is not None
        threading.Thread(target=_pump, args=(self._process.stdout, self._answers), daemon=True).start()
        about = self._exchange("about", _START_S, {})
        if about is None or not about.get("ok"):
            self.stop()
            raise RuntimeError(f"The side {self.kind.label} did not start; see {self._log.name}.")
        return about

    def _exchange(self, operation: str, timeout_s: float, request: dict[str, Any]) -> dict[str, Any] | None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps({"op": operation, **request}) + "\n")
            self._process.stdin.flush()
        try:
            line = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            self._stuck = True
            return None
        if not line:
            return None
        answer: dict[str, Any] = json.loads(line)
        return answer


def _search_path() -> str:
    """This process's own, which a side finds the benchmark by, from wherever it is started."""
    given = [Path(part).resolve() for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    return os.pathsep.join(str(path) for path in given or [ROOT / "tests"])


def _pump(stream: IO[str], answers: queue.Queue[str]) -> None:
    """Hands lines on; an empty one when the process has ended."""
    for line in stream:
        answers.put(line)
    answers.put("")


def _tree(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
