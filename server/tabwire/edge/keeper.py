"""Keeps what Envoy reads up to date while it runs: renews the certificate in time, and hands over changed token keys.
What it writes, its access log, is kept from growing without end.

One loop, for `tabwire up` and for `tabwire edge keep` in containers. Whatever goes wrong in it is told and tried again:
it ends only when it is cancelled. What is written is said by `tabwire.edge.files`.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tabwire.edge import envoy, files
from tabwire.errors import TabwireError
from tabwire.security import ca

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tabwire.settings import Settings

_LOOK_S = 1.0  # how often the files are looked at, which costs as much as asking for their times
_RENEWAL_S = 3600.0
_CALM_S = 300.0  # the same trouble is told again only after so long
_TAKEN_UP_S = 10.0


class Keeper:
    """Keeps the files of one home.

    `told` is called with a sentence for a person. `restart`, where there is one, starts Envoy anew; it is asked only if
    Envoy goes on showing an old certificate.
    """

    def __init__(
        self,
        settings: Settings,
        told: Callable[[str], None],
        *,
        restart: Callable[[], Awaitable[None]] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._told = told
        self._restart = restart
        self._now = now
        self._seen: tuple[int, ...] = ()
        self._renew_at = datetime.min.replace(tzinfo=UTC)
        self._complaint = ("", datetime.min.replace(tzinfo=UTC))

    async def run(self, interval_s: float = _LOOK_S) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            try:
                await self.once()
            except Exception as error:  # noqa: BLE001 - it is told, and a full disk must not end the renewals for good
                self._complain(error)
            await asyncio.sleep(interval_s)

    async def once(self) -> list[str]:
        """Renews what is due and publishes what has changed; returns the names of the files that Envoy gets anew."""
        if self._now() >= self._renew_at:
            await asyncio.to_thread(make_certificate, self._settings, self._now())
            self._renew_at = self._now() + timedelta(seconds=_RENEWAL_S)
        await envoy.rotate_access_log(self._settings)
        seen = self._times()
        if seen == self._seen:
            return []
        replaces = (self._settings.edge_path / files.TLS).exists()
        changed = await asyncio.to_thread(files.publish, self._settings)
        self._seen = seen
        if replaces and files.TLS in changed:
            await self._see_it_shown()
        return changed

    def _times(self) -> tuple[int, ...]:
        """What tells that one of the files has been written: all of them are replaced, never changed in place."""
        keys = self._settings.keys_path
        paths = (keys / "server.pem", keys / "server.key", self._settings.jwks_path)
        told = [(path.stat().st_mtime_ns, path.stat().st_ino) if path.exists() else (0, 0) for path in paths]
        return tuple(number for pair in told for number in pair)

    async def _see_it_shown(self) -> None:
        wanted = ca.der(self._settings.keys_path / "server.pem")
        ends = ca.expires_at(self._settings.keys_path / "server.pem")
        shown = False
        for _ in range(int(_TAKEN_UP_S / 0.1)):
            shown = await envoy.shown_certificate(self._settings) in {wanted, None}
            if shown:
                break
            await asyncio.sleep(0.1)
        if shown:
            self._told(f"The certificate was renewed; it is good until {ends:%Y-%m-%d}.")
        elif self._restart is not None:
            self._told("The certificate was renewed, and Envoy does not take it up. Envoy starts again.")
            await self._restart()

    def _complain(self, error: Exception) -> None:
        words = error.info.message if isinstance(error, TabwireError) else f"{type(error).__name__}: {error}"
        before, at = self._complaint
        if words != before or (self._now() - at).total_seconds() > _CALM_S:
            self._complaint = (words, self._now())
            self._told(f"Certificate and keys could not be looked after: {words} It is tried again.")


def make_certificate(settings: Settings, now: datetime | None = None) -> ca.Certificates:
    """Makes or renews the certificate of a home, if it is time."""
    return ca.ensure(
        settings.keys_path, settings.certificate_hosts, now=now, life=timedelta(days=settings.certificate_days)
    )
