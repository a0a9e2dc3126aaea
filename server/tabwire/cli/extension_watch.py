"""Watches over the extension in the managed Chromium: if its process dies, Chromium is started again.

Chrome does not start an extension again whose process was killed or has crashed, as long as it runs itself: the browser
would be there, with nobody in it to hold a link. Which processes there are is seen from outside; nothing is attached.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# A look asks for one known process, which costs next to nothing.
_LOOK_S = 0.2
# An extension that is switched off and on, or updated, is without a process for a moment; on a busy computer for a
# longer one, in which there are fewer looks too.
_GONE_S = 1.0
_GONE_LOOKS = 5
# Whatever kills it, Chromium is not started again and again.
_CALM_S = 30.0
# How Chromium marks the processes in which extensions run.
_MARK = "--extension-process"


class ExtensionWatch:
    """Watches one browser, whose process id `browser` tells (0 while it does not run).

    `restart` starts the browser again, `told` is called with a sentence for a person.
    """

    def __init__(
        self,
        browser: Callable[[], int],
        restart: Callable[[], Awaitable[None]],
        told: Callable[[str], None],
        *,
        find: Callable[[int], psutil.Process | None] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._browser = browser
        self._restart = restart
        self._told = told
        self._find = find or extension_process
        self._now = now
        self._seen_in = 0  # the browser in which the extension was seen alive
        self._looked_in = 0
        self._process: psutil.Process | None = None
        self._gone_since: float | None = None
        self._gone_looks = 0
        self._restarted_at = float("-inf")

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """Looks once."""
        browser = self._browser()
        if browser == 0 or await self._lives(browser):
            self._gone_since, self._gone_looks = None, 0
            return
        if self._seen_in != browser:
            return  # it has not come up yet, or a person has switched it off before: that is theirs to change
        if self._gone_since is None:
            self._gone_since = self._now()
        self._gone_looks += 1
        is_early = self._now() - self._gone_since < _GONE_S or self._gone_looks < _GONE_LOOKS
        if is_early or self._now() - self._restarted_at < _CALM_S:
            return
        self._gone_since, self._gone_looks, self._restarted_at = None, 0, self._now()
        self._told("The extension's process has ended. Chromium starts again, with its profile and its tabs.")
        await self._restart()

    async def _lives(self, browser: int) -> bool:
        if self._process is None or self._looked_in != browser or not _is_alive(self._process):
            # Only then: it looks at all processes of this computer.
            self._process = await asyncio.to_thread(self._find, browser)
            self._looked_in = browser
        if self._process is None:
            return False
        self._seen_in = browser
        return True


def extension_process(browser: int) -> psutil.Process | None:
    """A process of the browser's in which extensions run, if there is one."""
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(browser).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if _MARK in process.cmdline() and _is_alive(process):
                    return process
    return None


def _is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
