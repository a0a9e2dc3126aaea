"""Tokens that were found good cost nothing for a second, and then one question for all of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tabwire.rpc.believed import BelievedTokens
from tabwire.rpc.identity import Principal
from tabwire.v1 import auth_pb2

if TYPE_CHECKING:
    from collections.abc import Collection

    from tabwire.rpc.access import Access
    from tabwire.store.auth_store import AuthStore

    from .conftest import Clock


class Database:
    """Knows which tokens were revoked, counts the questions, and answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []
        self.revoked: set[str] = set()
        self.answers = asyncio.Event()
        self.answers.set()
        self.error: Exception | None = None

    async def still_good(self, token_ids: Collection[str]) -> set[str]:
        self.asked.append(set(token_ids))
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        return set(token_ids) - self.revoked


def caller(name: str, clock: Clock) -> Principal:
    return Principal("local", frozenset({auth_pb2.SCOPE_READ}), "", name, clock() + timedelta(minutes=15))


@pytest.fixture
def asked() -> Database:
    return Database()


@pytest.fixture
def believed(asked: Database, clock: Clock) -> BelievedTokens:
    tokens = BelievedTokens(asked.still_good, clock)
    for name in ("a", "b", "c"):
        tokens.keep(f"token {name}", caller(name, clock), tokens.generation)
    return tokens


async def test_one_question_a_second_for_all(believed: BelievedTokens, asked: Database, clock: Clock) -> None:
    assert (await believed.caller("token a")) == caller("a", clock)
    assert asked.asked == []
    clock.forward(seconds=1)
    asked.answers.clear()
    waiting = [asyncio.create_task(believed.caller(f"token {name}")) for name in "abcab"]
    gives_up = asyncio.create_task(believed.caller("token a"))
    await asyncio.sleep(0)
    gives_up.cancel()
    asked.answers.set()
    assert all(await asyncio.gather(*waiting))
    assert asked.asked == [{"a", "b", "c"}]
    assert await believed.caller("token b")
    assert len(asked.asked) == 1


async def test_what_was_revoked_elsewhere_is_believed_no_longer(
    believed: BelievedTokens, asked: Database, clock: Clock
) -> None:
    asked.revoked = {"b"}
    clock.forward(seconds=1)
    assert await believed.caller("token a")
    assert await believed.caller("token b") is None
    assert await believed.caller("token c")


async def test_a_clock_that_is_set_back_does_not_make_old_answers_new(
    believed: BelievedTokens, asked: Database, clock: Clock
) -> None:
    clock.forward(hours=-5)
    asked.revoked = {"a"}
    assert await believed.caller("token a") is None


async def test_revoked_here_while_the_database_was_asked(
    believed: BelievedTokens, asked: Database, clock: Clock
) -> None:
    clock.forward(seconds=1)
    asked.answers.clear()
    waiting = asyncio.create_task(believed.caller("token a"))
    await asyncio.sleep(0)
    generation = believed.generation
    believed.forget()
    asked.answers.set()
    assert await waiting is None
    believed.keep("token a", caller("a", clock), generation)  # found good before it was revoked
    assert await believed.caller("token a") is None


async def test_an_end_and_a_database_that_is_away_are_told(
    believed: BelievedTokens, asked: Database, clock: Clock
) -> None:
    asked.error = OSError("away")
    clock.forward(seconds=1)
    with pytest.raises(OSError, match="away"):
        await believed.caller("token a")
    asked.error = None
    assert await believed.caller("token a")
    clock.forward(minutes=15)
    assert await believed.caller("token a") is None


async def test_who_does_not_call_is_not_asked_about(believed: BelievedTokens, asked: Database, clock: Clock) -> None:
    clock.forward(seconds=59)
    assert await believed.caller("token a")
    clock.forward(seconds=59)
    assert await believed.caller("token a")
    assert asked.asked[-1] == {"a"}
    assert await believed.caller("token b") is None


async def test_the_database_knows_which_tokens_are_still_good(access: Access, auth_store: AuthStore) -> None:
    made = [await access.new_api_token("local", name, [auth_pb2.SCOPE_READ], timedelta(days=1)) for name in "ab"]
    code, _ = await access.new_code("local")
    paired = await access.pair(code, display_name="", browser_id="")
    browser = await access.verify(paired.access_token)
    ids = [row.id for _, row in made]
    asked = [*ids, browser.token_id, "unknown"]
    assert await auth_store.still_good(asked) == {*ids, browser.token_id}
    await auth_store.revoke("local", ids[0])
    assert await auth_store.still_good(asked) == {ids[1], browser.token_id}
    await auth_store.revoke("local", paired.browser_id)
    assert await auth_store.still_good(asked) == {ids[1]}
