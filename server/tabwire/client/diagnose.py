"""Finds out why the server cannot be reached, by trying the way piece by piece.

Used when a call has failed without an answer from the server, and by `tabwire doctor`. It tells the same troubles apart
as the extension does, each with its one remedy.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tabwire.v1 import extension_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_TRY_S = 5


def split_url(url: str) -> tuple[str, int]:
    """Host and port of a server's address."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    return parts.hostname or "127.0.0.1", parts.port or 443


async def diagnose(url: str, ca: bytes | None) -> tuple[extension_pb2.ConnectionTrouble.ValueType, str, str]:
    """The trouble, one sentence about it, and the remedy. CONNECTION_TROUBLE_UNSPECIFIED if all is well to the edge."""
    host, port = split_url(url)
    if not await _listens(host, port):
        return (
            extension_pb2.CONNECTION_TROUBLE_NOTHING_LISTENING,
            f"Nothing listens at {url}.",
            "Start Tabwire with `tabwire up`, or set TABWIRE_PORT to the port it runs on.",
        )
    try:
        status = await _healthy_over_tls(host, port, ca)
    except ssl.SSLCertVerificationError as error:
        return (
            extension_pb2.CONNECTION_TROUBLE_CERTIFICATE,
            f"The certificate of {url} is not trusted: {error.verify_message}.",
            "Use the certificate authority of the home that server runs from: set TABWIRE_HOME, or give its ca.pem.",
        )
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
    if status in {502, 503, 504}:
        return (
            extension_pb2.CONNECTION_TROUBLE_SERVER_DOWN,
            f"Envoy answers at {url}, but the server behind it does not.",
            "Look into the server's log (`tabwire paths` shows where), and start `tabwire up` again.",
        )
    return extension_pb2.CONNECTION_TROUBLE_UNSPECIFIED, "", ""


def trust(ca: bytes | None) -> ssl.SSLContext:
    """A TLS context that trusts the local authority, or what the system trusts if none is given."""
    return ssl.create_default_context(cadata=ca.decode("ascii") if ca else None)


async def _listens(host: str, port: int) -> bool:
    try:
        async with _connection(host, port, None):
            return True
    except (OSError, TimeoutError):
        return False


async def _healthy_over_tls(host: str, port: int, ca: bytes | None) -> int:
    """The HTTP status of a gRPC-web health check, which needs no token."""
    body = b"\0\0\0\0\0"
    request = (
        "POST /grpc.health.v1.Health/Check HTTP/1.1\r\n"
        f"Host: {host}:{port}\r\nContent-Type: application/grpc-web+proto\r\n"
        f"X-Grpc-Web: 1\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body
    async with _connection(host, port, trust(ca)) as (reader, writer):
        writer.write(request)
        await writer.drain()
        line = (await asyncio.wait_for(reader.readline(), _TRY_S)).split()
    return int(line[1]) if len(line) > 1 else 0


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
