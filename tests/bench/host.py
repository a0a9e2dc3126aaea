"""Serves generated pages from memory on loopback, under two names, so that frames can be of another site."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from bench.pages import Page


class PageHost:
    """A running server of pages."""

    def __init__(self, pages: list[Page]) -> None:
        documents: dict[str, bytes] = {}

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = documents.get(urlsplit(self.path).path.lstrip("/"))
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
                """Keeps the output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        here, other = (f"http://{name}:{self._server.server_port}" for name in ("127.0.0.1", "localhost"))
        for page in pages:
            for path, html in page.documents.items():
                if path == f"{page.name}.html":
                    html = html.replace("{self}", here).replace("{other}", other)
                documents[path] = html.encode()
        self._here = here
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, page: Page) -> str:
        """The address of a page."""
        return f"{self._here}/{page.name}.html"

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()
