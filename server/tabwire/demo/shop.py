"""Serves the demo shop on the loopback address.

The shop is plain files; this is just enough of HTTP to hand them out. Search and cart are pages of their own, so that
a task in the shop crosses documents as it would in a real one.
"""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

_FOLDER = Path(__file__).parent / "pages"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
_PAGES = {"/": "index.html", "/search": "search.html", "/cart": "cart.html"}
_REQUEST_S = 10
_MAX_LINES = 200


class Shop:
    """The shop's server. Use it as an async context manager; `url` is known inside of it."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The shop's address."""
        return f"http://127.0.0.1:{self._port}/"

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(_serve, "127.0.0.1", self._port)
        except OSError as error:
            raise TabwireError(
                error_pb2.ERROR_CODE_UNAVAILABLE,
                f"The demo shop cannot listen on port {self._port}: {error.strerror or error}.",
                remedy="Choose another port with `tabwire demo --port`.",
            ) from error
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request, one answer."""
    try:
        async with asyncio.timeout(_REQUEST_S):
            words = (await reader.readline()).decode("latin-1").split()
            for _ in range(_MAX_LINES):
                if (await reader.readline()).strip() == b"":
                    break
            status, kind, body = await asyncio.to_thread(_answer, words)
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + (b"" if words[:1] == ["HEAD"] else body))
            await writer.drain()
    except (OSError, TimeoutError, ValueError):
        pass  # the browser left, or sent what is no HTTP
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _answer(words: list[str]) -> tuple[HTTPStatus, str, bytes]:
    """What to say to a request line. Only the shop's own files can be had, whatever the path."""
    text = "text/plain; charset=utf-8"
    if len(words) < 2 or words[0] not in {"GET", "HEAD"}:
        return HTTPStatus.METHOD_NOT_ALLOWED, text, b"Only GET and HEAD.\n"
    path = unquote(urlsplit(words[1]).path)
    name = _PAGES.get(path, path.removeprefix("/"))
    file = next((entry for entry in _FOLDER.iterdir() if entry.name == name), None)
    if file is None:
        return HTTPStatus.NOT_FOUND, text, b"No such page in the demo shop.\n"
    return HTTPStatus.OK, _TYPES.get(file.suffix, text), file.read_bytes()
