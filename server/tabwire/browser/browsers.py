"""All paired browsers: which there are, which one is meant, and the way to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.browser.guard import Guard
from tabwire.browser.linked import LinkedBrowser, Memory
from tabwire.browser.permissions import Permissions
from tabwire.browser.recent import Recent
from tabwire.errors import TabwireError
from tabwire.link import refusal
from tabwire.v1 import browser_pb2, error_pb2, link_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tabwire.browser.policies import Policies
    from tabwire.browser.port import BrowserPort
    from tabwire.link.hub import LinkHub
    from tabwire.store.browser_store import BrowserStore
    from tabwire.store.tables import BrowserRow
    from tabwire.v1 import task_pb2


class LinkedBrowsers:
    """All paired browsers, connected or not. Implements `Browsers`."""

    def __init__(
        self,
        hub: LinkHub,
        store: BrowserStore,
        permissions: Permissions | None = None,
        policies: Policies | None = None,
    ) -> None:
        self._policies = policies
        self._hub = hub
        self._store = store
        self._permissions = permissions or Permissions()
        self._memory = Memory()
        self._names: Recent[Mapping[str, str]] = Recent(store.names)
        self._changes = hub.changes

    async def list_browsers(self, owner_id: str) -> Sequence[browser_pb2.Browser]:
        """See `Browsers.list_browsers`."""
        browsers = [self._browser(row) for row in await self._store.list_browsers(owner_id)]
        return sorted(browsers, key=lambda browser: not browser.is_connected)

    async def resolve(self, owner_id: str, browser_id: str) -> str:
        """See `Browsers.resolve`."""
        names = await self._recent_names(owner_id)
        if browser_id:
            if browser_id not in names and await self._store.get_browser(owner_id, browser_id) is None:
                raise TabwireError(
                    error_pb2.ERROR_CODE_NOT_FOUND,
                    "There is no browser of this id.",
                    remedy="See `tabwire browsers`.",
                )
            return browser_id
        connected = [one for one in names if self._hub.is_connected(one)]
        if not connected:
            refused = [cause for one in names if (cause := self._hub.refused_revision(one)) is not None]
            if refused:
                raise refusal.disconnected_for(refused[0])
            raise TabwireError(
                error_pb2.ERROR_CODE_BROWSER_DISCONNECTED,
                "No browser is connected.",
                remedy="Start one with `tabwire up`, or open the Tabwire side panel in yours and pair it.",
            )
        if len(connected) > 1:
            told = ", ".join(f"{names[one]} ({one})" for one in connected)
            raise TabwireError(
                error_pb2.ERROR_CODE_INVALID_ARGUMENT,
                f"Several browsers are connected: {told}.",
                remedy="Say which one is meant by its id.",
            )
        return connected[0]

    async def port(
        self,
        owner_id: str,
        browser_id: str,
        *,
        task_id: str = "",
        epoch: int = 0,
        task: Callable[[], task_pb2.Task] | None = None,
    ) -> BrowserPort:
        """See `Browsers.port`."""
        found = await self.resolve(owner_id, browser_id)
        guard = Guard(self._policies, self._memory.learned, found, owner_id, task)
        return LinkedBrowser(
            self._hub, self._memory, self._permissions, found, task_id=task_id, epoch=epoch, guard=guard
        )

    def on_person_input(self, heard: Callable[[str, link_pb2.PersonInput], None]) -> None:
        """See `Browsers.on_person_input`."""
        self._hub.on_person_input(heard)

    def is_connected(self, browser_id: str) -> bool:
        """See `Browsers.is_connected`."""
        return self._hub.is_connected(browser_id)

    async def wait_connected(self, browser_id: str) -> None:
        """See `Browsers.wait_connected`."""
        await self._hub.wait_connected(browser_id)

    async def _recent_names(self, owner_id: str) -> Mapping[str, str]:
        """The owner's browsers as they were a moment ago: no call of the API waits for the database to be told again.

        A link that was opened or a browser that was dropped through this server is felt at once.
        """
        if self._changes != self._hub.changes:
            self._changes = self._hub.changes
            self._names.forget()
        return await self._names.get(owner_id)

    def _browser(self, row: BrowserRow) -> browser_pb2.Browser:
        browser = browser_pb2.Browser(
            browser_id=row.id,
            display_name=row.display_name,
            is_connected=self._hub.is_connected(row.id),
            extension_version=row.extension_version,
            user_agent=row.user_agent,
            capabilities=link_pb2.BrowserCapabilities.FromString(row.capabilities),
        )
        browser.paired_at.FromDatetime(row.paired_at)
        if browser.is_connected:
            browser.last_seen_at.GetCurrentTime()  # connected means a sign of life within the last heartbeats
        else:
            browser.last_seen_at.FromDatetime(row.last_seen_at)
            if (refused := self._hub.refused_revision(row.id)) is not None:
                browser.error_info.CopyFrom(refused)
        return browser
