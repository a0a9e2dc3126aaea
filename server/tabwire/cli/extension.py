"""The extension on disk: built when it must be, copied to where browsers load it from, and given a pairing offer.

The offer (`pairing.json`) lies in the extension's own folder, which only a program of the same user can write to.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tabwire import assets
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_OFFERS = ("pairing.json", ".pairing.json")
_LOCK_LOOK_S = 0.1
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of Linux
_SOURCES = ("browser", "entrypoints", "link", "page", "public", "ui", "wire")


async def ensure_built(flavour: str) -> Path:
    """The built extension's folder. In a checkout it is built if it is missing or older than its sources."""
    built = assets.built_extension(flavour)
    root = assets.checkout()
    if root is not None:
        async with _alone(root):  # what another start is just building is not looked at before it is whole
            if not _is_fresh(root, built):
                await _build(root, flavour)
    if not (built / "manifest.json").is_file():
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            f"The built extension is missing from {built}.",
            remedy="Run `make setup` in a checkout, or install Tabwire again.",
        )
    return built


@asynccontextmanager
async def _alone(root: Path) -> AsyncIterator[None]:
    """Only one start looks at the build and builds at a time; the others wait. The lock ends with its process."""
    folder = root / "extension" / ".output"
    try:
        folder.mkdir(exist_ok=True)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:
        yield  # another user's checkout, in which nothing can be built anyway
        return
    try:
        while not _locked(lock):  # noqa: ASYNC110 - the system tells nobody that a lock is free
            await asyncio.sleep(_LOCK_LOOK_S)
        yield
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def install(built: Path, target: Path) -> None:
    """Puts the built extension into `target`, all of it at once: a browser finds the old copy or the new one, no half.

    A copy that is as it should be stays, so that a running browser keeps the very files it knows.
    """
    fresh, old = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")
    if not target.exists() and old.is_dir():
        old.rename(target)  # an earlier installation was ended between its two steps
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    if target.is_dir() and _is_same(built, target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(built, fresh)
    if not target.exists():
        fresh.rename(target)
    elif not _exchange(fresh, target):
        target.rename(old)
        fresh.rename(target)
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchanges two folders in one step, where the system can; a symbolic link would not do: Chrome resolves it."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    failed: int = call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return failed == 0


def _is_same(built: Path, target: Path) -> bool:
    def content(folder: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).digest()
            for path in folder.rglob("*")
            if path.is_file() and path.name not in _OFFERS
        }

    return content(built) == content(target)


def offer_pairing(folder: Path, server_url: str, code: str, *, automatic: bool) -> None:
    """Leaves a one-time code for the extension in this folder."""
    path, draft = (folder / name for name in _OFFERS)
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"server_url": server_url, "code": code, "automatic": automatic}, file)
    draft.replace(path)


def node() -> Path | None:
    """The folder with Node's programs: the one of the virtual environment, else one on the PATH."""
    beside = Path(sys.executable).parent
    if (beside / "npm").is_file():
        return beside
    found = shutil.which("npm")
    return Path(found).parent if found else None


def _is_fresh(root: Path, built: Path) -> bool:
    manifest = built / "manifest.json"
    if not manifest.is_file():
        return False
    made = manifest.stat().st_mtime
    return all(path.stat().st_mtime <= made for path in _sources(root))


def _sources(root: Path) -> Iterator[Path]:
    extension = root / "extension"
    for path in extension.iterdir():
        if path.is_file() and path.name != "package-lock.json":
            yield path
    for folder in (*(extension / name for name in _SOURCES), root / "gen" / "es"):
        for path in folder.rglob("*"):
            if path.is_file():
                yield path


async def _build(root: Path, flavour: str) -> None:
    programs = node()
    if programs is None:
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            "The extension must be built, and Node is missing.",
            remedy="Run `make setup`, which installs Node into the virtual environment.",
        )
    folder = root / "extension"
    if not (folder / "node_modules").is_dir():
        await _npm(programs, folder, "install", "--no-save", "--no-audit", "--no-fund")
    await _npm(programs, folder, "run", "build" if flavour == "default" else f"build:{flavour}")


async def _npm(programs: Path, folder: Path, *arguments: str) -> None:
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    process = await asyncio.create_subprocess_exec(
        *(str(programs / "npm"), *arguments),
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        text = _COLOURS.sub("", output.decode(errors="replace"))
        lines = [line for line in text.splitlines() if not line.strip().startswith("at ")]
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            f"`npm {' '.join(arguments)}` failed in {folder}:\n" + "\n".join(lines[-15:]).strip(),
            remedy="Mend what it names, then start `tabwire up` again.",
        )
