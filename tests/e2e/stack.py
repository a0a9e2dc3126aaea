"""The whole product as a user starts it, for the end-to-end tests: `tabwire up` with a home of its own, the real server
behind the real Envoy with TLS, and Debian's Chromium with the built extension.

Tests speak to it through the public client and the command line. Playwright is attached to the same Chromium only to
open pages and to read the truth from them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from playwright.async_api import async_playwright

import postgres
from ports import free_port
from tabwire.client import Client
from tabwire.client.policies import PolicyApi
from tabwire.errors import TabwireError
from tabwire.policy.levels import in_force
from tabwire.settings import Settings
from tabwire.v1 import error_pb2, policy_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from playwright.async_api import BrowserContext, Page

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
TABWIRE = Path(sys.executable).with_name("tabwire")
EXTENSION_ID: str = json.loads((ROOT / "extension" / "identity.json").read_text())["id"]
_ALLOW = policy_pb2.PERMISSION_ALLOW
PANEL_URL = f"chrome-extension://{EXTENSION_ID}/sidepanel.html"


def unattended() -> policy_pb2.Policy:
    """A policy for runs where nobody is there to approve: lets be done what a person is asked about by default."""
    asked_about = [rule for rule in in_force([]).defaults if rule.permission == policy_pb2.PERMISSION_ASK]
    rules = [policy_pb2.PolicyRule(consequences=rule.consequences, permission=_ALLOW) for rule in asked_about]
    return policy_pb2.Policy(rules=rules)


async def until(check: Callable[[], Awaitable[T | None]], what: str, timeout_s: float = 45) -> T:
    """Waits until a check gives something true and returns it; fails naming what was waited for."""
    last: T | None = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            while True:
                last = await check()
                if last:
                    return last
                await asyncio.sleep(0.1)
    raise AssertionError(f"waited {timeout_s} s for {what}; last: {last!r}")


class Stack:
    """One running product."""

    patience_s: float = 45
    """How long the start, and a browser's connecting, may take."""
    policy: policy_pb2.Policy | None = None
    """The owner's policy from the start on; without one it is as by default."""

    def __init__(self, home: Path, env: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.port = free_port()
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("TABWIRE_", "OPENAI_"))},
            "HOME": str(home / "user"),
            "TABWIRE_HOME": str(home / "tabwire"),
            "TABWIRE_PORT": str(self.port),
            "TABWIRE_BROWSER": "headless",
            "TABWIRE_BROWSER_ARGS": "--remote-debugging-port=0",
            **(env or {}),
        }
        Path(self.env["HOME"]).mkdir(parents=True, exist_ok=True)
        self.tabwire_home = Path(self.env["TABWIRE_HOME"])
        self.log = home / "up.log"
        self._up: asyncio.subprocess.Process | None = None

    @property
    def server_url(self) -> str:
        """The edge's address."""
        return f"https://127.0.0.1:{self.port}"

    def settings(self) -> Settings:
        """The settings this product runs with."""
        settings = Settings(home=self.tabwire_home, port=self.port)
        url = self.env.get("TABWIRE_DATABASE_URL", "")
        return settings.model_copy(update={"database_url": url}) if url else settings

    async def start(self, *, browser: bool = True, arguments: Sequence[str] = ()) -> None:
        """Runs `tabwire up` and waits until it can be used."""
        if postgres.SERVER and "TABWIRE_DATABASE_URL" not in self.env:
            self.env["TABWIRE_DATABASE_URL"] = await postgres.new_database(postgres.SERVER)
        with self.log.open("ab") as log:
            self._up = await asyncio.create_subprocess_exec(
                TABWIRE,
                "up",
                *arguments,
                cwd=self.home,
                env=self.env,
                stdout=log,
                stderr=log,
                stdin=asyncio.subprocess.DEVNULL,
            )
        await until(self._reachable, f"`tabwire up` to answer, see {self.log}", self.patience_s)
        if self.policy is not None:
            await self.set_policy(self.policy)
        if browser:
            await self.connected()

    async def set_policy(self, policy: policy_pb2.Policy) -> None:
        """Sets the owner's policy."""
        async with self.client() as client:
            try:
                await PolicyApi(client.transport).set_policy(policy)
            except TabwireError as error:
                if error.code != error_pb2.ERROR_CODE_UNIMPLEMENTED:  # a server of before there were policies
                    raise

    async def stop(self) -> int:
        """Ends `tabwire up` as Ctrl-C does; its exit code."""
        assert self._up is not None
        with contextlib.suppress(ProcessLookupError):
            self._up.send_signal(signal.SIGINT)
        return await asyncio.wait_for(self._up.wait(), 30)

    async def stop_if_running(self) -> None:
        """Ends it if it was started and still runs."""
        if self._up is not None and self._up.returncode is None:
            await self.stop()

    async def _reachable(self) -> bool:
        assert self._up is not None
        if self._up.returncode is not None:
            raise AssertionError(f"`tabwire up` ended with {self._up.returncode}:\n{self.log.read_text()[-4000:]}")
        if not (self.tabwire_home / "run" / "up.json").exists():
            return False
        with contextlib.suppress(TabwireError, OSError):
            async with self.client() as client:
                await client.who_am_i()
                return True
        return False

    async def connected(self) -> str:
        """Waits until a browser is connected; its id."""

        async def check() -> str:
            with contextlib.suppress(TabwireError):
                async with self.client() as client:
                    return next((b.browser_id for b in (await client.list_browsers()).browsers if b.is_connected), "")
            return ""

        return await until(check, f"the browser to connect, see {self.log}", self.patience_s)

    def client(self) -> Client:
        """A client of the public API, to be used as an async context manager."""
        return Client.local(self.settings())

    def child(self, name: str) -> int:
        """The process id of a child of `tabwire up`: server, envoy or browser."""
        state = json.loads((self.tabwire_home / "run" / "up.json").read_text())
        return int(state["children"][name])

    async def kill_child(self, name: str) -> None:
        """Kills a child with SIGKILL and waits until `tabwire up` has replaced it."""
        before = self.child(name)
        os.kill(before, signal.SIGKILL)

        async def replaced() -> bool:
            with contextlib.suppress(json.JSONDecodeError, KeyError, FileNotFoundError):
                return self.child(name) != before
            return False

        await until(replaced, f"{name} to be started again")

    async def cli(self, *args: str, stdin: str | None = None, timeout_s: float = 90) -> tuple[int, str, str]:
        """Runs the `tabwire` command; exit code, output, errors."""
        process = await asyncio.create_subprocess_exec(
            TABWIRE,
            *args,
            cwd=self.home,
            env=self.env,
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(stdin.encode() if stdin else None), timeout_s)
        return process.returncode or 0, out.decode(), err.decode()

    async def cli_json(self, *args: str) -> Any:
        """Runs a `tabwire` command that must succeed with `--json`; what it printed."""
        code, out, err = await self.cli(*args, "--json")
        assert code == 0, f"tabwire {' '.join(args)} ended with {code}\n{out}\n{err}"
        return json.loads(out)

    @contextlib.asynccontextmanager
    async def inspect(self) -> AsyncIterator[BrowserContext]:
        """The managed Chromium, for opening pages and reading the truth from them."""
        marker = self.tabwire_home / "managed" / "profile" / "DevToolsActivePort"

        async def address() -> str:
            return f"http://127.0.0.1:{marker.read_text().splitlines()[0]}" if marker.exists() else ""

        async with async_playwright() as playwright:
            browser = await playwright.chromium.connect_over_cdp(await until(address, "Chromium's debugging port"))
            try:
                yield browser.contexts[0]
            finally:
                await browser.close()

    @contextlib.asynccontextmanager
    async def page_at(self, url: str) -> AsyncIterator[Page]:
        """The page that a task has opened, of this address or one that begins with it.

        Attached anew, because Playwright does not always follow tabs that go on from a blank page at once.
        """
        async with contextlib.AsyncExitStack() as attached:

            async def there() -> Page | None:
                await attached.aclose()
                context = await attached.enter_async_context(self.inspect())
                return next((page for page in context.pages if page.url.startswith(url)), None)

            yield await until(there, f"a tab with {url}")


async def tab_id(client: Client, page: Page) -> int:
    """Chrome's id of the tab that shows a page, found by its address."""

    async def find() -> int:
        found = [t.tab_id for t in (await client.list_tabs()).tabs if t.url == page.url]
        assert len(found) < 2, f"{page.url} is shown by several tabs: open a fresh address"
        return found[0] if found else 0

    return await until(find, f"the tab of {page.url}")
