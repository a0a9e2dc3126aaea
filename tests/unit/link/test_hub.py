"""What the hub and its parts promise beyond what the carriers' scenarios show (tests/integration/link)."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tabwire import revisions
from tabwire.errors import TabwireError
from tabwire.link import revision, session
from tabwire.link.effects import ChannelLimits
from tabwire.link.hub import LinkHub
from tabwire.link.observers import Observer, Observers
from tabwire.link.outlet import Outlet
from tabwire.link.pending import PendingCommands
from tabwire.link.refusal import disconnected
from tabwire.link.told_time import ToldTime
from tabwire.settings import Settings
from tabwire.v1 import error_pb2, link_pb2, link_service_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

BROWSER = "browser-1"


def ping(command_id: str, epoch: int = 0) -> link_pb2.Command:
    return link_pb2.Command(command_id=command_id, epoch=epoch, ping=link_pb2.Ping())


def pong(command_id: str) -> link_pb2.CommandResult:
    return link_pb2.CommandResult(command_id=command_id, pong=link_pb2.Pong())


def hub_at(folder: Path, **changes: Any) -> LinkHub:
    async def on_seen(_browser_id: str, _hello: link_pb2.Hello) -> None:
        pass

    settings = Settings.model_validate({"home": folder, **changes})
    return LinkHub(settings, model_configured=False, server_version="1", on_seen=on_seen)


async def opened(hub: LinkHub) -> str:
    return (await hub.open_link(BROWSER, link_pb2.Hello(min_revision=1, max_revision=1))).link_id


def attach(hub: LinkHub, link_id: str, epoch: int = 1, after: int = 0) -> AsyncGenerator[link_pb2.Downlink, None]:
    resume = link_pb2.Resume(link_id=link_id, attach_epoch=epoch, resume_after_seq=after)
    return hub.attach(BROWSER, resume, None)


async def turns(count: int = 5) -> None:
    """Lets other tasks run that need nothing but their turn."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("lowest", "highest", "common"), [(1, 1, 1), (0, 1, 1), (1, 9, 1)])
def test_the_highest_common_revision_is_used(lowest: int, highest: int, common: int) -> None:
    assert revision.negotiate(link_pb2.Hello(min_revision=lowest, max_revision=highest)) == common


@pytest.mark.parametrize(
    ("ours", "theirs", "update", "remedy"),
    [((1, 1), (2, 3), "server", "server's machine"), ((2, 3), (1, 1), "extension", "extension")],
)
def test_without_a_common_revision_the_older_side_is_to_be_updated(
    monkeypatch: pytest.MonkeyPatch, ours: tuple[int, int], theirs: tuple[int, int], update: str, remedy: str
) -> None:
    monkeypatch.setattr(revisions, "MIN_REVISION", ours[0])
    monkeypatch.setattr(revisions, "MAX_REVISION", ours[1])
    with pytest.raises(TabwireError) as raised:
        revision.negotiate(link_pb2.Hello(min_revision=theirs[0], max_revision=theirs[1]))
    info = raised.value.info
    assert info.error_code == error_pb2.ERROR_CODE_PROTOCOL_REVISION_UNSUPPORTED
    assert info.details.revision.update == update
    assert remedy in info.remedy
    for number in (*ours, *theirs):
        assert str(number) in info.message


async def test_a_higher_epoch_is_sent_again_and_the_refusal_of_the_older_one_is_no_answer() -> None:
    pending = PendingCommands()
    first, send_first = pending.join(ping("c1", epoch=1))
    second, send_second = pending.join(ping("c1", epoch=2))
    third, send_third = pending.join(ping("c1", epoch=2))
    assert (send_first, send_second, send_third) == (True, True, False)
    assert [command.epoch for command in pending.commands()] == [2]
    fenced = error_pb2.ErrorInfo(error_code=error_pb2.ERROR_CODE_EPOCH_FENCED)
    assert not pending.resolve(link_pb2.CommandResult(command_id="c1", epoch=1, error_info=fenced))
    assert pending.resolve(pong("c1"))
    for future in (first, second, third):
        assert (await future).command_id == "c1"
    assert not pending.resolve(pong("c1"))


async def test_only_so_much_may_wait_for_one_browser() -> None:
    pending = PendingCommands()
    for number in range(512):
        pending.join(ping(f"c{number}"))
    with pytest.raises(TabwireError) as raised:
        pending.join(ping("one too many"))
    assert raised.value.code == error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED
    pending.join(ping("c0"))  # joins, and takes no room
    pending.resolve(pong("c0"))
    pending.join(ping("fits"))


async def test_a_slow_watcher_loses_the_oldest_updates() -> None:
    observers = Observers()
    observer = Observer(7)
    assert observers.add(observer)
    assert not observers.add(Observer(7))
    for number in range(100):
        observers.publish(link_pb2.StateUpdate(tab_id=7, cause=number))  # type: ignore[arg-type] # any number will do
    assert (await observer.next()).cause == 100 - 32
    observers.fail_all(disconnected())
    for _ in range(31):
        await observer.next()
    with pytest.raises(TabwireError):
        await observer.next()


async def test_an_outlet_that_nobody_reads_ends() -> None:
    outlet = Outlet(1, 0, link_pb2.ROTATE_REASON_AGE)
    for _ in range(3000):
        outlet.put(link_pb2.Downlink())
    assert outlet.ended
    assert outlet.take() is None
    with pytest.raises(TabwireError):
        outlet.raise_error()


async def test_an_outlet_ends_after_what_waits_but_with_an_error_at_once() -> None:
    well, badly = (Outlet(1, 0, link_pb2.ROTATE_REASON_AGE) for _ in range(2))
    for outlet in (well, badly):
        outlet.put(link_pb2.Downlink(seq=1))
    well.end()
    badly.end(disconnected())
    well.put(link_pb2.Downlink(seq=2))
    well.end(disconnected())  # the first end counts
    assert well.take() == link_pb2.Downlink(seq=1)
    assert well.take() is None
    well.raise_error()
    assert badly.take() is None
    with pytest.raises(TabwireError):
        badly.raise_error()


async def test_too_much_waiting_gives_the_link_up_and_commands_go_to_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "ChannelLimits", partial(ChannelLimits, kept_messages=100))
    hub = hub_at(tmp_path)
    link_id = await opened(hub)
    async with aclosing(attach(hub, link_id)) as stream:
        await anext(stream)
    waiting = asyncio.create_task(hub.execute(BROWSER, ping("patient"), timeout_s=60))
    await turns()
    for number in range(200):  # each leaves a number behind
        with pytest.raises(TabwireError):
            await hub.execute(BROWSER, ping(f"c{number}"), timeout_s=0)
        if not hub.is_connected(BROWSER):
            break
    assert not hub.is_connected(BROWSER)
    with pytest.raises(TabwireError) as raised:
        await anext(attach(hub, link_id, epoch=2))
    assert raised.value.code == error_pb2.ERROR_CODE_OUT_OF_RANGE
    async with aclosing(attach(hub, await opened(hub))) as stream:
        kinds = [(await anext(stream)).WhichOneof("body") for _ in range(4)]
        assert kinds == ["attached", "observe_tabs", "command", "caught_up"]
        request = link_service_pb2.SendRequest(
            link_id=hub._slots[BROWSER].session.link_id,  # type: ignore[union-attr] # it was opened just now
            attach_epoch=1,
            messages=[link_pb2.Uplink(seq=1, command_result=pong("patient"))],
        )
        assert hub.send(BROWSER, request).ack == 1
        assert (await waiting).command_id == "patient"
    await hub.shutdown()


async def test_nothing_is_kept_of_browsers_that_are_gone(tmp_path: Path) -> None:
    hub = hub_at(tmp_path)
    link_id = await opened(hub)
    async with aclosing(attach(hub, link_id)) as stream:
        await anext(stream)
        hub.close_link(BROWSER, link_id, "bye")
    waiting = asyncio.create_task(hub.wait_connected("never-seen"))
    await turns()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert hub._slots == {}


async def test_watchers_of_a_browser_that_says_good_bye_are_told(tmp_path: Path) -> None:
    hub = hub_at(tmp_path)
    link_id = await opened(hub)
    async with aclosing(attach(hub, link_id)) as stream:
        await anext(stream)
        updates = hub.updates(BROWSER, 3)
        waiting = asyncio.ensure_future(anext(updates))
        await turns()
        hub.close_link(BROWSER, link_id, "bye")
        with pytest.raises(TabwireError) as raised:
            await waiting
    assert raised.value.code == error_pb2.ERROR_CODE_BROWSER_DISCONNECTED
    assert hub._slots == {}


async def test_a_command_the_next_link_cannot_take_is_answered(tmp_path: Path) -> None:
    hub = hub_at(tmp_path)
    link_id = await opened(hub)
    async with aclosing(attach(hub, link_id)) as stream:
        await anext(stream)
        large = link_pb2.Command(command_id="large", task_id="x" * 5000, ping=link_pb2.Ping())
        waiting = asyncio.create_task(hub.execute(BROWSER, large, timeout_s=60))
        await turns()
        small = link_pb2.LinkLimits(max_message_bytes=1000)
        await hub.open_link(BROWSER, link_pb2.Hello(min_revision=1, max_revision=1, limits=small))
        error = (await waiting).error_info
        assert error.error_code == error_pb2.ERROR_CODE_COMMAND_REFUSED
        assert "1000 that are allowed" in error.message
        assert error.details.limit.limit == 1000
    await hub.shutdown()


async def test_a_refused_browser_opens_no_link(tmp_path: Path) -> None:
    async def on_seen(_browser_id: str, _hello: link_pb2.Hello) -> None:
        raise TabwireError(error_pb2.ERROR_CODE_UNAUTHENTICATED, "revoked")

    settings = Settings.model_validate({"home": tmp_path})
    hub = LinkHub(settings, model_configured=False, server_version="1", on_seen=on_seen)
    with pytest.raises(TabwireError):
        await opened(hub)
    assert hub._slots == {}


class Clock:
    """A clock that can be set, beside one that cannot."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.steady = 1_000.0

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def told(self) -> ToldTime:
        return ToldTime(lambda: self.wall, lambda: self.steady)


def test_a_clock_that_was_set_is_no_longer_the_one_that_was_told() -> None:
    clock = Clock()
    told = clock.told()
    assert told.now().ToSeconds() == clock.wall
    clock.pass_time(1e6)
    assert not told.is_off(), "time that passes is no change"
    for seconds in (-3_600, 5, -1, 600):
        clock.wall += seconds
        assert told.is_off()
        assert told.now().ToSeconds() == clock.wall
        assert not told.is_off()


async def test_a_browser_is_told_the_time_anew_before_a_command_whose_deadline_is_by_another_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(session, "ToldTime", clock.told)
    hub = hub_at(tmp_path)
    link_id = await opened(hub)
    async with aclosing(attach(hub, link_id)) as stream:
        while (await anext(stream)).WhichOneof("body") != "caught_up":
            pass
        asking = []

        async def ask(command_id: str) -> str:
            asking.append(asyncio.create_task(hub.execute(BROWSER, ping(command_id), timeout_s=30)))
            await turns()
            message = await anext(stream)
            if message.WhichOneof("body") == "heartbeat":
                assert message.heartbeat.time.ToSeconds() == clock.wall
                return "the time, then " + (await anext(stream)).command.command_id
            return message.command.command_id

        assert await ask("one") == "one"
        clock.wall -= 60
        assert await ask("two") == "the time, then two"
        clock.pass_time(5)
        assert await ask("three") == "three"
        clock.wall += 600
        assert await ask("four") == "the time, then four"
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
