"""Pairing, refresh, API tokens and revocation, as callers meet them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import OperationalError

from tabwire.errors import TabwireError
from tabwire.v1 import auth_pb2, error_pb2

if TYPE_CHECKING:
    from tabwire.rpc.access import Access, IssuedPair
    from tabwire.rpc.streams import OpenStreams
    from tabwire.store.auth_store import AuthStore, Pairing

    from .conftest import Clock

DAY = timedelta(days=1)


async def pair(access: Access, browser_id: str = "") -> IssuedPair:
    code, _ = await access.new_code("local")
    return await access.pair(code, display_name="Chrome", browser_id=browser_id)


async def refused(access: Access, token: str) -> bool:
    try:
        await access.verify(token)
    except TabwireError as error:
        return error.code == error_pb2.ERROR_CODE_UNAUTHENTICATED and bool(error.info.remedy)
    return False


async def test_a_paired_browser_is_who_it_is(access: Access, clock: Clock) -> None:
    issued = await pair(access)
    caller = await access.verify(issued.access_token)
    assert caller.owner_id == "local"
    assert caller.browser_id == issued.browser_id
    assert caller.scopes == {auth_pb2.SCOPE_BROWSER, auth_pb2.SCOPE_TASKS, auth_pb2.SCOPE_READ}
    assert caller.expires_at == issued.access_expires_at == clock() + timedelta(seconds=900)
    assert issued.refresh_expires_at == clock() + timedelta(days=30)
    clock.forward(seconds=900)
    assert await refused(access, issued.access_token)


async def test_a_code_is_good_once(access: Access) -> None:
    code, _ = await access.new_code("local")
    await access.pair(code.lower().replace("-", " "), display_name="", browser_id="")
    with pytest.raises(TabwireError) as caught:
        await access.pair(code, display_name="", browser_id="")
    assert caught.value.code == error_pb2.ERROR_CODE_UNAUTHENTICATED
    assert "tabwire pair" in caught.value.info.remedy


async def test_guessing_is_stopped_even_with_the_right_code(access: Access, clock: Clock) -> None:
    code, _ = await access.new_code("local")
    for guess in ("nonsense!", *(["2222-2222"] * 9)):
        with pytest.raises(TabwireError, match="wrong"):
            await access.pair(guess, display_name="", browser_id="")
    with pytest.raises(TabwireError) as caught:
        await access.pair(code, display_name="", browser_id="")
    assert caught.value.code == error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED
    assert caught.value.info.retryable
    assert caught.value.info.details.limit.retry_after_ms > 0
    clock.forward(seconds=60)
    assert (await access.pair(code, display_name="", browser_id="")).browser_id


async def test_many_guesses_at_once_are_limited_too(
    access: Access, auth_store: AuthStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    redeem = auth_store.redeem_code

    async def counted(code: bytes, **rest: Any) -> Pairing | None:
        asked.append(code)
        return await redeem(code, **rest)

    monkeypatch.setattr(auth_store, "redeem_code", counted)
    guesses = [access.pair("2222-2222", display_name="", browser_id="", address="192.0.2.1") for _ in range(200)]
    errors = await asyncio.gather(*guesses, return_exceptions=True)
    codes = [error.code for error in errors if isinstance(error, TabwireError)]
    assert len(asked) == codes.count(error_pb2.ERROR_CODE_UNAUTHENTICATED) == 10
    assert codes.count(error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED) == 190
    code, _ = await access.new_code("local")
    with pytest.raises(TabwireError, match="Too many"):
        await access.pair(code, display_name="", browser_id="", address="192.0.2.1")
    assert (await access.pair(code, display_name="", browser_id="", address="192.0.2.2")).browser_id


async def test_two_redeem_a_code_at_once_and_one_wins(access: Access) -> None:
    code, _ = await access.new_code("local")
    pairs = [access.pair(code, display_name="", browser_id="", address=f"192.0.2.{n}") for n in range(8)]
    results = await asyncio.gather(*pairs, return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    losers = [result for result in results if isinstance(result, TabwireError)]
    assert {error.code for error in losers} == {error_pb2.ERROR_CODE_UNAUTHENTICATED}
    assert len(losers) == 7


async def test_a_failure_of_the_servers_own_is_no_guess(
    access: Access, auth_store: AuthStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _ = await access.new_code("local")

    async def broken(_code: bytes, **_rest: Any) -> Pairing | None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(auth_store, "redeem_code", broken)
        for _ in range(20):
            with pytest.raises(OSError, match="disk full"):
                await access.pair(code, display_name="", browser_id="")
    assert (await access.pair(code, display_name="", browser_id="")).browser_id


async def test_refresh_gives_a_new_pair_and_spends_the_old_token(access: Access, clock: Clock) -> None:
    first = await pair(access)
    clock.forward(seconds=800)
    second, stolen_from = await access.refresh(first.refresh_token)
    assert second is not None
    assert not stolen_from
    assert second.browser_id == first.browser_id
    assert second.refresh_token != first.refresh_token
    assert not await refused(access, second.access_token)


async def test_a_copy_of_a_refresh_token_ends_everything_of_its_family(access: Access, streams: OpenStreams) -> None:
    first = await pair(access)
    second, _ = await access.refresh(first.refresh_token)
    assert second is not None
    third, _ = await access.refresh(second.refresh_token)
    assert third is not None
    assert not await refused(access, third.access_token)  # and remembered now
    pair_or_none, stolen_from = await access.refresh(first.refresh_token)
    assert pair_or_none is None
    assert stolen_from == first.browser_id
    for issued in (first, second, third):
        assert await refused(access, issued.access_token)
    with pytest.raises(TabwireError, match="refresh token"):
        await access.refresh(third.refresh_token)


async def test_a_lost_answer_costs_nothing_and_a_thief_is_found_by_what_it_used(access: Access, clock: Clock) -> None:
    first = await pair(access)
    await access.refresh(first.refresh_token)
    clock.forward(hours=8)
    again, _ = await access.refresh(first.refresh_token)
    assert again is not None
    assert not await refused(access, again.access_token)  # it has arrived: that is known from here on
    clock.forward(seconds=61)
    none, stolen_from = await access.refresh(first.refresh_token)
    assert none is None
    assert stolen_from == first.browser_id
    assert await refused(access, again.access_token)


async def test_a_disk_that_takes_nothing_does_not_end_reading(
    access: Access, auth_store: AuthStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = await pair(access)

    async def full(_token_id: str) -> None:
        raise OperationalError("UPDATE", {}, OSError("disk full"))

    with monkeypatch.context() as patched:
        patched.setattr(auth_store, "arrived", full)
        assert not await refused(access, issued.access_token)


async def test_pairing_again_ends_the_earlier_tokens_at_once(access: Access) -> None:
    first = await pair(access)
    assert not await refused(access, first.access_token)
    again = await pair(access, first.browser_id)
    assert again.browser_id == first.browser_id
    assert await refused(access, first.access_token)
    assert not await refused(access, again.access_token)


async def test_api_tokens_say_what_they_are_good_for(access: Access, clock: Clock) -> None:
    token, row = await access.new_api_token("local", "CI", [auth_pb2.SCOPE_READ], 7 * DAY)
    caller = await access.verify(token)
    assert caller.scopes == {auth_pb2.SCOPE_READ}
    assert (caller.browser_id, caller.token_id) == ("", row.id)
    clock.forward(days=7)
    assert await refused(access, token)


async def test_a_native_client_of_the_link_is_a_browser(access: Access) -> None:
    token, row = await access.new_api_token("local", "worker", [auth_pb2.SCOPE_BROWSER], DAY)
    caller = await access.verify(token)
    assert caller.browser_id == row.browser_id
    assert caller.browser_id
    await access.revoke("local", caller.browser_id)
    assert await refused(access, token)


async def test_revocation_is_felt_at_once(access: Access) -> None:
    issued = await pair(access)
    token, row = await access.new_api_token("local", "CI", [auth_pb2.SCOPE_READ], DAY)
    for good in (issued.access_token, token):
        assert not await refused(access, good)
    await access.revoke("local", issued.browser_id)
    await access.revoke("local", row.id)
    await access.revoke("local", row.id)
    for bad in (issued.access_token, token):
        assert await refused(access, bad)
    with pytest.raises(TabwireError) as caught:
        await access.revoke("other", row.id)
    assert caught.value.code == error_pb2.ERROR_CODE_NOT_FOUND


async def test_a_revocation_by_another_server_is_felt_soon(access: Access, auth_store: AuthStore, clock: Clock) -> None:
    issued = await pair(access)
    assert not await refused(access, issued.access_token)
    await auth_store.revoke("local", issued.browser_id)  # past what this server remembers
    clock.forward(seconds=1)
    assert await refused(access, issued.access_token)


async def test_revocation_ends_open_streams_of_that_token_alone(access: Access, streams: OpenStreams) -> None:
    one, row = await access.new_api_token("local", "one", [auth_pb2.SCOPE_READ], DAY)
    two, _ = await access.new_api_token("local", "two", [auth_pb2.SCOPE_READ], DAY)
    first, second = await access.verify(one), await access.verify(two)

    async def stream() -> None:
        async with streams.opened(first.token_id, first.browser_id):
            await access.revoke("local", row.id)
            await access.revoke("local", row.id)
            await asyncio.Event().wait()

    async with streams.opened(second.token_id, second.browser_id):
        with pytest.raises(TabwireError, match="revoked"):
            await stream()
        await asyncio.sleep(0)  # the other stream would be cancelled here


async def test_a_stream_ends_with_its_token(access: Access, streams: OpenStreams, clock: Clock) -> None:
    caller = await access.verify((await pair(access)).access_token)
    clock.forward(seconds=899.9)
    with pytest.raises(TabwireError, match="expired") as caught:
        async with streams.opened(*caller.own_ids, expires_at=caller.expires_at):
            await asyncio.Event().wait()
    assert caught.value.code == error_pb2.ERROR_CODE_UNAUTHENTICATED


async def test_a_time_out_inside_of_a_stream_is_not_taken_for_its_tokens_end(
    streams: OpenStreams, clock: Clock
) -> None:
    with pytest.raises(TimeoutError, match="inside"):
        async with streams.opened("t", expires_at=clock() + DAY):
            raise TimeoutError("inside")


async def test_pairing_again_ends_the_streams_of_the_pairing_before(access: Access, streams: OpenStreams) -> None:
    first = await pair(access)
    caller = await access.verify(first.access_token)

    async def stream() -> None:
        async with streams.opened(*caller.own_ids, expires_at=caller.expires_at):
            await asyncio.Event().wait()

    running = asyncio.create_task(stream())
    await asyncio.sleep(0)
    await pair(access, first.browser_id)
    with pytest.raises(TabwireError, match="revoked"):
        await asyncio.wait_for(running, 10)
