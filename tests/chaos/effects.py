"""Pages that count: each button makes one numbered effect, which this server has counted before the click returns.

The truth of a run is here, outside of the browser, so that it outlives browser, page and tab.
"""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

# The request is synchronous: when the click handler has returned, the effect has happened, for the page and for us. A
# press has a name of its own, because Chromium may send a request again on a connection that it found dead.
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Effects of {page}</title>
<h1>Effects</h1>
<p>Done so far {done}</p>
<script>
  const done = document.querySelector("p");
  for (let i = 1; i <= {total}; i++) {{
    const button = document.createElement("button");
    button.textContent = `Step ${{i}}`;
    button.onclick = () => {{
      const request = new XMLHttpRequest();
      request.open("POST", `/effect?page={page}&number=${{i}}&press=${{crypto.randomUUID()}}`, false);
      request.send();
      done.textContent = `Done so far ${{request.responseText}}`;
    }};
    document.body.append(button);
  }}
</script>
</html>
"""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that is killed leaves broken connections; that is no news. Anything else is told."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class EffectServer:
    """The server. `counted` is called for each effect, from the server's threads. Use it as a context manager."""

    def __init__(self, counted: Callable[[str, int, str], None], *, total: int) -> None:
        self._counted = counted
        self._total = total
        self._highest: dict[str, int] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> EffectServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, page: str) -> str:
        """The address of a page, and the name of its effects."""
        return f"http://127.0.0.1:{self._server.server_port}/page/{page}"

    def _count(self, page: str, number: int, press: str) -> int:
        with self._lock:
            self._counted(page, number, press)
            self._highest[page] = max(self._highest.get(page, 0), number)
            return self._highest[page]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        effects = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path).path.strip("/").split("/")
                if len(parts) != 2 or parts[0] != "page":
                    self._send(404, "no such page")
                    return
                page = parts[1]
                self._send(
                    200, _PAGE.format(page=page, total=effects._total, done=effects._highest.get(page, 0)), "text/html"
                )

            def do_POST(self) -> None:
                asked = parse_qs(urlsplit(self.path).query)
                done = effects._count(asked["page"][0], int(asked["number"][0]), asked["press"][0])
                self._send(200, str(done))

            def _send(self, status: int, text: str, kind: str = "text/plain") -> None:
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
                """Keeps the output of tests clean."""

        return Handler
