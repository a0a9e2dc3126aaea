"""The typed client of the whole API, for programs and for the command line.

    async with Client.local() as client:
        task = await client.create_task('open "https://example.org" then read "Example Domain"')
        async for event in client.watch_task(task.task_id):
            ...

Every method returns messages of the contract and raises `TabwireError`, or `UnreachableError` if no answer came.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Self

from google.protobuf.timestamp_pb2 import Timestamp
from grpc_health.v1 import health_pb2

from tabwire.client import diagnose
from tabwire.client.transport import Transport, UnreachableError
from tabwire.settings import Settings
from tabwire.v1 import (
    action_pb2,
    auth_pb2,
    auth_service_pb2,
    auth_service_pb2_grpc,
    browser_pb2,
    browser_service_pb2,
    browser_service_pb2_grpc,
    state_pb2,
    task_pb2,
    task_service_pb2,
    task_service_pb2_grpc,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from types import TracebackType

    import grpc

    from tabwire.v1 import link_pb2

_CALL_S = 30.0
_ACT_S = 320.0
_RESUME_S = 60.0
ENDED = frozenset({task_pb2.TASK_STATE_SUCCEEDED, task_pb2.TASK_STATE_FAILED, task_pb2.TASK_STATE_STOPPED})


class Client:
    """One connection to one server. Use it as an async context manager, or call `close`."""

    def __init__(self, url: str, token: str = "", *, ca: bytes | None = None) -> None:
        """`ca` is the certificate (PEM) of the authority to trust; without it, those that the system trusts."""
        self.transport = Transport(url, token, ca)
        channel = self.transport.channel
        self._auth = auth_service_pb2_grpc.AuthServiceStub(channel)
        self._browsers = browser_service_pb2_grpc.BrowserServiceStub(channel)
        self._tasks = task_service_pb2_grpc.TaskServiceStub(channel)
        self._check: grpc.aio.UnaryUnaryMultiCallable[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse]
        self._check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )

    @classmethod
    def local(cls, settings: Settings | None = None) -> Self:
        """The server of this computer's home folder, as its owner."""
        chosen = settings or Settings()
        try:
            token = chosen.cli_token_path.read_text(encoding="ascii").strip()
        except OSError:
            token = ""
        return cls(chosen.server_url, token, ca=diagnose.read_ca(chosen.grpc_ca_path))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection."""
        await self.transport.close()

    # Who, and tokens

    async def is_serving(self) -> bool:
        """Whether the server says that it is healthy. Needs no token."""
        response = await self.transport.unary(self._check, health_pb2.HealthCheckRequest(), _CALL_S)
        return response.status == health_pb2.HealthCheckResponse.SERVING

    async def who_am_i(self) -> auth_service_pb2.WhoAmIResponse:
        """Who this client is to the server, and what the server is."""
        return await self.transport.unary(self._auth.WhoAmI, auth_service_pb2.WhoAmIRequest(), _CALL_S)

    async def create_pairing_code(self) -> auth_service_pb2.CreatePairingCodeResponse:
        """A one-time code that pairs one browser."""
        request = auth_service_pb2.CreatePairingCodeRequest()
        return await self.transport.unary(self._auth.CreatePairingCode, request, _CALL_S)

    async def create_api_token(
        self, display_name: str, scopes: Sequence[auth_pb2.Scope.ValueType], *, lifetime_days: int = 0
    ) -> auth_service_pb2.CreateApiTokenResponse:
        """A token for a program. The secret in the answer is not to be had again."""
        request = auth_service_pb2.CreateApiTokenRequest(
            display_name=display_name, scopes=scopes, lifetime_days=lifetime_days
        )
        return await self.transport.unary(self._auth.CreateApiToken, request, _CALL_S)

    async def list_api_tokens(self) -> auth_service_pb2.ListApiTokensResponse:
        """The owner's tokens without their secrets."""
        return await self.transport.unary(self._auth.ListApiTokens, auth_service_pb2.ListApiTokensRequest(), _CALL_S)

    async def revoke_token(self, token_or_browser_id: str) -> None:
        """Revokes a token, or a browser's pairing, at once."""
        request = auth_service_pb2.RevokeTokenRequest(id=token_or_browser_id)
        await self.transport.unary(self._auth.RevokeToken, request, _CALL_S)

    async def rotate_signing_key(self) -> auth_service_pb2.RotateSigningKeyResponse:
        """Signs tokens with a new key from now on. Those of older keys stay good until they end."""
        request = auth_service_pb2.RotateSigningKeyRequest()
        return await self.transport.unary(self._auth.RotateSigningKey, request, _CALL_S)

    # Browsers

    async def list_browsers(self) -> browser_service_pb2.ListBrowsersResponse:
        """The paired browsers, connected ones first."""
        request = browser_service_pb2.ListBrowsersRequest()
        return await self.transport.unary(self._browsers.ListBrowsers, request, _CALL_S)

    async def wait_for_browser(self, *, interval_s: float = 0.25) -> browser_pb2.Browser:
        """Returns the first browser that is connected, as soon as there is one."""
        while True:
            for browser in (await self.list_browsers()).browsers:
                if browser.is_connected:
                    return browser
            await asyncio.sleep(interval_s)

    async def list_tabs(self, browser_id: str = "") -> browser_service_pb2.ListTabsResponse:
        """The tabs of a browser; of the only connected one if none is named."""
        request = browser_service_pb2.ListTabsRequest(browser_id=browser_id)
        return await self.transport.unary(self._browsers.ListTabs, request, _CALL_S)

    async def get_page_state(
        self, tab_id: int = 0, *, browser_id: str = "", options: state_pb2.StateRequest | None = None
    ) -> browser_service_pb2.GetPageStateResponse:
        """The state of a tab; of the active one for 0.

        With a base revision in the options the answer may be a delta; `tabwire.client.fold` makes a state of it again.
        """
        request = browser_service_pb2.GetPageStateRequest(browser_id=browser_id, tab_id=tab_id, options=options)
        return await self.transport.unary(self._browsers.GetPageState, request, _ACT_S)

    async def act(
        self,
        action: action_pb2.Action,
        tab_id: int = 0,
        *,
        browser_id: str = "",
        state_after: state_pb2.StateRequest | None = None,
    ) -> browser_service_pb2.ActResponse:
        """Does one action. A browser that tried and could not gives a failed result, not an exception."""
        request = browser_service_pb2.ActRequest(
            browser_id=browser_id, tab_id=tab_id, action=action, state_after=state_after
        )
        return await self.transport.unary(self._browsers.Act, request, _ACT_S)

    async def ping(
        self, tab_id: int = 0, *, browser_id: str = "", into_page: bool = True
    ) -> browser_service_pb2.PingResponse:
        """Measures the round trip to the browser, part by part."""
        request = browser_service_pb2.PingRequest(browser_id=browser_id, tab_id=tab_id, into_page=into_page)
        return await self.transport.unary(self._browsers.Ping, request, _CALL_S)

    async def watch_tab(self, tab_id: int = 0, *, browser_id: str = "") -> AsyncGenerator[link_pb2.StateUpdate, None]:
        """State updates of a tab until the iterator is closed."""
        request = browser_service_pb2.WatchTabRequest(browser_id=browser_id, tab_id=tab_id)
        async for response in self.transport.stream(self._browsers.WatchTab, request):
            yield response.update

    # Tasks

    async def create_task(
        self,
        user_prompt: str,
        *,
        start_url: str = "",
        browser_id: str = "",
        context: task_pb2.TaskContext | None = None,
        decider: task_pb2.Decider.ValueType = task_pb2.DECIDER_UNSPECIFIED,
        limits: task_pb2.TaskLimits | None = None,
        max_retries: int = 0,
        details: str = "",
        idempotency_key: str = "",
    ) -> task_pb2.Task:
        """Gives a task. It runs whether or not anybody watches. A lost answer is asked for again with the same key."""
        now = Timestamp()
        now.GetCurrentTime()
        request = task_service_pb2.CreateTaskRequest(
            user_prompt=user_prompt,
            start_url=start_url,
            browser_id=browser_id,
            context=context,
            decider=decider,
            limits=limits,
            max_retries=max_retries,
            details=details,
            idempotency_key=idempotency_key or uuid.uuid4().hex,
            timestamp=now,
        )
        return (await self.transport.unary(self._tasks.CreateTask, request, _CALL_S)).task

    async def get_task(self, task_id: str) -> task_pb2.Task:
        """A task with its steps."""
        request = task_service_pb2.GetTaskRequest(task_id=task_id)
        return (await self.transport.unary(self._tasks.GetTask, request, _CALL_S)).task

    async def list_tasks(
        self, *, page_size: int = 0, page_token: str = "", states: Sequence[task_pb2.TaskState.ValueType] = ()
    ) -> task_service_pb2.ListTasksResponse:
        """Tasks, newest first, without their steps."""
        request = task_service_pb2.ListTasksRequest(page_size=page_size, page_token=page_token, states=states)
        return await self.transport.unary(self._tasks.ListTasks, request, _CALL_S)

    async def watch_task(
        self, task_id: str, *, after_seq: int = 0, resume_s: float = _RESUME_S
    ) -> AsyncGenerator[task_pb2.TaskEvent, None]:
        """The journal of a task, first what there is, then what comes, until the task has ended.

        A connection that breaks is taken up again where it stopped, for up to `resume_s` seconds.
        """
        loop = asyncio.get_running_loop()
        lost_at: float | None = None
        while True:
            try:
                request = task_service_pb2.WatchTaskRequest(task_id=task_id, after_seq=after_seq)
                async for response in self.transport.stream(self._tasks.WatchTask, request):
                    lost_at = None
                    after_seq = response.event.seq
                    yield response.event
                    if response.event.state_changed.to in ENDED:
                        return
                # A clean end before the task's: the server is stopping, or the task had ended before `after_seq`.
                if (await self.get_task(task_id)).state in ENDED:
                    return
            except UnreachableError:
                lost_at = lost_at or loop.time()
                if loop.time() - lost_at > resume_s:
                    raise
            await asyncio.sleep(0.3)

    async def pause_task(self, task_id: str) -> task_pb2.Task:
        """Pauses a task after its current action."""
        request = task_service_pb2.PauseTaskRequest(task_id=task_id)
        return (await self.transport.unary(self._tasks.PauseTask, request, _CALL_S)).task

    async def resume_task(self, task_id: str) -> task_pb2.Task:
        """Lets a paused task go on."""
        request = task_service_pb2.ResumeTaskRequest(task_id=task_id)
        return (await self.transport.unary(self._tasks.ResumeTask, request, _CALL_S)).task

    async def stop_task(self, task_id: str, reason: str = "") -> task_pb2.Task:
        """Stops a task; its current action is cancelled."""
        request = task_service_pb2.StopTaskRequest(task_id=task_id, reason=reason)
        return (await self.transport.unary(self._tasks.StopTask, request, _CALL_S)).task

    async def answer_task(self, task_id: str, answer: str, *, request_id: str = "") -> task_pb2.Task:
        """Answers what a task asked."""
        request = task_service_pb2.AnswerTaskRequest(task_id=task_id, request_id=request_id, answer=answer)
        return (await self.transport.unary(self._tasks.AnswerTask, request, _CALL_S)).task

    async def modify_task(
        self,
        task_id: str,
        *,
        description: str | None = None,
        details: str | None = None,
        notes: str | None = None,
        scratchpad: str | None = None,
    ) -> task_pb2.Task:
        """Changes what a running task is to do; what is None stays."""
        request = task_service_pb2.ModifyTaskRequest(
            task_id=task_id, description=description, details=details, notes=notes, scratchpad=scratchpad
        )
        return (await self.transport.unary(self._tasks.ModifyTask, request, _CALL_S)).task
