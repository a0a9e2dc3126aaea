"""The managed Chromium: where it is, and with which arguments it starts.

It has a profile and a copy of the extension of its own, inside the home folder, and never touches the person's Chrome.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.security import ca
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from tabwire.settings import Settings

# Branded Chrome is not among them: it takes no --load-extension since version 137.
_NAMES = ("chromium", "chromium-browser")


def find(settings: Settings) -> str:
    """The Chromium to start."""
    if settings.browser_path:
        found = shutil.which(settings.browser_path)
        if found:
            return found
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            f"TABWIRE_BROWSER_PATH names {settings.browser_path}, which is no program.",
            remedy="Set it to a Chromium, or unset it.",
        )
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return found
    raise TabwireError(
        error_pb2.ERROR_CODE_FAILED_PRECONDITION,
        "No Chromium was found on this computer.",
        remedy="Install it with `apt-get install chromium`, or set TABWIRE_BROWSER=none and use your own Chrome.",
    )


def is_headless(settings: Settings) -> bool:
    """Whether the browser is to run without windows."""
    if settings.browser == "auto":
        return not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return settings.browser == "headless"


def profile(settings: Settings) -> Path:
    """The folder of its profile."""
    return settings.home_path / "managed" / "profile"


def extension(settings: Settings) -> Path:
    """The folder of its copy of the extension."""
    return settings.home_path / "managed" / "extension"


def command(settings: Settings, start_url: str = "", *, restore: bool = False) -> list[str]:
    """The program and its arguments. It opens `start_url`, or a blank tab; or the tabs of its last run."""
    keys = settings.keys_path
    spki = ",".join(ca.spki_sha256(keys / name) for name in ("server.pem", "ca.pem"))
    arguments = [
        find(settings),
        f"--user-data-dir={profile(settings)}",
        f"--load-extension={extension(settings)}",
        # Only these two keys are excused, and only in this profile: the person's own browsers are not concerned.
        f"--ignore-certificate-errors-spki-list={spki}",
        "--no-first-run",
        "--no-default-browser-check",
        "--hide-crash-restore-bubble",
        "--disable-quic",
        "--disable-sync",
        "--disable-background-networking",
        "--disable-component-update",
        "--password-store=basic",
    ]
    if is_headless(settings):
        arguments += ["--headless=new", "--disable-gpu", "--window-size=1280,900"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Chromium's sandbox refuses to run for root.
        arguments.append("--no-sandbox")
    if Path("/dev/shm").exists() and shutil.disk_usage("/dev/shm").total < 256 * 2**20:  # noqa: S108 - looked at only
        arguments.append("--disable-dev-shm-usage")
    opened = "--restore-last-session" if restore else start_url or "about:blank"
    return [*arguments, *shlex.split(settings.browser_args), opened]
