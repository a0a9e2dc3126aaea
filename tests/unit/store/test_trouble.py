"""What a caller is told of a database in trouble: the troubles are real ones of SQLite, made by its own limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from tabwire.store.database import Database
from tabwire.store.tables import Owner
from tabwire.store.trouble import told
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def _fails(database: Database, *pragmas: str) -> DBAPIError:
    """Writes after these pragmas were set, until that fails."""

    async def write() -> None:
        async with database.session() as session:
            for pragma in pragmas:
                await session.execute(text(f"PRAGMA {pragma}"))
            for number in range(1_000):
                session.add(Owner(id=f"{number}" * 50, created_at=NOW))
                await session.flush()

    with pytest.raises(DBAPIError) as caught:
        await write()
    return caught.value


def _is_for_a_person(error: error_pb2.ErrorInfo) -> bool:
    words = f"{error.message} {error.remedy}"
    return bool(error.message and error.remedy) and not any(
        leak in words for leak in ("sqlite", "sqlalchemy", "INSERT", "/", "Error")
    )


async def test_a_full_disk(sqlite: Database) -> None:
    trouble = told(await _fails(sqlite, "max_page_count=1"))
    assert trouble is not None
    assert trouble.code == error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED
    assert "full" in trouble.info.message
    assert trouble.info.retryable
    assert _is_for_a_person(trouble.info)


async def test_a_read_only_database(sqlite: Database) -> None:
    trouble = told(await _fails(sqlite, "query_only=ON"))
    assert trouble is not None
    assert trouble.code == error_pb2.ERROR_CODE_UNAVAILABLE
    assert "read-only" in trouble.info.message
    assert _is_for_a_person(trouble.info)


async def test_a_database_that_another_program_holds(sqlite: Database, tmp_path: Path) -> None:
    other = Database(f"sqlite+aiosqlite:///{tmp_path / 'home' / 'tabwire.db'}")
    await other.open()
    try:
        async with other.session(read_only=True) as holding:
            await holding.execute(text("PRAGMA busy_timeout=1"))
            await holding.execute(text("SELECT 1"))
            async with sqlite.session() as writing:
                await writing.execute(text("SELECT 1"))  # begins as a writer
                with pytest.raises(OperationalError) as caught:
                    await holding.execute(text("DELETE FROM owners"))
        trouble = told(caught.value)
    finally:
        await other.close()
    assert trouble is not None
    assert trouble.code == error_pb2.ERROR_CODE_UNAVAILABLE
    assert "busy" in trouble.info.message
    assert _is_for_a_person(trouble.info)


async def test_a_file_that_is_not_there_any_more(tmp_path: Path) -> None:
    (tmp_path / "tabwire.db").mkdir()
    fresh = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'tabwire.db'}")
    try:
        with pytest.raises(OperationalError) as caught:
            async with fresh.begin() as connection:
                await connection.execute(text("SELECT 1"))
    finally:
        await fresh.dispose()
    trouble = told(caught.value)
    assert trouble is not None
    assert trouble.code == error_pb2.ERROR_CODE_UNAVAILABLE
    assert _is_for_a_person(trouble.info)


class _PostgresError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("could not extend file base/16384/2619")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "code", "word"),
    [
        ("53100", error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED, "full"),
        ("53300", error_pb2.ERROR_CODE_UNAVAILABLE, "busy"),
        ("25006", error_pb2.ERROR_CODE_UNAVAILABLE, "read-only"),
        ("08006", error_pb2.ERROR_CODE_UNAVAILABLE, "reached"),
        ("57P01", error_pb2.ERROR_CODE_UNAVAILABLE, "reached"),
    ],
)
def test_the_same_of_postgresql(sqlstate: str, code: error_pb2.ErrorCode.ValueType, word: str) -> None:
    trouble = told(DBAPIError("INSERT", {}, _PostgresError(sqlstate)))
    assert trouble is not None
    assert trouble.code == code
    assert word in trouble.info.message
    assert _is_for_a_person(trouble.info)


def test_a_driver_that_says_only_that_it_is_away() -> None:
    trouble = told(OperationalError("SELECT", {}, OSError("connection refused")))
    assert trouble is not None
    assert trouble.code == error_pb2.ERROR_CODE_UNAVAILABLE


def test_faults_of_ours_are_not_explained_away() -> None:
    assert told(IntegrityError("INSERT", {}, _PostgresError("23505"))) is None
    assert told(ProgrammingError("SELEC", {}, _PostgresError("42601"))) is None
    assert told(ValueError("of another kind")) is None
