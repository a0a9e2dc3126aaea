"""The counting endpoint: hands on what it gets, counts what the model's endpoint tells, and translates the schema."""

from __future__ import annotations

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from eval.endpoint import Endpoint, as_json_object, usage_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_USAGE = {"prompt_tokens": 120, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 100}}


class _Model(BaseHTTPRequestHandler):
    """A model's endpoint that remembers what it was asked, and answers whole, streamed, or with an error."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({"path": self.path, "key": self.headers["Authorization"], **request})
        status, body = 200, json.dumps({"choices": [], "usage": _USAGE}).encode()
        if request.get("stream"):
            body = b'data: {"choices": []}\n\ndata: ' + body + b"\n\ndata: [DONE]\n\n"
        if request.get("model") == "none":
            status, body = 500, b"{}"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        pass


@pytest.fixture
def asked() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def endpoint(asked: list[dict[str, Any]]) -> Iterator[Endpoint]:
    model = ThreadingHTTPServer(("127.0.0.1", 0), type("Model", (_Model,), {"asked": asked}))
    threading.Thread(target=model.serve_forever, daemon=True).start()
    endpoint = Endpoint(f"http://127.0.0.1:{model.server_port}/v1", translate=True)
    yield endpoint
    endpoint.close()
    model.shutdown()
    model.server_close()


def _ask(endpoint: Endpoint, **request: Any) -> tuple[int, bytes]:
    parts = urlsplit(endpoint.base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    headers = {"Authorization": "Bearer k", "Content-Type": "application/json"}
    connection.request("POST", f"{parts.path}/chat/completions", json.dumps(request), headers)
    try:
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_call_is_handed_on_and_counted(endpoint: Endpoint, asked: list[dict[str, Any]]) -> None:
    status, body = _ask(endpoint, model="m")
    assert (status, json.loads(body)["usage"]) == (200, _USAGE)
    assert asked == [{"path": "/v1/chat/completions", "key": "Bearer k", "model": "m"}]
    used = endpoint.take()
    assert (used.calls, used.failed, used.untold) == (1, 0, 0)
    assert (used.prompt, used.cached, used.completion) == (120, 100, 7)
    assert used.seconds > 0
    assert endpoint.take().calls == 0


def test_a_streamed_answer_stays_streamed_and_is_counted(endpoint: Endpoint) -> None:
    _, body = _ask(endpoint, model="m", stream=True)
    assert body.endswith(b"data: [DONE]\n\n")
    assert endpoint.take().prompt == 120


def test_a_refused_call_is_told_apart(endpoint: Endpoint) -> None:
    status, _ = _ask(endpoint, model="none")
    used = endpoint.take()
    assert status == 500
    assert (used.calls, used.failed, used.untold, used.prompt) == (1, 1, 0, 0)


def test_a_call_that_ends_after_its_count_is_nobodys(endpoint: Endpoint, tmp_path: Path) -> None:
    """A side ends its try while the model still writes: the next try must not be charged with it."""
    endpoint.keep_in(tmp_path / "first")
    begun_in, kept_in = endpoint.now()
    endpoint.take()
    endpoint.keep_in(tmp_path / "second")
    endpoint.count(begun_in, 9.0, {"prompt_tokens": 700})
    endpoint.keep(kept_in, b"{}", b"late")
    assert endpoint.take().calls == 0
    assert (tmp_path / "first").exists()
    assert not (tmp_path / "second").exists()


def test_a_schema_is_translated_on_the_way(endpoint: Endpoint, asked: list[dict[str, Any]]) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": {"type": "object"}}}
    _ask(endpoint, model="m", response_format=form)
    assert asked[0]["response_format"] == {"type": "json_object", "schema": {"type": "object"}}


def test_other_forms_stay_as_they_are() -> None:
    body = json.dumps({"response_format": {"type": "json_object"}}).encode()
    assert as_json_object(body) == body


@pytest.mark.parametrize("answer", [b"", b"no json", b'{"choices": []}', b"data: [DONE]\n\n", b"[1]"])
def test_an_answer_without_figures_has_none(answer: bytes) -> None:
    assert usage_of(answer) is None
