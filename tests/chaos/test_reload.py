"""An extension that is switched off and on goes on with the tabs that its tasks and callers know, by the same ids."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from chaos.effects import EffectServer
from chaos.house import ChaosStack
from e2e.stack import unattended, until
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2 as pb
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(300)
async def test_a_reload_of_the_extension_leaves_tabs_their_ids(tmp_path: Path) -> None:
    stack = ChaosStack(tmp_path)
    stack.policy = unattended()
    pressed = list[int]()
    with EffectServer(lambda _page, number, _press: pressed.append(number), total=1) as pages:
        url = pages.url("kept")
        try:
            await stack.prepare()
            await stack.start()
            async with stack.client() as client:
                tab = (await client.act(pb.Action(open_tab=pb.OpenTabAction(url=url)))).result.current_tab_id
                for _ in range(2):
                    await stack.reload_extension()

                    async def seen() -> state_pb2.PageState | None:
                        with contextlib.suppress(TabwireError):
                            return (await client.get_page_state(tab)).page_state
                        return None

                    state = await until(seen, "the tab by its id", 60)
                    assert (state.tab_id, state.url) == (tab, url)
                button = next(one.id for one in state.actionable_elements if one.name == "Step 1")
                click = pb.Action(click=pb.ClickAction(element_id=button))
                assert (await client.act(click, tab)).result.status == pb.ACTION_STATUS_SUCCEEDED
                assert pressed == [1]
        finally:
            await stack.dismantle()
