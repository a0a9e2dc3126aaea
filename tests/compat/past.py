"""An earlier version out of the history beside the present one: its extension with the present server, and the present
extension with its server. `make compat-past REF=<tag or commit>`. Not in `make test`, which may run without a history.

Both pairs do what `record.py` does, and what comes of it is held against the present version with itself.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from compat.record import session
from compat.released import ROOT
from compat.versions import build, chromium
from e2e.page_server import PageServer
from e2e.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Mapping


_PATIENCE_S = 120


def _take(ref: str, folder: Path) -> None:
    """The files of an earlier version, with the packages of the present one."""
    archive = subprocess.run(["git", "archive", ref], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    folder.mkdir()
    subprocess.run(["tar", "-x"], cwd=folder, input=archive.stdout, check=True)
    (folder / "extension" / "node_modules").symlink_to((ROOT / "extension" / "node_modules").resolve())


async def _pair(scratch: Path, extension: Path, env: Mapping[str, str], address: str) -> list[str]:
    """Lets an extension and a server work together; what came of it."""
    await asyncio.to_thread(scratch.mkdir)
    loaded = scratch / "extension"
    shutil.copytree(extension, loaded)
    stack = Stack(scratch / "stack", {"TABWIRE_BROWSER": "none", **env})
    stack.patience_s = _PATIENCE_S
    await stack.start(browser=False)
    try:
        async with chromium(stack, loaded, scratch / "profile") as panel:
            await panel.get_by_test_id("offer-button").click(timeout=60_000)
            await stack.connected()
            async with stack.client() as client:
                return await session(client, address)
    finally:
        await stack.stop()


async def compare(ref: str) -> bool:
    """Runs the pairs and tells what differs."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        past = scratch / "past"
        _take(ref, past)
        old, new = await build(past / "extension"), ROOT / "extension" / ".output" / "chrome-mv3"
        older = {"PYTHONPATH": os.pathsep.join((str(past / "server"), str(past / "gen" / "python")))}
        pages = PageServer(ROOT / "tests" / "pages")
        address = pages.url("chain/actions.html")
        wanted = await _pair(scratch / "present", new, {}, address)
        good = True
        pairs: tuple[tuple[str, Path, dict[str, str]], ...] = (
            (f"extension of {ref}, present server", old, {}),
            (f"present extension, server of {ref}", new, older),
        )
        for at, (name, extension, env) in enumerate(pairs):
            told = await _pair(scratch / f"pair{at}", extension, env, address)
            differs = [
                f"  {here}\n  instead of {there}" for here, there in zip(told, wanted, strict=True) if here != there
            ]
            good = good and not differs
            sys.stdout.write("\n".join([f"{name}: {len(told)} things, {len(differs)} differ", *differs, ""]))
        pages.close()
        return good


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(compare(sys.argv[1])) else 1)
