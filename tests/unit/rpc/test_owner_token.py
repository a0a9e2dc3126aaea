"""The local owner's token is there, private, good, and replaced in time."""

from __future__ import annotations

import asyncio
import stat
from typing import TYPE_CHECKING

import pytest

from tabwire.errors import TabwireError
from tabwire.rpc.owner_token import ensure_owner_token
from tabwire.v1 import auth_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from tabwire.rpc.access import Access

    from .conftest import Clock


async def token_in(access: Access, path: Path, clock: Clock) -> str:
    await ensure_owner_token(access, path, now=clock)
    return (await asyncio.to_thread(path.read_text)).strip()


async def test_it_is_made_once_and_private(access: Access, tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "cli-token"
    token = await token_in(access, path, clock)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (await access.verify(token)).scopes == {auth_pb2.SCOPE_ADMIN}
    assert await token_in(access, path, clock) == token
    assert len(await access.list_api_tokens("local")) == 1


async def test_it_is_replaced_when_it_is_revoked_or_spoilt(access: Access, tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "cli-token"
    first = await token_in(access, path, clock)
    await access.revoke("local", (await access.verify(first)).token_id)
    second = await token_in(access, path, clock)
    await access.verify(second)
    path.write_text("spoilt")
    path.chmod(0o644)
    third = await token_in(access, path, clock)
    await access.verify(third)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len({first, second, third}) == 3


async def test_it_is_replaced_before_it_ends_and_the_old_one_revoked(
    access: Access, tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "cli-token"
    first = await token_in(access, path, clock)
    clock.forward(days=75)
    assert await token_in(access, path, clock) == first
    clock.forward(days=1)
    second = await token_in(access, path, clock)
    await access.verify(second)
    with pytest.raises(TabwireError, match="revoked"):
        await access.verify(first)
