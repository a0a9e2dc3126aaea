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


GRACE = timedelta(seconds=60)


def refresh(name: str, clock: Clock) -> NewRefreshToken:
    return NewRefreshToken(
        digest=name.encode(), expires_at=clock() + timedelta(days=30), access_token_id=f"access-{name}"
    )


async def rotated(store: AuthStore, clock: Clock, old: str, new: str) -> RotationOutcome:
    return (await store.rotate(old.encode(), refresh(new, clock), grace=GRACE)).outcome


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


async def attempted(store: AuthStore, clock: Clock, attempt: bytes | None, name: str) -> Pairing | None:
    token = refresh(name, clock)
    return await store.redeem_code(b"code", attempt=attempt, wanted_browser_id="", display_name="", refresh=token)


async def test_an_attempt_to_pair_whose_answer_was_lost_is_answered_again(store: AuthStore, clock: Clock) -> None:
    await store.add_pairing_code("local", b"code", clock() + timedelta(minutes=10))
    first = await attempted(store, clock, b"mine", "r1")
    assert first is not None
    assert await attempted(store, clock, b"another", "x1") is None
    assert await attempted(store, clock, None, "x2") is None
    assert await attempted(store, clock, b"mine", "r2") == first
    # The answer that is used first counts; the other one is dead, and a copy if it is used after all.
    assert await rotated(store, clock, "r2", "r3") is RotationOutcome.ROTATED
    assert await attempted(store, clock, b"mine", "x3") is None
    assert await rotated(store, clock, "r1", "x4") is RotationOutcome.REUSED


async def test_an_attempt_at_once_makes_one_pairing(store: AuthStore, clock: Clock) -> None:
    await store.add_pairing_code("local", b"code", clock() + timedelta(minutes=10))
    results = await asyncio.gather(*(attempted(store, clock, b"mine", f"r{n}") for n in range(8)))
    assert None not in results
    assert len({result.family_id for result in results if result}) == 1


async def test_an_attempt_is_not_answered_again_when_an_answer_has_arrived(store: AuthStore, clock: Clock) -> None:
    await store.add_pairing_code("local", b"code", clock() + timedelta(minutes=10))
    assert await attempted(store, clock, b"mine", "r1")
    await store.arrived("access-r1")
    assert await attempted(store, clock, b"mine", "r2") is None


@pytest.mark.parametrize("how", ["late", "revoked", "endless"])
async def test_an_attempt_is_not_answered_again_for_ever(store: AuthStore, clock: Clock, how: str) -> None:
    await store.add_pairing_code("local", b"code", clock() + timedelta(minutes=10))
    pairing = await attempted(store, clock, b"mine", "r0")
    assert pairing is not None
    if how == "late":
        clock.forward(minutes=10)
    elif how == "revoked":
        await store.revoke("local", pairing.browser_id)
    else:
        for count in range(1, 20):
            assert await attempted(store, clock, b"mine", f"r{count}") == pairing
    assert await attempted(store, clock, b"mine", "x") is None


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
    rotation = await store.rotate(b"r0", refresh("r1", clock), grace=GRACE)
    assert rotation.outcome is RotationOutcome.ROTATED
    assert rotation.pairing == pairing
    assert await rotated(store, clock, "r1", "r2") is RotationOutcome.ROTATED
    assert await rotated(store, clock, "r0", "x") is RotationOutcome.REUSED  # at once: its successor was used
    assert not await store.family_is_good(pairing)
    for dead in ("r0", "r1", "r2"):
        assert await rotated(store, clock, dead, f"y-{dead}") is RotationOutcome.DEAD


async def test_a_lost_answer_is_given_again_within_the_grace(store: AuthStore, clock: Clock) -> None:
    pairing = await paired(store, clock)
    assert await rotated(store, clock, "r0", "lost") is RotationOutcome.ROTATED
    await store.arrived("access-lost")  # even if it may have arrived
    clock.forward(seconds=60)
    assert await rotated(store, clock, "r0", "r1") is RotationOutcome.ROTATED
    assert await rotated(store, clock, "r1", "r2") is RotationOutcome.ROTATED
    assert await store.family_is_good(pairing)
    # The answer that was not used is dead, and a copy if somebody has it.
    assert await rotated(store, clock, "lost", "x") is RotationOutcome.REUSED
    assert not await store.family_is_good(pairing)


async def test_an_answer_that_came_late_may_be_used_if_no_other_was(store: AuthStore, clock: Clock) -> None:
    pairing = await paired(store, clock)
    assert await rotated(store, clock, "r0", "r1") is RotationOutcome.ROTATED
    assert await rotated(store, clock, "r0", "late") is RotationOutcome.ROTATED  # its request was held up on the way
    assert await rotated(store, clock, "r1", "r2") is RotationOutcome.ROTATED
    assert await store.family_is_good(pairing)


async def test_after_the_grace_only_an_answer_that_never_arrived_is_given_again(store: AuthStore, clock: Clock) -> None:
    asleep = await paired(store, clock)
    assert await rotated(store, clock, "r0", "r1") is RotationOutcome.ROTATED
    clock.forward(hours=9)  # the lid was closed before the answer came
    assert await rotated(store, clock, "r0", "r2") is RotationOutcome.ROTATED
    assert await store.family_is_good(asleep)
    awake = await paired(store, clock, name="w0")
    assert await rotated(store, clock, "w0", "w1") is RotationOutcome.ROTATED
    await store.arrived("access-w1")
    clock.forward(seconds=61)
    assert await rotated(store, clock, "w0", "w2") is RotationOutcome.REUSED
    assert not await store.family_is_good(awake)


async def test_only_the_direct_predecessor_is_answered_again(store: AuthStore, clock: Clock) -> None:
    pairing = await paired(store, clock)
    for old, new in (("r0", "r1"), ("r1", "r2")):
        assert await rotated(store, clock, old, new) is RotationOutcome.ROTATED
    assert await rotated(store, clock, "r1", "r3") is RotationOutcome.ROTATED
    assert await store.family_is_good(pairing)
    assert await rotated(store, clock, "r0", "x") is RotationOutcome.REUSED
    assert await rotated(store, clock, "r3", "y") is RotationOutcome.DEAD


async def test_answers_are_not_given_without_end(store: AuthStore, clock: Clock) -> None:
    await paired(store, clock)
    outcomes = [await rotated(store, clock, "r0", f"n{n}") for n in range(40)]
    given = outcomes.count(RotationOutcome.ROTATED)
    assert outcomes == [RotationOutcome.ROTATED] * given + [RotationOutcome.REUSED] + [RotationOutcome.DEAD] * (
        39 - given
    )
    assert 1 < given < 39


async def test_of_answers_that_are_used_at_once_one_counts(store: AuthStore, clock: Clock) -> None:
    pairing = await paired(store, clock)
    for name in ("a", "b", "c", "d"):
        assert await rotated(store, clock, "r0", name) is RotationOutcome.ROTATED
    outcomes = await asyncio.gather(*(rotated(store, clock, name, f"{name}1") for name in ("a", "b", "c", "d")))
    assert outcomes.count(RotationOutcome.ROTATED) == 1
    assert outcomes.count(RotationOutcome.REUSED) == 1
    assert not await store.family_is_good(pairing)


async def test_two_exchanges_at_once_leave_one_line_of_tokens(store: AuthStore, clock: Clock) -> None:
    pairing = await paired(store, clock)
    outcomes = await asyncio.gather(*(rotated(store, clock, "r0", f"n{n}") for n in range(6)))
    assert outcomes == [RotationOutcome.ROTATED] * 6
    assert await rotated(store, clock, "n3", "m") is RotationOutcome.ROTATED
    assert await rotated(store, clock, "m", "o") is RotationOutcome.ROTATED
    assert await store.family_is_good(pairing)
    assert await rotated(store, clock, "n1", "x") is RotationOutcome.REUSED


async def test_other_pairings_outlive_a_reuse(store: AuthStore, clock: Clock) -> None:
    await paired(store, clock)
    bystander = await paired(store, clock, name="b0")
    for old, new in (("r0", "r1"), ("r1", "r2"), ("r0", "x")):
        await rotated(store, clock, old, new)
    assert await store.family_is_good(bystander)


async def test_refresh_tokens_end_with_their_time(store: AuthStore, clock: Clock) -> None:
    await paired(store, clock)
    clock.forward(days=30)
    assert await rotated(store, clock, "r0", "r1") is RotationOutcome.DEAD
    assert await rotated(store, clock, "unknown", "r2") is RotationOutcome.DEAD


async def test_a_used_token_is_not_answered_beyond_its_own_end(store: AuthStore, clock: Clock) -> None:
    await paired(store, clock)
    assert await rotated(store, clock, "r0", "r1") is RotationOutcome.ROTATED
    clock.forward(days=30)
    assert await rotated(store, clock, "r0", "r2") is RotationOutcome.REUSED


async def test_a_pairing_tells_since_when_and_until_when(store: AuthStore, clock: Clock) -> None:
    began = clock()
    pairing = await paired(store, clock)
    clock.forward(days=1)
    await rotated(store, clock, "r0", "r1")
    times = await store.pairing_times("local", pairing.browser_id)
    assert times is not None
    assert (times.paired_at, times.expires_at) == (began, clock() + timedelta(days=30))
    native = await store.pairing_times("local", await store.add_native_browser("local", "robot"))
    assert native is not None
    assert native.expires_at is None
    assert await store.pairing_times("other", pairing.browser_id) is None
    assert await store.pairing_times("local", "unknown") is None


async def test_a_pairing_is_revoked_by_its_own_id_but_not_the_one_after_it(store: AuthStore, clock: Clock) -> None:
    first = await paired(store, clock)
    assert await store.revoke("other", first.family_id) is None
    assert await store.family_is_good(first)
    second = await paired(store, clock, name="s0", wanted=first.browser_id)
    assert await store.revoke("local", first.family_id) is not None
    assert await store.family_is_good(second)
    revoked = await store.revoke("local", second.family_id)
    assert revoked is not None
    assert revoked.browser_id == first.browser_id
    assert not await store.family_is_good(second)


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
        key_id=fields.get("key"),
    )


async def test_keys_are_in_use_while_a_token_of_theirs_lives(store: AuthStore, clock: Clock) -> None:
    await store.add_api_token(api_token(clock, "unknown"))
    made = clock()
    clock.forward(days=1)
    await store.add_api_token(api_token(clock, "one", key="k1"))
    await store.add_api_token(api_token(clock, "theirs", key="k2", owner="other"))
    await store.add_api_token(api_token(clock, "revoked", key="k3"))
    await store.revoke("local", "revoked")
    used = await store.keys_in_use()
    assert (used.key_ids, used.oldest_unknown) == (frozenset({"k1", "k2"}), made)
    clock.forward(days=89)
    used = await store.keys_in_use()
    assert (used.key_ids, used.oldest_unknown) == (frozenset({"k1", "k2"}), None)
    clock.forward(days=1)
    assert (await store.keys_in_use()).key_ids == frozenset()


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
    assert await rotated(store, clock, "r0", "r1") is RotationOutcome.DEAD
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
    assert (await store.rotate(b"r0", refresh("r1", clock), grace=GRACE)).pairing is None
    assert await store.redeem_code(b"fresh", wanted_browser_id="", display_name="", refresh=refresh("r2", clock))
