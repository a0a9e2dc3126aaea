"""Browsers in the database: per owner, without revoked ones, with what they said last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.store.auth_store import AuthStore
from tabwire.store.browser_store import BrowserStore
from tabwire.v1 import link_pb2

if TYPE_CHECKING:
    from tabwire.store.database import Database

    from .conftest import Clock


async def test_browsers_are_listed_for_their_owner_by_name(database: Database, clock: Clock) -> None:
    auth, store = AuthStore(database, now=clock), BrowserStore(database, now=clock)
    for owner in ("local", "other"):
        await auth.ensure_owner(owner)
    work = await auth.add_native_browser("local", "Work")
    home = await auth.add_native_browser("local", "Home")
    theirs = await auth.add_native_browser("other", "Theirs")
    assert [row.id for row in await store.list_browsers("local")] == [home, work]
    assert await store.get_browser("local", theirs) is None
    assert set(await store.all_ids()) == {work, home, theirs}
    await auth.revoke("local", home)
    assert [row.id for row in await store.list_browsers("local")] == [work]
    assert await store.get_browser("local", home) is None
    assert set(await store.all_ids()) == {work, theirs}


async def test_what_a_browser_says_about_itself_is_kept(database: Database, clock: Clock) -> None:
    auth, store = AuthStore(database, now=clock), BrowserStore(database, now=clock)
    await auth.ensure_owner("local")
    browser_id = await auth.add_native_browser("local", "Named at pairing")
    clock.forward(minutes=1)
    capabilities = link_pb2.BrowserCapabilities(screenshots=True)
    await store.introduced(
        browser_id, link_pb2.Hello(extension_version="1.2", user_agent="Chromium 156", capabilities=capabilities)
    )
    row = await store.get_browser("local", browser_id)
    assert row is not None
    assert (row.extension_version, row.user_agent, row.display_name) == ("1.2", "Chromium 156", "Named at pairing")
    assert link_pb2.BrowserCapabilities.FromString(row.capabilities) == capabilities
    assert row.last_seen_at == clock()
    await store.introduced(browser_id, link_pb2.Hello(display_name="Named later"))
    clock.forward(minutes=1)
    await store.seen([browser_id])
    await store.seen([])
    row = await store.get_browser("local", browser_id)
    assert row is not None
    assert (row.display_name, row.last_seen_at) == ("Named later", clock())
