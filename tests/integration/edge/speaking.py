"""How the edge's tests speak to it: as a browser does, as native gRPC does, and byte by byte as an attacker may."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from email.message import Message
    from pathlib import Path

    from tabwire.settings import Settings

    from .conftest import Edge

EMPTY = b"\0\0\0\0\0"
WEB = {"content-type": "application/grpc-web+proto", "x-grpc-web": "1"}
WHO_AM_I = "/tabwire.v1.AuthService/WhoAmI"
PAIR = "/tabwire.v1.AuthService/Pair"
HEALTH = "/grpc.health.v1.Health/Check"


@dataclass(frozen=True)
class Answer:
    """What came back to one request."""

    status: int
    headers: Message[str, str]
    body: bytes

    @property
    def grpc_status(self) -> str:
        """The gRPC status, wherever it stands."""
        return self.headers.get("grpc-status") or self.trailer("grpc-status")

    def trailer(self, name: str) -> str:
        """A trailer of gRPC-web, which stands in the body."""
        for line in self.body.decode(errors="replace").splitlines():
            key, _, value = line.rpartition("\x80")[2].lstrip("\0").partition(":")
            if key.strip("\0\x12\x0f\x10\x11").endswith(name):
                return value.strip()
        return ""


class Caller:
    """One connection that speaks gRPC-web in HTTP/1.1, and stays open."""

    def __init__(self, settings: Settings, ca_file: Path | None = None) -> None:
        trust = ssl.create_default_context(cafile=ca_file or settings.ca_path)
        self._connection = http.client.HTTPSConnection(settings.host, settings.port, context=trust, timeout=20)

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def post(self, path: str, headers: Mapping[str, str] | None = None, body: bytes = EMPTY) -> Answer:
        """One call."""
        return self.ask(path, list({**WEB, **(headers or {})}.items()), body)

    def ask(self, path: str, headers: Sequence[tuple[str, str]], body: bytes = EMPTY, method: str = "POST") -> Answer:
        """One request with exactly these headers, of which one may stand there twice."""
        self._connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            self._connection.putheader(name, value)
        self._connection.putheader("content-length", str(len(body)))
        self._connection.endheaders(body)
        response = self._connection.getresponse()
        return Answer(response.status, response.headers, response.read())


async def post(settings: Settings, path: str, headers: Mapping[str, str] | None = None, body: bytes = EMPTY) -> Answer:
    """One call on a connection of its own."""

    def work() -> Answer:
        with Caller(settings) as caller:
            return caller.post(path, headers, body)

    return await asyncio.to_thread(work)


@contextlib.asynccontextmanager
async def raw(
    settings: Settings, *, secure: bool = True
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection, with TLS or without."""
    trust = ssl.create_default_context(cafile=settings.ca_path) if secure else None
    reader, writer = await asyncio.open_connection(settings.host, settings.port, ssl=trust)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 2)


async def plain_get(settings: Settings) -> tuple[int, dict[str, str]]:
    """What plain HTTP is told: status and headers."""
    async with raw(settings, secure=False) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = (await asyncio.wait_for(reader.read(-1), 20)).decode()
    head = answer.partition("\r\n\r\n")[0].splitlines()
    return int(head[0].split()[1]), dict(line.lower().split(": ", 1) for line in head[1:])


async def closed_after(reader: asyncio.StreamReader, limit_s: float = 30) -> float:
    """How long it takes until the other side closes; fails if it does not."""
    started = time.monotonic()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while await asyncio.wait_for(reader.read(65536), limit_s):
            pass
    return time.monotonic() - started


def shown_certificate(settings: Settings) -> bytes:
    """The certificate (DER) that a client is shown now."""
    trust = ssl.create_default_context(cafile=settings.ca_path)
    with (
        socket.create_connection((settings.host, settings.port), 10) as plain,
        trust.wrap_socket(plain, server_hostname=settings.host) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


def bearer(edge: Edge) -> dict[str, str]:
    """The headers of somebody with a good token."""
    return {"authorization": f"Bearer {edge.token()}"}


def is_exhausted(answer: Answer) -> bool:
    """Whether it is a whole answer of gRPC that says RESOURCE_EXHAUSTED and when to come again."""
    return (answer.status, answer.grpc_status) == (200, "8") and int(answer.headers["retry-after"]) >= 1


async def answers(settings: Settings, limit_s: float) -> bool:
    """Whether a call is answered before long, tried as a patient client does."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        try:
            if (await post(settings, HEALTH)).grpc_status == "0":
                return True
        except (OSError, ssl.SSLError):
            pass
        await asyncio.sleep(0.3)
    return False
