"""Paired browsers in the database. Whether one is connected is known to the link, not here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from tabwire.store.auth_store import utc_now
from tabwire.store.tables import BrowserRow

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from tabwire.store.database import Database
    from tabwire.v1 import link_pb2


class BrowserStore:
    """The rows behind the list of browsers."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def list_browsers(self, owner_id: str) -> Sequence[BrowserRow]:
        """The owner's browsers whose pairing holds, by name."""
        query = (
            select(BrowserRow)
            .where(BrowserRow.owner_id == owner_id, BrowserRow.revoked_at.is_(None))
            .order_by(BrowserRow.display_name, BrowserRow.id)
        )
        async with self._database.session(read_only=True) as session:
            return (await session.scalars(query)).all()

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
        """Keeps what a browser said about itself when it opened a link."""
        values = {
            "extension_version": hello.extension_version,
            "user_agent": hello.user_agent,
            "capabilities": hello.capabilities.SerializeToString(),
            "last_seen_at": self._now(),
        }
        if hello.display_name:
            values["display_name"] = hello.display_name
        async with self._database.session() as session:
            await session.execute(update(BrowserRow).where(BrowserRow.id == browser_id).values(values))

    async def seen(self, browser_ids: Collection[str]) -> None:
        """Notes a sign of life of several browsers."""
        if browser_ids:
            async with self._database.session() as session:
                await session.execute(
                    update(BrowserRow).where(BrowserRow.id.in_(browser_ids)).values(last_seen_at=self._now())
                )
