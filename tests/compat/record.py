"""Records what passes over the link of a real browser and a real server while they do one of each kind of thing.

`python -m compat.record FOLDER` writes `link.jsonl` there. It is run once for each released contract, with the product
of that release (docs/compatibility.md); `test_recordings.py` replays what it wrote to every later product.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.page_server import PageServer
from e2e.stack import ROOT, Stack
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2 as pb
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from tabwire.client import Client

SHIM = Path(__file__).parent / "shim"


async def record(folder: Path) -> None:
    """Runs the product and records one session."""
    file = folder / "link.jsonl"
    file.unlink(missing_ok=True)
    pages = PageServer(ROOT / "tests" / "pages")
    with tempfile.TemporaryDirectory() as scratch:
        paths = os.pathsep.join(filter(None, (str(SHIM), os.environ.get("PYTHONPATH"))))
        stack = Stack(Path(scratch), {"PYTHONPATH": paths, "COMPAT_RECORD": str(file.resolve())})
        await stack.start()
        try:
            async with stack.client() as client:
                await session(client, pages.url("chain/actions.html"))
        finally:
            await stack.stop()
            pages.close()


async def session(client: Client, address: str) -> list[str]:
    """One of each kind of thing with a page; what came of each, in words that do not change from run to run."""
    opened = (await client.act(pb.Action(open_tab=pb.OpenTabAction(url=address)))).result
    tab = opened.current_tab_id
    told = [f"tabs: {sum(one.tab_id == tab for one in (await client.list_tabs()).tabs)}"]
    told.append(f"ping: {[hop.name for hop in (await client.ping(tab)).hops]}")
    options = state_pb2.StateRequest(scope=state_pb2.STATE_SCOPE_PAGE, include_text=True)
    state = (await client.get_page_state(tab, options=options)).page_state
    ids = {element.name: element.id for element in state.actionable_elements}
    after = state_pb2.StateRequest(scope=state_pb2.STATE_SCOPE_PAGE, include_text=True)
    for action in (
        pb.Action(click=pb.ClickAction(element_id=ids["Add to cart"])),
        pb.Action(input_text=pb.InputTextAction(element_id=ids["Search"], text="blue socks ü 世")),
        pb.Action(select_option=pb.SelectOptionAction(element_id=ids["Colour"], options=["Green"])),
        pb.Action(read_text=pb.ReadTextAction(element_id=ids["Add to cart"])),
        pb.Action(press_keys=pb.PressKeysAction(keys=["Tab"])),
        pb.Action(scroll=pb.ScrollAction()),
        pb.Action(click=pb.ClickAction(element_id=99_999)),  # there is none
        pb.Action(navigate=pb.NavigateAction(url=address.replace("actions", "second"))),
        pb.Action(go_back=pb.GoBackAction()),
    ):
        result = (await client.act(action, tab, state_after=after)).result
        names = [element.name for element in result.new_state.actionable_elements]
        error = result.error_info.error_code
        told.append(
            f"{action.WhichOneof('kind')}: {result.status} {error} {result.new_state.title} {len(names)} {names}"
        )
    base = (await client.get_page_state(tab, options=options)).page_state.revision
    options.base_revision = base
    told.append(f"changes: {(await client.get_page_state(tab, options=options)).WhichOneof('state')}")
    told.append(f"update: {await _watch(client, tab)}")
    await client.act(pb.Action(close_tab=pb.CloseTabAction()), tab)
    try:
        await client.get_page_state(tab)  # an error of the browser
    except TabwireError as error:
        told.append(f"after the end: {error.code}")
    return told


async def _watch(client: Client, tab: int) -> str:
    updates = client.watch_tab(tab)
    try:
        await anext(updates)
        await client.act(pb.Action(reload=pb.ReloadAction()), tab)
        return (await asyncio.wait_for(anext(updates), 20)).tab.title
    finally:
        await updates.aclose()


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1])))
