"""The interceptors around handlers that misbehave in every way, over a real server on a Unix socket."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sqlite3
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import structlog
from sqlalchemy.exc import OperationalError

from integration.rpc.harness import error_of, failed, serving, streaming
from tabwire import log
from tabwire.errors import TabwireError
from tabwire.rpc.identity import correlation_id
from tabwire.rpc.interceptors.correlation import CorrelationInterceptor
from tabwire.rpc.interceptors.deadline import DeadlineInterceptor, seconds_left
from tabwire.rpc.interceptors.guard import GuardInterceptor
from tabwire.rpc.interceptors.handlers import normal
from tabwire.rpc.interceptors.messages import MessagesInterceptor
from tabwire.rpc.streams import OpenStreams
from tabwire.v1 import action_pb2, browser_service_pb2, error_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SECRET = "postgres password hunter2"
Request = browser_service_pb2.ActRequest
Response = browser_service_pb2.ActResponse
GOOD = Request(action=action_pb2.Action(click=action_pb2.ClickAction(element_id=1)))
KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


class Behaviours(grpc.GenericRpcHandler):
    """Methods named kind/behaviour."""

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()
        self.started = asyncio.Event()
        self.streams = OpenStreams()

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        _, kind, name = details.method.split("/")
        behaviour = getattr(self, name, None)
        if behaviour is None:
            return None
        make = getattr(grpc, f"{kind}_rpc_method_handler")
        streaming = kind.endswith("stream")

        async def one(request: Any, context: Any) -> Response:
            if kind.startswith("stream"):
                request = [item async for item in request]
            await behaviour(context)
            return Response(browser_id="fine")

        async def many(request: Any, context: Any) -> AsyncIterator[Response]:
            if kind.startswith("stream"):
                request = [item async for item in request]
            if name.startswith("late"):
                yield Response(browser_id="first")
            await behaviour(context)
            yield Response(browser_id="last")

        return make(
            many if streaming else one,
            request_deserializer=Request.FromString,
            response_serializer=Response.SerializeToString,
        )

    async def fine(self, _context: Any) -> None:
        pass

    async def late_fine(self, _context: Any) -> None:
        pass

    async def known(self, _context: Any) -> None:
        raise TabwireError(error_pb2.ERROR_CODE_TAB_NOT_FOUND, "The tab is gone.", remedy="Open it again.")

    late_known = known

    async def unknown(self, _context: Any) -> None:
        raise RuntimeError(SECRET)

    late_unknown = unknown

    async def full_disk(self, _context: Any) -> None:
        with sqlite3.connect(":memory:") as full:
            full.execute("PRAGMA max_page_count=1")
            try:
                full.execute(f"CREATE TABLE {SECRET.replace(' ', '_')} (a)")
            except sqlite3.OperationalError as error:
                raise OperationalError(SECRET, {}, error) from error

    late_full_disk = full_disk

    async def hang(self, _context: Any) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    late_hang = hang

    async def time_out_inside(self, _context: Any) -> None:
        raise TimeoutError(SECRET)

    async def cancelled_inside(self, _context: Any) -> None:
        raise asyncio.CancelledError(SECRET)

    async def end_while_writing(self, _context: Any) -> None:
        ended = TabwireError(error_pb2.ERROR_CODE_UNAUTHENTICATED, "The token has expired.")
        asyncio.get_running_loop().call_soon(self.streams.end, ended, "all")

    async def tell(self, _context: Any) -> None:
        structlog.get_logger().info("told", left=seconds_left())
        raise TabwireError(error_pb2.ERROR_CODE_CANCELLED, correlation_id())


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers, root.level
    stream = io.StringIO()
    log.configure("info", stream)
    yield stream
    root.handlers, root.level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def behaviours() -> Behaviours:
    return Behaviours()


@pytest.fixture
async def channel(behaviours: Behaviours, lines: io.StringIO) -> AsyncIterator[grpc.aio.Channel]:
    interceptors = (
        CorrelationInterceptor(),
        GuardInterceptor(),
        DeadlineInterceptor(cap_s=0.3),
        MessagesInterceptor(65536),
    )
    async with serving(interceptors, behaviours) as channel:
        yield channel


def stub(channel: grpc.aio.Channel, kind: str, name: str) -> Any:
    """One method. Bytes are sent as they are."""
    return getattr(channel, kind)(
        f"/{kind}/{name}",
        request_serializer=lambda message: message if isinstance(message, bytes) else message.SerializeToString(),
        response_deserializer=Response.FromString,
    )


def call(channel: grpc.aio.Channel, kind: str, name: str, request: Any = GOOD, **options: Any) -> Any:
    """Calls one method."""
    return stub(channel, kind, name)(iter([request]) if kind.startswith("stream") else request, **options)


async def refused(
    channel: grpc.aio.Channel, kind: str, name: str, request: Any = GOOD, **options: Any
) -> grpc.aio.AioRpcError:
    """The error of a method that must fail."""
    method = stub(channel, kind, name)
    return await failed(
        streaming(method, [request], **options) if kind.startswith("stream") else method(request, **options)
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_what_succeeds_is_let_through(channel: grpc.aio.Channel, kind: str) -> None:
    answer = call(channel, kind, "late_fine", metadata=(("x-correlation-id", "mine-12345"),))
    if kind.endswith("stream"):
        assert [message.browser_id async for message in answer] == ["first", "last"]
    else:
        assert (await answer).browser_id == "fine"
    assert dict(await answer.trailing_metadata())["x-correlation-id"] == "mine-12345"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["known", "late_known"])
async def test_an_error_that_is_meant_goes_out_whole(channel: grpc.aio.Channel, kind: str, name: str) -> None:
    error = await refused(channel, kind, name)
    info = error_of(error)
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert error.details() == info.message == "The tab is gone."
    assert (info.error_code, info.remedy) == (error_pb2.ERROR_CODE_TAB_NOT_FOUND, "Open it again.")
    assert info.component_origin == error_pb2.COMPONENT_ORIGIN_SERVER


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["unknown", "late_unknown", "time_out_inside", "cancelled_inside"])
async def test_an_error_that_is_not_meant_leaks_nothing_but_is_logged(
    channel: grpc.aio.Channel, lines: io.StringIO, kind: str, name: str
) -> None:
    error = await refused(channel, kind, name)
    info = error_of(error)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert info.error_code == error_pb2.ERROR_CODE_INTERNAL
    assert info.correlation_id in info.message
    assert SECRET not in str(error) + str(error.debug_error_string()) + str(error.trailing_metadata())
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    (failure,) = [line for line in logged if line["level"] == "error"]
    assert failure["correlation_id"] == info.correlation_id
    assert SECRET in failure["exception"]
    assert failure["method"] == f"{kind}/{name}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["full_disk", "late_full_disk"])
async def test_a_full_disk_is_told_with_its_remedy_and_logged_with_its_cause(
    channel: grpc.aio.Channel, lines: io.StringIO, kind: str, name: str
) -> None:
    error = await refused(channel, kind, name)
    info = error_of(error)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert info.error_code == error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED
    assert "full" in info.message
    assert "Free some space" in info.remedy
    assert info.retryable
    assert SECRET not in str(error) + str(error.debug_error_string()) + str(error.trailing_metadata())
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    (failure,) = [line for line in logged if line["level"] == "error"]
    assert failure["event"] == "database_trouble"
    assert failure["correlation_id"] == info.correlation_id
    assert SECRET in failure["exception"]


@pytest.mark.parametrize("kind", KINDS)
async def test_bytes_that_are_no_message_are_refused(channel: grpc.aio.Channel, kind: str) -> None:
    error = await refused(channel, kind, "fine", b"\xff\xff\xff\xff\xff\xff")
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error_of(error).error_code == error_pb2.ERROR_CODE_INVALID_ARGUMENT


@pytest.mark.parametrize("kind", KINDS)
async def test_broken_rules_are_named_field_by_field(channel: grpc.aio.Channel, kind: str) -> None:
    select = action_pb2.SelectOptionAction(element_id=0, options=["good", "b" * 1001])
    request = Request(browser_id="x" * 65, action=action_pb2.Action(select_option=select))
    error = await refused(channel, kind, "fine", request)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    violations = error_of(error).details.field_violations.violations
    assert [violation.field for violation in violations] == [
        "browser_id",
        "action.select_option.element_id",
        "action.select_option.options[1]",
    ]
    assert all(violation.description for violation in violations)
    assert "b" * 100 not in str(error)


@pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"])
async def test_each_message_of_a_stream_is_checked(channel: grpc.aio.Channel, kind: str) -> None:
    method: Any = getattr(channel, kind)(f"/{kind}/fine", request_serializer=Request.SerializeToString)
    error = await failed(streaming(method, [GOOD, GOOD, Request()]))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error_of(error).details.field_violations.violations[0].field == "action"


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream"])
@pytest.mark.parametrize("count", [0, 2])
async def test_a_call_without_its_one_message_is_answered(channel: grpc.aio.Channel, kind: str, count: int) -> None:
    method: Any = channel.stream_stream(f"/{kind}/fine", request_serializer=Request.SerializeToString)
    error = await failed(streaming(method, [GOOD] * count))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "message" in error_of(error).message


@pytest.mark.parametrize("told", ["of all", "of nothing", "no number"])
@pytest.mark.parametrize("count", [1, 2])
async def test_a_told_length_lets_no_second_message_through(channel: grpc.aio.Channel, count: int, told: str) -> None:
    messages = [GOOD.SerializeToString()] * count
    length = {"of all": str(sum(5 + len(one) for one in messages)), "of nothing": "0", "no number": "many"}[told]
    method: Any = channel.stream_unary("/unary_unary/late_fine", response_deserializer=Response.FromString)
    answers = streaming(method, messages, metadata=(("content-length", length),))
    if count == 1:
        assert [answer.browser_id async for answer in answers] == ["fine"]
    else:
        error = await failed(answers)
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert error.details() == "The request carries more than one message."


@pytest.mark.parametrize("kind", KINDS)
async def test_a_message_that_is_too_large_is_refused_in_words(channel: grpc.aio.Channel, kind: str) -> None:
    text = action_pb2.InputTextAction(element_id=1, text="x" * 70_000)
    error = await refused(channel, kind, "fine", Request(action=action_pb2.Action(input_text=text)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    info = error_of(error)
    assert info.details.limit.limit == 65536
    assert not info.retryable


@pytest.mark.parametrize("kind", KINDS)
async def test_a_method_that_does_not_exist_is_unimplemented(channel: grpc.aio.Channel, kind: str) -> None:
    error = await refused(channel, kind, "no_such_method")
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert error_of(error).error_code == error_pb2.ERROR_CODE_UNIMPLEMENTED


@pytest.mark.parametrize("kind", ["unary_unary", "stream_unary"])
async def test_a_call_without_a_deadline_ends_at_the_servers_cap(
    channel: grpc.aio.Channel, behaviours: Behaviours, kind: str
) -> None:
    error = await refused(channel, kind, "hang")
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    info = error_of(error)
    assert info.error_code == error_pb2.ERROR_CODE_DEADLINE_EXCEEDED
    assert "0.3 seconds" in info.message
    await behaviours.cancelled.wait()


async def test_a_callers_deadline_is_kept(channel: grpc.aio.Channel, behaviours: Behaviours) -> None:
    error = await refused(channel, "unary_unary", "hang", timeout=0.25)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await behaviours.cancelled.wait()


async def test_streams_have_no_cap(channel: grpc.aio.Channel, behaviours: Behaviours) -> None:
    stream = call(channel, "unary_stream", "late_hang")
    assert (await stream.read()).browser_id == "first"
    await behaviours.started.wait()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(behaviours.cancelled.wait(), 0.6)  # twice the cap of calls that are answered once
    stream.cancel()
    await behaviours.cancelled.wait()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cancelled_call_is_cancelled_inside(
    channel: grpc.aio.Channel, behaviours: Behaviours, lines: io.StringIO, kind: str
) -> None:
    running = call(channel, kind, "hang")
    reading = asyncio.ensure_future(failed(running)) if kind.endswith("stream") else None
    await behaviours.started.wait()
    running.cancel()
    await behaviours.cancelled.wait()
    if reading is not None:
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert '"level": "error"' not in lines.getvalue()


class _Ending(grpc.aio.ServerInterceptor):
    """Counts streams, as the auth interceptor does, under one name."""

    def __init__(self, streams: OpenStreams) -> None:
        self._streams = streams

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Any:
        handler = await normal(continuation, handler_call_details)

        async def counted(requests: AsyncIterator[bytes], context: Any) -> bytes | None:
            async with self._streams.opened("all"):
                return await handler.behaviour(requests, context)

        return handler.wrapped(counted)


@pytest.mark.parametrize("kind", ["unary_stream", "stream_stream"])
async def test_a_stream_that_is_ended_within_its_first_write_still_says_why(behaviours: Behaviours, kind: str) -> None:
    interceptors = (
        CorrelationInterceptor(),
        GuardInterceptor(),
        _Ending(behaviours.streams),
        MessagesInterceptor(65536),
    )
    async with serving(interceptors, behaviours) as channel, asyncio.timeout(30):
        assert error_of(await refused(channel, kind, "end_while_writing")).message == "The token has expired."


@pytest.mark.parametrize("given", ["", "short", "has space in it", "x" * 65, "semi;colon-12345"])
async def test_a_correlation_id_that_is_none_is_replaced(channel: grpc.aio.Channel, given: str) -> None:
    error = await refused(channel, "unary_unary", "tell", metadata=(("x-correlation-id", given),))
    info = error_of(error)
    assert info.message == info.correlation_id != given
    assert len(info.correlation_id) == 16


async def test_a_callers_correlation_id_is_in_every_log_line(channel: grpc.aio.Channel, lines: io.StringIO) -> None:
    error = await refused(channel, "unary_unary", "tell", metadata=(("x-correlation-id", "mine-12345"),))
    assert error_of(error).message == "mine-12345"
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["event"] for line in logged] == ["told", "rpc_refused"]
    assert {line["correlation_id"] for line in logged} == {"mine-12345"}
    assert 0 < logged[0]["left"] <= 0.3
    assert logged[1]["error_code"] == "ERROR_CODE_CANCELLED"


async def test_calls_side_by_side_keep_their_ids_apart(channel: grpc.aio.Channel) -> None:
    ids = [f"number-{number:04}" for number in range(30)]
    errors = await asyncio.gather(
        *(failed(call(channel, "unary_unary", "tell", metadata=(("x-correlation-id", given),))) for given in ids)
    )
    assert [error_of(error).message for error in errors] == ids
