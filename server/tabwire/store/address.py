"""The database's address as people write it, turned into the URL that SQLAlchemy needs. Nothing is opened here.

Hosts of databases hand out `postgres://…` and `?sslmode=…`, which are libpq's words: the driver here is asyncpg, which
has words of its own for them.
"""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


def database_address(text: str) -> URL:
    """The URL of a database with the driver that the server uses.

    Raises `TabwireError` INVALID_ARGUMENT if it is no URL or one of another kind of database. The text is not repeated
    there, because it may hold a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise _refused("The database's address is no URL.") from error
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise _refused(f"The database's address begins with {url.drivername}, which the server cannot use.")
    url = url.set(drivername=driver)
    mode = url.query.get("sslmode")
    if mode is None or url.get_backend_name() != "postgresql":
        return url
    return url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})


def _refused(message: str) -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        message,
        remedy="Set TABWIRE_DATABASE_URL to postgresql://user:password@host/database, or leave it empty for SQLite in "
        "the home folder.",
    )
