"""An upload in HTTP/2 that is cut into frames on purpose: by hand, because no library lets one choose their size."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tabwire.settings import Settings

DATA, HEADERS, RESET, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 3, 4, 6, 8
_ACK, _END_HEADERS = 1, 4
_WINDOW_SETTING = 4
_AT_ONCE = 200


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame of HTTP/2."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def packed(headers: Mapping[str, str]) -> bytes:
    """Headers as HPACK has them, each written out."""
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in headers.items())


def _text(text: str) -> bytes:
    data, rest = text.encode(), len(text) - 127
    if rest < 0:
        return bytes([len(data)]) + data
    number = b"\x7f"
    while rest > 127:
        number += bytes([rest & 127 | 128])
        rest >>= 7
    return number + bytes([rest]) + data


class CutUpload:
    """A request whose body comes in frames of one size, as fast as the other side lets it, and never ends."""

    def __init__(self, settings: Settings, path: str, headers: Mapping[str, str], frame_bytes: int) -> None:
        self._settings = settings
        self._headers = {":method": "POST", ":scheme": "https", ":authority": "x", ":path": path, **headers}
        self._frame = frame(DATA, 0, 1, bytes(frame_bytes))
        self._frame_bytes = frame_bytes
        self._windows = {0: 65_535, 1: 0}
        self.sent = 0
        self.is_reset = False

    async def send(self, most: int) -> None:
        """Sends so much, or until it is told to stop; then says nothing."""
        trust = ssl.create_default_context(cafile=self._settings.ca_path)
        trust.set_alpn_protocols(["h2"])
        reader, writer = await asyncio.open_connection(self._settings.host, self._settings.port, ssl=trust)
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))
        writer.write(frame(HEADERS, _END_HEADERS, 1, packed(self._headers)))
        try:
            while not self.is_reset:
                await self._take(reader, writer)
                while (room := min(*self._windows.values(), most - self.sent)) >= self._frame_bytes:
                    count = min(room // self._frame_bytes, _AT_ONCE)
                    writer.write(self._frame * count)
                    await writer.drain()
                    self.sent += count * self._frame_bytes
                    for stream in self._windows:
                        self._windows[stream] -= count * self._frame_bytes
        except (ConnectionError, asyncio.IncompleteReadError):
            self.is_reset = True
        finally:
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(9)
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:])
        payload = await reader.readexactly(int.from_bytes(head[:3]))
        if kind == SETTINGS and not flags & _ACK:
            for at in range(0, len(payload), 6):
                if int.from_bytes(payload[at : at + 2]) == _WINDOW_SETTING:
                    self._windows[1] += int.from_bytes(payload[at + 2 : at + 6])
            writer.write(frame(SETTINGS, _ACK, 0))
        elif kind == PING and not flags & _ACK:
            writer.write(frame(PING, _ACK, 0, payload))
        elif kind == WINDOW_UPDATE:
            self._windows[stream] += int.from_bytes(payload)
        elif kind == RESET:
            self.is_reset = True
