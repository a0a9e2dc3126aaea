"""What is due from time to time while the server runs: signs of life, forgetting, the owner's token, the keys."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from tabwire.rpc.owner_token import ensure_owner_token

if TYPE_CHECKING:
    from pathlib import Path

    from tabwire.browser.port import Browsers
    from tabwire.rpc.access import Access
    from tabwire.rpc.signing import KeyKeeper
    from tabwire.rpc.streams import OpenStreams
    from tabwire.store.auth_store import AuthStore
    from tabwire.store.browser_store import BrowserStore

_log = structlog.get_logger()

_INTERVAL_S = 60.0


class Maintenance:
    """Keeps the database and the home folder in order."""

    def __init__(
        self,
        access: Access,
        keeper: KeyKeeper,
        streams: OpenStreams,
        auth_store: AuthStore,
        browser_store: BrowserStore,
        browsers: Browsers,
        owner_token_path: Path,
    ) -> None:
        self._access = access
        self._keeper = keeper
        self._streams = streams
        self._auth_store = auth_store
        self._browser_store = browser_store
        self._browsers = browsers
        self._owner_token_path = owner_token_path

    async def run(self, interval_s: float = _INTERVAL_S) -> None:
        """Does what is due, again and again. A failure is logged, and the next time comes all the same."""
        while True:
            await asyncio.sleep(interval_s)
            try:
                await self.once()
            except Exception:  # noqa: BLE001 - it is logged, and maintenance must outlive a full disk
                _log.exception("maintenance_failed")

    async def once(self) -> None:
        """Does what is due now. What needs no disk comes first."""
        self._streams.end_expired()
        ids = await self._browser_store.all_ids()
        await self._browser_store.seen([browser_id for browser_id in ids if self._browsers.is_connected(browser_id)])
        await self._auth_store.prune()
        await ensure_owner_token(self._access, self._owner_token_path)
        await self._keeper.once()
