"""What the database said a moment ago: asked once for all, and never older than what was put or forgotten since."""

from __future__ import annotations

import asyncio

import pytest

from tabwire.browser.recent import Recent


class Store:
    """Answers with how often it was asked, when the test lets it."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = asyncio.Event()
        self.error: Exception | None = None
        self.now = 0.0

    async def read(self, key: str) -> str:
        self.asked += 1
        value = f"{key} {self.asked}"
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return value


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def recent(store: Store) -> Recent[str]:
    return Recent(store.read, clock=lambda: store.now, most=2)


async def begun(*gets: asyncio.Task[str]) -> None:
    """Lets them come as far as they can."""
    for _ in range(5 + len(gets)):
        await asyncio.sleep(0)


async def test_all_who_ask_together_share_one_question(store: Store, recent: Recent[str]) -> None:
    gets = [asyncio.create_task(recent.get("a")) for _ in range(100)]
    await begun(*gets)
    store.open.set()
    assert set(await asyncio.gather(*gets)) == {"a 1"}
    assert await recent.get("a") == "a 1"
    assert await recent.get("b") == "b 2"


async def test_an_answer_is_asked_for_anew_when_it_is_old(store: Store, recent: Recent[str]) -> None:
    store.open.set()
    assert await recent.get("a") == "a 1"
    store.now = 0.99
    assert await recent.get("a") == "a 1"
    store.now = 1.0
    assert await recent.get("a") == "a 2"


async def test_the_age_counts_from_when_it_was_asked_for(store: Store, recent: Recent[str]) -> None:
    slow = asyncio.create_task(recent.get("a"))
    await begun(slow)
    store.now = 5.0
    store.open.set()
    assert await slow == "a 1"
    assert await recent.get("a") == "a 2"


async def test_what_is_put_while_it_is_read_holds(store: Store, recent: Recent[str]) -> None:
    slow = asyncio.create_task(recent.get("a"))
    await begun(slow)
    recent.put("a", "put")
    assert await recent.get("a") == "put"
    store.open.set()
    assert await slow == "put"
    assert await recent.get("a") == "put"


async def test_what_was_forgotten_does_not_come_back(store: Store, recent: Recent[str]) -> None:
    before = asyncio.create_task(recent.get("a"))
    await begun(before)
    recent.forget()
    after = asyncio.create_task(recent.get("a"))
    await begun(after)
    store.open.set()
    assert (await before, await after) == ("a 1", "a 2")
    assert await recent.get("a") == "a 2"


async def test_one_that_gives_up_does_not_disturb_the_others(store: Store, recent: Recent[str]) -> None:
    first, second = (asyncio.create_task(recent.get("a")) for _ in range(2))
    await begun(first, second)
    first.cancel()
    await begun(first)
    store.open.set()
    assert await second == "a 1"
    assert first.cancelled()


async def test_an_error_is_told_to_all_and_not_kept(store: Store, recent: Recent[str]) -> None:
    store.error = OSError("the disk")
    store.open.set()
    told = await asyncio.gather(recent.get("a"), recent.get("a"), return_exceptions=True)
    assert [str(one) for one in told] == ["the disk"] * 2
    store.error = None
    assert await recent.get("a") == "a 2"


async def test_what_is_kept_is_bounded(store: Store, recent: Recent[str]) -> None:
    store.open.set()
    for key in ("a", "b", "c"):
        await recent.get(key)
    assert await recent.get("c") == "c 3"
    assert await recent.get("a") == "a 4"
