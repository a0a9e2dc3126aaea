"""The product as it is started for a chaos run: `tabwire up` with the real server, Envoy and Chromium; between the
browser and Envoy a proxy that breaks connections; the database on a small disk; a clock that can be moved.

No debugger is ever attached: it would keep the service worker alive. Chromium's debugging port serves only to list what
runs and to close it, over plain HTTP. What is broken when is left to `faults.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import shutil
import subprocess
import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psutil

from chaos.proxy import FaultProxy
from chaos.second_browser import SecondBrowser
from e2e.stack import EXTENSION_ID, Stack, until
from tabwire.client import Client
from tabwire.client.diagnose import read_ca

if TYPE_CHECKING:
    from collections.abc import Mapping

# The product's own. What is in use notices a dead connection long before it misses a sign of life.
HEARTBEAT_MS = 10_000
# Room for a long run with its write-ahead log: full is only what a fault fills.
_DISK_BYTES = 32 * 2**20
_COMPANION = Path(__file__).with_name("companion")
# Only the server's clock is moved: neither Envoy nor Chromium bears the library that does it. Python runs this at its
# start; the server's process then becomes itself again, with the library.
_AT_START = """
import os, sys
if sys.orig_argv[-1] == "serve" and "LD_PRELOAD" not in os.environ:
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | {"LD_PRELOAD": @library})
"""


def faketime_library() -> str:
    """The library that moves the clock of a program; empty if it is not installed (Debian: libfaketime)."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return str(found[0]) if found else ""


def clock_settings(clock: Path) -> dict[str, str]:
    """What the library is told: to look into that file for how far the clock is off."""
    return {
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        # A monotonic clock is not moved by a person who sets the time.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # Else its remedy for an old C library ends every wait for Python's lock at once: the server's threads fight for
        # it, and all that it does takes many times as long (`test_clock.py`).
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
    }


class ChaosStack(Stack):
    """One product, prepared to be broken. `prepare` before `start`, `dismantle` after."""

    patience_s = 120

    def __init__(self, home: Path, env: Mapping[str, str] | None = None) -> None:
        super().__init__(home, env)
        self.proxy = FaultProxy(self.port)
        self.disk = home / "disk"
        self.is_small_disk = False
        self.second = SecondBrowser(home / "second")
        self._clock = home / "clock"
        self._companion = home / "companion"

    async def prepare(self, *, moves_clock: bool = False) -> None:
        """Makes all that stands beside the product. A clock that can be moved is slow: only if it is wanted."""
        await self.proxy.start()
        self._mount()
        shutil.copytree(_COMPANION, self._companion)
        self.env |= {
            "TABWIRE_DATABASE_URL": f"sqlite+aiosqlite:///{self.disk / 'tabwire.db'}",
            "TABWIRE_BROWSER_ARGS": " ".join(
                (
                    "--remote-debugging-port=0",
                    # The later of two wins.
                    f"--load-extension={self.tabwire_home / 'managed' / 'extension'},{self._companion}",
                    f"'{self._through_proxy()}'",
                )
            ),
        }
        library = faketime_library() if moves_clock else ""
        if library:
            self.move_clock(0)
            at_start = self.home / "python"
            at_start.mkdir()
            text = _AT_START.replace("@library", repr(library))
            (at_start / "sitecustomize.py").write_text(text, encoding="utf-8")
            self.env |= {
                "PYTHONPATH": os.pathsep.join(filter(None, (str(at_start), self.env.get("PYTHONPATH", "")))),
                **clock_settings(self._clock),
            }

    async def start_second_browser(self) -> str:
        """Starts another browser, whose connections break as the first one's do; its id when it is connected."""
        async with self.client() as client:
            known = {browser.browser_id for browser in (await client.list_browsers()).browsers}
            code = (await client.create_pairing_code()).code
            await self.second.start(self.settings(), self.env, code, [self._through_proxy()])

            async def connected() -> str:
                browsers = (await client.list_browsers()).browsers
                return next((b.browser_id for b in browsers if b.is_connected and b.browser_id not in known), "")

            return await until(connected, "the second browser to connect", self.patience_s)

    def _through_proxy(self) -> str:
        """What sends a browser's connections to the server through the proxy."""
        return f"--host-resolver-rules=MAP 127.0.0.1:{self.port} 127.0.0.1:{self.proxy.port}"

    async def dismantle(self) -> None:
        """Ends everything, whatever state it is in."""
        self.sleep(asleep=False)
        self.database_writable(writable=True)
        left = self.processes() if self._up is not None else []
        try:
            await self.second.end()
            with contextlib.suppress(TimeoutError):
                await self.stop_if_running()
        finally:
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            await self.proxy.stop()
            self._unmount()

    def _unmount(self) -> None:
        if self.is_small_disk:
            subprocess.run(["umount", "-l", str(self.disk)], check=False, capture_output=True)

    def proxied_client(self) -> Client:
        """A client of the public API whose connections break as the browser's do."""
        settings = self.settings()
        token = settings.cli_token_path.read_text(encoding="ascii").strip()
        return Client(f"https://127.0.0.1:{self.proxy.port}", token, ca=read_ca(settings.grpc_ca_path))

    # The processes.

    def processes(self) -> list[psutil.Process]:
        """`tabwire up` and all it started, and the second browser."""
        return [*self._family(), *self.second.processes()]

    def _family(self) -> list[psutil.Process]:
        assert self._up is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            head = psutil.Process(self._up.pid)
            return [head, *head.children(recursive=True)]
        return []

    def sleep(self, *, asleep: bool) -> None:
        """Stops every process where it stands, as a laptop does whose lid is closed; or lets all go on."""
        if self._up is None or self._up.returncode is not None:
            return
        processes = self.processes()
        for process in processes if asleep else reversed(processes):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend() if asleep else process.resume()

    def kill(self, name: str) -> None:
        """Kills a child of `tabwire up`, which will start it again."""
        pid = self.child(name)
        if name == "browser":
            # The browser is a family of processes; what dies with a machine's memory is all of it.
            os.killpg(pid, 9)
        else:
            os.kill(pid, 9)

    def extension_process(self) -> psutil.Process | None:
        """The process in which the extension's service worker and offscreen document live, if it can be told."""
        found = [
            process
            for process in self._family()
            if "--extension-process" in _command_line(process) and process.is_running()
        ]
        return max(found, key=lambda one: one.memory_info().rss, default=None)

    # The disk.

    def _mount(self) -> None:
        self.disk.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES},mode=700", "tabwire-chaos", str(self.disk)],
            check=False,
            capture_output=True,
        )
        self.is_small_disk = done.returncode == 0

    def fill_disk(self, *, full: bool) -> None:
        """Leaves no byte free on the database's disk; or frees what was taken."""
        ballast = self.disk / "ballast"
        if not full:
            ballast.unlink(missing_ok=True)
            return
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)

    def database_writable(self, *, writable: bool) -> None:
        """The server may write to no file any more, or again. The system refuses each write, also to open files."""
        limit = resource.RLIM_INFINITY if writable else 0
        with contextlib.suppress(OSError, KeyError, ValueError):
            resource.prlimit(self.child("server"), resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    # The clock.

    def move_clock(self, seconds: int) -> None:
        """Sets the server's clock that much off the real time."""
        draft = self._clock.with_suffix(".draft")
        draft.write_text(f"{seconds:+d}s\n" if seconds else "+0\n", encoding="ascii")
        draft.replace(self._clock)

    # The extension.

    async def stop_worker(self) -> None:
        """Ends the extension's service worker, as Chrome does with an idle one."""
        await self._close_target("service_worker")

    async def close_offscreen(self) -> None:
        """Closes the extension's offscreen document, which holds the link."""
        await self._close_target("background_page", "other", "page", path="/offscreen.html")

    async def reload_extension(self) -> None:
        """Switches the extension off and on, by way of another extension that may."""
        address = f"chrome-extension://{_id_of(self._companion)}/reload.html?id={EXTENSION_ID}"
        opened = await self._devtools(f"new?{quote(address, safe='')}", method="PUT")

        async def reloaded() -> str:
            found = [t["title"] for t in await self._devtools("list") if t["id"] == opened["id"]]
            title = str(found[0]) if found else ""
            return title if title.startswith(("Reloaded", "Failed")) else ""

        title = await until(reloaded, "the extension to be reloaded", 20)
        assert title == "Reloaded", title
        await self._devtools(f"close/{opened['id']}", parsed=False)

    async def _close_target(self, *kinds: str, path: str = "") -> None:
        async def found() -> str:
            return next(
                (
                    t["id"]
                    for t in await self._devtools("list")
                    if t["type"] in kinds and t["url"].startswith(f"chrome-extension://{EXTENSION_ID}{path}")
                ),
                "",
            )

        await self._devtools(f"close/{await until(found, f'a target of the extension, {kinds}', 20)}", parsed=False)

    async def _devtools(self, what: str, *, method: str = "GET", parsed: bool = True) -> Any:
        marker = self.tabwire_home / "managed" / "profile" / "DevToolsActivePort"

        def ask() -> Any:
            port = marker.read_text(encoding="ascii").splitlines()[0]
            request = urllib.request.Request(f"http://127.0.0.1:{port}/json/{what}", method=method)
            with urllib.request.urlopen(request, timeout=5) as response:
                text = response.read().decode()
            return json.loads(text) if parsed else text

        for _ in range(40):
            with contextlib.suppress(OSError, urllib.error.URLError, json.JSONDecodeError):
                return await asyncio.to_thread(ask)
            await asyncio.sleep(0.25)
        return await asyncio.to_thread(ask)


def _command_line(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return list(process.cmdline())
    return []


def _id_of(folder: Path) -> str:
    """The id that Chrome gives to an extension without a key, from where it lies."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in sha256(str(folder).encode()).hexdigest()[:32])
