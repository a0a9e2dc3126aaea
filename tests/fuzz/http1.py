"""HTTP/1.1 spoken byte by byte, with keep-alive and pipelining: as browsers do, and as nobody should.

One `Http1` is one connection. Requests are bytes that somebody else has put together, and may be anything; answers are
read as they come. What an answer means is left to the judge.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING

from fuzz.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Enough = Callable[[Answer], bool]

_GONE = (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, OSError)


class Http1:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.is_open = True
        self.answers = 0

    @classmethod
    async def open(cls, host: str, port: int, trust: ssl.SSLContext) -> Http1:
        """Connects."""
        return cls(*await asyncio.open_connection(host, port, ssl=trust, limit=2**20))

    async def close(self, *, abruptly: bool = False) -> None:
        """Hangs up; abruptly with a reset."""
        self.is_open = False
        if abruptly:
            self._writer.transport.abort()
            return
        self._writer.close()
        with contextlib.suppress(*_GONE, TimeoutError):
            await asyncio.wait_for(self._writer.wait_closed(), 2)

    async def send(self, raw: bytes) -> None:
        """Sends bytes as they are."""
        with contextlib.suppress(*_GONE):
            self._writer.write(raw)
            await self._writer.drain()

    async def receive(
        self, patience_s: float, enough: Enough | None = None, quiet_s: float = 0, *, bodiless: bool = False
    ) -> Answer:
        """The next answer. `enough` says when to leave a stream; so does its silence for `quiet_s`.

        An answer to HEAD is `bodiless`, whatever its headers say.
        """
        answer = Answer()
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(patience_s):
                await self._receive(answer, enough, quiet_s, bodiless=bodiless)
        except TimeoutError:
            answer.late = True
            await self.close(abruptly=True)
        except (*_GONE, ValueError):
            answer.closed = True
            await self.close(abruptly=True)
        answer.took_s = asyncio.get_running_loop().time() - started
        return answer

    async def _receive(self, answer: Answer, enough: Enough | None, quiet_s: float, *, bodiless: bool) -> None:
        head = self._line() if not quiet_s else asyncio.wait_for(self._line(), quiet_s)
        try:
            answer.status = int((await head).split(b" ", 2)[1])
        except TimeoutError:
            if not quiet_s:
                raise
            await self._leave(answer)
            return
        except IndexError:
            raise ValueError from None
        answer.headers = await self._fields()
        fields = dict(answer.headers)
        if bodiless:
            pass
        elif fields.get("transfer-encoding") == "chunked":
            await self._chunks(answer, enough, quiet_s)
        elif "content-length" in fields:
            answer.body += await self._reader.readexactly(int(fields["content-length"]))
        elif answer.status not in (100, 204, 304):
            answer.body += await self._reader.read(-1)
            await self.close()
        if answer.left:
            return
        answer.ended = True
        self.answers += 1
        if fields.get("connection") == "close":
            await self.close()

    async def _chunks(self, answer: Answer, enough: Enough | None, quiet_s: float) -> None:
        while True:
            try:
                line = await (asyncio.wait_for(self._line(), quiet_s) if quiet_s else self._line())
            except TimeoutError:
                if not quiet_s:
                    raise
                await self._leave(answer)
                return
            size = int(line.partition(b";")[0], 16)
            if size == 0:
                answer.trailers = await self._fields()
                return
            answer.body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
            if enough is not None and enough(answer):
                await self._leave(answer)
                return

    async def _leave(self, answer: Answer) -> None:
        answer.left = True
        await self.close(abruptly=True)

    async def _line(self) -> bytes:
        return (await self._reader.readuntil(b"\r\n"))[:-2]

    async def _fields(self) -> list[tuple[str, str]]:
        found = []
        while line := await self._line():
            name, _, value = line.decode("latin-1").partition(":")
            found.append((name.strip().lower(), value.strip()))
        return found


def request(
    path: str, headers: Sequence[tuple[str, str]], body: bytes, *, verb: str = "POST", length: int | None
) -> bytes:
    """A request of HTTP/1.1; `length` None sends the body in chunks of several sizes."""
    lines = [f"{verb} {path} HTTP/1.1", "host: localhost", *(f"{name}: {value}" for name, value in headers)]
    if length is None:
        lines.append("transfer-encoding: chunked")
        body = chunked(body)
    else:
        lines.append(f"content-length: {length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


def chunked(body: bytes) -> bytes:
    """A body in chunks: the first one small, so that a frame's head is torn apart."""
    out, at, size = bytearray(), 0, 3
    while at < len(body):
        piece = body[at : at + size]
        out += f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
        at, size = at + len(piece), min(size * 4, 16_000)
    return bytes(out + b"0\r\n\r\n")
