"""When signing keys are exchanged, and when older ones are forgotten.

The files are `tabwire.security.keys`'; here is the rule: a key is replaced at its age or on an admin's word, and an
older one is kept until no token that it signed can be good any more. So nobody has to pair again for a new key.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from tabwire.store.auth_store import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from tabwire.security.keys import OlderKey, SigningKeys
    from tabwire.settings import Settings
    from tabwire.store.auth_store import AuthStore, KeysInUse

_log = structlog.get_logger()

# An older key stays at least so long, for access tokens of browsers, whose life may have been set longer before.
_KEEP_AT_LEAST = timedelta(days=1)


class KeyKeeper:
    """Keeps the signing keys young, and the older ones no longer than needed."""

    def __init__(
        self, keys: SigningKeys, store: AuthStore, settings: Settings, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._keys = keys
        self._store = store
        self._now = now
        self._max_age = timedelta(days=settings.signing_key_days)
        self._keep = max(_KEEP_AT_LEAST, timedelta(seconds=settings.access_token_s))

    async def rotate(self) -> tuple[str, list[str]]:
        """Signs with a new key from now on. Returns its id, and those of the older keys whose tokens are still good.

        Raises `TabwireError` RESOURCE_EXHAUSTED if the new key was published too short a while ago.
        """
        await asyncio.to_thread(self._keys.rotate)
        self._tell("asked for")
        await self._drop_needless()
        return str(self._keys.signing_key.kid), [older.key_id for older in self._keys.older]

    async def once(self) -> None:
        """Does what is due now: takes up what another server changed, replaces an old key, forgets needless ones."""
        await asyncio.to_thread(self._keys.reload)
        age_s = self._max_age.total_seconds()
        is_old = self._now().timestamp() - self._keys.signing_since_s >= age_s
        if is_old and await asyncio.to_thread(lambda: self._keys.rotate(if_older_than_s=age_s)):
            self._tell("old")
        await self._drop_needless()

    async def _drop_needless(self) -> None:
        older = self._keys.older
        if not older:
            return
        in_use = await self._store.keys_in_use()
        needless = [key.key_id for key in older if not self._is_needed(key, in_use)]
        if needless:
            await asyncio.to_thread(self._keys.drop, needless)
            _log.info("signing_keys_dropped", key_ids=needless)

    def _is_needed(self, key: OlderKey, in_use: KeysInUse) -> bool:
        since = datetime.fromtimestamp(key.since_s, UTC)
        if key.key_id in in_use.key_ids or self._now() - since < self._keep:
            return True
        # Of tokens that were made before it was noted which key signed them, any key of that time may be the one.
        unknown = in_use.oldest_unknown
        return unknown is not None and (not key.since_s or unknown <= since)

    def _tell(self, why: str) -> None:
        _log.info("signing_key_rotated", key_id=self._keys.signing_key.kid, why=why)
