"""Paired browsers in the database. Whether one is connected is known to the link, not here."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sqlalchemy import bindparam, select, update

from tabwire.store.auth_store import utc_now
from tabwire.store.tables import BrowserRow

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sqlalchemy import Update

    from tabwire.store.database import Database
    from tabwire.v1 import link_pb2


# What was written so lately is not written again: a link is opened and attached to in one breath.
_AS_GOOD_AS_NOW = timedelta(seconds=5)
_MOST_WRITTEN = 10_000

_Said: TypeAlias = tuple[str, str, bytes, str]


class _Introduction(NamedTuple):
    """What a browser said of itself, and who waits for its being written."""

    browser_id: str
    said: _Said
    future: asyncio.Future[None]

    def row(self, now: datetime) -> dict[str, object]:
        """The parameters of the statement that writes it."""
        version, agent, capabilities, name = self.said
        row: dict[str, object] = {
            "of": self.browser_id,
            "extension_version": version,
            "user_agent": agent,
            "capabilities": capabilities,
            "last_seen_at": now,
        }
        return {**row, "display_name": name} if name else row


def _introduce(*columns: str) -> Update:
    table = BrowserRow.__table__
    return update(BrowserRow).where(table.c.id == bindparam("of")).values({name: bindparam(name) for name in columns})


_INTRODUCE = _introduce("extension_version", "user_agent", "capabilities", "last_seen_at")
_INTRODUCE_NAMED = _introduce("extension_version", "user_agent", "capabilities", "last_seen_at", "display_name")


class BrowserStore:
    """The rows behind the list of browsers."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now
        self._introductions: list[_Introduction] = []
        self._writing: asyncio.Task[None] | None = None
        self._written: dict[str, tuple[_Said, datetime]] = {}

    async def list_browsers(self, owner_id: str) -> Sequence[BrowserRow]:
        """The owner's browsers whose pairing holds, by name."""
        query = (
            select(BrowserRow)
            .where(BrowserRow.owner_id == owner_id, BrowserRow.revoked_at.is_(None))
            .order_by(BrowserRow.display_name, BrowserRow.id)
        )
        async with self._database.session(read_only=True) as session:
            return (await session.scalars(query)).all()

    async def names(self, owner_id: str) -> dict[str, str]:
        """The names of the owner's browsers whose pairing holds, by their ids; in order of the names."""
        query = (
            select(BrowserRow.id, BrowserRow.display_name)
            .where(BrowserRow.owner_id == owner_id, BrowserRow.revoked_at.is_(None))
            .order_by(BrowserRow.display_name, BrowserRow.id)
        )
        async with self._database.session(read_only=True) as session:
            return {row.id: row.display_name for row in await session.execute(query)}

    async def get_browser(self, owner_id: str, browser_id: str) -> BrowserRow | None:
        """One browser of the owner whose pairing holds."""
        async with self._database.session(read_only=True) as session:
            row = await session.get(BrowserRow, browser_id)
        return row if row is not None and row.owner_id == owner_id and row.revoked_at is None else None

    async def all_ids(self) -> Sequence[str]:
        """The ids of all owners' browsers whose pairing holds."""
        async with self._database.session(read_only=True) as session:
            return (await session.scalars(select(BrowserRow.id).where(BrowserRow.revoked_at.is_(None)))).all()

    async def introduced(self, browser_id: str, hello: link_pb2.Hello) -> None:
        """Keeps what a browser said about itself when it opened or resumed a link. Returns when it is written.

        After a restart of the server all browsers come at once: what came while one transaction was under way is
        written with the next one, all of it together.
        """
        said = (hello.extension_version, hello.user_agent, hello.capabilities.SerializeToString(), hello.display_name)
        if self._is_written(browser_id, said):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._introductions.append(_Introduction(browser_id, said, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await future

    def _is_written(self, browser_id: str, said: _Said) -> bool:
        written = self._written.get(browser_id)
        return written is not None and written[0] == said and abs(self._now() - written[1]) < _AS_GOOD_AS_NOW

    async def _write(self) -> None:
        try:
            while self._introductions:
                batch, self._introductions = self._introductions, []
                try:
                    await self._write_together(batch)
                except Exception as error:  # noqa: BLE001 - whoever waits is told, each of them
                    for one in batch:
                        if not one.future.done():
                            one.future.set_exception(error)
                else:
                    for one in batch:
                        if not one.future.done():
                            one.future.set_result(None)
        finally:
            self._writing = None

    async def _write_together(self, batch: Sequence[_Introduction]) -> None:
        now = self._now()
        async with self._database.session() as session:
            connection = await session.connection()
            for named in (False, True):
                rows = [one.row(now) for one in batch if bool(one.said[3]) is named]
                if rows:
                    await connection.execute(_INTRODUCE_NAMED if named else _INTRODUCE, rows)
        if len(self._written) > _MOST_WRITTEN:
            self._written.clear()
        self._written.update({one.browser_id: (one.said, now) for one in batch})

    async def seen(self, browser_ids: Collection[str]) -> None:
        """Notes a sign of life of several browsers."""
        if browser_ids:
            async with self._database.session() as session:
                await session.execute(
                    update(BrowserRow).where(BrowserRow.id.in_(browser_ids)).values(last_seen_at=self._now())
                )
