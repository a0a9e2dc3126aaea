"""The writer of a stream sleeps until there is something to do, on one timer that outlives many messages."""

from __future__ import annotations

import asyncio

from tabwire.link.outlet import Outlet
from tabwire.v1 import link_pb2


def outlet() -> Outlet:
    return Outlet(1, 0, link_pb2.ROTATE_REASON_AGE)


async def test_a_writer_wakes_for_a_message_and_for_the_end() -> None:
    one = outlet()
    for ends in (False, True):
        writer = asyncio.create_task(one.wait(asyncio.get_running_loop().time() + 3600))
        await asyncio.sleep(0)
        assert not writer.done()
        one.end() if ends else one.put(link_pb2.Downlink(seq=1))
        await asyncio.wait_for(writer, 10)
        one.take()
    await one.wait(asyncio.get_running_loop().time() + 3600)  # nothing more will come


async def test_a_writer_that_sleeps_long_is_woken_when_something_is_due_earlier() -> None:
    one, loop = outlet(), asyncio.get_running_loop()
    writer = asyncio.create_task(one.wait(loop.time() + 3600))
    await asyncio.sleep(0)
    one.wake_at(loop.time() + 0.01)
    one.wake_at(loop.time() + 1800)  # later than what it waits for anyway
    await asyncio.wait_for(writer, 10)


async def test_a_timer_of_before_does_not_keep_a_writer_asleep_nor_awake() -> None:
    one, loop = outlet(), asyncio.get_running_loop()
    for _ in range(3):
        until = loop.time() + 0.01
        writer = asyncio.create_task(one.wait(until))
        await asyncio.sleep(0)
        one.put(link_pb2.Downlink())
        await writer
        one.take()
    until = loop.time() + 0.05
    woken = 0
    while loop.time() < until:
        await asyncio.wait_for(one.wait(until), 10)
        woken += 1
    assert woken <= 3  # the kept timer may come early once, and a clock may be a little behind another


async def test_whoever_waits_for_the_end_of_a_stream_is_told_also_when_it_is_over_already() -> None:
    early, late = outlet(), outlet()
    waiting = asyncio.create_task(early.closed.wait())
    early.close()
    late.close()
    assert await asyncio.wait_for(waiting, 10)
    assert late.closed.is_set()
    assert early.ended
    assert late.is_closed
