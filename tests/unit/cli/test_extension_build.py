"""Starts at the same time in one checkout: the extension is built once, and nobody takes a build that is not whole."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tabwire import assets
from tabwire.cli import extension

if TYPE_CHECKING:
    from pathlib import Path

# Stands for npm: notes that it ran, leaves the build half done for a while, then finishes it.
_NPM = f"""#!{sys.executable}
import pathlib, time
folder = pathlib.Path.cwd()
with (folder / "builds.log").open("a") as log:
    log.write("built\\n")
built = folder / ".output" / "chrome-mv3"
built.mkdir(parents=True, exist_ok=True)
(built / "manifest.json").write_text("{{}}")
time.sleep(0.5)
(built / "background.js").write_text("whole")
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "extension"
    (folder / "node_modules").mkdir(parents=True)
    (folder / "link").mkdir()
    (folder / "link" / "link.ts").write_text("// a source")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "npm").write_text(_NPM, encoding="utf-8")
    (programs / "npm").chmod(0o700)
    monkeypatch.setattr(assets, "checkout", lambda: tmp_path)
    monkeypatch.setattr(assets, "built_extension", lambda _: folder / ".output" / "chrome-mv3")
    monkeypatch.setattr(extension, "node", lambda: programs)
    return tmp_path


def _builds(checkout: Path) -> int:
    return len((checkout / "extension" / "builds.log").read_text().splitlines())


async def test_starts_at_once_build_once_and_wait_for_the_whole(checkout: Path) -> None:
    async def start() -> str:
        built = await extension.ensure_built("default")
        return (built / "background.js").read_text()

    assert await asyncio.gather(*(start() for _ in range(4))) == ["whole"] * 4
    assert _builds(checkout) == 1
    assert await start() == "whole"
    assert _builds(checkout) == 1


async def test_a_start_that_was_ended_in_its_build_holds_up_nobody(checkout: Path) -> None:
    first = asyncio.create_task(extension.ensure_built("default"))
    async with asyncio.timeout(20):
        while not (checkout / "extension" / "builds.log").exists():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    source = checkout / "extension" / "link" / "link.ts"
    async with asyncio.timeout(20):
        while not (checkout / "extension" / ".output" / "chrome-mv3" / "background.js").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    source.write_text("// changed since")
    later = (checkout / "extension" / ".output" / "chrome-mv3" / "manifest.json").stat().st_mtime + 1
    os.utime(source, (later, later))
    async with asyncio.timeout(20):
        await extension.ensure_built("default")
    assert _builds(checkout) == 2
