"""`tabwire up`: certificates, server, Envoy, extension and browser, in this order, until Ctrl-C.

Says what runs and when it is ready; keeping it alive is left to `tabwire.cli.supervisor`. What runs is written to
`run/up.json`, where tests and `tabwire doctor` find it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Self

import psutil
from rich.markup import escape

from tabwire.cli import chromium, extension
from tabwire.cli.console import out
from tabwire.cli.extension_watch import ExtensionWatch
from tabwire.cli.supervisor import Child, Supervisor
from tabwire.client import Client, UnreachableError
from tabwire.edge import envoy
from tabwire.edge.keeper import Keeper, make_certificate
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from types import TracebackType

    from tabwire.settings import Settings

_AGAIN_S = 5.0
_SERVES_S = 60.0


class House:
    """Everything that `tabwire up` runs. Use it as an async context manager; `start` first, then `serve`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.demo_url = ""
        self.stopping = asyncio.Event()
        self.supervisor = Supervisor(self.write_status, _warn)
        self._background: set[asyncio.Task[None]] = set()
        self._lock: int | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stopping.set)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.supervisor.stop()
        if self._lock is not None:
            self._status_path.unlink(missing_ok=True)
            os.close(self._lock)

    async def start(self) -> None:
        """Starts everything. Returns when the server answers through Envoy and the browser was started."""
        settings = self.settings
        self._make_home()
        self._take_lock()
        check_port(settings.host, settings.port)
        certificates = make_certificate(settings)
        if certificates.ca_made:
            self._said("A certificate authority for this computer was made", str(certificates.ca))
        built = await extension.ensure_built(settings.extension_flavour)
        await self.supervisor.start(self._server())
        await self.supervisor.start(self._envoy())
        async with Client.local(settings) as client:
            await self._wait_for_server(client)
            self._said("The server answers at", settings.server_url)
            await self._install_extension(built, client)
        keeper = Keeper(settings, _warn, restart=lambda: self.supervisor.restart("envoy"))
        self._keep_going("certificate and keys", keeper.run)
        self._keep_going("pairing codes", self._renew_offers)
        if settings.browser != "none":
            await self.supervisor.start(self._browser())
            self._watch_extension()
            self._said("Chromium runs", "without a window" if chromium.is_headless(settings) else "in its own profile")

    async def serve(self) -> None:
        """Returns when a signal asks to end."""
        await self.stopping.wait()

    def write_status(self) -> None:
        """Writes down what runs, unless another `up` runs here: then the file is that one's."""
        if self._lock is None:
            return
        status = {
            "pid": os.getpid(),
            "server_url": self.settings.server_url,
            "children": {name: child.pid for name, child in self.supervisor.children.items()},
            "demo_url": self.demo_url,
            "browser": self.settings.browser,
        }
        draft = self._status_path.with_suffix(".draft")
        draft.write_text(json.dumps(status, indent=2), encoding="utf-8")
        draft.replace(self._status_path)

    @property
    def _status_path(self) -> Path:
        return self.settings.run_path / "up.json"

    def _make_home(self) -> None:
        settings = self.settings
        for folder in (settings.home_path, settings.run_path, settings.logs_path, settings.keys_path):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        chromium.profile(settings).parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _take_lock(self) -> None:
        path = self.settings.run_path / "up.lock"
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            self._lock = None
            raise TabwireError(
                error_pb2.ERROR_CODE_UNAVAILABLE,
                f"Tabwire already runs for {self.settings.home_path}.",
                remedy="End it with Ctrl-C where it runs, or set TABWIRE_HOME and TABWIRE_PORT for a second one.",
            ) from error

    def _server(self) -> Child:
        settings = self.settings

        async def command() -> list[str]:
            return [sys.executable, "-m", "tabwire.cli", "serve"]

        async def ready() -> bool:
            return settings.jwks_path.is_file() and settings.cli_token_path.is_file() and await _accepts(settings)

        return Child("server", command, settings.logs_path / "server.log", ready, ready_s=60)

    def _envoy(self) -> Child:
        settings = self.settings

        async def command() -> list[str]:
            return envoy.command(await envoy.prepare(settings))

        async def ready() -> bool:
            return await envoy.is_ready(settings)

        return Child("envoy", command, settings.logs_path / "envoy.log", ready)

    def _browser(self) -> Child:
        settings = self.settings

        async def command() -> list[str]:
            # The tabs of an earlier one are a person's: they come back, unless they may be what it dies of.
            again = child.process is not None and child.restarts <= 1
            return chromium.command(settings, self.demo_url, restore=again)

        async def ready() -> bool:
            return True

        child = Child("browser", command, settings.logs_path / "browser.log", ready)
        return child

    async def _wait_for_server(self, client: Client) -> None:
        """Envoy's first health check may still be under way."""
        try:
            async with asyncio.timeout(_SERVES_S):
                while True:
                    with contextlib.suppress(UnreachableError):
                        if await client.is_serving():
                            return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TabwireError(
                error_pb2.ERROR_CODE_UNAVAILABLE,
                f"Server and Envoy run, but nothing answered at {self.settings.server_url} within {_SERVES_S:g} s.",
                remedy="Run `tabwire doctor` while `tabwire up` starts, or look into the logs in the home folder.",
            ) from None

    async def _install_extension(self, built: Path, client: Client) -> None:
        settings = self.settings
        await asyncio.to_thread(extension.install, built, settings.home_path / "extension")
        if settings.browser != "none":
            await asyncio.to_thread(extension.install, built, chromium.extension(settings))
        await self._offer(client)

    async def _offer(self, client: Client) -> None:
        """A fresh code for each copy: automatic in the managed browser, one click in the person's own."""
        settings = self.settings
        folders = [(settings.home_path / "extension", False)]
        if settings.browser != "none":
            folders.append((chromium.extension(settings), True))
        for folder, automatic in folders:
            code = (await client.create_pairing_code()).code
            extension.offer_pairing(folder, settings.server_url, code, automatic=automatic)

    async def _renew_offers(self) -> None:
        while True:
            await asyncio.sleep(self.settings.pairing_code_s / 2)
            async with Client.local(self.settings) as client:
                await self._offer(client)

    def _watch_extension(self) -> None:
        browser = self.supervisor.children["browser"]
        watch = ExtensionWatch(lambda: browser.pid, lambda: self.supervisor.restart("browser"), _warn)
        self._keep_going("the watch over the extension", watch.run)

    def _keep_going(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.create_task(keep_going(what, work, _warn), name=what)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _said(self, text: str, more: str) -> None:
        out.print(f"[green]✓[/] {escape(text)} [dim]{escape(more)}[/]")


async def keep_going(
    what: str, work: Callable[[], Awaitable[None]], told: Callable[[str], None], *, again_s: float = _AGAIN_S
) -> None:
    """Does work that has no end. Whatever ends it is told, and it is begun again: nothing may stop unnoticed."""
    while True:
        try:
            await work()
            words = "it came to an end"
        except TabwireError as error:
            words = error.info.message
        except Exception as error:  # noqa: BLE001 - it is told; the rest of the house must not stop looking after this
            words = f"{type(error).__name__}: {error}"
        told(f"Looking after {what} failed ({words}). It is tried again in {again_s:g} s.")
        await asyncio.sleep(again_s)


def _warn(text: str) -> None:
    out.print(f"[yellow]![/] {escape(text)}")


def check_port(host: str, port: int) -> None:
    """Raises `TabwireError` that names who uses the port, if somebody does."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As Envoy binds it: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                message, remedy = (
                    f"Port {port} is already in use{_user_of(port)}.",
                    f"Stop that program, or choose another port: TABWIRE_PORT={port + 1 if port < 65535 else 8443}.",
                )
            else:
                message, remedy = (
                    f"{host}:{port} cannot be listened on: {error.strerror}.",
                    "Set TABWIRE_HOST to an address of this computer and TABWIRE_PORT to a port above 1023.",
                )
            raise TabwireError(error_pb2.ERROR_CODE_UNAVAILABLE, message, remedy=remedy) from error


def _user_of(port: int) -> str:
    """Who listens on the port, as far as this user may know."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""


async def _accepts(settings: Settings) -> bool:
    """Whether the server takes connections on its socket."""
    try:
        _, writer = await asyncio.open_unix_connection(str(settings.socket_path))
    except OSError:
        return False
    writer.close()
    return True
