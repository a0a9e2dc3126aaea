"""The whole server on a Unix socket, as an older or newer one if a test says so, and browsers of any age over both
carriers. What a browser of the release sends is made with the released contract's own classes.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import grpc
import pytest

from integration.link.harness import Backend, Carrier, NativeCarrier, WebCarrier
from integration.rpc.harness import Api, short_folder
from tabwire import revisions
from tabwire.rpc.server import TabwireServer
from tabwire.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class Range(NamedTuple):
    """The revisions that a side speaks."""

    lowest: int
    highest: int

    def __str__(self) -> str:
        return f"{self.lowest}-{self.highest}"


@pytest.fixture
def server_speaks(monkeypatch: pytest.MonkeyPatch) -> Callable[[Range], None]:
    """Has the server announce another range. All else of it is as it is."""

    def announce(spoken: Range) -> None:
        monkeypatch.setattr(revisions, "MIN_REVISION", spoken.lowest)
        monkeypatch.setattr(revisions, "MAX_REVISION", spoken.highest)

    return announce


@asynccontextmanager
async def serving(**changes: Any) -> AsyncIterator[Api]:
    """A running server with these settings, and a channel to it."""
    with short_folder() as home:
        settings = Settings.model_validate({"home": home, "model": "", "heartbeat_ms": 1000, **changes})
        server = TabwireServer(settings)
        await server.start()
        async with grpc.aio.insecure_channel(f"unix:{settings.socket_path}") as channel:
            yield Api(channel, settings, server)
        await server.stop()


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving() as api:
        yield api


class Paired(NamedTuple):
    """A paired browser and its way to the server."""

    browser_id: str
    carrier: Carrier


@pytest.fixture(params=["web", "native"])
async def paired(api: Api, request: pytest.FixtureRequest) -> AsyncIterator[Paired]:
    """A browser that is paired and not linked yet, by one carrier after the other."""
    made = await api.pair()
    kind: type[WebCarrier | NativeCarrier] = WebCarrier if request.param == "web" else NativeCarrier
    backend = cast("Backend", _At(f"unix:{api.settings.socket_path}"))
    carrier = cast("Carrier", kind(backend, made.tokens.access_token))
    yield Paired(made.browser_id, carrier)
    await carrier.close()


class _At:
    """All that a carrier wants to know of its server."""

    def __init__(self, address: str) -> None:
        self.address = address


async def expect(carrier: Carrier, body: str) -> Any:
    """The next message of this kind; signs of life and other kinds are passed over."""
    while True:
        downlink = await carrier.receive()
        assert downlink is not None, f"the stream ended before {body}"
        if downlink.WhichOneof("body") == body:
            return downlink
