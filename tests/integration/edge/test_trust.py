"""`tabwire certs install` as a person runs it, and a real Chromium that says whether it trusts the edge now."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tabwire.cli import trust
from tabwire.security import ca

if TYPE_CHECKING:
    from .conftest import Edge

TABWIRE = str(Path(sys.executable).parent / "tabwire")


async def run(home: Path, *command: str, more: dict[str, str] | None = None) -> tuple[int, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("TABWIRE_", "XDG_"))}
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=home,
        env={**env, "HOME": str(home), **(more or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode(errors="replace")


async def what_chromium_shows(home: Path, url: str) -> str:
    chromium = shutil.which("chromium")
    assert chromium is not None
    _, shown = await run(
        home, chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
        "--disable-background-networking", f"--user-data-dir={home / 'profile'}", "--dump-dom", url,
    )  # fmt: skip
    return shown


@pytest.mark.timeout(300)  # Chromium starts four times
@pytest.mark.parametrize("folder", ["", ".local/share/pki/nssdb"], ids=["usual", "newer"])
async def test_chromium_trusts_the_edge_after_the_remedy_and_no_longer_after_it_is_taken_back(
    edge: Edge, tmp_path: Path, folder: str
) -> None:
    home = tmp_path / "person"
    home.mkdir()
    if folder:
        (home / folder).mkdir(parents=True)
    settings = {"TABWIRE_HOME": str(edge.settings.home_path), "TABWIRE_PORT": str(edge.settings.port)}
    url = f"{edge.settings.server_url}/"
    assert "Jwt is missing" not in await what_chromium_shows(home, url)
    code, told = await run(home, TABWIRE, "certs", "install", more=settings)
    assert code == 0, told
    if folder:
        assert not (home / ".pki" / "nssdb").exists()
    assert "Jwt is missing" in await what_chromium_shows(home, url), "the edge's own words"
    code, told = await run(home, TABWIRE, "certs", "uninstall", more=settings)
    assert code == 0, told
    assert "Jwt is missing" not in await what_chromium_shows(home, url)


def test_every_database_of_a_person_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert trust.databases(tmp_path) == [tmp_path / ".pki" / "nssdb"]
    newer = tmp_path / ".local" / "share" / "pki" / "nssdb"
    newer.mkdir(parents=True)
    assert trust.databases(tmp_path) == [newer]
    snap = tmp_path / "snap" / "chromium" / "current" / ".pki" / "nssdb"
    snap.mkdir(parents=True)
    flat = tmp_path / ".var" / "app" / "com.google.Chrome" / ".pki" / "nssdb"
    flat.mkdir(parents=True)
    (tmp_path / ".pki" / "nssdb").mkdir(parents=True)
    found = trust.databases(tmp_path)
    assert found == [tmp_path / ".pki" / "nssdb", newer, snap, flat]
    made = ca.ensure(tmp_path / "keys")
    assert trust.install(made.ca, tmp_path) == found
    assert all(trust.is_installed(made.ca, database) for database in found)
    assert trust.uninstall(tmp_path) == found
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "data" / "pki" / "nssdb").mkdir(parents=True)
    assert trust.databases(tmp_path)[1] == tmp_path / "data" / "pki" / "nssdb"
