"""What happens at most once happens at most once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tabwire.store.auth_store import AuthStore, NewRefreshToken, Pairing, RotationOutcome
from tabwire.store.tables import ApiTokenRow

if TYPE_CHECKING:
    from tabwire.store.database import Database

    from .conftest import Clock


@pytest.fixture
async def store(database: Database, clock: Clock) -> AuthStore:
    store = AuthStore(database, now=clock)
    await store.ensure_owner("local")
    await store.ensure_owner("local")
    await store.ensure_owner("other")
    return store


def refresh(name: str, clock: Clock) -> NewRefreshToken:
    return NewRefreshToken(digest=name.encode(), expires_at=clock() + timedelta(days=30))


async def paired(
    store: AuthStore, clock: Clock, *, owner: str = "local", name: str = "r0", wanted: str = ""
) -> Pairing:
    code = f"code-{name}".encode()
    await store.add_pairing_code(owner, code, clock() + timedelta(minutes=10))
    found = await store.redeem_code(code, wanted_browser_id=wanted, display_name="Chrome", refresh=refresh(name, clock))
    assert found is not None
    return found


async def test_a_code_pairs_one_browser_whoever_is_first(store: AuthStore, clock: Clock) -> None:
    await store.add_pairing_code("local", b"code", clock() + timedelta(minutes=10))
    results = await asyncio.gather(
        *(
            store.redeem_code(b"code", wanted_browser_id="", display_name="", refresh=refresh(f"r{n}", clock))
            for n in range(8)
        )
    )
    assert sum(result is not None for result in results) == 1


async def test_codes_end_with_their_time(store: AuthStore, clock: Clock) -> None:
    await store.add_pairing_code("local", b"code", clock() + timedelta(minutes=10))
    clock.forward(minutes=10)
    assert not await store.redeem_code(b"code", wanted_browser_id="", display_name="", refresh=refresh("r", clock))
    assert not await store.redeem_code(b"none", wanted_browser_id="", display_name="", refresh=refresh("r", clock))


async def test_a_browser_keeps_its_id_and_loses_its_old_tokens(store: AuthStore, clock: Clock) -> None:
    first = await paired(store, clock)
    again = await paired(store, clock, name="r1", wanted=first.browser_id)
    assert again.browser_id == first.browser_id
    assert not await store.family_is_good(first)
    assert await store.family_is_good(again)


async def test_nobody_takes_over_another_owners_browser_or_chooses_an_id(store: AuthStore, clock: Clock) -> None:
    first = await paired(store, clock)
    theirs = await paired(store, clock, owner="other", name="r1", wanted=first.browser_id)
    assert theirs.browser_id != first.browser_id
    assert await store.family_is_good(first)
    chosen = await paired(store, clock, name="r2", wanted="my-own-id")
    assert chosen.browser_id != "my-own-id"


async def test_refresh_tokens_rotate_and_a_copy_ends_the_family(store: AuthStore, clock: Clock) -> None:
    pairing = await paired(store, clock)
    rotation = await store.rotate(b"r0", refresh("r1", clock))
    assert rotation.outcome is RotationOutcome.ROTATED
    assert rotation.pairing == pairing
    assert (await store.rotate(b"r0", refresh("x", clock))).outcome is RotationOutcome.REUSED
    assert not await store.family_is_good(pairing)
    assert (await store.rotate(b"r1", refresh("y", clock))).outcome is RotationOutcome.DEAD
    assert (await store.rotate(b"r0", refresh("z", clock))).outcome is RotationOutcome.DEAD


async def test_two_exchanges_at_once_are_a_reuse(store: AuthStore, clock: Clock) -> None:
    await paired(store, clock)
    rotations = await asyncio.gather(*(store.rotate(b"r0", refresh(f"n{n}", clock)) for n in range(6)))
    outcomes = [rotation.outcome for rotation in rotations]
    assert outcomes.count(RotationOutcome.ROTATED) == 1
    assert outcomes.count(RotationOutcome.REUSED) >= 1


async def test_other_pairings_outlive_a_reuse(store: AuthStore, clock: Clock) -> None:
    await paired(store, clock)
    bystander = await paired(store, clock, name="b0")
    await store.rotate(b"r0", refresh("r1", clock))
    await store.rotate(b"r0", refresh("r2", clock))
    assert await store.family_is_good(bystander)


async def test_refresh_tokens_end_with_their_time(store: AuthStore, clock: Clock) -> None:
    await paired(store, clock)
    clock.forward(days=30)
    assert (await store.rotate(b"r0", refresh("r1", clock))).outcome is RotationOutcome.DEAD
    assert (await store.rotate(b"unknown", refresh("r2", clock))).outcome is RotationOutcome.DEAD


def api_token(clock: Clock, name: str, **fields: str) -> ApiTokenRow:
    return ApiTokenRow(
        id=name,
        owner_id=fields.get("owner", "local"),
        browser_id=fields.get("browser"),
        display_name=name,
        scopes="read",
        digest=name.encode(),
        created_at=clock(),
        expires_at=clock() + timedelta(days=90),
        revoked_at=None,
    )


async def test_revoking_is_for_the_owner_and_safe_to_repeat(store: AuthStore, clock: Clock) -> None:
    await store.add_api_token(api_token(clock, "mine"))
    await store.add_api_token(api_token(clock, "theirs", owner="other"))
    assert await store.revoke("local", "theirs") is None
    assert await store.revoke("local", "nothing") is None
    assert await store.revoke("local", "mine") is not None
    first = await store.api_token("mine")
    clock.forward(hours=1)
    assert await store.revoke("local", "mine") is not None
    again = await store.api_token("mine")
    assert first is not None
    assert again is not None
    assert again.revoked_at == first.revoked_at is not None


async def test_revoking_a_browser_ends_all_it_holds(store: AuthStore, clock: Clock) -> None:
    pairing = await paired(store, clock)
    native = await store.add_native_browser("local", "robot")
    await store.add_api_token(api_token(clock, "robot", browser=native))
    revoked = await store.revoke("local", pairing.browser_id)
    assert revoked is not None
    assert revoked.browser_id == pairing.browser_id
    assert not await store.family_is_good(pairing)
    assert (await store.rotate(b"r0", refresh("r1", clock))).outcome is RotationOutcome.DEAD
    revoked = await store.revoke("local", native)
    token = await store.api_token("robot")
    assert token is not None
    assert token.revoked_at is not None


async def test_tokens_are_listed_newest_first_for_their_owner(store: AuthStore, clock: Clock) -> None:
    await store.add_api_token(api_token(clock, "old"))
    await store.add_api_token(api_token(clock, "theirs", owner="other"))
    clock.forward(seconds=1)
    await store.add_api_token(api_token(clock, "new"))
    assert [row.id for row in await store.list_api_tokens("local")] == ["new", "old"]


async def test_pruning_forgets_only_what_ended_long_ago(store: AuthStore, clock: Clock) -> None:
    pairing = await paired(store, clock)
    await store.add_pairing_code("local", b"fresh", clock() + timedelta(days=40))
    await store.prune()
    assert await store.family_is_good(pairing)
    clock.forward(days=32)
    await store.prune()
    assert (await store.rotate(b"r0", refresh("r1", clock))).pairing is None
    assert await store.redeem_code(b"fresh", wanted_browser_id="", display_name="", refresh=refresh("r2", clock))
