"""Chrome's own ids of tabs, for tests that ask Chrome about a tab that the product named.

What the product tells are these ids, shifted by a number of this run of the browser: see
extension/browser/tabs/tab_numbers.ts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.stack import PANEL_URL

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, Worker

_SHIFT = "async () => (await chrome.storage.session.get('tabShift')).tabShift"
_MOST = 2**31 - 1


class Numbers:
    """The numbers of one run of the browser."""

    def __init__(self, shift: int) -> None:
        self.shift = shift

    @classmethod
    async def of(cls, own: Page | Worker) -> Numbers:
        """Those that the extension uses; asked in a page or the worker of its own."""
        return cls(await own.evaluate(_SHIFT))

    @classmethod
    async def within(cls, context: BrowserContext) -> Numbers:
        """The same, asked in a page that is opened for it."""
        own = await context.new_page()
        try:
            await own.goto(PANEL_URL)
            return await cls.of(own)
        finally:
            await own.close()

    def told(self, chromes: int) -> int:
        """What the product calls a tab of Chrome's."""
        return (chromes - 1 + self.shift) % _MOST + 1

    def chromes(self, told: int) -> int:
        """What Chrome calls a tab of the product's."""
        return (told - 1 - self.shift) % _MOST + 1
