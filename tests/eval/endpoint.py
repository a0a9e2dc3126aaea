"""A counting endpoint between an agent and its model, the same for every side: what it says is what was really used.

Passes OpenAI-compatible requests on, and takes the figures from the model's own answers. A model's endpoint that
understands `json_object` with a schema and not `json_schema` gets the former instead (`translate`), for every side
alike. It changes nothing else, and keeps no text unless it is given a file for it (`keep_in`).
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

_PASSED_ON = ("authorization", "content-type", "accept")
_PATIENCE_S = 600.0


@dataclass(frozen=True)
class Used:
    """What was used since the count began."""

    calls: int = 0
    failed: int = 0
    """Calls that the model's endpoint refused or broke off; they are counted in `calls`, too."""
    untold: int = 0
    """Answered calls whose endpoint told no figures."""
    prompt: int = 0
    cached: int = 0
    completion: int = 0
    seconds: float = 0.0
    """Time from each request to the end of its answer, summed up."""


class Endpoint:
    """A running endpoint on loopback."""

    def __init__(self, upstream: str, *, translate: bool) -> None:
        self._upstream = urlsplit(upstream.rstrip("/"))
        self._translate = translate
        self._lock = threading.Lock()
        self._used = Used()
        self._round = 0
        self._kept: Path | None = None
        endpoint = self

        class Handler(_Handler):
            owner = endpoint

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def base_url(self) -> str:
        """What a client takes for the model's endpoint."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def take(self) -> Used:
        """What was used since the last time, and begins anew."""
        with self._lock:
            used, self._used = self._used, Used()
            self._round += 1
        return used

    def now(self) -> tuple[int, Path | None]:
        """What a call that begins now belongs to: its count, and the file for it."""
        with self._lock:
            return self._round, self._kept

    def keep_in(self, path: Path) -> None:
        """What is asked and answered from now on is added to this file, a JSON line each."""
        self._kept = path

    def keep(self, path: Path | None, request: bytes | None, answer: bytes) -> None:
        """Keeps one call, if that is wanted."""
        if path is None or request is None:
            return
        line = json.dumps({"request": json.loads(request), "answer": answer.decode(errors="replace")})
        with self._lock, path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()

    def connection(self) -> HTTPConnection:
        """A new connection to the model's endpoint."""
        kind = HTTPSConnection if self._upstream.scheme == "https" else HTTPConnection
        return kind(self._upstream.hostname or "", self._upstream.port, timeout=_PATIENCE_S)

    def path(self, asked: str) -> str:
        """The path at the model's endpoint."""
        return self._upstream.path + asked.removeprefix("/v1")

    def rewritten(self, body: bytes) -> bytes:
        """The request as the model's endpoint understands it."""
        return as_json_object(body) if self._translate else body

    def count(self, begun_in: int, seconds: float, usage: dict[str, Any] | None, *, failed: bool = False) -> None:
        """Adds one call, unless the count it began in is closed: it was broken off and is nobody's any more."""
        details = (usage or {}).get("prompt_tokens_details") or {}
        with self._lock:
            if begun_in != self._round:
                return
            now = self._used
            self._used = replace(
                now,
                calls=now.calls + 1,
                failed=now.failed + failed,
                untold=now.untold + (usage is None and not failed),
                prompt=now.prompt + int((usage or {}).get("prompt_tokens") or 0),
                cached=now.cached + int(details.get("cached_tokens") or 0),
                completion=now.completion + int((usage or {}).get("completion_tokens") or 0),
                seconds=now.seconds + seconds,
            )


def as_json_object(body: bytes) -> bytes:
    """A request with `json_schema` as one with `json_object` and the same schema; any other as it is."""
    request = json.loads(body)
    form = request.get("response_format")
    if not isinstance(form, dict) or form.get("type") != "json_schema":
        return body
    request["response_format"] = {"type": "json_object", "schema": form["json_schema"].get("schema", {})}
    return json.dumps(request).encode()


def usage_of(answer: bytes) -> dict[str, Any] | None:
    """The figures in an answer, whole or streamed; None if it has none."""
    text = answer.decode(errors="replace")
    bodies = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")] or [text]
    for body in reversed(bodies):
        try:
            told = json.loads(body)
        except ValueError:
            continue
        if isinstance(told, dict) and isinstance(told.get("usage"), dict):
            usage: dict[str, Any] = told["usage"]
            return usage
    return None


class _Handler(BaseHTTPRequestHandler):
    owner: Endpoint
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._pass_on("GET", None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with contextlib.suppress(ConnectionError):  # a side that ends its try breaks off the call it waits for
            self._pass_on("POST", self.owner.rewritten(body))

    def _pass_on(self, method: str, body: bytes | None) -> None:
        begun = time.perf_counter()
        begun_in, kept_in = self.owner.now()
        connection = self.owner.connection()
        answer = b""
        status = 0
        try:
            headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
            connection.request(method, self.owner.path(self.path), body, headers)
            response = connection.getresponse()
            status = response.status
            answer = self._answer(response)
        finally:
            connection.close()
            if method == "POST":
                usage = usage_of(answer) if status == 200 else None
                self.owner.keep(kept_in, body, answer)
                self.owner.count(begun_in, time.perf_counter() - begun, usage, failed=status != 200)
        # Only now, so that whoever has the whole answer finds it counted.
        self.wfile.write(b"0\r\n\r\n")

    def _answer(self, response: HTTPResponse) -> bytes:
        """Hands the answer on as it comes, so that a streamed one stays streamed."""
        self.send_response(response.status)
        self.send_header("Content-Type", response.getheader("Content-Type") or "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        whole = bytearray()
        while piece := response.read1(65536):
            whole += piece
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        return bytes(whole)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keeps the output clean."""
