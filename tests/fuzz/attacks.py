"""Attacks on connections rather than on calls: what no request of a client looks like, in HTTP/1.1 and in HTTP/2.

Each opens connections of its own, misbehaves, and leaves. What must hold is not what comes back on them, but that it
comes to an end, and that everybody else is served; the run asks for that. Of HTTP/2 the frames are written by hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from typing import TYPE_CHECKING

from fuzz import http2
from fuzz.cases import METHODS, Carrier, frame_of
from fuzz.http1 import Http1, request
from fuzz.http2 import Http2, frame
from integration.rpc.harness import path_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from fuzz.house import House

    Attack = Callable[["House", Random], Awaitable[None]]

_END_S = 40.0
"""How long a connection that misbehaves may be left open by the edge: longer than any of its time-outs here."""


class StillOpenError(AssertionError):
    """The edge goes on holding a connection that it should have ended."""


async def _open2(house: House) -> Http2:
    return await Http2.open(house.settings.host, house.settings.port, house.trust_http2)


async def _open1(house: House) -> Http1:
    return await Http1.open(house.settings.host, house.settings.port, house.trust)


def _head(connection: Http2, stream: int, house: House, random: Random) -> bytes:
    method = random.choice(METHODS)
    token = house.tokens["browser" if method.containing_service.name == "LinkService" else "owner"]
    return connection.head(
        stream,
        [
            (":method", "POST"),
            (":scheme", "https"),
            (":path", path_of(method)),
            (":authority", "localhost"),
            ("content-type", Carrier.NATIVE.value),
            ("te", "trailers"),
            ("authorization", f"Bearer {token}"),
        ],
    )


async def rapid_reset(house: House, random: Random) -> None:
    """Streams that are opened and given up at once, hundreds in one go."""
    connection = await _open2(house)
    out = b""
    for _ in range(random.choice((50, 300))):
        stream = connection.new_stream()
        out += _head(connection, stream, house, random)
        if random.random() < 0.5:
            out += frame(http2.DATA, 0, stream, frame_of(b""))
        out += frame(http2.RST_STREAM, 0, stream, struct.pack(">I", http2.CANCEL))
        connection.forget(stream)
    await connection.send(out)
    await connection.close(abruptly=random.random() < 0.5)


async def many_streams(house: House, random: Random) -> None:
    """More streams than may be open at once, all of them begun and none ended, and then the connection is cut."""
    connection = await _open2(house)
    out = b""
    for _ in range(1_100):
        stream = connection.new_stream()
        out += _head(connection, stream, house, random)
        connection.forget(stream)
    await connection.send(out)
    await connection.close(abruptly=True)


async def broken_frames(house: House, random: Random) -> None:
    """Frames that HTTP/2 forbids: one kind by chance. The edge must end the connection or the stream."""
    connection = await _open2(house)
    stream = connection.new_stream()
    begun = _head(connection, stream, house, random)
    connection.forget(stream)
    raw = random.choice(
        (
            frame(http2.DATA, 0, 99, b"x"),  # of a stream that was never begun
            frame(http2.DATA, 0, 0, b"x"),
            frame(http2.WINDOW_UPDATE, 0, 0, bytes(4)),
            begun + frame(http2.WINDOW_UPDATE, 0, stream, b"\x7f\xff\xff\xff") * 3,
            frame(http2.SETTINGS, 0, 0, b"abc"),
            frame(http2.SETTINGS, 0, 0, struct.pack(">HI", 4, 2**32 - 1)),
            frame(http2.PING, 0, 0, b"short"),
            frame(http2.HEADERS, http2.END_HEADERS, 2, b"\x82"),  # an even number is the server's
            frame(http2.HEADERS, http2.END_HEADERS, stream, random.randbytes(60)),
            frame(http2.HEADERS, http2.END_HEADERS | http2.PADDED, stream, b"\xff\x82"),
            frame(http2.HEADERS, 0, stream, b"\x82") + frame(http2.DATA, 0, stream, b"x"),
            frame(http2.CONTINUATION, http2.END_HEADERS, stream, b"\x82"),
            frame(http2.PUSH_PROMISE, http2.END_HEADERS, stream, struct.pack(">I", 2) + b"\x82"),
            begun + begun,
            begun + frame(http2.DATA, http2.END_STREAM, stream) + frame(http2.DATA, 0, stream, b"x"),
            begun + frame(http2.DATA, http2.PADDED, stream, b"\xff"),
            frame(http2.GOAWAY, 0, 0, b""),
            frame(200, 0xFF, 77, random.randbytes(50)) * 3,  # of an unknown kind: to be passed over
            struct.pack(">I", 2**24 - 1)[1:] + bytes((http2.DATA, 0)) + struct.pack(">I", 1) + bytes(70_000),
            random.randbytes(400),
        )
    )
    await connection.send(raw)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(connection.gone.wait(), 0.3)
    await connection.close(abruptly=True)


def _many_headers(stream: int) -> bytes:
    return frame(http2.CONTINUATION, 0, stream, b"\x40\x01a\x01b" * 3000)


async def floods(house: House, random: Random) -> None:
    """Frames that cost little to send, in thousands: pings, settings, empty data, endless headers."""
    connection = await _open2(house)
    stream = connection.new_stream()
    begun = _head(connection, stream, house, random)
    connection.forget(stream)
    raw = random.choice(
        (
            frame(http2.PING, 0, 0, bytes(8)) * 20_000,
            frame(http2.SETTINGS, 0, 0) * 20_000,
            frame(http2.PRIORITY, 0, 1, bytes(5)) * 20_000,
            begun + frame(http2.DATA, 0, stream) * 20_000,
            begun + frame(http2.WINDOW_UPDATE, 0, stream, struct.pack(">I", 1)) * 20_000,
            frame(http2.HEADERS, 0, stream, b"\x82") + frame(http2.CONTINUATION, 0, stream, b"") * 20_000,
            frame(http2.HEADERS, 0, stream, b"\x82")
            + frame(http2.CONTINUATION, 0, stream, b"\x40\x01a\x01b" * 3000) * 20,
        )
    )
    await connection.send(raw)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(connection.gone.wait(), 0.3)
    await connection.close(abruptly=True)


async def broken_http1(house: House, random: Random) -> None:
    """Requests of HTTP/1.1 that are none, or that two readers would understand differently."""
    body, length = frame_of(b""), b"content-length: 5"
    whole = request("/tabwire.v1.AuthService/WhoAmI", [("content-type", Carrier.WEB.value)], body, length=len(body))
    raw = random.choice(
        (
            random.randbytes(300),
            b"POST\r\n\r\n",
            whole.replace(b"HTTP/1.1", random.choice((b"HTTP/9.9", b"HTTP/1.0", b"HTCPCP/1.0", b""))),
            whole.replace(
                b"content-length: 5",
                random.choice((b"content-length: -1", b"content-length: 5, 6", b"content-length: 0x5")),
            ),
            whole.replace(length, b"content-length: 5\r\ncontent-length: 6"),
            whole.replace(length, b"content-length: 5\r\ntransfer-encoding: chunked"),
            whole.replace(length, b"transfer-encoding: chunked") + random.choice((b"zz", b"-1", b"f" * 17)) + b"\r\n",
            whole.replace(length, b"transfer-encoding: gzip, chunked"),
            whole.replace(b"\r\n", b"\n"),
            whole.replace(b"host: localhost", b"host: a\r\nhost: b"),
            whole.replace(b"host: localhost\r\n", b""),
            whole.replace(b"content-type:", b"content-type :"),
            whole.replace(b"\r\n\r\n", b"\r\n folded: 1\r\n\r\n", 1),
            whole.replace(b"\r\n\r\n", b"\r\nx: a\0b\r\n\r\n", 1),
            whole.replace(b"\r\n\r\n", b"\r\nexpect: 100-continue\r\n\r\n", 1),
            whole.replace(b"\r\n\r\n", b"\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n", 1),
            whole.replace(b"\r\n\r\n", b"\r\nx: " + b"y" * 40_000 + b"\r\n\r\n", 1),
            http2.PREFACE,
        )
    )
    connection = await _open1(house)
    await connection.send(raw)
    await connection.receive(0.3)
    await connection.close(abruptly=True)


async def broken_tls(house: House, random: Random) -> None:
    """Bytes where TLS should begin, and a handshake that is left in the middle."""
    settings = house.settings
    _, writer = await asyncio.open_connection(settings.host, settings.port)
    writer.write(
        random.choice(
            (random.randbytes(200), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x80\x2e\x01\x00\x02", b"")
        )
    )
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    writer.transport.abort()


async def slow_body(house: House, random: Random) -> None:
    """A body that drips in, in HTTP/1.1 or on a stream of HTTP/2. It must be ended by the edge, not by our patience."""
    who = next(method for method in METHODS if method.name == "WhoAmI")
    token = ("authorization", f"Bearer {house.tokens['owner']}")
    if random.random() < 0.5:
        one = await _open1(house)
        head = request(
            path_of(who), [("content-type", Carrier.WEB.value), ("x-grpc-web", "1"), token], b"", length=50_000
        )
        await one.send(head)
        dripping = asyncio.create_task(_drip(lambda: one.send(b"\0")))
        answer = await one.receive(_END_S)
        is_late = answer.late
        await one.close(abruptly=True)
    else:
        two = await _open2(house)
        stream = two.new_stream()
        fields = [(":method", "POST"), (":scheme", "https"), (":path", path_of(who)), (":authority", "localhost")]
        await two.send(two.head(stream, [*fields, ("content-type", Carrier.NATIVE.value), ("te", "trailers"), token]))
        dripping = asyncio.create_task(_drip(lambda: two.send(frame(http2.DATA, 0, stream, b"\0"))))
        is_late = (await two.receive(stream, _END_S)).late
        await two.close(abruptly=True)
    dripping.cancel()
    await asyncio.gather(dripping, return_exceptions=True)
    if is_late:
        raise StillOpenError("a body that drips in is waited for")


async def _drip(send: Callable[[], Awaitable[None]]) -> None:
    for _ in range(int(_END_S)):
        await send()
        await asyncio.sleep(1)


async def slow_reader(house: House, random: Random) -> None:
    """Asks for much and reads nothing: a window of no size, on many streams at once."""
    connection = await _open2(house)
    await connection.send(frame(http2.SETTINGS, 0, 0, struct.pack(">HI", 4, 0)))
    for _ in range(50):
        stream = connection.new_stream()
        await connection.send(
            _head(connection, stream, house, random) + frame(http2.DATA, http2.END_STREAM, stream, frame_of(b""))
        )
        connection.forget(stream)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(connection.gone.wait(), 1)
    await connection.close(abruptly=True)


ATTACKS: dict[str, Attack] = {
    "rapid reset": rapid_reset,
    "many streams": many_streams,
    "broken frames of HTTP/2": broken_frames,
    "floods of frames": floods,
    "broken requests of HTTP/1.1": broken_http1,
    "broken TLS": broken_tls,
    "slow bodies": slow_body,
    "a reader that does not read": slow_reader,
}
# A slow body takes the edge's whole patience; the others take a moment.
SHARES = {"slow bodies": 1, "many streams": 3, "a reader that does not read": 3, "broken TLS": 6}


async def attack(house: House, random: Random) -> tuple[str, str]:
    """One attack by chance: its name, and what was wrong; empty if nothing was."""
    name = random.choices(list(ATTACKS), [SHARES.get(name, 10) for name in ATTACKS])[0]
    try:
        await ATTACKS[name](house, random)
    except StillOpenError as error:
        return name, str(error)
    except (ConnectionError, ssl.SSLError, OSError, TimeoutError) as error:
        # The edge may hang up on us at any time; that it serves others is asked for afterwards.
        return name, "" if isinstance(error, (ConnectionError, ssl.SSLError)) else f"{type(error).__name__}: {error}"
    return name, ""
