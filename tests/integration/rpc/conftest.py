"""The whole server on a Unix socket of its own, with a token of every kind."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import pytest
import pytest_asyncio

from integration.rpc.harness import Api, short_folder
from tabwire.rpc.server import TabwireServer
from tabwire.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def running() -> AsyncIterator[Api]:
    with short_folder() as home:
        settings = Settings(home=home, model="", heartbeat_ms=1000, max_message_bytes=65536)
        server = TabwireServer(settings)
        await server.start()
        async with grpc.aio.insecure_channel(f"unix:{settings.socket_path}") as channel:
            yield Api(channel, settings, server)
        await server.stop()


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """A running server of the test's own, and a channel to it."""
    async with running() as api:
        yield api


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_api() -> AsyncIterator[Api]:
    """One running server for all tests of a module that leave nothing behind."""
    async with running() as api:
        yield api
