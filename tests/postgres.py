"""A PostgreSQL database of its own for each product under test, where the tests are told of a server to make it on.

TABWIRE_TEST_POSTGRES is the URL of an empty database (postgresql+asyncpg://…) whose user may create others; without it
everything runs on SQLite, as it does for a user by default.
"""

from __future__ import annotations

import os
import secrets

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

SERVER = os.environ.get("TABWIRE_TEST_POSTGRES", "")


async def new_database(server: str) -> str:
    """Makes an empty database and returns its URL."""
    name = f"tabwire_{secrets.token_hex(6)}"
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f'CREATE DATABASE "{name}"'))
    finally:
        await engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


async def contents(url: str) -> str:
    """Everything that stands in a database, bytes as Latin-1."""
    engine = create_async_engine(url)
    found: list[str] = []
    try:
        async with engine.connect() as connection:
            tables = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
            for (table,) in tables.all():
                for row in await connection.execute(text(f'SELECT * FROM "{table}"')):
                    found += [one.decode("latin-1") if isinstance(one, bytes) else str(one) for one in row]
    finally:
        await engine.dispose()
    return "\n".join(found)
