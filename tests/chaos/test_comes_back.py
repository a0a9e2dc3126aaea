"""An extension whose process was killed: `tabwire up` brings it back, with its pairing and the tabs that were open."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from chaos.effects import EffectServer
from chaos.house import ChaosStack
from e2e.stack import until
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(300)
async def test_an_extension_that_was_killed_is_brought_back(tmp_path: Path) -> None:
    stack = ChaosStack(tmp_path)
    with EffectServer(lambda *_: None, total=1) as pages:
        url = pages.url("kept")
        try:
            await stack.prepare()
            await stack.start()
            before, browser = stack.child("browser"), await stack.connected()
            async with stack.client() as client:
                await client.act(action_pb2.Action(open_tab=action_pb2.OpenTabAction(url=url)))
                await until(lambda: _is_written_down(stack, url), "Chromium to write its tabs down")
                process = stack.extension_process()
                assert process is not None
                process.kill()

                async def is_back() -> bool:
                    with contextlib.suppress(TabwireError, KeyError, json.JSONDecodeError, FileNotFoundError):
                        if stack.child("browser") in (0, before):
                            return False
                        return url in [tab.url for tab in (await client.list_tabs(browser)).tabs]
                    return False

                await until(is_back, "the same browser with its tab", 120)
            assert "The extension's process has ended. Chromium starts again" in stack.log.read_text()
        finally:
            await stack.dismantle()


async def _is_written_down(stack: ChaosStack, url: str) -> bool:
    """Chromium writes the tabs that it is to restore some seconds after its start, and what changes some after that."""
    sessions = stack.tabwire_home / "managed" / "profile" / "Default" / "Sessions"
    return any(url.encode() in file.read_bytes() for file in sessions.glob("Session_*"))
