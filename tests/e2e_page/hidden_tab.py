"""A Chromium that nobody debugs, with the engine in a tab that is never in front.

Playwright makes every page believe that it is seen and focused. To see what a hidden tab really does, the extension's
service worker takes its orders here from a small HTTP server of the test's.
"""

from __future__ import annotations

import base64
import json
import queue
import subprocess
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from e2e_page.harness import CHROMIUM, MANIFEST, PAGES
from tabwire.v1 import extension_pb2

if TYPE_CHECKING:
    from pathlib import Path

# Asks for the next order, carries it out, and hands the answer back with the request for the one after.
BACKGROUND = """
const orders = {
  open: async (url) => {
    const tab = await chrome.tabs.create({ url, active: false });
    for (;;) {
      const now = await chrome.tabs.get(tab.id);
      if (now.status === "complete") return tab.id;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },
  ask: (tab, request) => chrome.tabs.sendMessage(tab, { request }, { frameId: 0 }),
  truth: async (tab, expression) => {
    const run = { target: { tabId: tab }, world: "MAIN", func: (text) => (0, eval)(text), args: [expression] };
    return (await chrome.scripting.executeScript(run))[0].result;
  },
};
async function serve(server) {
  let answer = null;
  for (;;) {
    const reply = await fetch(`${server}/order`, { method: "POST", body: JSON.stringify(answer) });
    const order = await reply.json();
    answer = null;
    if (order === null) continue;
    try {
      answer = { value: (await orders[order.name](...order.args)) ?? null };
    } catch (thrown) {
      answer = { error: String(thrown) };
    }
  }
}
"""

# Shorter than the time after which Chrome ends an idle service worker.
_POLL_SECONDS = 5


class HiddenTab:
    """Starts the browser, opens a page in a tab behind the first one, and passes orders on."""

    def __init__(self, engine_extension: Path, work: Path) -> None:
        self._orders: queue.Queue[dict[str, Any]] = queue.Queue()
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self, directory=str(PAGES)))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        extension = work / "extension"
        extension.mkdir()
        manifest = {**MANIFEST, "permissions": ["tabs", "scripting"]}
        (extension / "manifest.json").write_text(json.dumps(manifest))
        (extension / "content.js").write_bytes((engine_extension / "content.js").read_bytes())
        (extension / "background.js").write_text(f"{BACKGROUND}serve({json.dumps(self.origin)});")
        self._browser = subprocess.Popen(
            [
                CHROMIUM,
                "--headless=new",
                "--no-sandbox",
                "--no-first-run",
                f"--user-data-dir={work / 'profile'}",
                f"--disable-extensions-except={extension}",
                f"--load-extension={extension}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._tab = 0

    def next_order(self, answer: dict[str, Any] | None) -> dict[str, Any] | None:
        """Called by the browser: takes the last answer, gives the next order."""
        if answer is not None:
            self._answers.put(answer)
        try:
            return self._orders.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            return None

    def _order(self, name: str, *args: object) -> Any:
        self._orders.put({"name": name, "args": args})
        answer = self._answers.get(timeout=60)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["value"]

    def open(self, name: str) -> None:
        self._tab = self._order("open", f"{self.origin}/engine/{name}.html")

    def open_kit(self, name: str, fragment: str = "") -> None:
        """Opens a page of tests/pages/kits, and waits until it can be used."""
        self._tab = self._order("open", f"{self.origin}/kits/dist/{name}.html{fragment}")
        until = time.monotonic() + 20
        while not self.truth("window.ready === true"):
            assert time.monotonic() < until, f"the page {name} did not get ready"
            time.sleep(0.05)

    def ask(self, request: extension_pb2.FrameRequest) -> extension_pb2.FrameReply:
        answer = self._order("ask", self._tab, base64.b64encode(request.SerializeToString()).decode())
        return extension_pb2.FrameReply.FromString(base64.b64decode(answer))

    def truth(self, expression: str) -> Any:
        return self._order("truth", self._tab, expression)

    def close(self) -> None:
        self._browser.terminate()
        self._browser.wait(timeout=20)
        self._server.shutdown()
        self._server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, owner: HiddenTab, *args: Any, **kwargs: Any) -> None:
        self._owner = owner
        super().__init__(*args, **kwargs)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        order = json.dumps(self._owner.next_order(json.loads(body))).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(order)))
        self.end_headers()
        self.wfile.write(order)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass
