"""The database: private, migrated, transactional, and honest about time zones."""

from __future__ import annotations

import asyncio
import stat
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, StatementError

from tabwire.errors import TabwireError
from tabwire.store.database import Database
from tabwire.store.tables import BrowserRow, Owner
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def test_the_file_and_its_folder_are_the_owners_alone(sqlite: Database, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "home" / "tabwire.db").stat().st_mode) == 0o600


async def test_sqlite_is_set_up_as_it_must_be(sqlite: Database) -> None:
    async with sqlite.session() as session:
        values = {
            name: (await session.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert values == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 10_000}


async def test_a_block_is_one_transaction(database: Database) -> None:
    async def fail_in_the_middle() -> None:
        async with database.session() as session:
            session.add(Owner(id="a", created_at=NOW))
            await session.flush()
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await fail_in_the_middle()
    async with database.session() as session:
        session.add(Owner(id="b", created_at=NOW))
    async with database.session(read_only=True) as session:
        assert (await session.scalars(select(Owner.id))).all() == ["b"]


async def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.session() as session:
            session.add(BrowserRow(id="x", owner_id="nobody", display_name="", paired_at=NOW, last_seen_at=NOW))


async def test_moments_come_back_in_utc_and_need_a_zone(database: Database) -> None:
    async with database.session() as session:
        session.add(Owner(id="a", created_at=NOW.astimezone(timezone(timedelta(hours=5)))))
    async with database.session() as session:
        created_at = (await session.scalars(select(Owner.created_at))).one()
        assert created_at == NOW
        assert created_at.tzinfo is UTC
        earlier = select(Owner.id).where(Owner.created_at < NOW.astimezone(timezone(timedelta(hours=-3))))
        assert (await session.scalars(earlier)).all() == []
    with pytest.raises(StatementError, match="time zone"):
        async with database.session() as session:
            session.add(Owner(id="b", created_at=NOW.replace(tzinfo=None)))


async def test_many_writers_wait_for_each_other(sqlite: Database) -> None:
    async def count_up() -> None:
        async with sqlite.session() as session:
            seen = len((await session.scalars(select(Owner.id))).all())
            await asyncio.sleep(0)
            session.add(Owner(id=f"{seen:03}", created_at=NOW))

    await asyncio.gather(*(count_up() for _ in range(40)))
    async with sqlite.session() as session:
        assert (await session.scalars(select(Owner.id).order_by(Owner.id))).all() == [f"{n:03}" for n in range(40)]


async def test_readers_work_beside_a_writer(database: Database) -> None:
    async with database.session() as writer:
        writer.add(Owner(id="a", created_at=NOW))
        await writer.flush()
        async with database.session(read_only=True) as reader:
            assert (await reader.scalars(select(Owner.id))).all() == []


async def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'tabwire.db'}"
    first = Database(url)
    await first.open()
    async with first.session() as session:
        session.add(Owner(id="a", created_at=NOW))
    await first.close()
    await first.close()
    second = Database(url)
    await second.open()
    async with second.session() as session:
        assert (await session.scalars(select(Owner.id))).all() == ["a"]
    await second.close()


async def test_a_database_of_a_newer_tabwire_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'tabwire.db'}"
    database = Database(url)
    await database.open()
    async with database.session() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    with pytest.raises(TabwireError) as caught:
        await Database(url).open()
    assert caught.value.code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
    assert "Update Tabwire" in caught.value.info.remedy


async def test_what_is_no_database_is_said_without_its_text(tmp_path: Path) -> None:
    (tmp_path / "tabwire.db").write_text("this is not a database at all, whatever its name may say")
    with pytest.raises(TabwireError) as caught:
        await Database(f"sqlite+aiosqlite:///{tmp_path / 'tabwire.db'}").open()
    assert caught.value.code == error_pb2.ERROR_CODE_UNAVAILABLE


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    with pytest.raises(TabwireError, match="not open"):
        async with Database(f"sqlite+aiosqlite:///{tmp_path / 'tabwire.db'}").session():
            pass
