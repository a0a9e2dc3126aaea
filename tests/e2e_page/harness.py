"""Runs the page engine in a real Chromium: bundled into a small extension's content script, spoken to by messages.

The test speaks to the extension's service worker, which passes the contract's messages on to the content script of one
frame. Nothing of the product but the engine takes part; the truth is read from the page's own world.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error as PlaywrightError

from tabwire.v1 import action_pb2, extension_pb2, state_pb2

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, Worker

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "tests" / "pages"
KITS = PAGES / "kits" / "dist"
CHROMIUM = os.environ.get("TABWIRE_CHROMIUM", "/usr/bin/chromium")

MANIFEST = {
    "manifest_version": 3,
    "name": "Tabwire page engine under test",
    "version": "1",
    "permissions": ["tabs", "webNavigation"],
    "host_permissions": ["<all_urls>"],
    "background": {"service_worker": "background.js"},
    "content_scripts": [
        {
            "matches": ["<all_urls>"],
            "js": ["content.js"],
            "run_at": "document_start",
            "all_frames": True,
            "match_about_blank": True,
            "match_origin_as_fallback": True,
        }
    ],
}

# The engine is asked by the service worker, as in the product.
BACKGROUND = """
async function ask(tabId, frameId, message) {
  return await chrome.tabs.sendMessage(tabId, message, { frameId });
}
"""


def build_extension(into: Path) -> Path:
    """Bundles the engine and writes the extension's files."""
    extension = ROOT / "extension"
    bin_dir = ROOT / ".venv" / "bin"
    subprocess.run(
        [
            bin_dir / "node",
            extension / "node_modules" / "vite" / "bin" / "vite.js",
            "build",
            "--config",
            "tests/page/harness/vite.config.ts",
            "--outDir",
            str(into),
        ],
        cwd=extension,
        check=True,
        capture_output=True,
    )
    (into / "manifest.json").write_text(json.dumps(MANIFEST))
    (into / "background.js").write_text(BACKGROUND)
    return into


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


class PageFiles:
    """Serves tests/pages on two loopback origins, so that cross-origin frames can be had."""

    def __init__(self) -> None:
        handler = partial(_Quiet, directory=str(PAGES))
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    @property
    def origins(self) -> list[str]:
        """The two origins. The second is named localhost, so that it is another site too."""
        ports = [server.server_port for server in self._servers]
        return [f"http://127.0.0.1:{ports[0]}", f"http://localhost:{ports[1]}"]

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


class EnginePage:
    """One tab with the engine in it."""

    def __init__(self, worker: Worker, page: Page, tab_id: int, origins: list[str]) -> None:
        self.worker = worker
        self.page = page
        self.tab_id = tab_id
        self.origins = origins
        # To be set to False by a test that uses Chrome's own mouse, keys or debugger: the next one gets a new tab.
        self.may_be_kept = True

    async def open(self, name: str) -> None:
        """Loads a page of tests/pages/engine."""
        await self.page.goto(f"{self.origins[0]}/engine/{name}.html")

    async def open_kit(self, name: str, fragment: str = "") -> None:
        """Loads a page of tests/pages/kits, which `npm run build` there makes out of other people's packages."""
        assert (KITS / f"{name}.html").exists(), f"tests/pages/kits has no page {name}: run `make setup`"
        await self.page.goto(f"{self.origins[0]}/kits/dist/{name}.html{fragment}")
        await self.page.wait_for_function("window.ready === true")

    async def content(self, html: str) -> None:
        """Loads a page given as text, on the test origin."""
        await self.page.goto(f"{self.origins[0]}/engine/blank.html")
        await self.page.set_content(html)

    async def ask(self, request: extension_pb2.FrameRequest, frame_id: int = 0) -> extension_pb2.FrameReply:
        body = base64.b64encode(request.SerializeToString()).decode()
        answer = await self.worker.evaluate(
            "([tab, frame, request]) => ask(tab, frame, { request })", [self.tab_id, frame_id, body]
        )
        return extension_pb2.FrameReply.FromString(base64.b64decode(answer))

    async def events(self, frame_id: int = 0) -> list[extension_pb2.FrameEvent]:
        """The events of a frame since they were asked for last."""
        answer = await self.worker.evaluate(
            "([tab, frame]) => ask(tab, frame, { events: true })", [self.tab_id, frame_id]
        )
        return [extension_pb2.FrameEvent.FromString(base64.b64decode(event)) for event in answer]

    async def state(self, frame_id: int = 0, **options: Any) -> extension_pb2.FrameState:
        options.setdefault("include_text", True)
        request = extension_pb2.FrameRequest(
            perceive=extension_pb2.PerceiveFrame(options=state_pb2.StateRequest(**options))
        )
        reply = await self.ask(request, frame_id)
        assert reply.WhichOneof("kind") == "state", reply
        return reply.state

    async def act(self, frame_id: int = 0, **kind: Any) -> action_pb2.ActionResult:
        """Does an action, given as `click=ClickAction(...)`."""
        action = action_pb2.Action(id="test", **kind)
        request = extension_pb2.FrameRequest(act=extension_pb2.ActInFrame(action=action))
        reply = await self.ask(request, frame_id)
        assert reply.WhichOneof("kind") == "action_result", reply
        return reply.action_result

    async def do(self, frame_id: int = 0, **kind: Any) -> action_pb2.ActionResult:
        """Does an action that is to succeed."""
        result = await self.act(frame_id, **kind)
        assert result.status == action_pb2.ACTION_STATUS_SUCCEEDED, result
        return result

    async def refused(self, code: int, frame_id: int = 0, **kind: Any) -> action_pb2.ActionResult:
        """Does an action that is to fail with a code, with words for a person."""
        result = await self.act(frame_id, **kind)
        assert result.status == action_pb2.ACTION_STATUS_FAILED, result
        assert result.error_info.error_code == code, result
        assert result.error_info.message
        assert result.error_info.remedy
        return result

    async def find(self, name: str, role: str | None = None, frame_id: int = 0, **options: Any) -> state_pb2.Element:
        """The only element of a name, and a role if one is given."""
        options.setdefault("scope", state_pb2.STATE_SCOPE_PAGE)
        state = await self.state(frame_id, **options)
        return only(state, name, role)

    async def truth(self, expression: str) -> Any:
        """What the page itself knows."""
        return await self.page.evaluate(expression)


def only(state: extension_pb2.FrameState, name: str, role: str | None = None) -> state_pb2.Element:
    """The only element of a state with a name, and a role if one is given."""
    found = [e for e in state.elements if e.name == name and (role is None or e.role == role)]
    if len(found) != 1:
        listing = "\n".join(f"  {e.id} {e.role} {e.name!r} {e.text_content[:60]!r}" for e in state.elements)
        raise AssertionError(f"{len(found)} elements are named {name!r} ({role}):\n{listing}")
    return found[0]


async def new_page(context: BrowserContext, worker: Worker, origins: list[str]) -> EnginePage:
    """Opens a tab for one test."""
    page = await context.new_page()
    mark = f"{origins[0]}/engine/blank.html#{id(page)}"
    await page.goto(mark)
    tab_id = await worker.evaluate(
        "async (url) => (await chrome.tabs.query({})).find((tab) => tab.url === url).id", mark
    )
    return EnginePage(worker, page, tab_id, origins)


class TabKeeper:
    """Gives test after test the same tab, as opening one costs more than most tests do.

    All that the engine and a page hold goes with the document, so that between two tests the tab is emptied. A new tab
    is opened where a test may have left more: other tabs were opened, or the tab cannot be emptied; and now and then
    anyway.
    """

    MOST_TESTS = 40

    def __init__(self, context: BrowserContext, worker: Worker, origins: list[str]) -> None:
        self._context = context
        self._worker = worker
        self._origins = origins
        self._kept: EnginePage | None = None
        self._uses = 0
        self._opened: list[Page] = []
        context.on("page", lambda page: self._opened.append(page))

    async def take(self, *, new: bool = False) -> EnginePage:
        """The tab for one test, or a new one for a test that looks at the whole memory of the tab's process."""
        kept, self._kept = self._kept, None
        if new and kept is not None:
            await kept.page.close()
            kept = None
        if kept is None:
            kept = await new_page(self._context, self._worker, self._origins)
            self._uses = 0
        self._opened.clear()
        self._uses += 1
        return kept

    async def give_back(self, engine: EnginePage) -> None:
        """Empties the tab for the next test, or closes it."""
        for page in [page for page in self._opened if not page.is_closed()]:
            await page.close()
        if engine.may_be_kept and not self._opened and self._uses < self.MOST_TESTS:
            try:
                await engine.page.goto("about:blank", timeout=10_000)
                await engine.page.evaluate("window.name = ''")
            except PlaywrightError:
                pass
            else:
                self._kept = engine
                return
        await engine.page.close()
