"""Envoy's word on its configuration: told as an error for a person, also if Envoy takes too long for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from tabwire.edge import envoy
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from pathlib import Path


async def test_an_envoy_that_takes_too_long_is_ended_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "envoy"
    slow.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(600)\n", encoding="utf-8")
    slow.chmod(0o700)
    monkeypatch.setattr(envoy, "binary", lambda: str(slow))
    with pytest.raises(TabwireError) as caught:
        await envoy.validate(tmp_path / "envoy.yaml", limit_s=0.3)
    assert caught.value.code == error_pb2.ERROR_CODE_DEADLINE_EXCEEDED
    assert "0.3 s" in caught.value.info.message
    assert "busy" in caught.value.info.remedy
    assert not [child for child in psutil.Process().children() if str(slow) in child.cmdline()]


async def test_what_envoy_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    config = tmp_path / "envoy.yaml"
    config.write_text("no_such_field: 1\n", encoding="utf-8")
    with pytest.raises(TabwireError) as caught:
        await envoy.validate(config)
    assert caught.value.code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
    assert "no_such_field" in caught.value.info.message
