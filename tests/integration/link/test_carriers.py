"""The link over both carriers, on a real server: the same scenarios, the same outcome."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from integration.link.harness import PATIENCE_S, Backend, Carrier, NativeCarrier, WebCarrier, error_of, hello, until
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, link_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    Connect = Callable[..., Carrier]

BROWSER = "browser-1"


def ping(command_id: str) -> link_pb2.Command:
    return link_pb2.Command(command_id=command_id, ping=link_pb2.Ping())


def result(seq: int, command_id: str, **fields: Any) -> link_pb2.Uplink:
    fields = fields or {"pong": link_pb2.Pong()}
    return link_pb2.Uplink(seq=seq, command_result=link_pb2.CommandResult(command_id=command_id, **fields))


async def expect(carrier: Carrier, kind: str) -> link_pb2.Downlink:
    """The next message that is no sign of life, which must be of this kind."""
    while True:
        message = await carrier.receive()
        assert message is not None, f"the stream ended instead of {kind}"
        if message.WhichOneof("body") != "heartbeat":
            assert message.WhichOneof("body") == kind
            return message


async def ending(carrier: Carrier) -> grpc.aio.AioRpcError:
    """How the stream fails."""
    try:
        while await carrier.receive() is not None:
            pass
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError("the stream ended well")


async def opened(carrier: Carrier, greeting: link_pb2.Hello | None = None) -> link_pb2.Welcome:
    """A link that is attached and has told which tabs to observe: the first numbered message."""
    welcome = await carrier.open(greeting)
    await expect(carrier, "attached")
    observe = await expect(carrier, "observe_tabs")
    assert observe.seq == 1
    assert (await expect(carrier, "caught_up")).caught_up.seq == 1
    return welcome


def executing(backend: Backend, command: link_pb2.Command, timeout_s: float = PATIENCE_S) -> asyncio.Task[Any]:
    return asyncio.create_task(backend.hub.execute(BROWSER, command, timeout_s=timeout_s))


async def test_welcome_tells_what_the_server_is_and_wants(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    welcome = await carrier.open()
    assert welcome.link_id
    assert welcome.revision == 1
    assert welcome.server_version == "1.2.3"
    assert welcome.browser_id == BROWSER
    assert welcome.capabilities.model
    assert welcome.heartbeat_interval_ms == 10_000
    assert welcome.limits.max_unacked_messages == 256
    assert welcome.limits.max_unacked_bytes == 2**20
    assert welcome.server_time.seconds > 0
    attached = await expect(carrier, "attached")
    assert (attached.attached.link_id, attached.attached.attach_epoch) == (welcome.link_id, 1)
    assert backend.seen == [BROWSER, BROWSER]


async def test_a_command_goes_down_and_its_answer_comes_up(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier)
    assert backend.hub.is_connected(BROWSER)
    task = executing(backend, ping("c1"))
    sent = await expect(carrier, "command")
    assert (sent.seq, sent.command.command_id) == (2, "c1")
    assert sent.command.deadline.seconds > 0
    assert await carrier.send(result(1, "c1")) == []
    assert (await task).command_id == "c1"
    assert carrier.acked == 1


async def test_commands_without_an_answer_end_at_their_deadline(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier)
    task = executing(backend, ping("slow"), timeout_s=0.05)
    await expect(carrier, "command")
    with pytest.raises(TabwireError) as raised:
        await task
    assert raised.value.code == error_pb2.ERROR_CODE_DEADLINE_EXCEEDED
    assert (await expect(carrier, "cancel_command")).cancel_command.command_id == "slow"


async def test_a_cancelled_caller_cancels_the_command(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier)
    task = executing(backend, ping("c1"))
    await expect(carrier, "command")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await expect(carrier, "cancel_command")).cancel_command.command_id == "c1"


async def test_two_callers_of_one_command_share_its_answer(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier)
    first, second, leaving = (executing(backend, ping("c1")) for _ in range(3))
    await expect(carrier, "command")
    leaving.cancel()
    await carrier.send(result(1, "c1"))
    assert (await first).command_id == (await second).command_id == "c1"
    follow_up = executing(backend, ping("c2"))
    assert (await expect(carrier, "command")).command.command_id == "c2"  # nothing was sent twice or cancelled
    await carrier.send(result(2, "c2"))
    await follow_up


async def test_a_command_id_in_use_for_something_else_is_refused(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier)
    first = executing(backend, ping("c1"))
    await expect(carrier, "command")
    other = link_pb2.Command(command_id="c1", list_tabs=link_pb2.ListTabs())
    with pytest.raises(TabwireError) as raised:
        await backend.hub.execute(BROWSER, other, timeout_s=1)
    assert raised.value.code == error_pb2.ERROR_CODE_ALREADY_EXISTS
    await carrier.send(result(1, "c1"))
    await first


async def test_repeats_succeed_and_are_taken_once(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier)
    task = executing(backend, ping("c1"))
    await expect(carrier, "command")
    for _ in range(3):
        assert await carrier.send(result(1, "c1")) == []
    assert (await task).command_id == "c1"


async def test_a_used_number_is_already_there_and_a_gap_names_the_expected_number(
    backend: Backend, connect: Connect
) -> None:
    carrier = connect()
    await opened(carrier)
    assert await carrier.send(result(1, "one")) == []
    (conflict,) = await _refused(carrier, result(1, "other"))
    assert conflict.error_info.error_code == error_pb2.ERROR_CODE_ALREADY_EXISTS
    (gap,) = await _refused(carrier, result(3, "three"))
    assert gap.error_info.error_code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
    assert gap.error_info.details.sequence.expected_seq == 2
    assert gap.error_info.details.sequence.actual_seq == 3
    assert await carrier.send(result(2, "two"), result(3, "three")) == []
    assert carrier.acked == 3


async def _refused(carrier: Carrier, message: link_pb2.Uplink) -> list[link_pb2.Nack]:
    carrier.acked = 0  # so that the native carrier waits for the refusal
    return await carrier.send(message)


async def test_a_broken_stream_is_resumed_where_it_stood(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    welcome = await opened(carrier)
    first = executing(backend, ping("c1"))
    await expect(carrier, "command")
    await carrier.send(result(1, "c1"))
    await first
    second = executing(backend, ping("c2"))
    await expect(carrier, "command")  # received, and lost before it was recorded
    await carrier.break_stream()
    third = executing(backend, ping("c3"))

    await carrier.resume(welcome.link_id, after=2, epoch=2)
    attached = await expect(carrier, "attached")
    assert attached.attached.recorded_uplink_seq == 1
    replayed = [(await expect(carrier, "command")) for _ in range(2)]
    assert [(message.seq, message.command.command_id) for message in replayed] == [(3, "c2"), (4, "c3")]
    assert (await expect(carrier, "caught_up")).caught_up.seq == 4
    await carrier.send(result(2, "c2"), result(3, "c3"))
    assert (await second).command_id == "c2"
    assert (await third).command_id == "c3"


async def test_a_newer_epoch_ends_the_older_stream(backend: Backend, connect: Connect) -> None:
    older, newer = connect(), connect()
    welcome = await opened(older)
    await newer.resume(welcome.link_id, after=1, epoch=2)
    await expect(newer, "attached")
    error = await ending(older)
    assert error.code() is grpc.StatusCode.ABORTED
    assert error_of(error).error_code == error_pb2.ERROR_CODE_EPOCH_FENCED
    await expect(newer, "caught_up")
    task = executing(backend, ping("c1"))
    assert (await expect(newer, "command")).command.command_id == "c1"
    await newer.send(result(1, "c1"))
    await task
    stale = connect()
    await stale.resume(welcome.link_id, after=2, epoch=2)
    assert (await ending(stale)).code() is grpc.StatusCode.ABORTED


async def test_an_unknown_link_and_a_cursor_out_of_the_window_are_out_of_range(
    backend: Backend, connect: Connect
) -> None:
    carrier = connect()
    await carrier.resume("no-such-link", after=0, epoch=1)
    assert (await ending(carrier)).code() is grpc.StatusCode.OUT_OF_RANGE
    welcome = await opened(carrier)
    await carrier.break_stream()
    await carrier.resume(welcome.link_id, after=99, epoch=2)
    error = await ending(carrier)
    assert error.code() is grpc.StatusCode.OUT_OF_RANGE
    assert error_of(error).error_code == error_pb2.ERROR_CODE_OUT_OF_RANGE


async def test_another_browsers_link_is_out_of_range(backend: Backend, connect: Connect) -> None:
    welcome = await opened(connect("browser-1"))
    thief = connect("browser-2")
    await thief.resume(welcome.link_id, after=0, epoch=9)
    assert (await ending(thief)).code() is grpc.StatusCode.OUT_OF_RANGE


async def test_a_new_link_replaces_the_older_one_and_gets_what_is_to_be_done(
    backend: Backend, connect: Connect
) -> None:
    older, newer = connect(), connect()
    await opened(older)
    task = executing(backend, ping("c1"))
    await expect(older, "command")
    await newer.open()
    await expect(newer, "attached")
    await expect(newer, "observe_tabs")
    assert (await expect(newer, "command")).command.command_id == "c1"
    assert (await ending(older)).code() is grpc.StatusCode.ABORTED
    await newer.send(result(1, "c1", pong=link_pb2.Pong()))
    assert (await task).command_id == "c1"


async def test_no_common_revision_names_both_ranges_and_what_to_update(backend: Backend, connect: Connect) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await connect().open(hello(min_revision=2, max_revision=3))
    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    info = error_of(raised.value)
    assert info.error_code == error_pb2.ERROR_CODE_PROTOCOL_REVISION_UNSUPPORTED
    revision = info.details.revision
    assert (revision.browser_min, revision.browser_max) == (2, 3)
    assert (revision.server_min, revision.server_max, revision.update) == (1, 1, "server")
    assert info.remedy


async def test_a_token_without_a_browser_holds_no_link(backend: Backend, connect: Connect) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await connect("nobody").open()
    assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_credit_stops_the_server_and_acknowledgements_let_it_go_on(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier, hello(limits=link_pb2.LinkLimits(max_unacked_messages=2)))
    tasks = [executing(backend, ping(f"c{number}")) for number in range(1, 4)]
    last = await expect(carrier, "command")
    assert last.command.command_id == "c1"  # with observe_tabs, two are under way
    session = backend.hub._slots[BROWSER].session
    assert session is not None
    assert session._channel.in_flight == 2
    for number in range(2, 4):
        await carrier.send(link_pb2.Uplink(heartbeat=link_pb2.Heartbeat(), ack=last.seq))
        last = await expect(carrier, "command")
        assert last.command.command_id == f"c{number}"
    await carrier.send(*(result(number, f"c{number}") for number in range(1, 4)))
    assert [(await task).command_id for task in tasks] == ["c1", "c2", "c3"]


async def test_state_updates_reach_their_watchers(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier)
    updates = backend.hub.updates(BROWSER, 7)
    waiting = asyncio.ensure_future(anext(updates))
    assert (await expect(carrier, "observe_tabs")).observe_tabs.tab_ids == [7]
    other = link_pb2.StateUpdate(tab_id=8)
    wanted = link_pb2.StateUpdate(tab_id=7, page_state=state_pb2.PageState(title="Shop"))
    await carrier.send(link_pb2.Uplink(seq=1, state_update=other), link_pb2.Uplink(seq=2, state_update=wanted))
    assert (await waiting).page_state.title == "Shop"
    await updates.aclose()
    assert (await expect(carrier, "observe_tabs")).observe_tabs.tab_ids == []


async def test_an_unknown_kind_of_message_is_acknowledged(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier)
    newer = link_pb2.Uplink.FromString(link_pb2.Uplink(seq=1).SerializeToString() + b"\xc2\x3e\x00")  # field 1000
    assert await carrier.send(newer) == []
    assert carrier.acked == 1


async def test_dropping_a_browser_ends_its_stream_and_its_commands(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier)
    task = executing(backend, ping("c1"))
    await expect(carrier, "command")
    await backend.hub.drop(BROWSER, "This browser was unpaired.")
    error = await ending(carrier)
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    with pytest.raises(TabwireError) as raised:
        await task
    assert raised.value.code == error_pb2.ERROR_CODE_LINK_CLOSED
    assert not backend.hub.is_connected(BROWSER)


async def test_shutdown_says_rotate_and_ends_well(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier)
    task = executing(backend, ping("c1"))
    await expect(carrier, "command")
    stopping = asyncio.create_task(backend.hub.shutdown())
    rotate = await expect(carrier, "rotate")
    assert rotate.rotate.reason == link_pb2.ROTATE_REASON_SHUTDOWN
    assert rotate.rotate.retry_after_ms > 0
    assert await carrier.receive() is None  # status OK
    await stopping
    with pytest.raises(TabwireError) as raised:
        await task
    assert raised.value.code == error_pb2.ERROR_CODE_LINK_CLOSED
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await connect().open()
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_stream_is_renewed_before_its_token_ends(backend: Backend, connect: Connect) -> None:
    backend.access.token_life = timedelta(seconds=2)
    carrier = connect()
    welcome = await opened(carrier)
    rotate = await expect(carrier, "rotate")
    assert rotate.rotate.reason == link_pb2.ROTATE_REASON_TOKEN_EXPIRY
    assert await carrier.receive() is None
    backend.access.token_life = timedelta(hours=1)
    await carrier.resume(welcome.link_id, after=1, epoch=2)
    await expect(carrier, "attached")


@pytest.mark.parametrize("backend", [{"heartbeat_ms": 200}], indirect=True)
async def test_signs_of_life_come_and_a_silent_browser_is_lost(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    welcome = await opened(carrier)
    message = await carrier.receive()
    assert message is not None
    assert message.WhichOneof("body") == "heartbeat"
    error = await ending(carrier)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    await carrier.resume(welcome.link_id, after=1, epoch=2)
    await expect(carrier, "attached")


@pytest.mark.parametrize("backend", [{"link_window_s": 1}], indirect=True)
async def test_a_browser_that_does_not_come_back_is_given_up(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier)
    task = executing(backend, ping("c1"))
    await expect(carrier, "command")
    await carrier.break_stream()
    with pytest.raises(TabwireError) as raised:
        await task
    assert raised.value.code == error_pb2.ERROR_CODE_LINK_CLOSED
    assert not backend.hub.is_connected(BROWSER)


async def test_without_a_link_nothing_waits(backend: Backend, connect: Connect) -> None:
    with pytest.raises(TabwireError) as raised:
        await backend.hub.execute(BROWSER, ping("c1"), timeout_s=PATIENCE_S)
    assert raised.value.code == error_pb2.ERROR_CODE_BROWSER_DISCONNECTED
    assert raised.value.info.remedy
    waiting = asyncio.create_task(backend.hub.wait_connected(BROWSER))
    await opened(connect())
    await asyncio.wait_for(waiting, PATIENCE_S)


async def test_too_large_a_command_is_refused_alone_and_the_link_goes_on(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier, hello(limits=link_pb2.LinkLimits(max_message_bytes=1000)))
    huge = link_pb2.Command(command_id="big", task_id="x" * 2000, ping=link_pb2.Ping())
    with pytest.raises(TabwireError) as raised:
        await backend.hub.execute(BROWSER, huge, timeout_s=1)
    assert raised.value.code == error_pb2.ERROR_CODE_COMMAND_REFUSED
    task = executing(backend, ping("c1"))
    await expect(carrier, "command")
    await carrier.send(result(1, "c1"))
    await task


async def test_a_nack_of_a_command_answers_it(backend: Backend, connect: Connect) -> None:
    carrier = connect()
    await opened(carrier)
    task = executing(backend, ping("c1"))
    sent = await expect(carrier, "command")
    info = error_pb2.ErrorInfo(error_code=error_pb2.ERROR_CODE_UNIMPLEMENTED, message="no such thing here")
    nack = link_pb2.Nack(seq=sent.seq, error_info=info)
    await carrier.send(link_pb2.Uplink(nack=nack, ack=sent.seq))
    error = (await task).error_info
    assert error.error_code == error_pb2.ERROR_CODE_COMMAND_REFUSED
    assert "no such thing here" in error.message


async def test_closing_a_link_is_safe_to_repeat(backend: Backend) -> None:
    carrier = WebCarrier(backend, BROWSER)
    await opened(carrier)
    await carrier.close_link()
    await carrier.close_link()
    assert await carrier.receive() is None
    assert not backend.hub.is_connected(BROWSER)
    await carrier.close()


async def test_sending_on_a_fenced_epoch_is_aborted(backend: Backend) -> None:
    carrier = WebCarrier(backend, BROWSER)
    welcome = await opened(carrier)
    await carrier.resume(welcome.link_id, after=1, epoch=2)
    await expect(carrier, "attached")
    carrier.epoch = 1
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await carrier.send(result(1, "c1"))
    assert raised.value.code() is grpc.StatusCode.ABORTED
    await carrier.close()


async def test_a_native_client_that_has_said_all_ends_well(backend: Backend) -> None:
    carrier = NativeCarrier(backend, BROWSER)
    await opened(carrier)
    await carrier.half_close()
    assert await carrier.receive() is None
    await carrier.close()


async def test_a_native_stream_must_begin_with_hello_or_resume(backend: Backend) -> None:
    carrier = NativeCarrier(backend, BROWSER)
    await carrier._start(link_pb2.Uplink(heartbeat=link_pb2.Heartbeat()))
    error = await ending(carrier)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    await carrier.close()


async def test_a_reader_that_leaves_while_the_server_writes_is_noticed(backend: Backend) -> None:
    carrier = WebCarrier(backend, BROWSER)
    await opened(carrier)
    slot = backend.hub._slots[BROWSER]
    bulk = [
        executing(backend, link_pb2.Command(command_id=f"c{number}", task_id="x" * 100_000, ping=link_pb2.Ping()))
        for number in range(9)
    ]
    await expect(carrier, "command")
    await carrier.break_stream()
    await until(lambda: slot.session is not None and not slot.session.attached)
    for task in bulk:
        task.cancel()
    await asyncio.gather(*bulk, return_exceptions=True)
    await carrier.close()
