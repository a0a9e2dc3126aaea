"""What came back to one request, over whichever HTTP: the form that both speakers fill and the judge reads."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

_DATA, _TRAILERS = 0x00, 0x80


@dataclass
class Answer:
    """An answer, or what there was of it. HTTP status 0: nothing came."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    trailers: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False
    """It came in whole."""
    reset: int | None = None
    """The code with which the other side reset the stream."""
    closed: bool = False
    """The other side closed the connection before the answer was there."""
    left: bool = False
    """We left before the end, because a stream goes on for ever or because the case wants it."""
    late: bool = False
    """It did not come in time."""
    took_s: float = 0.0

    def header(self, name: str) -> str:
        """A header, or a trailer of either kind; empty if there is none."""
        for key, value in (*self.headers, *self.trailers, *self.web_trailers()):
            if key == name:
                return value
        return ""

    @property
    def is_text(self) -> bool:
        """Whether the body is gRPC-web in base64."""
        return "grpc-web-text" in dict(self.headers).get("content-type", "")

    def plain_body(self) -> bytes:
        """The body as bytes. Base64 may come in pieces that are each padded."""
        if not self.is_text:
            return bytes(self.body)
        out = bytearray()
        for at in range(0, len(self.body) - len(self.body) % 4, 4):
            try:
                out += base64.b64decode(self.body[at : at + 4], validate=True)
            except binascii.Error:
                return bytes(out)
        return bytes(out)

    def frames(self) -> list[tuple[int, bytes]]:
        """The frames of the body that are there in whole."""
        return split_frames(self.plain_body())

    def messages(self) -> int:
        """How many messages there are."""
        return sum(1 for kind, _ in self.frames() if not kind & _TRAILERS)

    def web_trailers(self) -> list[tuple[str, str]]:
        """The trailers that gRPC-web puts into the body."""
        if "grpc-web" not in dict(self.headers).get("content-type", ""):
            return []
        found = []
        for kind, data in self.frames():
            if kind & _TRAILERS:
                for line in data.decode("latin-1").split("\r\n"):
                    name, colon, value = line.partition(":")
                    if colon:
                        found.append((name.strip().lower(), value.strip()))
        return found

    @property
    def grpc_status(self) -> str:
        """The gRPC status, wherever it stands."""
        return self.header("grpc-status")

    def everything(self) -> bytes:
        """All that was told, to be searched for what must not be in it."""
        told = [f"{name}: {value}" for name, value in (*self.headers, *self.trailers)]
        details = self.header("grpc-status-details-bin")
        return "\n".join(told).encode("utf-8", "replace") + b"\n" + self.plain_body() + b"\n" + unpadded(details)


def unpadded(text: str) -> bytes:
    """Bytes of a binary header, which comes without padding."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def split_frames(raw: bytes) -> list[tuple[int, bytes]]:
    """The length-prefixed frames of gRPC that are there in whole: flags and data."""
    found, at = [], 0
    while at + 5 <= len(raw):
        length = int.from_bytes(raw[at + 1 : at + 5])
        if at + 5 + length > len(raw):
            break
        found.append((raw[at], raw[at + 5 : at + 5 + length]))
        at += 5 + length
    return found
