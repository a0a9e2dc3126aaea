"""A second Chromium with the extension, beside the one that `tabwire up` keeps: another browser of the same person.

It has a profile and a copy of the extension of its own, and pairs with a code of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from typing import TYPE_CHECKING

import psutil

from tabwire.cli import chromium, extension

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tabwire.settings import Settings


class SecondBrowser:
    """Start it once; end it always."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, settings: Settings, env: Mapping[str, str], code: str, arguments: list[str]) -> None:
        """Starts it with a one-time code to pair with."""
        self._home.mkdir()
        folder = self._home / "extension"
        shutil.copytree(chromium.extension(settings), folder)
        extension.offer_pairing(folder, settings.server_url, code, automatic=True)
        own = {"--user-data-dir": self._home / "profile", "--load-extension": folder}
        managed = chromium.command(settings.model_copy(update={"browser_args": "", "browser": "headless"}))
        command = [
            f"{name}={own[name]}" if (name := argument.partition("=")[0]) in own else argument for argument in managed
        ]
        with (self._home / "browser.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                *arguments,
                env=dict(env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def processes(self) -> list[psutil.Process]:
        """It and all it started; nothing if it does not run."""
        if self._process is None or self._process.returncode is not None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            head = psutil.Process(self._process.pid)
            return [head, *head.children(recursive=True)]
        return []

    async def end(self) -> None:
        """Kills it."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        await self._process.wait()
