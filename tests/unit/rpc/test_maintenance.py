"""Maintenance does what is due, and outlives its own failures."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from tabwire.errors import TabwireError
from tabwire.rpc.maintenance import Maintenance
from tabwire.store.browser_store import BrowserStore

if TYPE_CHECKING:
    from pathlib import Path

    from tabwire.browser.port import Browsers
    from tabwire.rpc.access import Access
    from tabwire.rpc.signing import KeyKeeper
    from tabwire.rpc.streams import OpenStreams
    from tabwire.security.keys import SigningKeys
    from tabwire.store.auth_store import AuthStore
    from tabwire.store.database import Database

    from .conftest import Clock


class Connected:
    """Knows which browsers are connected."""

    def __init__(self, *ids: str) -> None:
        self.ids = ids

    def is_connected(self, browser_id: str) -> bool:
        return browser_id in self.ids


async def test_connected_browsers_are_seen_and_the_owners_token_is_there(
    access: Access,
    keeper: KeyKeeper,
    streams: OpenStreams,
    auth_store: AuthStore,
    database: Database,
    tmp_path: Path,
    clock: Clock,
) -> None:
    here = await auth_store.add_native_browser("local", "here")
    away = await auth_store.add_native_browser("local", "away")
    browser_store = BrowserStore(database, now=clock)
    began = clock()
    clock.forward(minutes=5)
    path = tmp_path / "cli-token"
    connected = cast("Browsers", Connected(here))
    await Maintenance(access, keeper, streams, auth_store, browser_store, connected, path).once()
    rows = {row.id: row.last_seen_at for row in await browser_store.list_browsers("local")}
    assert rows == {here: clock(), away: began}
    assert path.is_file()


async def test_old_keys_are_replaced_and_streams_of_ended_tokens_end(
    access: Access,
    keeper: KeyKeeper,
    keys: SigningKeys,
    streams: OpenStreams,
    auth_store: AuthStore,
    database: Database,
    tmp_path: Path,
    clock: Clock,
) -> None:
    connected = cast("Browsers", Connected())
    maintenance = Maintenance(
        access, keeper, streams, auth_store, BrowserStore(database, now=clock), connected, tmp_path / "cli-token"
    )
    first = keys.signing_key.kid

    async def stream() -> None:
        async with streams.opened("t", expires_at=clock() + timedelta(days=1)):
            await asyncio.Event().wait()

    sleeping = asyncio.create_task(stream())
    await maintenance.once()
    assert keys.signing_key.kid == first
    assert not sleeping.done()
    clock.forward(days=30)  # the computer slept: no timer of its has run meanwhile
    await maintenance.once()
    assert keys.signing_key.kid != first
    with pytest.raises(TabwireError, match="expired"):
        await asyncio.wait_for(sleeping, 10)


async def test_a_failure_does_not_end_it(
    access: Access, keeper: KeyKeeper, streams: OpenStreams, auth_store: AuthStore, database: Database, tmp_path: Path
) -> None:
    twice = asyncio.Event()

    class Broken(BrowserStore):
        calls = 0

        async def all_ids(self) -> list[str]:
            self.calls += 1
            if self.calls == 2:
                twice.set()
            raise OSError("the disk is full")

    connected = cast("Browsers", Connected())
    maintenance = Maintenance(access, keeper, streams, auth_store, Broken(database), connected, tmp_path / "cli-token")
    running = asyncio.create_task(maintenance.run(interval_s=0))
    await asyncio.wait_for(twice.wait(), 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
