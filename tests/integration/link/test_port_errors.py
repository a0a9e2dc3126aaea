"""How a command can fail to come back, at the browser port: each way has its one code, whatever the carrier."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from integration.link.harness import PATIENCE_S, Backend, Carrier, hello, until
from tabwire.browser.linked import LinkedBrowser, Memory
from tabwire.browser.permissions import Permissions
from tabwire.errors import TabwireError, grpc_status
from tabwire.v1 import action_pb2, error_pb2, link_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Connect = Callable[..., Carrier]

BROWSER = "browser-1"
CLICK = action_pb2.Action(id="a1", click=action_pb2.ClickAction(element_id=1))
DISCONNECTED = error_pb2.ERROR_CODE_BROWSER_DISCONNECTED
REFUSED = error_pb2.ERROR_CODE_COMMAND_REFUSED
LATE = error_pb2.ERROR_CODE_DEADLINE_EXCEEDED
CLOSED = error_pb2.ERROR_CODE_LINK_CLOSED


@dataclass
class Scene:
    """A browser that behaves as the test says, and what is asked of it."""

    backend: Backend
    connect: Connect
    carrier: Carrier
    timeout_s: float = PATIENCE_S
    asking: asyncio.Future[object] | None = None

    async def open(self, journal_id: str = "j1", **limits: int) -> None:
        await self.carrier.open(hello(journal_id=journal_id, limits=link_pb2.LinkLimits(**limits)))
        await self.next("caught_up")

    async def next(self, kind: str) -> link_pb2.Downlink:
        while True:
            message = await self.carrier.receive()
            assert message is not None
            if message.WhichOneof("body") == kind:
                return message

    def ask(self, asked: Callable[[LinkedBrowser, float], Awaitable[object]]) -> None:
        port = LinkedBrowser(self.backend.hub, Memory(), Permissions(), BROWSER, task_id="", epoch=0)
        self.asking = asyncio.ensure_future(asked(port, self.timeout_s))

    async def away(self) -> None:
        await self.carrier.break_stream()
        slot = self.backend.hub._slots[BROWSER]
        await until(lambda: slot.session is not None and not slot.session.attached)


def click(port: LinkedBrowser, timeout_s: float) -> Awaitable[object]:
    return port.act(9, CLICK, timeout_s=timeout_s)


def look(port: LinkedBrowser, timeout_s: float) -> Awaitable[object]:
    return port.observe(9, state_pb2.StateRequest(), timeout_s=timeout_s)


def tabs(port: LinkedBrowser, timeout_s: float) -> Awaitable[object]:
    return port.list_tabs(timeout_s=timeout_s)


async def never_there(scene: Scene, asked: Callable[..., Awaitable[object]]) -> None:
    scene.ask(asked)


async def went_before(scene: Scene, asked: Callable[..., Awaitable[object]]) -> None:
    await scene.open()
    await scene.away()
    scene.timeout_s = 0.05
    scene.ask(asked)


async def unpaired_before_it_was_sent(scene: Scene, asked: Callable[..., Awaitable[object]]) -> None:
    await scene.open()
    await scene.away()
    scene.ask(asked)
    await until(lambda: len(scene.backend.hub._slots[BROWSER]._pending) == 1)
    await scene.backend.hub.drop(BROWSER, "This browser was unpaired.")


async def too_large(scene: Scene, asked: Callable[..., Awaitable[object]]) -> None:
    await scene.open(max_message_bytes=10)
    scene.ask(asked)


async def not_understood(scene: Scene, asked: Callable[..., Awaitable[object]]) -> None:
    await scene.open()
    scene.ask(asked)
    sent = await scene.next("command")
    cause = error_pb2.ErrorInfo(error_code=error_pb2.ERROR_CODE_INVALID_ARGUMENT, message="No such thing here.")
    await scene.carrier.send(link_pb2.Uplink(nack=link_pb2.Nack(seq=sent.seq, error_info=cause), ack=sent.seq))


async def refused_in_an_answer(scene: Scene, asked: Callable[..., Awaitable[object]]) -> None:
    await scene.open()
    scene.ask(asked)
    sent = await scene.next("command")
    cause = error_pb2.ErrorInfo(error_code=REFUSED, message="No such thing here.", remedy="Do it again.")
    answer = link_pb2.CommandResult(command_id=sent.command.command_id, error_info=cause)
    await scene.carrier.send(link_pb2.Uplink(seq=1, command_result=answer))


async def silent(scene: Scene, asked: Callable[..., Awaitable[object]]) -> None:
    await scene.open()
    scene.timeout_s = 0.05
    scene.ask(asked)
    await scene.next("command")


async def sent_and_gone(scene: Scene, asked: Callable[..., Awaitable[object]]) -> None:
    """The time for the answer ends before anybody can know that the browser will not come back."""
    await scene.open()
    scene.timeout_s = 0.3
    scene.ask(asked)
    await scene.next("command")
    await scene.away()


async def not_back_in_time(scene: Scene, asked: Callable[..., Awaitable[object]]) -> None:
    await scene.open()
    scene.ask(asked)
    await scene.next("command")
    await scene.away()  # the link's window is a second here


async def said_good_bye(scene: Scene, asked: Callable[..., Awaitable[object]]) -> None:
    await scene.open()
    scene.ask(asked)
    await scene.next("command")
    scene.backend.hub.close_link(BROWSER, scene.carrier.link_id, "bye")


async def unpaired_after(scene: Scene, asked: Callable[..., Awaitable[object]]) -> None:
    await scene.open()
    scene.ask(asked)
    await scene.next("command")
    await scene.backend.hub.drop(BROWSER, "This browser was unpaired.")


async def server_stops(scene: Scene, asked: Callable[..., Awaitable[object]]) -> None:
    await scene.open()
    scene.ask(asked)
    await scene.next("command")
    await scene.backend.hub.shutdown()


# What happens, the code that is seen, and words of the cause in its message.
WAYS = [
    (never_there, DISCONNECTED, "not connected"),
    (went_before, DISCONNECTED, "did not come back"),
    (unpaired_before_it_was_sent, DISCONNECTED, "unpaired"),
    (too_large, REFUSED, "10 that are allowed"),
    (not_understood, REFUSED, "No such thing here."),
    (refused_in_an_answer, REFUSED, "No such thing here."),
    (silent, LATE, "did not answer within"),
    (sent_and_gone, LATE, "did not answer within"),
    (not_back_in_time, CLOSED, "did not come back"),
    (said_good_bye, CLOSED, "closed its link"),
    (unpaired_after, CLOSED, "unpaired"),
    (server_stops, CLOSED, "stopping"),
]


@pytest.mark.parametrize("asked", [click, look, tabs])
@pytest.mark.parametrize(("way", "code", "words"), WAYS, ids=[way.__name__ for way, _, _ in WAYS])
@pytest.mark.parametrize("backend", [{"link_window_s": 1}], indirect=True)
async def test_each_way_has_its_code(
    backend: Backend,
    connect: Connect,
    way: Callable[[Scene, Callable[..., Awaitable[object]]], Awaitable[None]],
    code: error_pb2.ErrorCode.ValueType,
    words: str,
    asked: Callable[..., Awaitable[object]],
) -> None:
    scene = Scene(backend, connect, connect())
    await way(scene, asked)
    assert scene.asking is not None
    with pytest.raises(TabwireError) as raised:
        await scene.asking
    assert raised.value.code == code
    assert words in raised.value.info.message
    assert raised.value.info.remedy
    assert raised.value.info.retryable == (code in (DISCONNECTED, LATE))


def test_a_status_never_invites_a_client_to_repeat_what_may_have_had_effect() -> None:
    assert grpc_status(DISCONNECTED).name == "UNAVAILABLE"
    assert grpc_status(CLOSED).name == "ABORTED"
    assert grpc_status(REFUSED).name == "FAILED_PRECONDITION"
    assert grpc_status(LATE).name == "DEADLINE_EXCEEDED"


async def test_what_was_not_sent_is_taken_back(backend: Backend, connect: Connect) -> None:
    """Nobody is told "nothing was sent" of a command that a browser gets later."""
    scene = Scene(backend, connect, connect())
    await went_before(scene, click)
    assert scene.asking is not None
    with pytest.raises(TabwireError):
        await scene.asking
    await scene.carrier.resume(scene.carrier.link_id, after=1, epoch=2)
    await scene.next("attached")
    taken_back = await scene.carrier.receive()
    assert taken_back is not None
    assert (taken_back.seq, taken_back.WhichOneof("body")) == (2, None)
    await scene.next("caught_up")
    scene.timeout_s = PATIENCE_S
    scene.ask(tabs)
    assert (await scene.next("command")).command.HasField("list_tabs")
    scene.asking.cancel()


async def test_a_command_names_the_journal_it_may_be_recorded_in(backend: Backend, connect: Connect) -> None:
    scene = Scene(backend, connect, connect())
    await scene.open()
    scene.ask(click)
    assert (await scene.next("command")).command.journal_id == ""
    assert backend.hub.journal_id(BROWSER) == "j1"
    # The extension is loaded anew: it opens a new link, with another journal, and later one more.
    for number in range(2, 4):
        again = Scene(backend, connect, connect())
        await again.carrier.open(hello(journal_id=f"j{number}"))
        assert (await again.next("command")).command.journal_id == "j1"
        assert backend.hub.journal_id(BROWSER) == f"j{number}"
    assert scene.asking is not None
    scene.asking.cancel()


async def test_a_command_that_was_never_sent_may_go_to_any_browser(backend: Backend, connect: Connect) -> None:
    scene = Scene(backend, connect, connect())
    await scene.open()
    await scene.away()
    scene.ask(click)
    again = Scene(backend, connect, connect())
    await again.carrier.open(hello(journal_id="j2"))
    assert (await again.next("command")).command.journal_id == ""
    assert scene.asking is not None
    scene.asking.cancel()


async def test_what_was_sent_to_a_browser_without_a_journal_fits_no_journal(backend: Backend, connect: Connect) -> None:
    scene = Scene(backend, connect, connect())
    await scene.open(journal_id="")
    scene.ask(click)
    await scene.next("command")
    again = Scene(backend, connect, connect())
    await again.carrier.open(hello(journal_id="j2"))
    assert (await again.next("command")).command.journal_id not in ("", "j2")
    assert scene.asking is not None
    scene.asking.cancel()


async def test_the_caller_says_to_which_journal_it_was_sent_by_an_earlier_server(
    backend: Backend, connect: Connect
) -> None:
    scene = Scene(backend, connect, connect())
    await scene.open()
    scene.ask(lambda port, timeout_s: port.act(9, CLICK, journal_id="j0", timeout_s=timeout_s))
    assert (await scene.next("command")).command.journal_id == "j0"
    assert scene.asking is not None
    scene.asking.cancel()
