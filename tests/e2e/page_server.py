"""Serves the tests' pages on loopback, and a few answers that a file cannot give: slow, failing, redirecting."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from pathlib import Path


class _Handler(SimpleHTTPRequestHandler):
    release = threading.Event()

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if path.path == "/held":
            # Answers only when the test says so, so that a page can be caught while it loads.
            self.release.wait(30)
            self._text("<title>Held</title><h1>Held</h1>")
        elif path.path == "/status":
            self._text("<title>Status</title><h1>Status</h1>", int(parse_qs(path.query)["code"][0]))
        elif path.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", parse_qs(path.query)["to"][0])
            self.end_headers()
        elif path.path == "/download":
            self.send_response(200)
            self.send_header("Content-Disposition", 'attachment; filename="report.csv"')
            self.end_headers()
            self.wfile.write(b"a,b\n1,2\n")
        else:
            super().do_GET()

    def _text(self, body: str, status: int = 200) -> None:
        data = f"<!doctype html><html lang=en>{body}".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keeps the test output clean."""


class PageServer:
    """A running server of one folder."""

    def __init__(self, folder: Path) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        self._server.daemon_threads = True
        self._count = 0
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a page. `localhost` is another site for the browser than `127.0.0.1`."""
        return f"http://{host}:{self._server.server_port}/{path}"

    def fresh(self, path: str) -> str:
        """The address of a page that no other tab shows, so that its tab can be told by it."""
        self._count += 1
        return self.url(f"{path}?{self._count}")

    def hold(self) -> None:
        """From now on /held does not answer."""
        _Handler.release.clear()

    def let_go(self) -> None:
        """Answers all that /held kept waiting."""
        _Handler.release.set()

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()
