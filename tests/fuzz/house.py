"""The product under fuzz: its own server behind its own Envoy with TLS, limits out of the way, and a look inside.

In it live the browsers that give the cases something to speak of: one that answers every command, with anything, and
one that only holds a link. What is told of the two processes (handles, memory, tasks) is told here too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import psutil

from fuzz import cases, watched
from fuzz.messages import Maker
from integration.rpc.harness import bearer
from integration.rpc.scripted_browser import ScriptedBrowser, one_tab
from ports import free_port
from tabwire.client import Client
from tabwire.client.diagnose import read_ca
from tabwire.edge import envoy, keeper
from tabwire.settings import Settings
from tabwire.v1 import (
    auth_pb2,
    auth_service_pb2,
    auth_service_pb2_grpc,
    error_pb2,
    link_pb2,
    link_service_pb2,
    link_service_pb2_grpc,
    task_pb2,
    task_service_pb2,
    task_service_pb2_grpc,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_TESTS = Path(__file__).parents[1]
_PLENTY = 10_000_000
# A limit is what most cases would meet first. Messages are held small, so that too large ones are cheap to make.
UNLIMITED: dict[str, Any] = {
    "rate_connection": _PLENTY,
    "rate_links": _PLENTY,
    "rate_calls": _PLENTY,
    "rate_refresh": _PLENTY,
    "rate_pairing": _PLENTY,
    "pairing_guesses": _PLENTY,
    "max_message_bytes": 2**18,
    "access_token_s": 86_400,
    "request_timeout_s": 10,
}
_ENDED = frozenset(
    {
        task_pb2.TASK_STATE_SUCCEEDED,
        task_pb2.TASK_STATE_FAILED,
        task_pb2.TASK_STATE_STOPPED,
        task_pb2.TASK_STATE_NEEDS_ATTENTION,
    }
)
PATIENCE_S = 90.0
_GRPC_LINE = re.compile(r"[EWI]\d{4} \d\d:|WARNING: All log messages before")


# SQLAlchemy's pool has 15 connections at most (5, and 10 more in need), each with a database, a log and an index of it.
MOST_DATABASE_HANDLES = 15 * 3


@dataclass(frozen=True)
class Census:
    """What the two processes hold."""

    tasks: int
    by_name: dict[str, int]
    objects: int
    server_handles: int
    """Without those of the database."""
    database_handles: int
    server_bytes: int
    envoy_handles: int
    envoy_bytes: int
    """What Envoy says it has allocated."""


def _handles(pid: int) -> tuple[int, int]:
    """How many handles a process holds: those of the database, and all others.

    The first number grows with the connections that were ever open at once: SQLite keeps the file of a closed one open
    as long as another one of the process has a lock, for the next one (https://www.sqlite.org/src/file?name=src/os_unix.c,
    "posix advisory locks").
    """
    names = [_target(handle) for handle in Path(f"/proc/{pid}/fd").iterdir()]
    database = sum(".db" in name for name in names)
    return database, len(names) - database


def _target(handle: Path) -> str:
    try:
        return handle.readlink().name
    except FileNotFoundError:  # closed meanwhile
        return ""


class House:
    """A running server and Envoy. Use it as an async context manager."""

    def __init__(self, home: Path, **chosen: Any) -> None:
        self.settings = Settings(home=home, port=free_port(), **{"log_level": "info", **chosen})
        self.server_log = self.settings.logs_path / "server.log"
        self.tokens: dict[str, str] = {}
        self._server: asyncio.subprocess.Process | None = None
        self._envoy: asyncio.subprocess.Process | None = None
        self._exits = contextlib.AsyncExitStack()
        self._browsers: dict[str, str] = {}
        self._link_id = ""
        self.trust: ssl.SSLContext
        self.trust_http2: ssl.SSLContext
        self.client: Client

    async def __aenter__(self) -> House:
        try:
            await self._start()
        except BaseException:
            await self._exits.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exits.aclose()

    async def _start(self) -> None:
        settings = self.settings
        for folder in (settings.home_path, settings.run_path, settings.logs_path):
            folder.mkdir(mode=0o700, exist_ok=True)
        census = settings.run_path / "census.json"
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("TABWIRE_", "OPENAI_"))},
            **{f"TABWIRE_{name.upper()}": str(getattr(settings, name)) for name in settings.model_fields_set},
            "PYTHONPATH": os.pathsep.join([str(_TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]),
            watched.CENSUS: str(census),
        }
        with self.server_log.open("wb") as log:
            self._server = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "fuzz.watched", env=env, stdout=log, stderr=log, cwd=settings.home_path
            )
        self._exits.push_async_callback(_end, self._server)
        await until(self._listens, "the server to start")
        await asyncio.to_thread(keeper.make_certificate, settings)
        arguments = envoy.command(await envoy.prepare(settings))
        with (settings.logs_path / "envoy.log").open("wb") as log:
            self._envoy = await asyncio.create_subprocess_exec(*arguments, stdout=subprocess.DEVNULL, stderr=log)
        self._exits.push_async_callback(_end, self._envoy)
        self._task(keeper.Keeper(settings, lambda _: None).run())
        await until(lambda: envoy.server_is_healthy(settings), "Envoy to find the server")
        self.trust = ssl.create_default_context(cafile=settings.ca_path)
        self.trust_http2 = ssl.create_default_context(cafile=settings.ca_path)
        self.trust_http2.set_alpn_protocols(["h2"])
        token = settings.cli_token_path.read_text(encoding="ascii").strip()
        self.client = await self._exits.enter_async_context(
            Client(settings.server_url, token, ca=read_ca(settings.grpc_ca_path))
        )
        await self._move_in(token)

    async def _listens(self) -> bool:
        assert self._server is not None
        assert self._server.returncode is None, self.server_log.read_text()[-3000:]
        return self.settings.socket_path.exists() and self.settings.cli_token_path.exists()

    async def _move_in(self, owner: str) -> None:
        holder, answerer = await self._paired(), await self._paired()
        self.tokens = {"owner": owner, "browser": holder.tokens.access_token, "another": await self._read_only()}
        self._browsers = {cases.LINK_BROWSER: holder.browser_id, cases.BROWSER: answerer.browser_id}
        self._task(self._answer(answerer.tokens.access_token))
        await self.open_link()
        tasks = task_service_pb2_grpc.TaskServiceStub(self.client.transport.channel)
        for number, task_id in enumerate(cases.TASKS[:10]):
            await tasks.CreateTask(
                task_service_pb2.CreateTaskRequest(
                    task_id=task_id,
                    user_prompt=cases.PROMPTS[number % len(cases.PROMPTS)],
                    browser_id=answerer.browser_id,
                    decider=task_pb2.DECIDER_COMMANDS,
                ),
                metadata=bearer(owner),
            )

    async def _paired(self) -> auth_service_pb2.PairResponse:
        auth = auth_service_pb2_grpc.AuthServiceStub(self.client.transport.channel)
        owner = bearer(self.settings.cli_token_path.read_text(encoding="ascii").strip())
        code = await auth.CreatePairingCode(auth_service_pb2.CreatePairingCodeRequest(), metadata=owner)
        return await auth.Pair(auth_service_pb2.PairRequest(code=code.code, display_name="Fuzz"))

    async def _read_only(self) -> str:
        auth = auth_service_pb2_grpc.AuthServiceStub(self.client.transport.channel)
        owner = bearer(self.settings.cli_token_path.read_text(encoding="ascii").strip())
        request = auth_service_pb2.CreateApiTokenRequest(display_name="read", scopes=[auth_pb2.SCOPE_READ])
        return (await auth.CreateApiToken(request, metadata=owner)).token

    def _task(self, work: Any) -> None:
        task = asyncio.create_task(work)

        async def ended() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._exits.push_async_callback(ended)

    async def _answer(self, token: str) -> None:
        """The browser that answers every command, rightly or with anything. Whatever ends its link, it comes again."""
        random = Random(1)

        def answer(command: link_pb2.Command) -> link_pb2.CommandResult | None:
            right = one_tab(command)
            if random.random() < 0.6:
                return right
            result = Maker(random, cases.WORLD).message(link_pb2.CommandResult.DESCRIPTOR)
            assert isinstance(result, link_pb2.CommandResult)
            if result.error_info.error_code == error_pb2.ERROR_CODE_INTERNAL:
                result.error_info.error_code = error_pb2.ERROR_CODE_UNSPECIFIED  # only the server's own is told by it
            return result

        while True:
            with contextlib.suppress(TimeoutError):
                async with ScriptedBrowser(self.client.transport.channel, bearer(token), answer) as browser:
                    await browser.ended
            await asyncio.sleep(0.05)

    async def open_link(self) -> None:
        """A fresh link for the cases to speak of."""
        links = link_service_pb2_grpc.LinkServiceStub(self.client.transport.channel)
        hello = link_pb2.Hello(min_revision=1, max_revision=1, extension_version="9.9.9")
        request = link_service_pb2.OpenLinkRequest(hello=hello)
        welcome = (await links.OpenLink(request, metadata=bearer(self.tokens["browser"]))).welcome
        self._link_id = welcome.link_id

    def put(self, raw: bytes) -> bytes:
        """A body with what stands in it for this run's ids replaced."""
        raw = raw.replace(cases.LINK.encode(), self._link_id.encode())
        for word, real in self._browsers.items():
            raw = raw.replace(word.encode(), real.encode())
        return raw

    # Looking in.

    @property
    def pids(self) -> tuple[int, int]:
        """The processes of the server and of Envoy."""
        assert self._server is not None
        assert self._envoy is not None
        return self._server.pid, self._envoy.pid

    def alive(self) -> list[str]:
        """Which of the two has ended."""
        found = []
        for name, process in (("the server", self._server), ("Envoy", self._envoy)):
            if process is None or process.returncode is not None:
                found.append(f"{name} has ended")
        return found

    async def census(self) -> Census:
        """Counts what the two processes hold now."""
        server, edge = (psutil.Process(pid) for pid in self.pids)
        path = self.settings.run_path / "census.json"
        path.unlink(missing_ok=True)
        server.send_signal(signal.SIGUSR1)

        async def written() -> bool:
            return path.exists()

        await until(written, "the server to write its census")
        told = json.loads(path.read_text())
        _, memory = await envoy.admin(self.settings, "/memory")
        database_handles, server_handles = _handles(server.pid)
        return Census(
            told["tasks"],
            told["by_name"],
            told["objects"],
            server_handles,
            database_handles,
            server.memory_info().rss,
            edge.num_fds(),
            int(json.loads(memory)["allocated"]),
        )

    async def settle(self) -> None:
        """Stops every task and closes the links that cases have opened, so that what is left is what has leaked."""
        owner = bearer(self.tokens["owner"])
        channel = self.client.transport.channel
        tasks = task_service_pb2_grpc.TaskServiceStub(channel)
        page = ""
        while True:
            request = task_service_pb2.ListTasksRequest(page_size=200, page_token=page)
            listed = await tasks.ListTasks(request, metadata=owner)
            for task in listed.tasks:
                if task.state not in _ENDED:
                    with contextlib.suppress(Exception):
                        await tasks.StopTask(task_service_pb2.StopTaskRequest(task_id=task.task_id), metadata=owner)
            page = listed.next_page_token
            if not page:
                break
        await self.open_link()
        links = link_service_pb2_grpc.LinkServiceStub(channel)
        request_ = link_service_pb2.CloseLinkRequest(link_id=self._link_id)
        await links.CloseLink(request_, metadata=bearer(self.tokens["browser"]))

    def faults(self) -> list[str]:
        """What the server's log tells of faults of its own, each kind once; what a browser answered wrongly is none."""
        found = set()
        with self.server_log.open(encoding="utf-8", errors="replace") as log:
            for line in log:
                if not line.startswith("{"):
                    # grpc's own library tells of what was wrong with a request in lines of its own form.
                    if not _GRPC_LINE.match(line):
                        found.add(line.strip()[:300])
                    continue
                told = json.loads(line)
                if _is_fault(told):
                    last = str(told.get("exception", "")).strip().splitlines()[-1:]
                    found.add(f"{told.get('event')} {told.get('method', '')}: {''.join(last)[:300]}")
        return sorted(found)


def _is_fault(told: dict[str, Any]) -> bool:
    if told.get("error_code", "ERROR_CODE_INTERNAL") != "ERROR_CODE_INTERNAL":
        return False  # something was wrong, and the server knew what: a browser that answers nonsense, for one
    event, exception = str(told.get("event")), str(told.get("exception"))
    if event.startswith("ExecuteBatchError"):
        return False  # grpc's own, about a caller who has left before the answer
    if event.startswith("Exception ") and exception.rstrip().endswith("CancelledError"):
        return False  # SQLAlchemy's pool: a caller left in the midst of a transaction, whose connection is replaced
    if event.startswith("Task was destroyed") and "sqlalchemy/dialects/sqlite" in event:
        return False  # the same: it stops the connection's thread, and forgets that it had asked it to close before
    return "exception" in told or told.get("level") in ("error", "critical")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 20)
    if process.returncode is None:
        process.kill()
        await process.wait()


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Returns as soon as it holds; another process decides when, so it has to be asked."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await holds():  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE_S:.0f} s for {what}") from None
