"""The database's tables. Times are UTC; tokens and codes are kept only as SHA-256 digests.

The journal (`task_events`) is the truth about a task; the row in `tasks` is a snapshot of it that lists and leases use.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map: ClassVar = {
        datetime: DateTime(timezone=True),
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
    """One paired browser."""

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
    """One refresh token of a browser. All that descend from one pairing are a family and are revoked together."""

    __tablename__ = "refresh_tokens"
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    family_id: Mapped[str] = mapped_column(index=True)
    browser_id: Mapped[str] = mapped_column(ForeignKey("browsers.id"), index=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("owners.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ApiTokenRow(Base):
    """A token that a person made for a program."""

    __tablename__ = "api_tokens"
    id: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("owners.id"), index=True)
    display_name: Mapped[str]
    scopes: Mapped[str]
    digest: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class TaskRow(Base):
    """A task's snapshot, its place in the queue, and its lease."""

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
