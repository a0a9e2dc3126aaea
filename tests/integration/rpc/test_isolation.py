"""Two owners on one server: no id of one does anything for the other, or tells that it exists.

The table below says for every RPC of the contract which ids it takes, and sends each of them twice: once another
owner's real one, once one that never was. The two answers must be the same, byte for byte. An RPC, or an id in a
request, that is not in the table fails the test. The file is long because the table is one: a row for every RPC.
"""

from __future__ import annotations

import base64
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict

from integration.rpc.conftest import running
from integration.rpc.harness import Api, bearer, every_method
from integration.rpc.scripted_browser import ScriptedBrowser, one_tab
from tabwire.rpc.access import Access
from tabwire.rpc.streams import OpenStreams
from tabwire.security.keys import SigningKeys
from tabwire.store.auth_store import AuthStore
from tabwire.store.database import Database
from tabwire.v1 import (
    action_pb2,
    auth_pb2,
    auth_service_pb2,
    browser_service_pb2,
    error_pb2,
    link_pb2,
    link_service_pb2,
    state_pb2,
    task_pb2,
    task_service_pb2,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from google.protobuf.descriptor import Descriptor, MethodDescriptor
    from google.protobuf.message import Message

    from integration.rpc.harness import Metadata

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL = list(every_method())
Code = grpc.StatusCode
CORRELATION = "isolation-test-0001"
NEVER_TAB = 4_000_000


@dataclass(frozen=True)
class Ids:
    """One of everything that has an id."""

    browser_id: str
    tab_id: int
    link_id: str
    task_id: str
    used_task_id: str
    request_id: str
    token_id: str
    pairing_id: str
    idempotency_key: str
    page_token: str

    @classmethod
    def never(cls) -> Ids:
        """Ids that look right and never were."""
        name = secrets.token_hex(16)
        place = base64.urlsafe_b64encode(f"2026-11-21T12:00:00+00:00 {name}".encode()).decode()
        return cls(name, NEVER_TAB, name, name, name, name, name, name, name, place)


@dataclass(frozen=True)
class Probe:
    """A request with an id in it. `own` are ids of the caller's, for what is not asked about."""

    covers: str
    make: Callable[[Ids, Ids], Message]
    code: grpc.StatusCode
    # Whose token calls: the owner's own with all scopes of programs, or that of the owner's browser.
    by_browser: bool = False


def click() -> action_pb2.Action:
    return action_pb2.Action(click=action_pb2.ClickAction(element_id=1))


def uplink(ids: Ids) -> link_pb2.Uplink:
    return link_pb2.Uplink(resume=link_pb2.Resume(link_id=ids.link_id, attach_epoch=99))


auth, browser, link, task = auth_service_pb2, browser_service_pb2, link_service_pb2, task_service_pb2


def of_browser(request: Any, **rest: Callable[[], Any]) -> list[Probe]:
    """An RPC of BrowserService: another owner's browser, and another owner's tab in one's own browser."""

    def filled(browser_id: str, tab_id: int) -> Message:
        extra = {name: make() for name, make in rest.items()}
        if "tab_id" in request.DESCRIPTOR.fields_by_name:
            extra["tab_id"] = tab_id
        made: Message = request(browser_id=browser_id, **extra)
        return made

    probes = [Probe("browser_id", lambda ids, own: filled(ids.browser_id, own.tab_id), Code.NOT_FOUND)]
    if "tab_id" in request.DESCRIPTOR.fields_by_name:
        probes.append(Probe("tab_id", lambda ids, own: filled(own.browser_id, ids.tab_id), Code.NOT_FOUND))
    return probes


def of_task(request: Any, **rest: Any) -> list[Probe]:
    return [Probe("task_id", lambda ids, _own: request(task_id=ids.task_id, **rest), Code.NOT_FOUND)]


def new_task(ids: Ids, own: Ids, **changes: Any) -> Message:
    given = {"user_prompt": "done", "decider": task_pb2.DECIDER_COMMANDS, "browser_id": own.browser_id}
    return task.CreateTaskRequest(**{**given, **changes})


# For each RPC: what it may be asked with. An empty list says that it takes no ids.
TABLE: dict[str, list[Probe]] = {
    "AuthService.CreatePairingCode": [],
    # Needs a code, which is the caller's own; an id that is not the owner's is not given. See the test below.
    "AuthService.Pair": [
        Probe(
            "browser_id",
            lambda ids, _own: auth.PairRequest(code="2222-2222", browser_id=ids.browser_id),
            Code.UNAUTHENTICATED,
        )
    ],
    # A secret, not an id: whoever has it is its owner.
    "AuthService.RefreshToken": [],
    "AuthService.CreateApiToken": [],
    "AuthService.ListApiTokens": [],
    "AuthService.RevokeToken": [
        Probe("id", lambda ids, _own: auth.RevokeTokenRequest(id=ids.token_id), Code.NOT_FOUND),
        Probe("id", lambda ids, _own: auth.RevokeTokenRequest(id=ids.browser_id), Code.NOT_FOUND),
        Probe("id", lambda ids, _own: auth.RevokeTokenRequest(id=ids.pairing_id), Code.NOT_FOUND),
        Probe(
            "id", lambda ids, _own: auth.RevokeTokenRequest(id=ids.token_id), Code.PERMISSION_DENIED, by_browser=True
        ),
        Probe(
            "id", lambda ids, _own: auth.RevokeTokenRequest(id=ids.browser_id), Code.PERMISSION_DENIED, by_browser=True
        ),
    ],
    "AuthService.RotateSigningKey": [],
    "AuthService.WhoAmI": [],
    "BrowserService.ListBrowsers": [],
    "BrowserService.ListTabs": of_browser(browser.ListTabsRequest),
    "BrowserService.GetPageState": of_browser(browser.GetPageStateRequest),
    "BrowserService.Act": of_browser(browser.ActRequest, action=click),
    "BrowserService.Ping": of_browser(browser.PingRequest),
    "BrowserService.WatchTab": of_browser(browser.WatchTabRequest),
    "LinkService.Connect": [Probe("resume.link_id", lambda ids, _own: uplink(ids), Code.OUT_OF_RANGE, by_browser=True)],
    # The browser is the one the token belongs to; nothing in Hello names another.
    "LinkService.OpenLink": [],
    "LinkService.Attach": [
        Probe(
            "resume.link_id",
            lambda ids, _own: link.AttachRequest(resume=uplink(ids).resume),
            Code.OUT_OF_RANGE,
            by_browser=True,
        )
    ],
    "LinkService.Send": [
        Probe(
            "link_id",
            lambda ids, _own: link.SendRequest(
                link_id=ids.link_id, attach_epoch=1, messages=[link_pb2.Uplink(heartbeat=link_pb2.Heartbeat())]
            ),
            Code.OUT_OF_RANGE,
            by_browser=True,
        )
    ],
    # Closing what is not there is as good as closing it.
    "LinkService.CloseLink": [
        Probe("link_id", lambda ids, _own: link.CloseLinkRequest(link_id=ids.link_id), Code.OK, by_browser=True)
    ],
    # The owner's own; no secret's name names another owner's.
    "PolicyService.GetPolicy": [],
    "PolicyService.SetPolicy": [],
    "PolicyService.ListSecrets": [],
    "PolicyService.PutSecret": [],
    "PolicyService.DeleteSecret": [],
    "TaskService.CreateTask": [
        Probe("browser_id", lambda ids, own: new_task(ids, own, browser_id=ids.browser_id), Code.NOT_FOUND),
        # Ids and keys are each owner's own: what another one has used is free.
        Probe("task_id", lambda ids, own: new_task(ids, own, task_id=ids.used_task_id), Code.OK),
        Probe("idempotency_key", lambda ids, own: new_task(ids, own, idempotency_key=ids.idempotency_key), Code.OK),
        Probe("follows_task_id", lambda ids, own: new_task(ids, own, follows_task_id=ids.task_id), Code.NOT_FOUND),
    ],
    "TaskService.GetTask": of_task(task.GetTaskRequest),
    "TaskService.ListTasks": [
        Probe("page_token", lambda ids, _own: task.ListTasksRequest(page_size=1, page_token=ids.page_token), Code.OK),
        # A list of what there is not.
        Probe("browser_id", lambda ids, _own: task.ListTasksRequest(browser_id=ids.browser_id), Code.OK),
    ],
    "TaskService.WatchTask": of_task(task.WatchTaskRequest),
    "TaskService.ModifyTask": of_task(task.ModifyTaskRequest, notes="mine now"),
    "TaskService.PauseTask": of_task(task.PauseTaskRequest),
    "TaskService.ResumeTask": of_task(task.ResumeTaskRequest),
    "TaskService.StopTask": of_task(task.StopTaskRequest),
    "TaskService.AnswerTask": [
        *of_task(task.AnswerTaskRequest, answer="Yes"),
        Probe(
            "request_id",
            lambda ids, own: task.AnswerTaskRequest(task_id=own.task_id, request_id=ids.request_id, answer="Yes"),
            Code.FAILED_PRECONDITION,
        ),
    ],
    "TaskService.SteerTask": of_task(task.SteerTaskRequest, text="stop it"),
    # Deleting what is not there is as good as deleting it.
    "TaskService.DeleteTask": [
        Probe("task_id", lambda ids, _own: task.DeleteTaskRequest(task_id=ids.task_id), Code.OK)
    ],
    "TaskService.ListTaskEffects": [
        *of_task(task.ListTaskEffectsRequest),
        Probe(
            "page_token",
            lambda ids, own: task.ListTaskEffectsRequest(task_id=own.task_id, page_token=ids.page_token),
            Code.INVALID_ARGUMENT,
        ),
    ],
    "TaskService.ExportTask": of_task(task.ExportTaskRequest, format=task.EXPORT_FORMAT_TEXT),
    "TaskService.GetTaskPrompt": of_task(task.GetTaskPromptRequest),
}


def name(method: MethodDescriptor) -> str:
    return f"{method.containing_service.name}.{method.name}"


class Owner:
    """One owner with a browser that is connected, a task that waits for a person, and a token of each kind."""

    def __init__(self, api: Api, owner_id: str, access: Access) -> None:
        self.owner_id = owner_id
        self.browser: ScriptedBrowser
        self.ids: Ids
        self.tab_id = 0
        self.program: Metadata = ()
        self.as_browser: Metadata = ()
        self._api = api
        self._access = access

    async def settle_in(self, exits: AsyncExitStack) -> None:
        admin, row = await self._token(auth_pb2.SCOPE_ADMIN)
        self.program = admin
        self.as_browser, browser_row = await self._token(
            auth_pb2.SCOPE_BROWSER, auth_pb2.SCOPE_TASKS, auth_pb2.SCOPE_READ
        )
        assert browser_row.browser_id is not None
        self.browser = ScriptedBrowser(self._api.channel, self.as_browser, self._answer)
        await exits.enter_async_context(self.browser)
        code, _ = await self._access.new_code(self.owner_id)
        paired = await self._access.pair(code, display_name="Chrome", browser_id="")
        pairing = (await self._who(bearer(paired.access_token))).token_id
        key = f"key-{self.owner_id}-{secrets.token_hex(8)}"
        asked = await self._ask(browser_row.browser_id, key)
        second = task.CreateTaskRequest(
            user_prompt="done", decider=task_pb2.DECIDER_COMMANDS, browser_id=browser_row.browser_id
        )
        used = task.CreateTaskResponse.FromString(await self.call("TaskService.CreateTask", second)).task
        listed = await self.call("TaskService.ListTasks", task.ListTasksRequest(page_size=1))
        self.ids = Ids(
            browser_id=browser_row.browser_id,
            tab_id=self.tab_id,
            link_id=self.browser.link_id,
            task_id=asked.task_id,
            used_task_id=used.task_id,
            request_id=asked.human_request.request_id,
            token_id=row.id,
            pairing_id=pairing,
            idempotency_key=key,
            page_token=task.ListTasksResponse.FromString(listed).next_page_token,
        )
        assert all(getattr(self.ids, field.name) for field in fields(Ids))

    def _answer(self, command: link_pb2.Command) -> link_pb2.CommandResult | None:
        """A browser with one tab of its own; it knows no other."""
        if command.tab_id and command.tab_id != self.tab_id:
            return link_pb2.CommandResult(
                error_info=error_pb2.ErrorInfo(
                    error_code=error_pb2.ERROR_CODE_TAB_NOT_FOUND, message="There is no such tab."
                )
            )
        return one_tab(command)

    async def _token(self, *scopes: auth_pb2.Scope.ValueType) -> tuple[Metadata, Any]:
        token, row = await self._access.new_api_token(self.owner_id, "test", scopes, timedelta(days=1))
        return bearer(token), row

    async def _who(self, metadata: Metadata) -> auth_service_pb2.WhoAmIResponse:
        return await self._api.auth.WhoAmI(auth_service_pb2.WhoAmIRequest(), metadata=metadata)

    async def _ask(self, browser_id: str, key: str) -> task_pb2.Task:
        """A task that asks a person, as it waits for the answer."""
        request = task.CreateTaskRequest(
            user_prompt='ask "Really?" with options "Yes", "No"',
            decider=task_pb2.DECIDER_COMMANDS,
            browser_id=browser_id,
            idempotency_key=key,
        )
        made = task.CreateTaskResponse.FromString(await self.call("TaskService.CreateTask", request)).task
        watch = self._api.call(
            by_name("TaskService.WatchTask"),
            task.WatchTaskRequest(task_id=made.task_id).SerializeToString(),
            self.program,
        )
        async for raw in watch:
            if task.WatchTaskResponse.FromString(raw).event.WhichOneof("kind") == "human_input_needed":
                break
        watch.cancel()
        return await self.task(made.task_id)

    async def task(self, task_id: str) -> task_pb2.Task:
        raw = await self.call("TaskService.GetTask", task.GetTaskRequest(task_id=task_id))
        return task.GetTaskResponse.FromString(raw).task

    async def call(self, method: str, request: Message) -> bytes:
        answer: bytes = await self._api.call(by_name(method), request.SerializeToString(), self.program)
        return answer

    async def untouched(self) -> tuple[Any, ...]:
        """What another owner must not have changed."""
        mine = await self.task(self.ids.task_id)
        browsers = browser.ListBrowsersResponse.FromString(
            await self.call("BrowserService.ListBrowsers", browser.ListBrowsersRequest())
        )
        tokens = await self.call("AuthService.ListApiTokens", auth.ListApiTokensRequest())
        return (
            mine.SerializeToString(deterministic=True),
            sorted((one.browser_id, one.is_connected) for one in browsers.browsers),
            tokens,
            len(self.browser.commands),
            self.browser.ended.done(),
            (await self._who(self.as_browser)).browser_id,
        )


def by_name(wanted: str) -> MethodDescriptor:
    (found,) = [method for method in ALL if name(method) == wanted]
    return found


@dataclass
class World:
    """Two owners on one server. The stranger asks for what is the victim's."""

    api: Api
    victim: Owner
    stranger: Owner


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    async with running() as api, AsyncExitStack() as exits:
        database = Database(api.settings.database)
        await database.open()
        exits.push_async_callback(database.close)
        store = AuthStore(database)
        keys = SigningKeys.load(api.settings.keys_path)
        access = Access(store, keys, api.settings, OpenStreams())
        owners = []
        for owner_id in ("victim", "stranger"):
            await store.ensure_owner(owner_id)
            owner = Owner(api, owner_id, access)
            owners.append(owner)
        for number, owner in enumerate(owners):
            owner.tab_id = 101 + number
            await owner.settle_in(exits)
        yield World(api, *owners)


async def answer_to(
    api: Api, method: MethodDescriptor, request: Message, metadata: Metadata
) -> tuple[Code, bytes, Any]:
    """All that a caller learns: status, what was answered, and everything of the error."""
    call = api.call(method, request.SerializeToString(), (*metadata, ("x-correlation-id", CORRELATION)))
    messages: list[bytes] = []
    try:
        if method.server_streaming:
            messages.extend([message async for message in call])
        else:
            messages.append(await call)
    except grpc.aio.AioRpcError as error:
        trailers = sorted((str(key), value) for key, value in error.trailing_metadata() or ())
        return error.code(), b"".join(messages), (error.details(), trailers, list(error.initial_metadata() or ()))
    return Code.OK, b"".join(messages), list(await call.trailing_metadata())


PROBES = [(method, probe) for method in ALL for probe in TABLE.get(name(method), [])]


async def test_every_rpc_of_the_contract_is_in_the_table() -> None:
    assert set(TABLE) == {name(method) for method in ALL}


def ids_in(message: Descriptor, prefix: str = "", depth: int = 1) -> set[str]:
    """The fields of a request that name something: one's own things, or somebody else's."""
    found = set()
    for field in message.fields:
        path = prefix + field.name
        inner = field.message_type
        if inner is not None and depth and inner.file.package == "tabwire.v1" and not field.is_repeated:
            found |= ids_in(inner, f"{path}.", depth - 1)
        elif field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_UINT32) and (
            field.name == "id" or field.name.endswith(("_id", "_key", "_token"))
        ):
            found.add(path)
    return found


# Ids that name nothing on the server: what the caller calls its own things by, or what lies inside of its own browser.
_NO_NAMES = {
    "AuthService.Pair": {"attempt_id"},  # of an attempt with that code
    "AuthService.RefreshToken": {"refresh_token"},  # a secret
    "BrowserService.GetPageState": {"options.element_id"},
    "BrowserService.Act": {"action.id", "action.document_id", "state_after.element_id"},
    "LinkService.OpenLink": {"hello.journal_id"},
    "TaskService.CreateTask": {"context.active_tab_id"},
    "TaskService.SteerTask": {"message_id"},  # of a message to that task
}


@pytest.mark.parametrize("method", ALL, ids=name)
async def test_every_id_of_a_request_is_probed(method: MethodDescriptor) -> None:
    probed = {probe.covers for probe in TABLE[name(method)]}
    named = ids_in(method.input_type)
    if method.client_streaming:  # of an Uplink, Resume alone names a link: see the next test
        named = {path for path in named if path.endswith("link_id")}
    assert probed == named - _NO_NAMES.get(name(method), set())


async def test_of_a_stream_only_its_first_message_names_a_link() -> None:
    named = {path for path in ids_in(link_pb2.Uplink.DESCRIPTOR) if path.endswith("link_id")}
    assert named == {"resume.link_id"}


@pytest.mark.parametrize(
    ("method", "probe"),
    PROBES,
    ids=[f"{name(method)}-{probe.covers}-{number}" for number, (method, probe) in enumerate(PROBES)],
)
async def test_another_owners_id_is_as_good_as_none(world: World, method: MethodDescriptor, probe: Probe) -> None:
    before = await world.victim.untouched()
    metadata = world.stranger.as_browser if probe.by_browser else world.stranger.program
    own = world.stranger.ids
    real = await answer_to(world.api, method, probe.make(world.victim.ids, own), metadata)
    never = Ids.never()
    invented = await answer_to(world.api, method, probe.make(never, own), metadata)
    assert real[0] is invented[0] is probe.code, (real, invented)
    if name(method) == "TaskService.CreateTask" and probe.code is Code.OK:
        assert like_a_new_task(real[1]) == like_a_new_task(invented[1])
    else:
        assert real[1] == invented[1]
    assert real[2] == invented[2]
    assert await world.victim.untouched() == before


def like_a_new_task(raw: bytes) -> dict[str, Any]:
    """A task that was just taken, without what is new in each."""
    made = MessageToDict(task.CreateTaskResponse.FromString(raw))["task"]
    for field in ("taskId", "createdAt", "updatedAt"):
        assert made.pop(field)
    assert isinstance(made, dict)
    return made


async def test_what_is_listed_is_ones_own(world: World) -> None:
    stranger, victim = world.stranger, world.victim
    browsers = browser.ListBrowsersResponse.FromString(
        await stranger.call("BrowserService.ListBrowsers", browser.ListBrowsersRequest())
    ).browsers
    assert stranger.ids.browser_id in {one.browser_id for one in browsers}
    everything = b"".join(
        [
            await stranger.call("BrowserService.ListBrowsers", browser.ListBrowsersRequest()),
            await stranger.call("AuthService.ListApiTokens", auth.ListApiTokensRequest()),
            await stranger.call("TaskService.ListTasks", task.ListTasksRequest(page_size=500)),
            await stranger.call("AuthService.WhoAmI", auth.WhoAmIRequest()),
        ]
    )
    for field in fields(Ids):
        value = getattr(victim.ids, field.name)
        if isinstance(value, str) and field.name != "used_task_id":  # the stranger may have used it too, as above
            assert value.encode() not in everything, field.name
    assert b"victim" not in everything


async def test_a_task_with_the_same_id_is_each_owners_own(world: World) -> None:
    """To both it looks as if the id were theirs alone, whatever they do with it."""
    shared = f"nightly-{secrets.token_hex(4)}"
    prompts = {world.victim: 'ask "One?"', world.stranger: 'ask "Two?"'}
    for owner, prompt in prompts.items():
        request = new_task(owner.ids, owner.ids, task_id=shared, user_prompt=prompt)
        made = task.CreateTaskResponse.FromString(await owner.call("TaskService.CreateTask", request)).task
        again = task.CreateTaskResponse.FromString(await owner.call("TaskService.CreateTask", request)).task
        assert made.task_id == again.task_id == shared
        assert again.user_prompt == prompt
    await world.stranger.call("TaskService.StopTask", task.StopTaskRequest(task_id=shared, reason="mine"))
    for owner, prompt in prompts.items():
        watch = world.api.call(
            by_name("TaskService.WatchTask"), task.WatchTaskRequest(task_id=shared).SerializeToString(), owner.program
        )
        seen: list[task_pb2.TaskEvent] = []
        async for raw in watch:
            seen.append(task.WatchTaskResponse.FromString(raw).event)
            if owner is world.victim:
                break  # its task waits for its turn; the stranger's has ended, and with it the stream
        watch.cancel()
        assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
        assert {event.task_id for event in seen} == {shared}
        assert seen[0].created.task.user_prompt == prompt
    assert (await world.stranger.task(shared)).state == task_pb2.TASK_STATE_STOPPED
    assert (await world.victim.task(shared)).state == task_pb2.TASK_STATE_QUEUED
    listed = task.ListTasksResponse()
    seen_ids: list[str] = []
    while not seen_ids or listed.next_page_token:
        request = task.ListTasksRequest(page_size=1, page_token=listed.next_page_token)
        listed = task.ListTasksResponse.FromString(await world.stranger.call("TaskService.ListTasks", request))
        seen_ids += [one.task_id for one in listed.tasks]
    assert seen_ids.count(shared) == 1
    assert len(seen_ids) == len(set(seen_ids))


async def test_pairing_does_not_take_over_another_owners_browser(world: World) -> None:
    before = await world.victim.untouched()
    code = auth.CreatePairingCodeResponse.FromString(
        await world.stranger.call("AuthService.CreatePairingCode", auth.CreatePairingCodeRequest())
    ).code
    request = auth.PairRequest(code=code, browser_id=world.victim.ids.browser_id)
    paired = await world.api.auth.Pair(request)
    assert paired.browser_id not in (world.victim.ids.browser_id, world.stranger.ids.browser_id)
    who = await world.api.auth.WhoAmI(auth.WhoAmIRequest(), metadata=bearer(paired.tokens.access_token))
    assert who.owner_id == "stranger"
    assert await world.victim.untouched() == before


async def test_a_delta_is_not_taken_to_another_owners_state(world: World) -> None:
    """A base revision that somebody else's browser told is one that this browser has never told."""
    request = browser.GetPageStateRequest(
        browser_id=world.stranger.ids.browser_id,
        tab_id=world.stranger.ids.tab_id,
        options=state_pb2.StateRequest(base_revision=7),
    )
    answer = browser.GetPageStateResponse.FromString(await world.stranger.call("BrowserService.GetPageState", request))
    assert answer.WhichOneof("state") == "page_state"
