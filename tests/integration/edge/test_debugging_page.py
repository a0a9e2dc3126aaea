"""The lines of docs/debugging.md run as they stand, against the real server behind the real Envoy."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from typing import TYPE_CHECKING

import pytest

from tabwire import assets
from tabwire.edge import envoy
from tabwire.security import ca
from tabwire.settings import Settings

from .conftest import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture
async def home(tmp_path: Path, until: Until) -> AsyncIterator[Settings]:
    """The server and Envoy as `tabwire up` starts them, without a browser."""
    settings = Settings(home=tmp_path, port=free_port())
    for folder in (settings.run_path, settings.logs_path):
        folder.mkdir()
    ca.ensure(settings.keys_path, [settings.host])
    env = {**os.environ, "TABWIRE_HOME": str(tmp_path), "TABWIRE_PORT": str(settings.port)}
    processes: list[asyncio.subprocess.Process] = []

    async def start(*command: str) -> None:
        log = (settings.logs_path / f"{len(processes)}.log").open("wb")
        processes.append(await asyncio.create_subprocess_exec(*command, env=env, stdout=log, stderr=log))
        log.close()

    async def keys() -> bool:
        return settings.jwks_path.exists() and settings.cli_token_path.exists()

    async def healthy() -> bool:
        return await envoy.is_ready(settings) and await envoy.server_is_healthy(settings)

    try:
        await start(sys.executable, "-m", "tabwire.cli", "serve")
        await until(keys)
        await start(*envoy.command(await envoy.prepare(settings)))
        await until(healthy)
        yield settings
    finally:
        for process in reversed(processes):
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


@pytest.mark.timeout(300)  # two dozen programs, one after the other
async def test_the_lines_of_the_page_run(home: Settings) -> None:
    root = assets.checkout()
    assert root is not None
    page = (root / "docs" / "debugging.md").read_text(encoding="utf-8")
    script = "set -eu\n" + "\n".join(re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE))
    env = {**os.environ, "TABWIRE_HOME": str(home.home_path), "TABWIRE_PORT": str(home.port)}
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script), cwd=root, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    told = output.decode()
    assert process.returncode == 0, told
    assert "tabwire.v1.BrowserService" in told  # reflection
    assert '"status": "SERVING"' in told
    assert told.count('"ownerId": "local"') == 3  # grpcurl, buf curl, and buf curl with the extension's origin
    assert "ERROR_CODE_NOT_FOUND" in told  # the typed error, printed by grpcurl
    assert "refused, as it should be" in told
    assert "tabwire::" in told  # Envoy's clusters
    assert "LIVE" in told
