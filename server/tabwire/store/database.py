"""The connection to the database: SQLite in the home folder by default, PostgreSQL by its URL.

Opens it, brings its tables up to date, and hands out sessions. What is read and written is told by the `*_store`
modules.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from tabwire.errors import TabwireError
from tabwire.store.address import database_address
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection

_log = structlog.get_logger()

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_TIMEOUT_MS = 10_000
# Any fixed number will do: it keeps two servers from migrating one PostgreSQL database at the same time.
_MIGRATION_LOCK = 7_233_405


class Database:
    """One database. `open` before use, `close` after.

    Raises `TabwireError` INVALID_ARGUMENT for an address that is none.
    """

    def __init__(self, url: str) -> None:
        self._url = database_address(url)
        self._engine: AsyncEngine | None = None
        self._sessions: async_sessionmaker[AsyncSession] | None = None

    async def open(self) -> None:
        """Connects and brings the tables up to date.

        Raises `TabwireError` UNAVAILABLE if the database cannot be reached, FAILED_PRECONDITION if a newer Tabwire
        has changed its tables.
        """
        await self._make_private()
        engine = create_async_engine(self._url, pool_pre_ping=not self._is_sqlite)
        if self._is_sqlite:
            _prepare_sqlite(engine)
        try:
            async with engine.begin() as connection:
                if not self._is_sqlite:
                    await connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
                await connection.run_sync(migrate)
        except (DBAPIError, OSError) as error:
            await engine.dispose()
            _log.error("database_unreachable", url=self._url.render_as_string(), error=str(error))
            raise TabwireError(
                error_pb2.ERROR_CODE_UNAVAILABLE,
                f"The database {self._url.render_as_string()} cannot be opened.",
                remedy="Check TABWIRE_DATABASE_URL and the rights of the home folder; the server's log says more.",
            ) from error
        except BaseException:
            await engine.dispose()
            raise
        self._engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def close(self) -> None:
        """Ends all connections. Safe to repeat."""
        engine, self._engine, self._sessions = self._engine, None, None
        if engine is not None:
            await engine.dispose()

    @asynccontextmanager
    async def session(self, *, read_only: bool = False) -> AsyncIterator[AsyncSession]:
        """One transaction: committed at the end of the block, rolled back by an exception.

        `read_only` is a promise that lets readers work beside a writer on SQLite.
        """
        if self._sessions is None:
            raise TabwireError(error_pb2.ERROR_CODE_UNAVAILABLE, "The database is not open.")
        async with self._sessions() as session:
            if read_only:
                await session.connection(execution_options={"tabwire_read_only": True})
            yield session
            await session.commit()

    @property
    def _is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    async def _make_private(self) -> None:
        """The file of an SQLite database, and its folder, are the owner's alone."""
        name = self._url.database
        if self._is_sqlite and name and name != ":memory:" and not name.startswith("file:"):
            await asyncio.to_thread(_make_private_file, Path(name))


def _make_private_file(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _prepare_sqlite(engine: AsyncEngine) -> None:
    """Foreign keys, write-ahead log, patience with other writers, and transactions that begin where we say so.

    A transaction that may write takes the write lock at its start. Begun as a reader it could fail half-way, because
    SQLite refuses to make a writer of a reader whose view is no longer the newest.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins no transactions of its own; on_begin does
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("tabwire_read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def head() -> str:
    """The revision that this program's tables have: the number of the last file of migrations."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def migrate(connection: Connection, revision: str = "") -> None:
    """Brings the tables to a revision, the newest by default, over an open connection, inside its transaction.

    Raises `TabwireError` FAILED_PRECONDITION if a newer Tabwire has changed them.
    """
    revision = revision or head()
    # Mostly there is nothing to do; then what does it is not even loaded: a server that died is back the sooner.
    if _revision(connection) == revision:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        _log.error("database_not_migrated", error=str(error))
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            "The database was last used by a newer Tabwire, which this one cannot read.",
            remedy="Update Tabwire, or set TABWIRE_HOME to another folder.",
        ) from error


def _revision(connection: Connection) -> str:
    """The revision that the tables have; empty if there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""
