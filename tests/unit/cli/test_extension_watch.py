"""The watch over the extension's process: it starts the browser again when that process has died, and only then."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from tabwire.cli.extension_watch import ExtensionWatch, extension_process

if TYPE_CHECKING:
    from collections.abc import Iterator

_SLEEP = "import time; print('ready', flush=True); time.sleep(600)"
# A browser with one process for extensions, and one for pages.
_BROWSER = f"""
import subprocess, sys
for mark in ("--type=renderer", "--extension-process"):
    child = subprocess.Popen([sys.executable, "-c", {_SLEEP!r}, mark], stdout=subprocess.PIPE)
    child.stdout.readline()
{_SLEEP}
"""


class Watched:
    """A watch over a browser of ours, with a clock of ours."""

    def __init__(self) -> None:
        self.browser = 100
        self.process: psutil.Process | None = None
        self.time = 0.0
        self.restarts = 0
        self.told: list[str] = []
        self.watch = ExtensionWatch(
            lambda: self.browser, self._restart, self.told.append, find=lambda _: self.process, now=lambda: self.time
        )

    async def _restart(self) -> None:
        self.restarts += 1

    async def goes_on(self, seconds: float) -> None:
        end = self.time + seconds
        while self.time < end:
            await self.watch.look()
            self.time += 0.25


def _end(process: psutil.Process) -> None:
    process.kill()
    process.wait()


@pytest.fixture
def alive() -> Iterator[psutil.Process]:
    with subprocess.Popen([sys.executable, "-c", _SLEEP], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield psutil.Process(process.pid)
        process.kill()


@pytest.fixture
def other() -> Iterator[psutil.Process]:
    with subprocess.Popen([sys.executable, "-c", _SLEEP], stdout=subprocess.PIPE) as process:
        yield psutil.Process(process.pid)
        process.kill()


async def test_a_browser_whose_extension_died_is_started_again_once(alive: psutil.Process) -> None:
    watched = Watched()
    watched.process = alive
    await watched.goes_on(60)
    assert watched.restarts == 0
    _end(alive)
    watched.process = None
    await watched.goes_on(1)
    assert watched.restarts == 0, "it may only have been reloaded"
    await watched.goes_on(1)
    assert watched.restarts == 1
    assert watched.told == ["The extension's process has ended. Chromium starts again, with its profile and its tabs."]
    watched.browser = 200  # the new browser has not brought its extension up yet; perhaps it never will
    await watched.goes_on(600)
    assert watched.restarts == 1


async def test_an_extension_that_is_reloaded_is_left_alone(alive: psutil.Process, other: psutil.Process) -> None:
    watched = Watched()
    watched.process = alive
    await watched.goes_on(5)
    _end(alive)
    watched.process = None
    await watched.goes_on(1)
    watched.process = other
    await watched.goes_on(60)
    assert watched.restarts == 0


async def test_a_computer_that_is_too_busy_to_look_is_too_busy_to_reload_an_extension_at_once(
    alive: psutil.Process,
) -> None:
    watched = Watched()
    watched.process = alive
    await watched.goes_on(5)
    _end(alive)
    watched.process = None
    for _ in range(4):
        await watched.watch.look()
        watched.time += 1
    assert watched.restarts == 0
    await watched.watch.look()
    assert watched.restarts == 1


async def test_a_browser_that_never_had_it_or_is_gone_itself_is_left_alone(alive: psutil.Process) -> None:
    watched = Watched()
    await watched.goes_on(60)
    watched.process = alive
    await watched.goes_on(5)
    _end(alive)
    watched.process, watched.browser = None, 0  # the supervisor starts it again, without our help
    await watched.goes_on(60)
    watched.browser = 300
    await watched.goes_on(60)
    assert watched.restarts == 0


async def test_a_browser_is_not_started_again_and_again(alive: psutil.Process, other: psutil.Process) -> None:
    watched = Watched()
    watched.process = alive
    await watched.goes_on(5)
    _end(alive)
    watched.process = None
    await watched.goes_on(5)
    watched.process = other
    await watched.goes_on(5)
    _end(other)
    watched.process = None
    await watched.goes_on(10)
    assert watched.restarts == 1, "half a minute has not passed yet"
    await watched.goes_on(30)
    assert watched.restarts == 2


async def test_the_process_of_extensions_is_told_from_those_of_pages() -> None:
    browser = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _BROWSER), stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert browser.stdout is not None
    children: list[psutil.Process] = []
    try:
        assert await browser.stdout.readline() == b"ready\n"
        children = psutil.Process(browser.pid).children(recursive=True)
        found = extension_process(browser.pid)
        assert found is not None
        assert found.cmdline()[-1] == "--extension-process"
        found.kill()
        async with asyncio.timeout(20):
            while extension_process(browser.pid) is not None:  # noqa: ASYNC110 - the system decides when it is gone
                await asyncio.sleep(0.01)
        assert len([one for one in children if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]) == 1
    finally:
        for child in children:
            if child.is_running():
                child.kill()
        browser.kill()
        await browser.wait()
    assert extension_process(browser.pid) is None
