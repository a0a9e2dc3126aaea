"""Owners' policies and secrets in the database. Values of secrets come and go sealed; they are never read here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from tabwire.store.auth_store import utc_now
from tabwire.store.tables import PolicyRow, SecretRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tabwire.store.database import Database


class PolicyStore:
    """The rows behind PolicyService."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def policy(self, owner_id: str) -> bytes:
        """The owner's policy, serialized; empty if none was set."""
        async with self._database.session(read_only=True) as session:
            row = await session.get(PolicyRow, owner_id)
        return row.policy if row is not None else b""

    async def set_policy(self, owner_id: str, policy: bytes) -> None:
        """Replaces the owner's policy."""
        async with self._database.session() as session:
            await session.merge(PolicyRow(owner_id=owner_id, policy=policy, updated_at=self._now()))

    async def secrets(self, owner_id: str) -> Sequence[SecretRow]:
        """The owner's secrets by name."""
        query = select(SecretRow).where(SecretRow.owner_id == owner_id).order_by(SecretRow.name)
        async with self._database.session(read_only=True) as session:
            return (await session.scalars(query)).all()

    async def secret(self, owner_id: str, name: str) -> SecretRow | None:
        """One secret."""
        async with self._database.session(read_only=True) as session:
            return await session.get(SecretRow, (owner_id, name))

    async def put_secret(
        self, owner_id: str, name: str, *, kind: int, origins: Sequence[str], sealed: bytes
    ) -> SecretRow:
        """Stores a secret, or replaces the one of that name."""
        row = SecretRow(
            owner_id=owner_id,
            name=name,
            kind=kind,
            origins="\n".join(origins),
            sealed=sealed,
            stored_at=self._now(),
        )
        async with self._database.session() as session:
            await session.merge(row)
        return row

    async def delete_secret(self, owner_id: str, name: str) -> None:
        """Deletes a secret, if there is one of that name."""
        query = delete(SecretRow).where(SecretRow.owner_id == owner_id, SecretRow.name == name)
        async with self._database.session() as session:
            await session.execute(query)
