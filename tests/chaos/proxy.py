"""A TCP proxy that breaks connections as networks do: cuts, stalls, delays, throttles them, or leaves them half open.

It stands between clients and Envoy and sees only TLS. When and how long is left to `faults.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field

_CHUNK = 16 * 1024
_STEP_S = 0.05


@dataclass
class Weather:
    """How it is on the wire just now."""

    refuses: bool = False
    """New connections are reset at once."""
    stalled: bool = False
    """Nothing gets through, and nobody is told."""
    delay_s: float = 0.0
    """Every piece comes this much later."""
    bytes_per_s: int = 0
    """No more than this gets through each way; 0 for as much as there is."""


@dataclass(eq=False)
class _Pair:
    """One client's connection and its way on."""

    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    deaf: bool = False
    """For ever: what either end sends is swallowed. A router has forgotten the connection."""


class FaultProxy:
    """A proxy on loopback to one port. `start` before use, `stop` after."""

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._pairs: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._weather_changed = asyncio.Event()
        self.weather = Weather()
        self.port = 0

    async def start(self) -> None:
        """Listens on a port of its own."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Ends it and all connections."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._pairs)

    def change(self, weather: Weather) -> None:
        """From now on it is like this, for old connections and new ones."""
        self.weather = weather
        self._weather_changed.set()
        self._weather_changed = asyncio.Event()

    def cut(self) -> None:
        """Resets all connections, at both ends."""
        for pair in list(self._pairs):
            _reset(pair)

    def forget(self) -> None:
        """Leaves all connections half open: they stay, and nothing comes through them any more. New ones are good."""
        for pair in self._pairs:
            pair.deaf = True

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = _Pair([writer])
        if self.weather.refuses:
            _reset(pair)
            return
        try:
            onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _reset(pair)
            return
        pair.writers.append(onward_writer)
        self._pairs.add(pair)
        ways = [self._spawn(pair, reader, onward_writer), self._spawn(pair, onward_reader, writer)]
        try:
            await asyncio.wait(ways)
        finally:
            self._pairs.discard(pair)
            _close(pair)

    def _spawn(self, pair: _Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> asyncio.Task[None]:
        task = asyncio.create_task(self._carry(pair, reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _carry(self, pair: _Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One way. What comes late comes late as a whole, in order."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
        loop = asyncio.get_running_loop()
        ahead = asyncio.create_task(_read_ahead(reader, queue))
        try:
            while True:
                came, data = await queue.get()
                await self._wait(came + self.weather.delay_s - loop.time(), len(data))
                if pair.deaf:
                    if data:
                        continue
                    return
                if not data:
                    with contextlib.suppress(OSError):
                        writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()
        except OSError:
            _reset(pair)
        finally:
            ahead.cancel()

    async def _wait(self, delay_s: float, size: int) -> None:
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        sent = 0.0
        while self.weather.bytes_per_s and sent < size:
            # In steps: a wire that has become fast again does not go on being slow for what was on its way.
            await asyncio.sleep(min(_STEP_S, (size - sent) / self.weather.bytes_per_s))
            sent += _STEP_S * self.weather.bytes_per_s
        while self.weather.stalled:
            await self._weather_changed.wait()


async def _read_ahead(reader: asyncio.StreamReader, queue: asyncio.Queue[tuple[float, bytes]]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            data = await reader.read(_CHUNK)
        except OSError:
            data = b""
        await queue.put((loop.time(), data))
        if not data:
            return


def _reset(pair: _Pair) -> None:
    """Ends both ends with a reset, so that nobody takes it for an orderly end."""
    for writer in pair.writers:
        end = writer.get_extra_info("socket")
        if end is not None:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


def _close(pair: _Pair) -> None:
    for writer in pair.writers:
        writer.close()
