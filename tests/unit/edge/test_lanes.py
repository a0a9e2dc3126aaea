"""How the memory for uploads is shared out: that the sum is what the setting says, and that everything has room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tabwire.edge import lanes
from tabwire.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("memory_mb", [128, 512, 1024, 4096])
def test_all_uploads_together_hold_no_more_than_the_setting_says(tmp_path: Path, memory_mb: int) -> None:
    chosen = lanes.of(Settings(home=tmp_path, edge_memory_mb=memory_mb))
    assert 0.8 * memory_mb * 2**20 < chosen.most_bytes <= memory_mb * 2**20


@pytest.mark.parametrize("memory_mb", [32, 64, 512])
@pytest.mark.parametrize("message_bytes", [65_536, 2**24, 2**26])
def test_a_message_of_every_size_has_room(tmp_path: Path, memory_mb: int, message_bytes: int) -> None:
    chosen = lanes.of(Settings(home=tmp_path, edge_memory_mb=memory_mb, max_message_bytes=message_bytes))
    assert all(lane.requests >= 1 for lane in chosen)
    assert chosen.large.request_bytes > message_bytes
    assert chosen.small.request_bytes <= chosen.middle.request_bytes <= chosen.large.request_bytes
    one = chosen.large.request_bytes + lanes.REQUEST_BYTES
    assert chosen.most_bytes <= memory_mb * 2**20 + one, "at most the one that must have room is too much"


def test_by_default_a_thousand_browsers_have_room(tmp_path: Path) -> None:
    chosen = lanes.of(Settings(home=tmp_path))
    assert min(chosen.stream.requests, chosen.connect.requests, chosen.small.requests) >= 1000
    assert chosen.middle.request_bytes >= Settings(home=tmp_path).max_part_bytes + 65536
    assert chosen.large.requests >= 4
