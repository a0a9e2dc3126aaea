"""The database's address as people and hosts of databases write it."""

from __future__ import annotations

import pytest

from tabwire.errors import TabwireError
from tabwire.store.address import database_address
from tabwire.v1 import error_pb2


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("postgres://u:p@db.example:5433/tabwire", "postgresql+asyncpg://u:p@db.example:5433/tabwire"),
        ("postgresql://u@db.example/tabwire", "postgresql+asyncpg://u@db.example/tabwire"),
        ("postgresql+asyncpg://db.example/tabwire", "postgresql+asyncpg://db.example/tabwire"),
        ("postgresql://db.example/t?sslmode=require", "postgresql+asyncpg://db.example/t?ssl=require"),
        ("sqlite:////var/lib/t.db", "sqlite+aiosqlite:////var/lib/t.db"),
    ],
)
def test_what_is_usual_is_understood(written: str, used: str) -> None:
    assert database_address(written).render_as_string(hide_password=False) == used


@pytest.mark.parametrize(
    "written", ["", "nonsense", "/var/lib/t.db", "mysql://u:hidden@h/d", "postgresql://u:hidden@h:x/d"]
)
def test_anything_else_is_refused_with_what_to_write_and_without_its_password(written: str) -> None:
    with pytest.raises(TabwireError) as caught:
        database_address(written)
    assert caught.value.code == error_pb2.ERROR_CODE_INVALID_ARGUMENT
    assert "postgresql://user:password@host/database" in caught.value.info.remedy
    assert "hidden" not in str(caught.value)
