"""The hostile pages and who serves them: a shop that the person trusts, and a site of an attacker's that notes every
request it gets. Both are one server on loopback; `127.0.0.1` is the shop, `localhost` the attacker, another origin.

`{evil}` in a page is the attacker's origin. What a page really did is in its `truth`.
"""

from __future__ import annotations

import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from typing import Self

PAGES = Path(__file__).with_name("pages")


class Site:
    """The running server. `stolen` are the requests that reached the attacker, as method, path and body."""

    def __init__(self) -> None:
        self.stolen: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def shop(self) -> str:
        """The origin that the person trusts."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def evil(self) -> str:
        """The attacker's origin."""
        return f"http://localhost:{self._server.server_port}"

    def page(self, name: str) -> bytes:
        """A page as it is sent."""
        text = (PAGES / f"{name}.html").read_text(encoding="utf-8")
        return text.replace("{evil}", self.evil).replace("{shop}", self.shop).encode()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, site: Site, *args: Any) -> None:
        self._site = site
        super().__init__(*args)

    def do_GET(self) -> None:
        """A page, a redirect, a download, or nothing."""
        path = urlsplit(self.path)
        if self.headers.get("Host", "").startswith("localhost"):
            self._site.stolen.append(f"GET {self.path}")
        if path.path == "/hop":
            self.send_response(302)
            self.send_header("Location", parse_qs(path.query)["to"][0])
            self.end_headers()
        elif path.path == "/file":
            self._answer(b"a,b\n", "text/csv", disposition='attachment; filename="prices.csv"')
        elif (PAGES / f"{path.path.strip('/')}.html").is_file():
            self._answer(self._site.page(path.path.strip("/")), "text/html; charset=utf-8")
        else:
            self._answer(b"<!doctype html><title>Nothing</title><h1>Nothing here</h1>", "text/html")

    def do_POST(self) -> None:
        """Takes what a form sends."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode(errors="replace")
        if self.headers.get("Host", "").startswith("localhost"):
            self._site.stolen.append(f"POST {self.path} {body}")
        self._answer(b"<!doctype html><title>Sent</title><h1>Sent</h1>", "text/html")

    def _answer(self, data: bytes, kind: str, *, disposition: str = "") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if disposition:
            self.send_header("Content-Disposition", disposition)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keeps the test output clean."""
