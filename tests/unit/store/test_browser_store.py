"""Browsers in the database: per owner, without revoked ones, with what they said last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import event

from tabwire.store.auth_store import AuthStore
from tabwire.store.browser_store import BrowserStore
from tabwire.v1 import link_pb2

if TYPE_CHECKING:
    import pytest

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


async def test_browsers_that_come_at_once_are_written_together(database: Database, clock: Clock) -> None:
    auth, store = AuthStore(database, now=clock), BrowserStore(database, now=clock)
    await auth.ensure_owner("local")
    ids = [await auth.add_native_browser("local", f"{number}") for number in range(30)]
    commits = 0

    def on_commit(_connection: object) -> None:
        nonlocal commits
        commits += 1

    assert database._engine is not None
    event.listen(database._engine.sync_engine, "commit", on_commit)
    hellos = [link_pb2.Hello(extension_version=f"{number}", display_name="x" * (number % 2)) for number in range(30)]
    await asyncio.gather(*(store.introduced(*one) for one in zip(ids, hellos, strict=True)))
    assert commits <= 3
    rows = {row.id: row for row in await store.list_browsers("local")}
    for number, browser_id in enumerate(ids):
        told = (rows[browser_id].extension_version, rows[browser_id].display_name)
        assert told == (f"{number}", "x" if number % 2 else f"{number}")
    assert set(await store.names("local")) == set(ids)
    commits = 0
    await store.introduced(ids[0], hellos[0])
    assert commits == 0  # it was said just now
    clock.forward(minutes=1)
    await store.introduced(ids[0], hellos[0])
    assert commits == 1


async def test_a_database_that_is_away_is_told_to_everybody_who_waits_and_not_for_ever(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth, store = AuthStore(database, now=clock), BrowserStore(database, now=clock)
    await auth.ensure_owner("local")
    ids = [await auth.add_native_browser("local", "x") for _ in range(3)]

    def away(**_: object) -> None:
        raise OSError("away")

    with monkeypatch.context() as patched:
        patched.setattr(database, "session", away)
        found = await asyncio.gather(*(store.introduced(one, link_pb2.Hello()) for one in ids), return_exceptions=True)
        assert [str(one) for one in found] == ["away"] * 3
    await store.introduced(ids[0], link_pb2.Hello(extension_version="2"))
    row = await store.get_browser("local", ids[0])
    assert row is not None
    assert row.extension_version == "2"
