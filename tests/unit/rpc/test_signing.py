"""Signing keys are replaced without anybody having to pair again, and forgotten when nobody needs them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tabwire.errors import TabwireError
from tabwire.store.tables import ApiTokenRow
from tabwire.v1 import auth_pb2, error_pb2

if TYPE_CHECKING:
    from tabwire.rpc.access import Access
    from tabwire.rpc.signing import KeyKeeper
    from tabwire.security.keys import SigningKeys
    from tabwire.store.database import Database

    from .conftest import Clock

DAY = timedelta(days=1)


async def api_token(access: Access, life: timedelta) -> tuple[str, str]:
    """A token, and the key that signed it."""
    token, row = await access.new_api_token("local", "test", [auth_pb2.SCOPE_READ], life)
    assert row.key_id is not None
    return token, row.key_id


async def paired(access: Access) -> str:
    code, _ = await access.new_code("local")
    return (await access.pair(code, display_name="", browser_id="")).access_token


async def test_tokens_of_older_keys_stay_good_until_they_end(access: Access, keeper: KeyKeeper, clock: Clock) -> None:
    short, first = await api_token(access, 2 * DAY)
    browsers = await paired(access)
    second, older = await keeper.rotate()
    assert older == [first]
    for token in (short, browsers):
        await access.verify(token)
    clock.forward(minutes=1)
    long, by = await api_token(access, 400 * DAY)
    assert by == second
    third, older = await keeper.rotate()
    assert older == [second, first]
    assert third not in older
    clock.forward(days=1, hours=23)
    await access.verify(short)
    clock.forward(hours=2)  # the short token has ended, and nobody else has one of the first key
    clock.forward(minutes=1)
    await keeper.once()
    _, older = await keeper.rotate()
    assert older == [third, second]
    with pytest.raises(TabwireError):
        await access.verify(short)
    for _ in range(12):
        clock.forward(days=30)
        await keeper.once()
        await access.verify(long)


async def test_keys_are_replaced_at_their_age_and_no_more_of_them_are_kept_than_needed(
    access: Access, keeper: KeyKeeper, keys: SigningKeys, clock: Clock
) -> None:
    first = keys.signing_key.kid
    clock.forward(days=29, hours=23)
    await keeper.once()
    assert keys.signing_key.kid == first
    clock.forward(hours=1)
    await keeper.once()
    await keeper.once()
    assert keys.signing_key.kid != first
    assert [key.key_id for key in keys.older] == [first]
    clock.forward(days=1)
    await keeper.once()
    assert keys.older == []
    for _ in range(10):
        clock.forward(days=30)
        await keeper.once()
    assert len(keys.all_keys.keys) == 3


async def test_revoking_the_last_token_of_a_key_lets_it_go(
    access: Access, keeper: KeyKeeper, keys: SigningKeys, clock: Clock
) -> None:
    token, row = await access.new_api_token("local", "test", [auth_pb2.SCOPE_READ], 400 * DAY)
    await keeper.rotate()
    clock.forward(days=2)
    await keeper.once()
    assert [key.key_id for key in keys.older] == [row.key_id]
    await access.verify(token)
    await access.revoke("local", row.id)
    await keeper.once()
    assert keys.older == []


async def test_a_token_of_before_keys_were_noted_keeps_the_keys_of_its_time(
    access: Access, keeper: KeyKeeper, keys: SigningKeys, database: Database, clock: Clock
) -> None:
    token, first = await api_token(access, 100 * DAY)
    async with database.session() as session:
        await session.execute(update(ApiTokenRow).values(key_id=None))
    clock.forward(days=1)
    second, _ = await keeper.rotate()
    clock.forward(days=5)
    await keeper.once()
    assert [key.key_id for key in keys.older] == [first]
    await keeper.rotate()
    clock.forward(days=5)
    await keeper.once()
    assert [key.key_id for key in keys.older] == [second, first]
    await access.verify(token)
    clock.forward(days=90)
    await keeper.once()
    assert first not in {key.key_id for key in keys.older}


async def test_rotating_faster_than_keys_can_be_known_is_refused(keeper: KeyKeeper, clock: Clock) -> None:
    await keeper.rotate()
    with pytest.raises(TabwireError) as caught:
        await keeper.rotate()
    assert caught.value.code == error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED
    assert caught.value.info.details.limit.retry_after_ms == 30_000
    clock.forward(seconds=30)
    await keeper.rotate()
