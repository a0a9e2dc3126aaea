"""HTTP/2 spoken frame by frame, many streams on one connection: as gRPC's clients do, and as nobody should.

One `Http2` is one connection. It keeps the rules of HTTP/2 by itself (settings, pings, windows) but sends whatever
frames it is told to. Only the compression of headers comes from a library.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from typing import TYPE_CHECKING

import hpack

from fuzz.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Enough = Callable[[Answer], bool]

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITISED = 0x1, 0x1, 0x4, 0x8, 0x20
CANCEL = 8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_WINDOW = 2**30
_FRAME_MAX = 16_384


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


class Http2:
    """One connection. `streams` holds the answers that are still coming."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._encoder = hpack.Encoder()
        self._decoder = hpack.Decoder()
        self._answers: dict[int, Answer] = {}
        self._changed: dict[int, asyncio.Event] = {}
        self._next = 1
        self._credit = 65_535
        self._stream_credit = 65_535
        self._more_credit = asyncio.Event()
        self._block = bytearray()
        self._greeted = asyncio.Event()
        self.gone = asyncio.Event()
        self.goaway: int | None = None
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, host: str, port: int, trust: ssl.SSLContext) -> Http2:
        """Connects and says hello."""
        reader, writer = await asyncio.open_connection(host, port, ssl=trust)
        connection = cls(reader, writer)
        settings = struct.pack(">HIHI", 4, _WINDOW, 2, 0)  # windows for streams; no pushes
        await connection.send(
            PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", _WINDOW))
        )
        await connection._greeted.wait()  # the windows are known now
        return connection

    @property
    def is_open(self) -> bool:
        """Whether more can be asked on it."""
        return not self.gone.is_set() and self.goaway is None and self._next < 100_000

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an answer."""
        return bool(self._answers)

    def answer(self, stream: int) -> Answer:
        """What there is of an answer so far."""
        return self._answers[stream]

    async def close(self, *, abruptly: bool = False) -> None:
        """Hangs up; abruptly with a reset."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        if abruptly:
            self._writer.transport.abort()
            return
        self._writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError, OSError, TimeoutError):
            await asyncio.wait_for(self._writer.wait_closed(), 2)

    async def send(self, raw: bytes) -> None:
        """Sends bytes as they are."""
        with contextlib.suppress(ConnectionError, ssl.SSLError, OSError):
            self._writer.write(raw)
            await self._writer.drain()

    def new_stream(self) -> int:
        """The number of a new stream, whose answer is kept from now on."""
        stream, self._next = self._next, self._next + 2
        self._answers[stream] = Answer()
        self._changed[stream] = asyncio.Event()
        return stream

    def head(self, stream: int, headers: Sequence[tuple[str, str]], *, ends: bool = False) -> bytes:
        """The frames of a request's headers, or of its trailers."""
        block = self._encoder.encode([(name, value) for name, value in headers])
        pieces = [block[at : at + _FRAME_MAX] for at in range(0, len(block), _FRAME_MAX)] or [b""]
        out = b""
        for number, piece in enumerate(pieces):
            flags = (END_HEADERS if number == len(pieces) - 1 else 0) | (END_STREAM if ends and not number else 0)
            out += frame(CONTINUATION if number else HEADERS, flags, stream, piece)
        return out

    async def body(self, stream: int, data: bytes, *, ends: bool = True, piece: int = _FRAME_MAX) -> None:
        """Sends a body within the windows; stops when the answer is there already."""
        credit, at = self._stream_credit, 0
        if not data and ends:
            await self.send(frame(DATA, END_STREAM, stream))
        while at < len(data):
            size = min(piece, len(data) - at)
            while self._credit < size:
                self._more_credit.clear()
                await self._more_credit.wait()
            if self.gone.is_set() or self._over(stream):
                return
            credit -= size
            if credit < 0:
                return  # a stream's own window is not filled again for a body that nobody takes in
            self._credit -= size
            at += size
            await self.send(frame(DATA, END_STREAM if ends and at == len(data) else 0, stream, data[at - size : at]))

    async def reset(self, stream: int, code: int = CANCEL) -> None:
        """Gives a stream up."""
        await self.send(frame(RST_STREAM, 0, stream, struct.pack(">I", code)))

    async def receive(self, stream: int, patience_s: float, enough: Enough | None = None, quiet_s: float = 0) -> Answer:
        """The answer of a stream. `enough` says when to leave it; so does its silence for `quiet_s`."""
        answer, changed = self._answers[stream], self._changed[stream]
        loop = asyncio.get_running_loop()
        started = loop.time()
        while not (answer.ended or answer.reset is not None or answer.closed):
            left_s = started + patience_s - loop.time()
            changed.clear()
            try:
                await asyncio.wait_for(changed.wait(), min(left_s, quiet_s) if quiet_s else left_s)
            except TimeoutError:
                answer.left = bool(quiet_s)
                answer.late = not quiet_s
                await self.reset(stream)
                break
            if enough is not None and not answer.ended and enough(answer):
                answer.left = True
                await self.reset(stream)
                break
        answer.took_s = loop.time() - started
        self.forget(stream)
        return answer

    def forget(self, stream: int) -> None:
        """Takes no more interest in a stream's answer."""
        self._answers.pop(stream, None)
        self._changed.pop(stream, None)

    def _over(self, stream: int) -> bool:
        answer = self._answers.get(stream)
        return answer is None or answer.ended or answer.reset is not None

    async def _read(self) -> None:
        try:
            while True:
                head = await self._reader.readexactly(9)
                payload = await self._reader.readexactly(int.from_bytes(head[:3]))
                await self._take(head[3], head[4], int.from_bytes(head[5:9]) & 0x7FFFFFFF, payload)
        except (ConnectionError, ssl.SSLError, OSError, asyncio.IncompleteReadError, hpack.HPACKError):
            pass
        finally:
            self.gone.set()
            self._greeted.set()
            self._credit = _WINDOW
            self._more_credit.set()
            for stream, answer in self._answers.items():
                answer.closed = True
                self._changed[stream].set()

    async def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at : at + 6])
                if name == 4:
                    self._stream_credit = value
            self._greeted.set()
            await self.send(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            await self.send(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE and stream == 0:
            self._credit += int.from_bytes(payload)
            self._more_credit.set()
        elif kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8])
        elif kind in (HEADERS, CONTINUATION):
            self._block += payload
            if flags & END_HEADERS:
                # Every block has to be decoded, whoever it is for: the next one builds on it.
                fields = [
                    (_text(name), _text(value)) for name, value in self._decoder.decode(bytes(self._block), raw=True)
                ]
                self._block.clear()
                self._headers(stream, fields)
        answer = self._answers.get(stream)
        if answer is None:
            return
        if kind == DATA:
            answer.body += payload
        elif kind == RST_STREAM:
            answer.reset = int.from_bytes(payload)
        if flags & END_STREAM and kind in (DATA, HEADERS):
            answer.ended = True
        self._changed[stream].set()

    def _headers(self, stream: int, fields: list[tuple[str, str]]) -> None:
        answer = self._answers.get(stream)
        if answer is None:
            return
        if not answer.headers:
            answer.headers = fields
            answer.status = int(dict(fields).get(":status", "0"))
        else:
            answer.trailers += fields


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
