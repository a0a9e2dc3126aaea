"""Keeps the children of `tabwire up` alive: starts them, starts them again when they die, ends them all at the end.

It knows processes only. What the children are, in which order they start and when they are ready is told by
`tabwire.cli.up`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_LEASH = Path(__file__).with_name("leash.py")
_BACKOFF_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_SETTLED_S = 30.0  # a child that lived this long starts again at once
_GRACE_S = 8.0
_LOG_LIMIT = 10 * 2**20
_POLL_S = 0.05


@dataclass
class Child:
    """A program that is to run for as long as `up` does."""

    name: str
    command: Callable[[], Awaitable[list[str]]]
    log: Path
    ready: Callable[[], Awaitable[bool]]
    ready_s: float = 30.0
    env: Mapping[str, str] | None = None
    process: asyncio.subprocess.Process | None = field(default=None, init=False)
    restarts: int = field(default=0, init=False)
    to_restart: bool = field(default=False, init=False)
    """It is being ended only to be started again."""

    @property
    def pid(self) -> int:
        """The process id, or 0 while it does not run."""
        return self.process.pid if self.process is not None and self.process.returncode is None else 0


class Supervisor:
    """Runs children. `changed` is called with every start, `told` with a sentence whenever one has died."""

    def __init__(self, changed: Callable[[], None], told: Callable[[str], None]) -> None:
        self.children: dict[str, Child] = {}
        self._changed = changed
        self._told = told
        self._watchers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self, child: Child) -> None:
        """Starts a child and returns when it is ready. If it cannot, that is an error with the end of its log."""
        self.children[child.name] = child
        rotate(child.log)
        await self._spawn(child)
        try:
            async with asyncio.timeout(child.ready_s):
                while not await child.ready():
                    if child.pid == 0:
                        raise _died(child)
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise TabwireError(
                error_pb2.ERROR_CODE_UNAVAILABLE,
                f"The {child.name} was started but is not ready after {child.ready_s:.0f} s.",
                remedy=f"Look into its log: {child.log}",
            ) from None
        self._watchers.append(asyncio.create_task(self._keep(child), name=f"keep {child.name}"))

    async def restart(self, name: str) -> None:
        """Ends a child; its watcher starts it again at once. One that is dead already is left to its watcher."""
        child = self.children[name]
        if child.pid == 0:
            return
        child.to_restart = True
        await _end(child)

    async def stop(self) -> None:
        """Ends all children, the last started first."""
        self._stopping = True
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        for child in reversed(list(self.children.values())):
            await _end(child)
        self._changed()

    async def _spawn(self, child: Child) -> None:
        command = await child.command()
        with child.log.open("ab") as log:
            child.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-S", "-E", str(_LEASH), str(os.getpid()), *command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(child.env) if child.env is not None else None,
                # A group of its own: Ctrl-C in the terminal reaches `up` alone, which then ends its children in order.
                start_new_session=True,
            )
        self._changed()

    async def _keep(self, child: Child) -> None:
        """Waits for the child's death and starts it again, later and later if it does not live long."""
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            code = await child.process.wait() if child.process is not None else 0
            if self._stopping:
                return
            if child.process is not None:
                _kill_group(child.process.pid)  # what a dead browser left behind
            if child.to_restart:
                child.to_restart = False
            else:
                if loop.time() - started > _SETTLED_S:
                    child.restarts = 0
                delay = _BACKOFF_S[min(child.restarts, len(_BACKOFF_S) - 1)]
                child.restarts += 1
                self._told(f"The {child.name} ended ({_how(code)}). It starts again in {delay:g} s. Log: {child.log}")
                await asyncio.sleep(delay)
            try:
                await self._spawn(child)
            except (OSError, TabwireError) as error:
                self._told(f"The {child.name} cannot be started: {error}")


def rotate(log: Path) -> None:
    """Puts a log aside that has grown too large. One old one is kept."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".old.log"))


def tail(log: Path, lines: int = 8) -> str:
    """The end of a log."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 8192))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def _died(child: Child) -> TabwireError:
    code = child.process.returncode if child.process is not None else None
    return TabwireError(
        error_pb2.ERROR_CODE_UNAVAILABLE,
        f"The {child.name} ended while it started ({_how(code or 0)}). The end of its log:\n{tail(child.log)}",
        remedy=f"Look into its log: {child.log}",
    )


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


async def _end(child: Child) -> None:
    """Asks a child to end, and kills it and all it started if it does not."""
    process = child.process
    if process is None:
        return
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE_S)
    _kill_group(process.pid)
    if process.returncode is None:
        await process.wait()


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
