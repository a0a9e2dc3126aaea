"""What is kept for a peer that does not read, or does not answer, has a bound: on the link, and in memory."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from tabwire.errors import TabwireError
from tabwire.link.hub import LinkHub
from tabwire.settings import Settings
from tabwire.v1 import error_pb2, link_pb2, link_service_pb2, state_pb2

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = "browser-1"
MIB = 2**20


def hub_at(folder: Path, **changes: Any) -> LinkHub:
    async def on_seen(_browser_id: str, _hello: link_pb2.Hello) -> None:
        pass

    settings = Settings.model_validate({"home": folder, **changes})
    return LinkHub(settings, model_configured=False, server_version="1", on_seen=on_seen)


async def opened(hub: LinkHub, **limits: int) -> str:
    asked = link_pb2.LinkLimits(**limits)
    return (await hub.open_link(BROWSER, link_pb2.Hello(max_revision=1, limits=asked))).link_id


def resume(link_id: str, epoch: int = 1) -> link_pb2.Resume:
    return link_pb2.Resume(link_id=link_id, attach_epoch=epoch)


def large(number: int, size: int) -> link_pb2.Command:
    return link_pb2.Command(command_id=f"c{number}", task_id="x" * size, ping=link_pb2.Ping())


async def give_up(asking: list[asyncio.Task[Any]]) -> None:
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


@pytest.mark.parametrize("part_bytes", [0, 16384])
async def test_a_browser_that_reads_and_never_acknowledges_gets_no_more_than_its_credit(
    tmp_path: Path, part_bytes: int
) -> None:
    hub = hub_at(tmp_path)
    link_id = await opened(hub, max_part_bytes=part_bytes)
    async with aclosing(hub.attach(BROWSER, resume(link_id), None)) as stream:
        await anext(stream)
        got: list[link_pb2.Downlink] = []

        async def read() -> None:
            async for downlink in stream:
                got.append(downlink)  # noqa: PERF401 - what came before the end counts

        reading = asyncio.create_task(read())
        asking = [asyncio.create_task(hub.execute(BROWSER, large(n, 100_000), timeout_s=60)) for n in range(100)]
        for _ in range(2000):
            await asyncio.sleep(0)  # nothing here waits for anything but its turn
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert 0.8 * MIB < sum(downlink.ByteSize() for downlink in got) < 1.2 * MIB
    await give_up(asking)
    await hub.shutdown()


async def test_a_browser_that_is_away_is_kept_no_more_than_may_wait(tmp_path: Path) -> None:
    hub = hub_at(tmp_path)
    link_id = await opened(hub, max_part_bytes=16384)
    async with aclosing(hub.attach(BROWSER, resume(link_id), None)) as stream:
        await anext(stream)
    gc.collect()
    tracemalloc.start()
    try:
        asking: list[asyncio.Task[Any]] = []
        for number in range(60):
            asking.append(asyncio.create_task(hub.execute(BROWSER, large(number, MIB), timeout_s=60)))
            await asyncio.sleep(0)
        refused = [task for task in asking if task.done()]
        assert len(refused) >= 44  # 16 MiB may wait
        codes = {error.code for task in refused if isinstance(error := task.exception(), TabwireError)}
        assert codes == {error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED}
        # Twice: the commands that wait, and their parts on the link. What the callers hold themselves comes on top.
        assert tracemalloc.get_traced_memory()[0] < 4 * 16 * MIB
        await give_up(asking)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 2 * MIB, "what nobody waits for is taken back"
    finally:
        tracemalloc.stop()
    await hub.shutdown()


async def test_a_flood_of_updates_that_nobody_reads_is_not_kept(tmp_path: Path) -> None:
    hub = hub_at(tmp_path)
    link_id = await opened(hub)
    async with aclosing(hub.attach(BROWSER, resume(link_id), None)) as stream:
        await anext(stream)
        updates = hub.updates(BROWSER, 7)
        first = asyncio.ensure_future(anext(updates))
        await asyncio.sleep(0)
        gc.collect()
        tracemalloc.start()
        try:
            for seq in range(1, 501):
                update = link_pb2.StateUpdate(tab_id=7, page_state=state_pb2.PageState(title=f"{seq}-" + "x" * 50_000))
                message = link_pb2.Uplink(seq=seq, state_update=update)
                request = link_service_pb2.SendRequest(link_id=link_id, attach_epoch=1, messages=[message])
                assert hub.send(BROWSER, request).ack == seq
                if seq == 1:
                    await first
            assert tracemalloc.get_traced_memory()[0] < 40 * 50_000 + MIB
            assert (await anext(updates)).page_state.title.startswith("469-")  # the last 32 are there
        finally:
            tracemalloc.stop()
        await updates.aclose()
    await hub.shutdown()


async def test_parts_of_a_message_that_is_never_complete_are_kept_once(tmp_path: Path) -> None:
    """A browser that begins message after message holds no more than one of them in the server."""
    hub = hub_at(tmp_path, max_message_bytes=2 * MIB)
    link_id = await opened(hub)
    async with aclosing(hub.attach(BROWSER, resume(link_id), None)) as stream:
        await anext(stream)
        gc.collect()
        tracemalloc.start()
        try:
            seq = 0
            for _ in range(10):
                for index in range(7):
                    seq += 1
                    part = link_pb2.Part(data=bytes(256 * 1024), index=index, total_bytes=2 * MIB)
                    messages = [link_pb2.Uplink(seq=seq, part=part)]
                    request = link_service_pb2.SendRequest(link_id=link_id, attach_epoch=1, messages=messages)
                    assert hub.send(BROWSER, request).ack == seq
            assert tracemalloc.get_traced_memory()[0] < 4 * MIB
        finally:
            tracemalloc.stop()
    with pytest.raises(TabwireError):
        await anext(hub.attach(BROWSER, resume(link_id, epoch=1), None))
    await hub.shutdown()
