"""The migrations and the tables agree, up and down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint, inspect

from tabwire.store import database as module
from tabwire.store.database import head, migrate
from tabwire.store.tables import Base

if TYPE_CHECKING:
    from tabwire.store.database import Database


async def test_the_migrations_lead_to_the_tables(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
        )

    async with database.session() as session:
        assert await (await session.connection()).run_sync(differences) == []


async def test_constraints_bear_the_names_of_the_tables_module(database: Database) -> None:
    def names(connection: Connection) -> dict[str, set[str | None]]:
        inspector = inspect(connection)
        return {
            table: {key["name"] for key in inspector.get_foreign_keys(table)}
            | {key["name"] for key in inspector.get_unique_constraints(table)}
            | {inspector.get_pk_constraint(table)["name"]}
            for table in Base.metadata.tables
        }

    async with database.session() as session:
        found = await (await session.connection()).run_sync(names)
    declared = {
        name: {
            str(constraint.name)
            for constraint in table.constraints
            if isinstance(constraint, (ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint))
        }
        for name, table in Base.metadata.tables.items()
    }
    assert found == declared


async def test_down_and_up_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def tables(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}

    async with database.session() as session:
        connection = await session.connection()
        with monkeypatch.context() as patched:
            patched.setattr(command, "upgrade", command.downgrade)
            await connection.run_sync(migrate, "base")
        assert await connection.run_sync(tables) == set()
        await connection.run_sync(migrate)
        assert await connection.run_sync(tables) == set(Base.metadata.tables)


def test_the_newest_revision_is_known_without_loading_the_migrations() -> None:
    folder = Path(module.__file__).parent / "migrations"
    assert head() == ScriptDirectory(str(folder)).get_current_head()


async def test_tables_that_are_up_to_date_are_left_alone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "upgrade", lambda *_: pytest.fail("there is nothing to do"))
    async with database.session() as session:
        await (await session.connection()).run_sync(migrate)
