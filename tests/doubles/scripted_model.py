"""A test double of a model: an OpenAI-compatible HTTP server on loopback that answers from a script, without thought.

    with ScriptedModel([on('textbox "Search"', "input_text", text="x"), on('button "Go"'), done("Bought.")]) as model:
        ... TABWIRE_MODEL=scripted OPENAI_BASE_URL=model.base_url OPENAI_API_KEY=any ...

Each entry of the script answers one call, in order: a `Reply`, a decision as a dict, or a function from the request to
either. Calls beyond the script get HTTP 500. `requests` holds what was asked, for the test to look at. It runs in a
thread of its own, so that tests of any kind, also ones that wait for other processes, can use it.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

Mode = Literal["json_schema", "json_object", "text"]


@dataclass
class Reply:
    """One answer. `content` is what the model says; with `status` other than 200 it is an HTTP error instead."""

    content: str = ""
    status: int = 200
    error: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    refusal: str | None = None
    finish_reason: str = "stop"
    delay_s: float = 0.0
    usage: dict[str, Any] | None = field(
        default_factory=lambda: {
            "prompt_tokens": 100,
            "completion_tokens": 10,
            "total_tokens": 110,
            "prompt_tokens_details": {"cached_tokens": 60},
        }
    )
    raw: bytes | None = None
    choices: int = 1
    breaks_after: int | None = None
    """With streaming: the connection is cut after so many pieces."""
    pace_s: float = 0.0
    """With streaming: the time between two pieces."""


class Request(dict[str, Any]):
    """One call: its JSON body, and ways to look into it."""

    @property
    def last(self) -> str:
        """The last message's text."""
        return str(self["messages"][-1]["content"])

    @property
    def whole(self) -> str:
        """All messages' texts."""
        return "\n".join(str(message["content"]) for message in self["messages"])

    @property
    def page_words(self) -> str:
        """Some of what the pages in the prompt say."""
        said = re.findall(r'"((?:[^"\\\n]|\\.)*)"', self.whole.split("<page ", 1)[-1])
        return ", ".join(dict.fromkeys(one for one in said if re.fullmatch(r"[^\d\\/:]*[^\W\d_]{4,}[^\d\\/:]*", one)))[
            :300
        ]

    def element(self, words: str) -> int:
        """The id of the last element line that goes on with these words, as `button "Go"`, also in rows of a kind."""
        found, kind = 0, ""
        for line in self.whole.splitlines():
            if line.startswith("rows of: "):
                kind = line.removeprefix("rows of: ")
            elif line.startswith(words) and (told := re.search(r" \[(\d+)\]", line)):
                found = int(told[1])  # as a weak model is told
            elif told := re.search(r"\[(\d+)\] (.*)", line):
                kind = ""
                found = int(told[1]) if told[2].startswith(words) else found
            elif kind and (told := re.match(r"(\d+) (.*)", line)):
                found = int(told[1]) if f"{kind} {told[2]}".startswith(words) else found
        if not found:
            raise LookupError(f"no element {words!r} in the prompt")
        return found


Answer = "Reply | dict[str, Any] | str"
Script = "Answer | Callable[[Request], Answer]"


def decide(*actions: dict[str, Any], goal: str = "go on", memory: str = "", **action: Any) -> dict[str, Any]:
    """A decision: `decide(click={"element_id": 3})`, or several actions as dicts."""
    return {
        "reasoning": "as scripted",
        "memory": memory,
        "next_goal": goal,
        "actions": [*actions, *({name: body} for name, body in action.items())],
    }


def on(words: str, name: str = "click", **fields: Any) -> Callable[[Request], dict[str, Any]]:
    """A decision with one action on the element of these words, as `on('button "Go"')`."""
    return lambda request: decide({name: {"element_id": request.element(words), **fields}})


def done(text: str = "", *, success: bool = True) -> Any:
    """The decision that ends the task. Without a text it tells what the page shows, so that something bears it out."""
    if text:
        return decide(done={"text": text, "success": success})
    return lambda request: decide(done={"text": f"The page shows: {request.page_words}", "success": success})


class ScriptedModel:
    """The server. `supports` is what `response_format` may ask for; all else is refused with `refuses_with`."""

    def __init__(
        self,
        script: Iterable[Any] = (),
        *,
        supports: Iterable[Mode] = ("json_schema", "json_object", "text"),
        refuses_with: int = 400,
        unsupported: Iterable[str] = (),
        streams: bool = False,
        api_key: str | None = None,
        then: Any = None,
    ) -> None:
        self.script = list(script)
        self.then = then
        self.supports = set(supports)
        self.refuses_with = refuses_with
        self.unsupported = set(unsupported)
        self.streams = streams
        self.api_key = api_key
        self.requests: list[Request] = []
        self.refused: list[Request] = []
        self.arrived = threading.Event()
        self.release = threading.Event()
        self.release.set()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="scripted-model", daemon=True
        )

    @property
    def base_url(self) -> str:
        """For OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def calls(self) -> int:
        """How many calls were answered from the script: each would have cost money."""
        return len(self.requests)

    def start(self) -> Self:
        """Starts to serve."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stops to serve. Safe to repeat."""
        self._closing.set()
        self.release.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def hold(self) -> None:
        """Lets calls wait until `release` is set; `arrived` says that one came."""
        self.arrived.clear()
        self.release.clear()

    def answer(self, body: dict[str, Any], authorization: str) -> Reply:
        """What one call gets."""
        request = Request(body)
        refusal = self._refusal(request, authorization)
        if refusal is not None:
            self.refused.append(request)
            return refusal
        with self._lock:
            self.requests.append(request)
            entry = self.script.pop(0) if self.script else self.then
        self.arrived.set()
        self.release.wait()
        if entry is None:
            return Reply(status=500, error={"message": "the script is at its end"})
        given = entry(request) if callable(entry) else entry
        if isinstance(given, Reply):
            return given
        return Reply(given if isinstance(given, str) else json.dumps(given))

    def _refusal(self, request: Request, authorization: str) -> Reply | None:
        if self.api_key is not None and authorization != f"Bearer {self.api_key}":
            return Reply(
                status=401, error={"message": "Incorrect API key provided: sk-secret", "code": "invalid_api_key"}
            )
        for name in sorted(self.unsupported):
            if name in request:
                message = f"Unsupported parameter: '{name}' is not supported with this model."
                return Reply(status=400, error={"message": message, "param": name, "code": "unsupported_parameter"})
        mode = request.get("response_format", {"type": "text"})["type"]
        if mode not in self.supports:
            message = f"Invalid value for response_format.type: '{mode}'"
            return Reply(status=self.refuses_with, error={"message": message, "param": "response_format"})
        return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", "0"))
                body = json.loads(self.rfile.read(length) or b"{}")
                if not self.path.endswith("/chat/completions"):
                    self._send(404, b'{"error": {"message": "no such path"}}', {})
                    return
                try:
                    reply = model.answer(body, self.headers.get("authorization", ""))
                except LookupError as error:
                    reply = Reply(status=500, error={"message": str(error)})
                if reply.delay_s:
                    model._closing.wait(reply.delay_s)
                if model.streams and body.get("stream") and reply.status == 200 and reply.raw is None:
                    self._send_stream(_chunks(reply, body), reply.breaks_after, reply.pace_s)
                    return
                self._send(reply.status, _payload(reply, body), reply.headers)

            def do_GET(self) -> None:
                self._send(200, b'{"object": "list", "data": [{"id": "scripted", "object": "model"}]}', {})

            def _send(self, status: int, payload: bytes, headers: dict[str, str]) -> None:
                try:
                    self.send_response(status)
                    for name, value in {"content-type": "application/json", **headers}.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(payload)))
                    self.end_headers()
                    self.wfile.write(payload)
                except ConnectionError:
                    self.close_connection = True  # the caller has given up, as some tests want it to

            def _send_stream(self, chunks: list[dict[str, Any]], breaks_after: int | None, pace_s: float) -> None:
                self.close_connection = True
                try:
                    self.send_response(200)
                    self.send_header("content-type", "text/event-stream; charset=utf-8")
                    self.send_header("transfer-encoding", "chunked")
                    self.end_headers()
                    lines = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks] + [b"data: [DONE]\n\n"]
                    for line in lines[:breaks_after]:
                        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                        if pace_s:
                            model._closing.wait(pace_s)
                    if breaks_after is None:
                        self.wfile.write(b"0\r\n\r\n")
                except ConnectionError:
                    return

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
                """Says nothing: a test's output is the test's."""

        return Handler


def _payload(reply: Reply, body: dict[str, Any]) -> bytes:
    if reply.raw is not None:
        return reply.raw
    if reply.status != 200:
        return json.dumps(
            {"error": {"message": "scripted failure", "type": "scripted", **(reply.error or {})}}
        ).encode()
    message = {"role": "assistant", "content": reply.content, "refusal": reply.refusal}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason, "logprobs": None}
    completion = {
        "id": "scripted-1",
        "object": "chat.completion",
        "created": 1,
        "model": body.get("model", "scripted"),
        "choices": [choice] * reply.choices,
    }
    if reply.usage is not None:
        completion["usage"] = reply.usage
    return json.dumps(completion).encode()


def _chunks(reply: Reply, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The same answer in pieces of seven characters, with the usage at the end."""
    head = {"id": "scripted-1", "object": "chat.completion.chunk", "created": 1, "model": body.get("model", "scripted")}
    pieces = [reply.content[at : at + 7] for at in range(0, len(reply.content), 7)]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces)]
    if reply.refusal:
        deltas.append({"refusal": reply.refusal})
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reply.finish_reason}]})
    if reply.usage is not None:
        chunks.append({**head, "choices": [], "usage": reply.usage})
    return chunks
