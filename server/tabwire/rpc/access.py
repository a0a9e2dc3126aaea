"""The rules of pairing and tokens: what a code, a refresh token or an access token is worth right now.

Stands between AuthService and the auth interceptor on one side and `store` and `security` on the other. It knows
protobuf's enums but no requests, and it answers nobody: that is left to `auth_servicer`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import DBAPIError

from tabwire.errors import TabwireError
from tabwire.rpc.believed import BelievedTokens
from tabwire.rpc.identity import Principal
from tabwire.security import pairing
from tabwire.security.tokens import Claims, Tokens, digest, new_id, new_secret, scope_names, scopes_of
from tabwire.store.auth_store import (
    AuthStore,
    NewRefreshToken,
    Pairing,
    PairingTimes,
    Revoked,
    RotationOutcome,
    utc_now,
)
from tabwire.store.tables import ApiTokenRow
from tabwire.v1 import auth_pb2, error_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tabwire.rpc.streams import OpenStreams
    from tabwire.security.keys import SigningKeys
    from tabwire.settings import Settings

_log = structlog.get_logger()

# What a paired browser may do. Its panel gives and steers tasks with the same token.
BROWSER_SCOPES = frozenset({auth_pb2.SCOPE_BROWSER, auth_pb2.SCOPE_TASKS, auth_pb2.SCOPE_READ})
_MAX_ARRIVED = 1000


@dataclass(frozen=True)
class IssuedPair:
    """An access token and its refresh token, with their ends."""

    browser_id: str
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime


class Access:
    """Pairs, issues, verifies and revokes."""

    def __init__(
        self,
        store: AuthStore,
        keys: SigningKeys,
        settings: Settings,
        streams: OpenStreams,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._streams = streams
        self._tokens = Tokens(keys, now)
        self._now = now
        self._access_life = timedelta(seconds=settings.access_token_s)
        self._refresh_life = timedelta(seconds=settings.refresh_token_s)
        self._code_life = timedelta(seconds=settings.pairing_code_s)
        self._grace = timedelta(seconds=settings.refresh_grace_s)
        self._guesses = pairing.GuessLimit(guesses=settings.pairing_guesses)
        self._keys = keys
        self._believed = BelievedTokens(store.still_good, now)
        self._believed_keys = keys.all_keys
        self._arrived: set[str] = set()

    # -- pairing and refresh --------------------------------------------------------------------------------------

    async def new_code(self, owner_id: str) -> tuple[str, datetime]:
        """A one-time code that pairs one browser, and its end."""
        code = pairing.new_code()
        secret_digest = await asyncio.to_thread(pairing.code_digest, code)
        if secret_digest is None:
            raise ValueError("a new code must be readable")
        expires_at = self._now() + self._code_life
        await self._store.add_pairing_code(owner_id, secret_digest, expires_at)
        return code, expires_at

    async def pair(
        self, code: str, *, display_name: str, browser_id: str, attempt_id: str = "", address: str = ""
    ) -> IssuedPair:
        """Uses up a code; the same attempt may use it again if its answer was lost. `address` is where it comes from.

        Raises `TabwireError` UNAUTHENTICATED, or RESOURCE_EXHAUSTED after too many wrong guesses.
        """
        now_s = self._now().timestamp()
        was_right = self._guesses.guess(address, now_s)
        if was_right is None:
            raise _too_many_guesses(self._guesses.wait_s(address, now_s), self._guesses.guesses)
        secret, refresh = self._new_refresh_token()
        try:
            code_digest = await asyncio.to_thread(pairing.code_digest, code)
            found = None
            if code_digest is not None:
                found = await self._store.redeem_code(
                    code_digest,
                    attempt=pairing.attempt_digest(code_digest, attempt_id),
                    wanted_browser_id=browser_id,
                    display_name=display_name,
                    refresh=refresh,
                )
        except BaseException:
            was_right()  # nobody knows; a failure of ours is no guess
            raise
        if found is None:
            raise TabwireError(
                error_pb2.ERROR_CODE_UNAUTHENTICATED,
                "The pairing code is wrong, used up or expired.",
                remedy="Get a new code with `tabwire pair`.",
            )
        was_right()
        self._ended(found.browser_id)  # tokens of an earlier pairing of this browser, and their streams
        _log.info("browser_paired", browser_id=found.browser_id, owner_id=found.owner_id)
        return self._issue_pair(found, secret, refresh)

    async def refresh(self, refresh_token: str) -> tuple[IssuedPair | None, str]:
        """Exchanges a refresh token.

        Returns the new pair, or None and, if the token had been used before, the browser whose tokens have all ended
        now: its link is to be dropped. Raises `TabwireError` UNAUTHENTICATED for a token that is simply no good.
        """
        secret, replacement = self._new_refresh_token()
        rotation = await self._store.rotate(digest(refresh_token), replacement, grace=self._grace)
        if rotation.outcome is RotationOutcome.ROTATED and rotation.pairing is not None:
            return self._issue_pair(rotation.pairing, secret, replacement), ""
        if rotation.outcome is RotationOutcome.REUSED and rotation.pairing is not None:
            self._ended(rotation.pairing.browser_id)
            _log.warning("refresh_token_reused", browser_id=rotation.pairing.browser_id)
            return None, rotation.pairing.browser_id
        raise refresh_refused()

    # -- API tokens -----------------------------------------------------------------------------------------------

    async def new_api_token(
        self, owner_id: str, display_name: str, scopes: Iterable[auth_pb2.Scope.ValueType], life: timedelta
    ) -> tuple[str, ApiTokenRow]:
        """A token for a program, and what is kept about it. With SCOPE_BROWSER it is a browser of its own."""
        wanted = frozenset(scopes)
        browser_id = None
        if auth_pb2.SCOPE_BROWSER in wanted:
            browser_id = await self._store.add_native_browser(owner_id, display_name)
        now = self._now().replace(microsecond=0)
        claims = Claims(
            owner_id=owner_id,
            token_id=new_id(),
            scopes=wanted,
            expires_at=now + life,
            browser_id=browser_id or "",
        )
        token, key_id = self._tokens.issue(claims)
        row = ApiTokenRow(
            id=claims.token_id,
            owner_id=owner_id,
            browser_id=browser_id,
            display_name=display_name,
            scopes=" ".join(scope_names(wanted)),
            digest=digest(token),
            created_at=now,
            expires_at=claims.expires_at,
            revoked_at=None,
            key_id=key_id,
        )
        await self._store.add_api_token(row)
        _log.info("api_token_made", token_id=row.id, scopes=row.scopes)
        return token, row

    async def list_api_tokens(self, owner_id: str) -> Sequence[ApiTokenRow]:
        """The owner's tokens, newest first."""
        return await self._store.list_api_tokens(owner_id)

    async def revoke(self, owner_id: str, token_or_browser_id: str) -> Revoked:
        """Revokes a token or a browser's pairing. Raises `TabwireError` NOT_FOUND."""
        revoked = await self._store.revoke(owner_id, token_or_browser_id)
        if revoked is None:
            raise TabwireError(
                error_pb2.ERROR_CODE_NOT_FOUND,
                "There is no token and no browser of this id.",
                remedy="See `tabwire token list` and `tabwire browsers`.",
            )
        self._ended(revoked.token_id, revoked.browser_id)
        _log.info("revoked", token_id=revoked.token_id, browser_id=revoked.browser_id)
        return revoked

    async def pairing_times(self, caller: Principal) -> PairingTimes | None:
        """Since when and until when the calling browser is paired; None if the caller is no browser."""
        if not caller.browser_id:
            return None
        return await self._store.pairing_times(caller.owner_id, caller.browser_id)

    # -- verification ---------------------------------------------------------------------------------------------

    async def verify(self, token: str) -> Principal:
        """Who a token belongs to. Raises `TabwireError` UNAUTHENTICATED."""
        if self._keys.all_keys is not self._believed_keys:
            self._believed_keys = self._keys.all_keys
            self._forget()  # a key that is gone takes its tokens along
        known = await self._believed.caller(token)
        if known is not None:
            return known
        claims = self._tokens.verify(token)
        generation = self._believed.generation
        if not await self._is_good(claims, token):
            raise _revoked()
        caller = Principal(
            owner_id=claims.owner_id,
            scopes=claims.scopes,
            browser_id=claims.browser_id,
            token_id=claims.token_id,
            expires_at=claims.expires_at,
            family_id=claims.family_id,
        )
        self._believed.keep(token, caller, generation)
        return caller

    async def _is_good(self, claims: Claims, token: str) -> bool:
        if claims.family_id:
            pairing_of = Pairing(owner_id=claims.owner_id, browser_id=claims.browser_id, family_id=claims.family_id)
            is_good = await self._store.family_is_good(pairing_of)
            if is_good:
                await self._note_arrival(claims.token_id)
            return is_good
        row = await self._store.api_token(claims.token_id)
        return (
            row is not None
            and row.owner_id == claims.owner_id
            and row.digest == digest(token)
            and row.revoked_at is None
            and scopes_of(row.scopes.split()) == claims.scopes
        )

    async def _note_arrival(self, token_id: str) -> None:
        """The answer that this token came with has arrived, so the refresh token before it is used up for good."""
        if token_id in self._arrived:
            return
        try:
            await self._store.arrived(token_id)
        except DBAPIError as error:  # a full disk must not end what needs only to be read
            _log.warning("arrival_not_noted", token_id=token_id, error=str(error))
            return
        if len(self._arrived) >= _MAX_ARRIVED:
            self._arrived.clear()
        self._arrived.add(token_id)

    def _ended(self, *ids: str) -> None:
        self._forget()
        self._streams.end(_revoked(), *ids)

    def _forget(self) -> None:
        self._believed.forget()

    def _new_refresh_token(self) -> tuple[str, NewRefreshToken]:
        secret = new_secret()
        expires_at = self._now().replace(microsecond=0) + self._refresh_life
        return secret, NewRefreshToken(digest=digest(secret), expires_at=expires_at, access_token_id=new_id())

    def _issue_pair(self, found: Pairing, refresh_secret: str, refresh: NewRefreshToken) -> IssuedPair:
        claims = Claims(
            owner_id=found.owner_id,
            token_id=refresh.access_token_id,
            scopes=BROWSER_SCOPES,
            expires_at=self._now().replace(microsecond=0) + self._access_life,
            browser_id=found.browser_id,
            family_id=found.family_id,
        )
        return IssuedPair(
            browser_id=found.browser_id,
            access_token=self._tokens.issue(claims)[0],
            access_expires_at=claims.expires_at,
            refresh_token=refresh_secret,
            refresh_expires_at=refresh.expires_at,
        )


def _revoked() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_UNAUTHENTICATED,
        "The token was revoked.",
        remedy="Pair the browser again with `tabwire pair`, or make a token with `tabwire token create`.",
    )


def refresh_refused() -> TabwireError:
    """The one answer to a refresh token that is no good, whatever the reason."""
    return TabwireError(
        error_pb2.ERROR_CODE_UNAUTHENTICATED,
        "The refresh token is wrong, used up, revoked or expired.",
        remedy="Pair the browser again with `tabwire pair`.",
    )


def _too_many_guesses(wait_s: float, guesses: int) -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED,
        "Too many wrong pairing codes were tried.",
        remedy=f"Wait {int(wait_s) + 1} seconds, then try again.",
        details=error_pb2.ErrorDetails(
            limit=error_pb2.LimitDetails(name="pairing_guesses", limit=guesses, retry_after_ms=int(wait_s * 1000) + 1)
        ),
    )
