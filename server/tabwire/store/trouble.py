"""What went wrong in the database, as a caller is told: it is full, read-only, busy or out of reach; with the remedy.

Only troubles that a person can mend are told apart. Anything else is a fault of ours, which stays for the log. Nothing
of the database's own words is passed on: they name files and statements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from typing import Final

DATABASE_AWAY = (OperationalError, InterfaceError)
"""What the stores raise while the database cannot be read or written: it is full, read-only or out of reach."""

# SQLite's primary result codes (the low byte of what the driver tells), https://www.sqlite.org/rescode.html
_FULL: Final = 13
_READ_ONLY: Final = 8
_BUSY: Final = frozenset({5, 6})
_IO: Final = 10
_CANNOT_OPEN: Final = 14
# PostgreSQL's SQLSTATEs and their classes.
_PG_DISK_FULL: Final = "53100"
_PG_READ_ONLY: Final = "25006"
_PG_RESOURCES: Final = "53"
_PG_AWAY: Final = ("08", "57")


def told(error: BaseException) -> TabwireError | None:
    """The error that a caller is to see; nothing if it is none of the database's, or a fault of ours."""
    if not isinstance(error, DBAPIError):
        return None
    state = str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or "")
    if state:
        return _of_postgresql(state)
    code = getattr(error.orig, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _of_sqlite(code & 0xFF)
    return _away() if isinstance(error, DATABASE_AWAY) else None


def _of_sqlite(code: int) -> TabwireError | None:
    if code == _FULL:
        return _full()
    if code == _READ_ONLY:
        return _read_only()
    if code in _BUSY:
        return _busy()
    # A file that may not grow is told as a fault of reading or writing.
    return _unwritable() if code in {_IO, _CANNOT_OPEN} else None


def _of_postgresql(state: str) -> TabwireError | None:
    if state == _PG_DISK_FULL:
        return _full()
    if state == _PG_READ_ONLY:
        return _read_only()
    if state.startswith(_PG_RESOURCES):
        return _busy()
    return _away() if state.startswith(_PG_AWAY) else None


def _full() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED,
        "The disk with Tabwire's database is full: nothing can be written down.",
        remedy="Free some space there; what waits goes on by itself.",
    )


def _read_only() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_UNAVAILABLE,
        "Tabwire's database is read-only: nothing can be written down.",
        remedy="Make it writable for the user whom the server runs as; what waits goes on by itself.",
    )


def _unwritable() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_UNAVAILABLE,
        "Tabwire's database cannot be read or written: its disk or its file refuses.",
        remedy="Check the disk, its free space and the rights of Tabwire's home folder; the server's log says more.",
    )


def _busy() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_UNAVAILABLE,
        "Tabwire's database is busy.",
        remedy="Try again in a moment. If it stays so, see which other program uses the database.",
    )


def _away() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_UNAVAILABLE,
        "Tabwire's database cannot be reached.",
        remedy="Check that the database runs and what TABWIRE_DATABASE_URL says; the server's log says more.",
    )
