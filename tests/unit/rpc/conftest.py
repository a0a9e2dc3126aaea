"""Access over a database of its own, with a clock that stands until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tabwire.rpc.access import Access
from tabwire.rpc.signing import KeyKeeper
from tabwire.rpc.streams import OpenStreams
from tabwire.security.keys import SigningKeys
from tabwire.settings import Settings
from tabwire.store.auth_store import AuthStore
from tabwire.store.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Clock:
    """The time as the test wants it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **span: float) -> None:
        self.time += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def streams(clock: Clock) -> OpenStreams:
    return OpenStreams(now=clock)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'tabwire.db'}")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def auth_store(database: Database, clock: Clock) -> AuthStore:
    store = AuthStore(database, now=clock)
    await store.ensure_owner("local")
    return store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def keys(tmp_path: Path, clock: Clock) -> SigningKeys:
    return SigningKeys.load(tmp_path / "keys", now_s=lambda: clock().timestamp())


@pytest.fixture
def access(auth_store: AuthStore, keys: SigningKeys, settings: Settings, streams: OpenStreams, clock: Clock) -> Access:
    return Access(auth_store, keys, settings, streams, now=clock)


@pytest.fixture
def keeper(auth_store: AuthStore, keys: SigningKeys, settings: Settings, clock: Clock) -> KeyKeeper:
    return KeyKeeper(keys, auth_store, settings, now=clock)
