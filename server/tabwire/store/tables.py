"""The database's tables. Times are UTC; tokens and codes are kept only as SHA-256 digests.

The journal (`task_events`) is the truth about a task; the row in `tasks` is a snapshot of it that lists and leases use.
Every change here needs a migration in `migrations/versions`: a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, LargeBinary, MetaData, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Goes in with any time zone, comes out as UTC, also from SQLite, which keeps no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - interface
        """Refuses a moment without a zone instead of guessing one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - interface
        """Gives a moment from SQLite the zone it was stored in."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all tables. Constraints have names, so that a later migration can change them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: UtcDateTime,
        bytes: LargeBinary,
        int: BigInteger,
        str: String,
    }


class Owner(Base):
    """Whose browsers, tasks and tokens these are."""

    __tablename__ = "owners"
    id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class BrowserRow(Base):
    """One paired browser, or a native client of the link that has a token of its own."""

    __tablename__ = "browsers"
    id: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("owners.id"), index=True)
    display_name: Mapped[str]
    extension_version: Mapped[str] = mapped_column(default="")
    user_agent: Mapped[str] = mapped_column(default="")
    capabilities: Mapped[bytes] = mapped_column(default=b"")
    paired_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class PairingCode(Base):
    """A one-time code."""

    __tablename__ = "pairing_codes"
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("owners.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RefreshTokenRow(Base):
    """One refresh token of a browser. All that descend from one pairing are a family and are revoked together.

    `parent_digest` is the token, or the attempt to pair, that it was handed out for; `access_token_id` the access token
    that came with it, and `seen_at` when that was first used: proof that the answer has arrived.
    """

    __tablename__ = "refresh_tokens"
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    family_id: Mapped[str] = mapped_column(index=True)
    browser_id: Mapped[str] = mapped_column(ForeignKey("browsers.id"), index=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("owners.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    parent_digest: Mapped[bytes | None] = mapped_column(index=True)
    access_token_id: Mapped[str | None] = mapped_column(index=True)
    seen_at: Mapped[datetime | None]


class ApiTokenRow(Base):
    """A token that a person made for a program. `browser_id` is set for a native client of the link.

    `key_id` is the key that signed it; none for tokens of before that was noted.
    """

    __tablename__ = "api_tokens"
    id: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("owners.id"), index=True)
    browser_id: Mapped[str | None] = mapped_column(ForeignKey("browsers.id"))
    display_name: Mapped[str]
    scopes: Mapped[str]
    digest: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    key_id: Mapped[str | None]


class TaskRow(Base):
    """A task's snapshot, its place in the queue, and its lease.

    `text` is what lists are searched for (`task_text.py`); `follows_key` the row of the task it goes on from.
    """

    __tablename__ = "tasks"
    id: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("owners.id"))
    browser_id: Mapped[str]
    state: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    idempotency_key: Mapped[str | None]
    request_digest: Mapped[bytes]
    snapshot: Mapped[bytes]
    last_event_seq: Mapped[int]
    epoch: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    text: Mapped[str] = mapped_column(default="", server_default="")
    follows_key: Mapped[str | None] = mapped_column(index=True)

    __table_args__ = (
        UniqueConstraint("owner_id", "idempotency_key"),
        Index("ix_tasks_owner_created", "owner_id", "created_at", "id"),
        Index("ix_tasks_state", "state"),
    )


class TaskEventRow(Base):
    """One event of a task's journal: a serialized `TaskEvent`."""

    __tablename__ = "task_events"
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[datetime]
    payload: Mapped[bytes]


class PolicyRow(Base):
    """What an owner lets tasks do: a serialized `Policy`."""

    __tablename__ = "owner_policies"
    owner_id: Mapped[str] = mapped_column(ForeignKey("owners.id"), primary_key=True)
    policy: Mapped[bytes]
    updated_at: Mapped[datetime]


class SecretRow(Base):
    """One secret of an owner. `sealed` is its value, encrypted (`tabwire.security.secrets`); `origins` one a line."""

    __tablename__ = "secrets"
    owner_id: Mapped[str] = mapped_column(ForeignKey("owners.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[int]
    origins: Mapped[str]
    sealed: Mapped[bytes]
    stored_at: Mapped[datetime]
