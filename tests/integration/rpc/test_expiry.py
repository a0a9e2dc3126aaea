"""The end of a token ends its streams, and nothing is lost by it: the link goes on with the next token.

The access tokens of this server live three seconds, so that many of them end in one test.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from integration.rpc.harness import Api, bearer, error_of, failed, short_folder
from integration.rpc.scripted_browser import one_tab
from tabwire.rpc.server import TabwireServer
from tabwire.settings import Settings
from tabwire.v1 import (
    auth_service_pb2,
    browser_service_pb2,
    error_pb2,
    link_pb2,
    link_service_pb2,
    link_service_pb2_grpc,
    task_pb2,
    task_service_pb2,
    task_service_pb2_grpc,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIFE_S = 3


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    with short_folder() as home:
        # Shorter than the settings let anybody choose.
        settings = Settings(home=home, model="").model_copy(update={"access_token_s": LIFE_S})
        server = TabwireServer(settings)
        await server.start()
        async with grpc.aio.insecure_channel(f"unix:{settings.socket_path}") as channel:
            yield Api(channel, settings, server)
        await server.stop()


class Traveller:
    """A paired browser over OpenLink, Attach and Send, that goes from token to token and counts what reaches it."""

    def __init__(self, api: Api, paired: auth_service_pb2.PairResponse) -> None:
        self.commands: list[str] = []
        self.rotated: list[link_pb2.RotateReason.ValueType] = []
        self.refused = 0
        self._api = api
        self._tokens = paired.tokens
        self._link = link_service_pb2_grpc.LinkServiceStub(api.channel)
        self._recorded = self._sent = self._epoch = 0
        self._link_id = ""

    @property
    def metadata(self) -> Any:
        return bearer(self._tokens.access_token)

    async def run(self, connected: asyncio.Event) -> None:
        hello = link_pb2.Hello(min_revision=1, max_revision=1, extension_version="1.2.3")
        opened = await self._link.OpenLink(link_service_pb2.OpenLinkRequest(hello=hello), metadata=self.metadata)
        self._link_id = opened.welcome.link_id
        while True:
            self._epoch += 1
            resume = link_pb2.Resume(link_id=self._link_id, resume_after_seq=self._recorded, attach_epoch=self._epoch)
            stream = self._link.Attach(link_service_pb2.AttachRequest(resume=resume), metadata=self.metadata)
            async for downlink in stream:
                connected.set()
                await self._take(downlink)
            await self._renew()

    async def _take(self, downlink: link_pb2.Downlink) -> None:
        match downlink.WhichOneof("body"):
            case "rotate":
                self.rotated.append(downlink.rotate.reason)
            case "heartbeat":
                await self._send(link_pb2.Uplink(ack=self._recorded, heartbeat=link_pb2.Heartbeat()))
            case "command":
                assert downlink.seq == self._recorded + 1, "a message is missing, or came twice"
                self._recorded = downlink.seq
                self.commands.append(downlink.command.command_id)
                result = one_tab(downlink.command) or link_pb2.CommandResult()
                result.command_id = downlink.command.command_id
                self._sent += 1
                await self._send(link_pb2.Uplink(seq=self._sent, ack=self._recorded, command_result=result))
            case _:
                self._recorded = max(self._recorded, downlink.seq)

    async def _send(self, message: link_pb2.Uplink) -> None:
        request = link_service_pb2.SendRequest(link_id=self._link_id, attach_epoch=self._epoch, messages=[message])
        try:
            await self._link.Send(request, metadata=self.metadata)
        except grpc.aio.AioRpcError as error:
            assert error.code() is grpc.StatusCode.UNAUTHENTICATED  # noqa: PT017 - anything else is a loss
            self.refused += 1
            await self._renew()
            await self._link.Send(request, metadata=self.metadata)

    async def _renew(self) -> None:
        request = auth_service_pb2.RefreshTokenRequest(refresh_token=self._tokens.refresh_token)
        self._tokens = (await self._api.auth.RefreshToken(request)).tokens


async def test_a_link_goes_from_token_to_token_and_loses_nothing(api: Api) -> None:
    paired = await api.pair()
    browser = Traveller(api, paired)
    connected = asyncio.Event()
    travelling = asyncio.create_task(browser.run(connected))
    waiting = asyncio.create_task(connected.wait())
    await asyncio.wait([travelling, waiting], return_when=asyncio.FIRST_COMPLETED, timeout=20)
    assert connected.is_set()
    asked = 0
    ping = browser_service_pb2.PingRequest(browser_id=paired.browser_id)
    async with asyncio.timeout(90):
        while len(browser.rotated) < 4:
            assert not travelling.done(), travelling
            await api.browsers.Ping(ping, metadata=api.owner, timeout=30)
            asked += 1
            await asyncio.sleep(0.02)
    travelling.cancel()
    await asyncio.gather(travelling, return_exceptions=True)
    assert set(browser.rotated) == {link_pb2.ROTATE_REASON_TOKEN_EXPIRY}
    assert len(browser.commands) == len(set(browser.commands)) == asked


async def test_a_stream_that_does_not_leave_is_ended_with_its_token(api: Api) -> None:
    paired = await api.pair()
    metadata = bearer(paired.tokens.access_token)
    tasks = task_service_pb2_grpc.TaskServiceStub(api.channel)
    # It waits for its browser, so that nothing happens to it while it is watched.
    request = task_service_pb2.CreateTaskRequest(user_prompt="done", decider=task_pb2.DECIDER_COMMANDS)
    made = (await tasks.CreateTask(request, metadata=metadata)).task
    seen: list[int] = []

    async def watch(token: Any, after: int) -> grpc.aio.AioRpcError:
        call = tasks.WatchTask(task_service_pb2.WatchTaskRequest(task_id=made.task_id, after_seq=after), metadata=token)

        async def noted() -> AsyncIterator[Any]:
            async for answer in call:
                seen.append(answer.event.seq)
                yield answer

        return await asyncio.wait_for(failed(noted()), 60)

    error = await watch(metadata, 0)
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    info = error_of(error)
    assert info.error_code == error_pb2.ERROR_CODE_UNAUTHENTICATED
    assert info.message == "The token has expired."
    request_ = auth_service_pb2.RefreshTokenRequest(refresh_token=paired.tokens.refresh_token)
    fresh = bearer((await api.auth.RefreshToken(request_)).tokens.access_token)
    stop = asyncio.create_task(watch_to_the_end(tasks, made.task_id, seen[-1], fresh, seen))
    await tasks.StopTask(task_service_pb2.StopTaskRequest(task_id=made.task_id), metadata=api.owner)
    await asyncio.wait_for(stop, 60)
    assert seen == list(range(1, len(seen) + 1))


async def watch_to_the_end(tasks: Any, task_id: str, after: int, metadata: Any, seen: list[int]) -> None:
    request = task_service_pb2.WatchTaskRequest(task_id=task_id, after_seq=after)
    async for answer in tasks.WatchTask(request, metadata=metadata):
        seen.append(answer.event.seq)  # noqa: PERF401 - the test looks at it meanwhile


async def test_an_attached_stream_that_ignores_rotate_is_over_when_its_token_is(api: Api) -> None:
    paired = await api.pair()
    metadata = bearer(paired.tokens.access_token)
    link = link_service_pb2_grpc.LinkServiceStub(api.channel)
    hello = link_pb2.Hello(min_revision=1, max_revision=1, extension_version="1.2.3")
    opened = await link.OpenLink(link_service_pb2.OpenLinkRequest(hello=hello), metadata=metadata)
    resume = link_pb2.Resume(link_id=opened.welcome.link_id, attach_epoch=1)
    stream = link.Attach(link_service_pb2.AttachRequest(resume=resume), metadata=metadata)
    last = None
    async with asyncio.timeout(60):
        async for downlink in stream:
            last = downlink.WhichOneof("body")
    assert last == "rotate"
    assert await stream.code() is grpc.StatusCode.OK
    error = None
    async with asyncio.timeout(60):
        for epoch in itertools.count(2):  # with the token that is about to end, again and again
            again = link_pb2.Resume(link_id=opened.welcome.link_id, attach_epoch=epoch)
            error = await over(link.Attach(link_service_pb2.AttachRequest(resume=again), metadata=metadata))
            if error is not None:
                break
    assert error is not None
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert error_of(error).message == "The token has expired."


async def over(stream: Any) -> grpc.aio.AioRpcError | None:
    """How a stream ends: None for OK."""
    try:
        async for _ in stream:
            pass
    except grpc.aio.AioRpcError as error:
        return error
    return None
