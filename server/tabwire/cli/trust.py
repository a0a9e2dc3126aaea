"""Makes the person's own Chrome or Chromium trust the local authority, through the NSS databases that they read.

The certificate that is installed may only vouch for this computer and the names in the settings.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

NICKNAME = "Tabwire local authority"
_TOOL_S = 30
_MOST = 16  # more copies than anybody has


def databases(home: Path) -> list[Path]:
    """The databases of Chrome and Chromium for this user: those that exist, and if there is none, the usual one.

    Chrome reads `~/.pki/nssdb` where that exists, and newer ones the folder for data of programs where it does not; so
    the first is not made beside the second, or Chrome would no longer find what the person keeps there.
    """
    usual = home / ".pki" / "nssdb"
    newer = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "pki" / "nssdb"
    confined = sorted((home / "snap").glob("*/current/.pki/nssdb"))
    flat = sorted((home / ".var" / "app").glob("*/.pki/nssdb"))
    own = [path for path in (usual, newer) if path.is_dir()] or [usual]
    return [*own, *(path for path in (*confined, *flat) if path.is_dir())]


def install(certificate: Path, home: Path) -> list[Path]:
    """Installs the authority in place of an older one. Returns the databases it is in now."""
    tool = _tool()
    done = []
    for database in databases(home):
        if not (database / "cert9.db").is_file():
            database.mkdir(mode=0o700, parents=True, exist_ok=True)
            _run(tool, database, "-N", "--empty-password")
        remove(database)
        _run(tool, database, "-A", "-t", "C,,", "-n", NICKNAME, "-i", str(certificate))
        done.append(database)
    return done


def uninstall(home: Path) -> list[Path]:
    """Takes the authority out of every database. Returns those that it was in."""
    return [database for database in databases(home) if remove(database)]


def is_installed(certificate: Path, database: Path) -> bool:
    """Whether this very certificate is in a database. False as well where that cannot be found out."""
    tool = shutil.which("certutil")
    if tool is None or not (database / "cert9.db").is_file():
        return False
    listed = _call(tool, database, "-L", "-n", NICKNAME, "-a")
    return listed.returncode == 0 and "".join(certificate.read_text().split()) in "".join(listed.stdout.split())


def remove(database: Path) -> bool:
    """Takes the authority out of a database, however often it is in it. Whether it was in it at all."""
    if not (database / "cert9.db").is_file():
        return False
    tool = _tool()
    removed = 0
    while removed < _MOST and _call(tool, database, "-D", "-n", NICKNAME).returncode == 0:
        removed += 1
    return removed > 0


def _tool() -> str:
    tool = shutil.which("certutil")
    if tool is None:
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            "`certutil`, which writes Chrome's certificate database, is not installed.",
            remedy="Install it with `apt-get install libnss3-tools`, then run `tabwire certs install` again.",
        )
    return tool


def _run(tool: str, database: Path, *arguments: str) -> None:
    result = _call(tool, database, *arguments)
    if result.returncode != 0:
        words = (result.stderr or result.stdout).strip().splitlines()
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            f"certutil could not change {database}: {words[-1] if words else 'no reason given'}",
            remedy="Close Chrome and check the rights of that folder, then try again.",
        )


def _call(tool: str, database: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [tool, "-d", f"sql:{database}", *arguments]
    return subprocess.run(  # noqa: S603 - our own arguments, and no shell
        command, check=False, capture_output=True, text=True, timeout=_TOOL_S, stdin=subprocess.DEVNULL
    )
