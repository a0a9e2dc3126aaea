"""Finds out why the server cannot be reached, by trying the way piece by piece.

Used when a call has failed without an answer from the server, and by `tabwire doctor`. It tells the same troubles apart
as the extension does, each with its one remedy. What certificates and clocks say is read from the edge's answer to
plain HTTP too, which nobody vouches for: it only helps to choose among words for a person.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tabwire.v1 import extension_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    Diagnosis = tuple[extension_pb2.ConnectionTrouble.ValueType, str, str]

_TRY_S = 5
# Tokens and certificates are made with an hour to spare; an access token lives for a quarter of it.
MAX_CLOCK_OFFSET = timedelta(minutes=5)

# Reasons of OpenSSL's, by number (x509_vfy.h): what a certificate may be wrong in beside its authority.
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64

_WELL = (extension_pb2.CONNECTION_TROUBLE_UNSPECIFIED, "", "")


@dataclass(frozen=True)
class _Answer:
    """The head of an answer; status 0 if there was none."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def moment(self) -> datetime | None:
        """The server's clock."""
        with contextlib.suppress(KeyError, ValueError):
            return parsedate_to_datetime(self.headers["date"])
        return None


def split_url(url: str) -> tuple[str, int]:
    """Host and port of a server's address."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    return parts.hostname or "127.0.0.1", parts.port or 443


async def diagnose(
    url: str, ca: bytes | None, *, origin: str = "", now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Diagnosis:
    """The trouble, one sentence about it, and the remedy. CONNECTION_TROUBLE_UNSPECIFIED if all is well to the server.

    With an `origin` it also finds out whether the edge lets that in.
    """
    host, port = split_url(url)
    if not await _listens(host, port):
        return (
            extension_pb2.CONNECTION_TROUBLE_NOTHING_LISTENING,
            f"Nothing listens at {url}.",
            "Start Tabwire with `tabwire up`, or set TABWIRE_PORT to the port it runs on.",
        )
    try:
        answer = await _healthy_over_tls(host, port, ca, origin)
    except ssl.SSLCertVerificationError as error:
        return await _of_certificate(url, error, now())
    except ssl.SSLError:
        return (
            extension_pb2.CONNECTION_TROUBLE_CERTIFICATE,
            f"What listens at {url} does not speak TLS.",
            "Another program uses the port: stop it, or set TABWIRE_PORT to a free one.",
        )
    except (OSError, TimeoutError, ValueError):
        return (
            extension_pb2.CONNECTION_TROUBLE_NETWORK,
            f"{url} takes connections but does not answer.",
            "Start `tabwire up` again.",
        )
    return _of_answer(url, answer, origin, now())


def _of_answer(url: str, answer: _Answer, origin: str, now: datetime) -> Diagnosis:
    if answer.headers.get("grpc-status") == "8":
        wait = answer.headers.get("retry-after", "1")
        return (
            extension_pb2.CONNECTION_TROUBLE_BUSY,
            f"{url} has too many calls to answer to take this one.",
            f"Wait {wait} second{'' if wait == '1' else 's'}, then try again.",
        )
    if answer.status == 403 and origin:
        return (
            extension_pb2.CONNECTION_TROUBLE_ORIGIN,
            f"The edge does not let {origin} in.",
            "Set TABWIRE_ALLOWED_ORIGINS to it, then start `tabwire up` again.",
        )
    if answer.status in {502, 503, 504}:
        return (
            extension_pb2.CONNECTION_TROUBLE_SERVER_DOWN,
            f"Envoy answers at {url}, but the server behind it does not.",
            "Look into the server's log (`tabwire paths` shows where), and start `tabwire up` again.",
        )
    return _of_clock(answer.moment, now) or _WELL


def _of_clock(theirs: datetime | None, now: datetime) -> Diagnosis | None:
    if theirs is None or abs(theirs - now) <= MAX_CLOCK_OFFSET:
        return None
    minutes = round(abs(theirs - now) / timedelta(minutes=1))
    order = "behind" if now < theirs else "ahead of"
    return (
        extension_pb2.CONNECTION_TROUBLE_CLOCK,
        f"This computer's clock is {minutes} minutes {order} the server's.",
        "Set the clock that is wrong; on Linux: timedatectl set-ntp true",
    )


async def _of_certificate(url: str, error: ssl.SSLCertVerificationError, now: datetime) -> Diagnosis:
    """Why a certificate was not accepted. A wrong clock makes good ones look ended."""
    host, port = split_url(url)
    if error.verify_code in {_NOT_YET_VALID, _EXPIRED}:
        off = _of_clock((await _plainly(host, port)).moment, now)
        if off is not None:
            return off
        how = "has ended" if error.verify_code == _EXPIRED else "is not good yet"
        return (
            extension_pb2.CONNECTION_TROUBLE_CERTIFICATE_EXPIRED,
            f"The certificate of {url} {how}.",
            "Start `tabwire up` again; it makes a new one.",
        )
    if error.verify_code in {_OTHER_HOST, _OTHER_ADDRESS}:
        names = (await _plainly(host, port)).headers.get("x-tabwire-certificate-names", "")
        return (
            extension_pb2.CONNECTION_TROUBLE_CERTIFICATE_HOST,
            f"The certificate of {url} is not for {host}{f', but for {names}' if names else ''}.",
            f"Set TABWIRE_HOST_NAMES={host} where Tabwire runs and start `tabwire up` again, or use one of its names.",
        )
    return (
        extension_pb2.CONNECTION_TROUBLE_CERTIFICATE,
        f"The certificate of {url} is not trusted: {error.verify_message}.",
        "Use the certificate authority of the home that server runs from: set TABWIRE_HOME, or give its ca.pem.",
    )


def trust(ca: bytes | None) -> ssl.SSLContext:
    """A TLS context that trusts the local authority, or what the system trusts if none is given."""
    return ssl.create_default_context(cadata=ca.decode("ascii") if ca else None)


async def _listens(host: str, port: int) -> bool:
    try:
        async with _connection(host, port, None):
            return True
    except (OSError, TimeoutError):
        return False


async def _healthy_over_tls(host: str, port: int, ca: bytes | None, origin: str) -> _Answer:
    """What a gRPC-web health check, which needs no token, is answered."""
    body = b"\0\0\0\0\0"
    from_where = f"Origin: {origin}\r\n" if origin else ""
    request = (
        "POST /grpc.health.v1.Health/Check HTTP/1.1\r\n"
        f"Host: {host}:{port}\r\n{from_where}Content-Type: application/grpc-web+proto\r\n"
        f"X-Grpc-Web: 1\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body
    async with _connection(host, port, trust(ca)) as (reader, writer):
        return await _ask(reader, writer, request)


async def _plainly(host: str, port: int) -> _Answer:
    """What the address says to plain HTTP."""
    request = f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
    try:
        async with _connection(host, port, None) as (reader, writer):
            return await _ask(reader, writer, request)
    except (OSError, TimeoutError, ValueError):
        return _Answer()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> _Answer:
    writer.write(request)
    await writer.drain()
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _TRY_S)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return _Answer()
    first, *lines = head.decode("latin-1").splitlines()
    words = first.split()
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return _Answer(int(words[1]) if len(words) > 1 and words[1].isdigit() else 0, headers)


@contextlib.asynccontextmanager
async def _connection(
    host: str, port: int, context: ssl.SSLContext | None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port, ssl=context), _TRY_S)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError, ssl.SSLError):
            await asyncio.wait_for(writer.wait_closed(), 1)


def read_ca(path: Path) -> bytes | None:
    """The certificate of the local authority, or nothing if there is none."""
    try:
        return path.read_bytes()
    except OSError:
        return None
