"""A database of its own for each test, and a clock that stands until it is moved.

With TABWIRE_TEST_POSTGRES set to the URL of an empty PostgreSQL database (postgresql+asyncpg://…), the tests that do
not ask for SQLite run on it as well; its tables are dropped.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

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


POSTGRES = os.environ.get("TABWIRE_TEST_POSTGRES", "")


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'home' / 'tabwire.db'}")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def postgres() -> AsyncIterator[Database]:
    database = Database(POSTGRES)
    await database.open()
    yield database
    async with database.session() as session:
        await session.execute(text("DROP SCHEMA public CASCADE"))
        await session.execute(text("CREATE SCHEMA public"))
    await database.close()


@pytest.fixture(params=["sqlite", *(["postgres"] if POSTGRES else [])])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(request.param)
    return found
