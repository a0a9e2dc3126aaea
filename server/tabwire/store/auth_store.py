"""Pairing codes, refresh tokens and API tokens in the database. Knows digests, never secrets.

What a code or token is worth is decided in `tabwire.rpc.access`; here every step that must happen at most once is one
conditional UPDATE, or is taken with the browser's row locked, so that two callers can never both succeed.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from sqlalchemy import CursorResult, delete, exists, func, select, union_all, update

from tabwire.store.tables import ApiTokenRow, BrowserRow, Owner, PairingCode, RefreshTokenRow

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sqlalchemy import Update
    from sqlalchemy.ext.asyncio import AsyncSession

    from tabwire.store.database import Database

# Used-up codes and tokens are kept so long after their end, so that reuse is still told from nonsense.
_KEEP = timedelta(days=1)
# So many answers to one refresh token can be lost; more is no bad network any more.
_MAX_ANSWERS = 20


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class NewRefreshToken:
    """A refresh token that is about to be handed out, and the access token that goes with it."""

    digest: bytes
    expires_at: datetime
    access_token_id: str


@dataclass(frozen=True)
class Pairing:
    """A browser and the family of tokens it holds."""

    owner_id: str
    browser_id: str
    family_id: str


@dataclass(frozen=True)
class PairingTimes:
    """When a browser was paired, and when its refresh token ends; None for a native client of the link."""

    paired_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class KeysInUse:
    """The keys that live API tokens were signed with, and when the oldest one was made of which that is not known."""

    key_ids: frozenset[str]
    oldest_unknown: datetime | None


class RotationOutcome(Enum):
    """What became of the exchange of a refresh token."""

    ROTATED = "rotated"
    REUSED = "reused"  # it was used before, and its answer arrived: somebody has a copy, and the family is revoked now
    DEAD = "dead"  # unknown, expired or revoked


@dataclass(frozen=True)
class Rotation:
    """The outcome, and whose token it was if that is known."""

    outcome: RotationOutcome
    pairing: Pairing | None


@dataclass(frozen=True)
class Revoked:
    """What a revocation ended: a token, a browser's pairing, or both."""

    token_id: str
    browser_id: str


class AuthStore:
    """The rows behind AuthService."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def ensure_owner(self, owner_id: str) -> None:
        """Makes the owner's row if there is none."""
        async with self._database.session() as session:
            if await session.get(Owner, owner_id) is None:
                session.add(Owner(id=owner_id, created_at=self._now()))

    async def add_pairing_code(self, owner_id: str, digest: bytes, expires_at: datetime) -> None:
        """Keeps a new code."""
        async with self._database.session() as session:
            session.add(PairingCode(digest=digest, owner_id=owner_id, created_at=self._now(), expires_at=expires_at))

    async def redeem_code(
        self,
        digest: bytes,
        *,
        attempt: bytes | None = None,
        wanted_browser_id: str,
        display_name: str,
        refresh: NewRefreshToken,
    ) -> Pairing | None:
        """Uses up a code and pairs a browser with it; None if no such code is good now.

        The browser keeps the id of an earlier pairing with the same owner, and its earlier tokens end. Any other id
        it asks for is not given: ids are the server's to choose. A code that was used up by this very attempt gives
        another token of the pairing that came of it.
        """
        now = self._now()
        async with self._database.session() as session:
            used = await _changed(
                session,
                update(PairingCode)
                .where(PairingCode.digest == digest, PairingCode.used_at.is_(None), PairingCode.expires_at > now)
                .values(used_at=now),
            )
            if not used:
                return await _paired_already(session, digest, attempt, refresh, now) if attempt else None
            owner_id = (
                await session.execute(select(PairingCode.owner_id).where(PairingCode.digest == digest))
            ).scalar_one()
            browser = await session.get(BrowserRow, wanted_browser_id) if wanted_browser_id else None
            if browser is None or browser.owner_id != owner_id:
                browser = _new_browser(owner_id, display_name, now)
                session.add(browser)
                await session.flush()
            else:
                browser.display_name = display_name or browser.display_name
                browser.paired_at = browser.last_seen_at = now
                browser.revoked_at = None
                await _revoke_refresh_tokens(session, browser.id, now)
            pairing = Pairing(owner_id=owner_id, browser_id=browser.id, family_id=uuid.uuid4().hex)
            session.add(_refresh_row(pairing, refresh, now, parent=attempt))
            return pairing

    async def rotate(self, digest: bytes, replacement: NewRefreshToken, *, grace: timedelta) -> Rotation:
        """Uses up a refresh token and keeps its replacement. A copy that is used ends its whole family.

        A reply can be lost on its way. So a token is answered again as long as none of its answers was used to get
        further: within the grace at any time, later only if nothing shows that any answer has arrived. Of several
        answers the first one that is used counts; the others are dead from then on.
        """
        now = self._now()
        async with self._database.session() as session:
            row = await session.get(RefreshTokenRow, digest)
            if row is None:
                return Rotation(RotationOutcome.DEAD, None)
            # One at a time for each browser. SQLite knows one writer only, and ignores this.
            await session.execute(select(BrowserRow.id).where(BrowserRow.id == row.browser_id).with_for_update())
            await session.refresh(row)
            pairing = Pairing(owner_id=row.owner_id, browser_id=row.browser_id, family_id=row.family_id)
            if row.revoked_at is not None or (row.used_at is None and row.expires_at <= now):
                return Rotation(RotationOutcome.DEAD, pairing)
            if row.used_at is None:
                row.used_at = now
                await _use_up_siblings(session, row, now)
            elif not await _may_be_answered_again(session, row, now, grace):
                await session.execute(
                    update(RefreshTokenRow).where(RefreshTokenRow.family_id == row.family_id).values(revoked_at=now)
                )
                return Rotation(RotationOutcome.REUSED, pairing)
            session.add(_refresh_row(pairing, replacement, now, parent=digest))
            return Rotation(RotationOutcome.ROTATED, pairing)

    async def arrived(self, access_token_id: str) -> None:
        """Notes that an access token of a browser is used: the answer that it came with has arrived."""
        async with self._database.session() as session:
            await session.execute(
                update(RefreshTokenRow)
                .where(RefreshTokenRow.access_token_id == access_token_id, RefreshTokenRow.seen_at.is_(None))
                .values(seen_at=self._now())
            )

    async def pairing_times(self, owner_id: str, browser_id: str) -> PairingTimes | None:
        """Since when and until when a browser is paired; None if the owner has no such browser."""
        ends = select(func.max(RefreshTokenRow.expires_at)).where(
            RefreshTokenRow.browser_id == browser_id,
            RefreshTokenRow.revoked_at.is_(None),
            RefreshTokenRow.used_at.is_(None),
        )
        async with self._database.session(read_only=True) as session:
            browser = await session.get(BrowserRow, browser_id)
            if browser is None or browser.owner_id != owner_id:
                return None
            return PairingTimes(paired_at=browser.paired_at, expires_at=(await session.execute(ends)).scalar())

    async def family_is_good(self, pairing: Pairing) -> bool:
        """Whether access tokens of a pairing are still honoured."""
        good = select(BrowserRow.id).where(
            BrowserRow.id == pairing.browser_id,
            BrowserRow.owner_id == pairing.owner_id,
            BrowserRow.revoked_at.is_(None),
            exists().where(
                RefreshTokenRow.family_id == pairing.family_id,
                RefreshTokenRow.browser_id == pairing.browser_id,
                RefreshTokenRow.revoked_at.is_(None),
            ),
        )
        async with self._database.session(read_only=True) as session:
            return (await session.execute(good)).first() is not None

    async def still_good(self, token_ids: Collection[str]) -> set[str]:
        """Which of these tokens, of programs and of paired browsers, are known and not revoked. One look for all."""
        programs = select(ApiTokenRow.id).where(ApiTokenRow.id.in_(token_ids), ApiTokenRow.revoked_at.is_(None))
        browsers = (
            select(RefreshTokenRow.access_token_id)
            .join(BrowserRow, BrowserRow.id == RefreshTokenRow.browser_id)
            .where(
                RefreshTokenRow.access_token_id.in_(token_ids),
                RefreshTokenRow.revoked_at.is_(None),
                BrowserRow.revoked_at.is_(None),
            )
        )
        async with self._database.session(read_only=True) as session:
            found = await session.scalars(union_all(programs, browsers))
            return {token_id for token_id in found if token_id is not None}

    async def add_api_token(self, row: ApiTokenRow) -> None:
        """Keeps a new token."""
        async with self._database.session() as session:
            session.add(row)

    async def add_native_browser(self, owner_id: str, display_name: str) -> str:
        """Makes a browser for a native client of the link, which gets a token instead of being paired."""
        async with self._database.session() as session:
            browser = _new_browser(owner_id, display_name, self._now())
            session.add(browser)
            return browser.id

    async def api_token(self, token_id: str) -> ApiTokenRow | None:
        """One token's row, also if it is revoked."""
        async with self._database.session(read_only=True) as session:
            return await session.get(ApiTokenRow, token_id)

    async def keys_in_use(self) -> KeysInUse:
        """The keys that are still needed to verify API tokens, of whatever owner."""
        live = (ApiTokenRow.revoked_at.is_(None), ApiTokenRow.expires_at > self._now())
        async with self._database.session(read_only=True) as session:
            key_ids = await session.scalars(
                select(ApiTokenRow.key_id).where(*live, ApiTokenRow.key_id.is_not(None)).distinct()
            )
            oldest = select(func.min(ApiTokenRow.created_at)).where(*live, ApiTokenRow.key_id.is_(None))
            return KeysInUse(
                key_ids=frozenset(key_id for key_id in key_ids if key_id is not None),
                oldest_unknown=(await session.execute(oldest)).scalar(),
            )

    async def list_api_tokens(self, owner_id: str) -> Sequence[ApiTokenRow]:
        """The owner's tokens, newest first."""
        query = (
            select(ApiTokenRow)
            .where(ApiTokenRow.owner_id == owner_id)
            .order_by(ApiTokenRow.created_at.desc(), ApiTokenRow.id)
        )
        async with self._database.session(read_only=True) as session:
            return (await session.scalars(query)).all()

    async def revoke(self, owner_id: str, token_or_browser_id: str) -> Revoked | None:
        """Revokes an API token, or a browser's pairing by the browser's id or by its own; None if the owner has none.

        Safe to repeat.
        """
        now = self._now()
        async with self._database.session() as session:
            token = await session.get(ApiTokenRow, token_or_browser_id)
            if token is not None and token.owner_id == owner_id:
                token.revoked_at = token.revoked_at or now
                if token.browser_id is not None:
                    await _revoke_browser(session, token.browser_id, now)
                return Revoked(token_id=token.id, browser_id=token.browser_id or "")
            browser = await session.get(BrowserRow, token_or_browser_id)
            if browser is not None and browser.owner_id == owner_id:
                await _revoke_browser(session, browser.id, now)
                return Revoked(token_id="", browser_id=browser.id)
            return await _revoke_family(session, owner_id, token_or_browser_id, now)

    async def prune(self) -> None:
        """Forgets what ended long ago. API tokens stay listed."""
        before = self._now() - _KEEP
        async with self._database.session() as session:
            await session.execute(delete(PairingCode).where(PairingCode.expires_at < before))
            await session.execute(delete(RefreshTokenRow).where(RefreshTokenRow.expires_at < before))


def _new_browser(owner_id: str, display_name: str, now: datetime) -> BrowserRow:
    return BrowserRow(
        id=uuid.uuid4().hex,
        owner_id=owner_id,
        display_name=display_name or "Browser",
        extension_version="",
        user_agent="",
        capabilities=b"",
        paired_at=now,
        last_seen_at=now,
        revoked_at=None,
    )


def _refresh_row(pairing: Pairing, token: NewRefreshToken, now: datetime, *, parent: bytes | None) -> RefreshTokenRow:
    return RefreshTokenRow(
        digest=token.digest,
        family_id=pairing.family_id,
        browser_id=pairing.browser_id,
        owner_id=pairing.owner_id,
        created_at=now,
        expires_at=token.expires_at,
        used_at=None,
        revoked_at=None,
        parent_digest=parent,
        access_token_id=token.access_token_id,
        seen_at=None,
    )


async def _paired_already(
    session: AsyncSession, code: bytes, attempt: bytes, refresh: NewRefreshToken, now: datetime
) -> Pairing | None:
    """The pairing that an attempt with this code has made, with one more token, if its answers may be lost."""
    is_alive = (await session.execute(select(PairingCode.expires_at).where(PairingCode.digest == code))).scalar()
    if is_alive is None or is_alive <= now:
        return None
    answers = (await session.scalars(select(RefreshTokenRow).where(RefreshTokenRow.parent_digest == attempt))).all()
    if not 0 < len(answers) < _MAX_ANSWERS:
        return None
    if any(answer.used_at or answer.revoked_at or answer.seen_at for answer in answers):
        return None
    first = answers[0]
    pairing = Pairing(owner_id=first.owner_id, browser_id=first.browser_id, family_id=first.family_id)
    session.add(_refresh_row(pairing, refresh, now, parent=attempt))
    return pairing


async def _may_be_answered_again(session: AsyncSession, row: RefreshTokenRow, now: datetime, grace: timedelta) -> bool:
    """Whether the answers to a token that was used may all have been lost."""
    if row.used_at is None or row.expires_at <= now:
        return False
    answers = (await session.scalars(select(RefreshTokenRow).where(RefreshTokenRow.parent_digest == row.digest))).all()
    if not 0 < len(answers) < _MAX_ANSWERS or any(answer.used_at is not None for answer in answers):
        return False
    return now - row.used_at <= grace or all(answer.seen_at is None for answer in answers)


async def _use_up_siblings(session: AsyncSession, row: RefreshTokenRow, now: datetime) -> None:
    """The other answers to the token that this one came from are dead from now on, and a copy if they are used."""
    if row.parent_digest is None:
        return
    await session.execute(
        update(RefreshTokenRow)
        .where(
            RefreshTokenRow.parent_digest == row.parent_digest,
            RefreshTokenRow.digest != row.digest,
            RefreshTokenRow.used_at.is_(None),
        )
        .values(used_at=now)
    )


async def _changed(session: AsyncSession, statement: Update) -> bool:
    """Runs an UPDATE and tells whether it met a row."""
    result = await session.execute(statement, execution_options={"synchronize_session": False})
    return isinstance(result, CursorResult) and result.rowcount > 0


async def _revoke_refresh_tokens(session: AsyncSession, browser_id: str, now: datetime) -> None:
    await session.execute(
        update(RefreshTokenRow)
        .where(RefreshTokenRow.browser_id == browser_id, RefreshTokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
    )


async def _revoke_browser(session: AsyncSession, browser_id: str, now: datetime) -> None:
    await session.execute(
        update(BrowserRow).where(BrowserRow.id == browser_id, BrowserRow.revoked_at.is_(None)).values(revoked_at=now)
    )
    await session.execute(
        update(ApiTokenRow)
        .where(ApiTokenRow.browser_id == browser_id, ApiTokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    await _revoke_refresh_tokens(session, browser_id, now)


async def _revoke_family(session: AsyncSession, owner_id: str, family_id: str, now: datetime) -> Revoked | None:
    """Revokes a pairing by its own id. One that another pairing of the same browser has ended stays what it is."""
    family = (
        await session.scalars(
            select(RefreshTokenRow).where(RefreshTokenRow.family_id == family_id, RefreshTokenRow.owner_id == owner_id)
        )
    ).all()
    if not family:
        return None
    if all(row.revoked_at is not None for row in family):
        return Revoked(token_id=family_id, browser_id="")
    await _revoke_browser(session, family[0].browser_id, now)
    return Revoked(token_id=family_id, browser_id=family[0].browser_id)
