"""Older and newer versions of the product for end-to-end tests: the server announcing another range (shim/), and the
extension built from its own sources with another range in them. All else of both is as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright

from compat.released import ROOT
from e2e.stack import PANEL_URL, until
from tabwire.security import ca

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

    from compat.conftest import Range
    from e2e.stack import Stack

SHIM = Path(__file__).parent / "shim"
_RANGE = re.compile(r"export const (MIN|MAX)_REVISION = \d+;")


def announcing(spoken: Range | None) -> dict[str, str]:
    """The environment in which every process of the product announces this range."""
    paths = os.pathsep.join(filter(None, (str(SHIM), os.environ.get("PYTHONPATH"))))
    return {"PYTHONPATH": paths, "COMPAT_REVISIONS": str(spoken) if spoken is not None else ""}


async def build_extension(folder: Path, spoken: Range) -> Path:
    """Builds the extension with this range in its Hello; the folder to load."""
    source = ROOT / "extension"
    target = folder / "extension"
    skipped = shutil.ignore_patterns("node_modules", ".output", ".wxt", "tests")
    shutil.copytree(source, target, ignore=skipped)
    (target / "node_modules").symlink_to((source / "node_modules").resolve())
    shutil.copytree(ROOT / "gen" / "es", folder / "gen" / "es")
    hello = target / "browser" / "server" / "hello.ts"
    values = {"MIN": spoken.lowest, "MAX": spoken.highest}
    changed, count = _RANGE.subn(
        lambda found: f"export const {found[1]}_REVISION = {values[found[1]]};", hello.read_text(encoding="utf-8")
    )
    assert count == 2, "the range stands elsewhere now"
    hello.write_text(changed, encoding="utf-8")
    return await build(target)


async def build(source: Path) -> Path:
    """Builds an extension from these sources; the folder to load."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        "npm", "run", "--silent", "build", cwd=source, env={**os.environ, "PATH": path}, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    return source / ".output" / "chrome-mv3"


@contextlib.asynccontextmanager
async def chromium(stack: Stack, extension: Path, profile: Path) -> AsyncIterator[Page]:
    """A Chromium with this extension, which takes the pairing that `tabwire up` offers; its side panel in a tab."""
    offer = stack.tabwire_home / "extension" / "pairing.json"

    async def offered() -> bool:
        return offer.is_file()

    await until(offered, "the offer of `tabwire up`")
    shutil.copy(offer, extension)
    spki = ca.spki_sha256(stack.settings().keys_path / "server.pem")
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=shutil.which("chromium"),
            headless=False,  # the new headless mode, which runs extensions, is chosen by the argument below
            args=[
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                f"--disable-extensions-except={extension}", f"--load-extension={extension}",
                f"--ignore-certificate-errors-spki-list={spki}",
            ],
            ignore_default_args=["--disable-extensions"],
        )  # fmt: skip
        try:
            page = await context.new_page()
            await page.goto(PANEL_URL)
            yield page
        finally:
            await context.close()
