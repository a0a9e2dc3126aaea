"""The product that the fuzz's own tests share: started once for all of them in a process, as it takes some seconds."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest_asyncio

from fuzz.house import UNLIMITED, House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house() -> AsyncIterator[House]:
    """Without limits of rate, and with little patience for slow senders."""
    with tempfile.TemporaryDirectory(prefix="tw-fuzz-") as home:  # short: sockets lie in it
        async with House(Path(home), **{**UNLIMITED, "request_timeout_s": 3}) as house:
            yield house


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def limited_house() -> AsyncIterator[House]:
    """As it comes: every limit at its default."""
    with tempfile.TemporaryDirectory(prefix="tw-fuzz-") as home:
        async with House(Path(home)) as house:
            yield house
