"""What a newer browser or program sends to this server: unknown fields, messages and values do no harm, and what this
server only passes on reaches the other side as it came.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from compat.browser_double import Browser
from compat.future import TEXT, VALUE, from_future, future
from contract import samples
from integration.link.harness import error_of, hello
from integration.rpc.harness import bearer, every_method, path_of
from tabwire.agent import render
from tabwire.v1 import (
    action_pb2,
    auth_pb2,
    browser_service_pb2,
    error_pb2,
    link_pb2,
    state_pb2,
    task_service_pb2,
)

if TYPE_CHECKING:
    from google.protobuf.descriptor import MethodDescriptor

    from compat.conftest import Paired
    from integration.rpc.harness import Api

_CAN = link_pb2.BrowserCapabilities(state_deltas=True, actions=["click", "scroll"])
_BROKEN = (grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS)


def _method_name(method: MethodDescriptor) -> str:
    return f"{method.containing_service.name}.{method.name}"


async def _first_answer(call: Any) -> None:
    if hasattr(call, "__aiter__"):
        async for _ in call:
            return
    else:
        await call


@pytest.mark.parametrize("new_alternatives", [False, True], ids=["values", "alternatives"])
@pytest.mark.parametrize("method", list(every_method()), ids=_method_name)
async def test_requests_of_newer_programs_are_answered(
    api: Api, method: MethodDescriptor, new_alternatives: bool
) -> None:
    """Every RPC, every alternative of its request: answered with OK or an honest refusal, and the server is well."""
    paired = await api.pair()
    admin = await api.token(auth_pb2.SCOPE_ADMIN)
    metadata = bearer(paired.tokens.access_token) if "Link" in path_of(method) else admin
    refusals = []
    for sample in samples.samples(method.input_type):
        request = from_future(sample, new_alternatives=new_alternatives)
        call = api.call(method, request.SerializeToString(), metadata)
        try:
            await asyncio.wait_for(_first_answer(call), 10)
        except TimeoutError:
            call.cancel()  # a stream that waits for what happens next
        except grpc.aio.AioRpcError as error:
            refusals.append((error, request))
    for refusal, request in refusals:
        info = error_of(refusal)
        assert refusal.code() not in _BROKEN
        assert info.error_code not in (error_pb2.ERROR_CODE_INTERNAL, error_pb2.ERROR_CODE_UNSPECIFIED), request
    await api.browsers.ListBrowsers(browser_service_pb2.ListBrowsersRequest(), metadata=api.owner)


async def test_a_good_request_stays_good_with_more_in_it(api: Api) -> None:
    browser_id = (await api.pair()).browser_id
    create = task_service_pb2.CreateTaskRequest(user_prompt="go back", task_id="t-of-the-future", browser_id=browser_id)
    raw = from_future(create).SerializeToString()
    method = next(m for m in every_method() if m.name == "CreateTask")
    task = task_service_pb2.CreateTaskResponse.FromString(await api.call(method, raw, api.owner)).task
    assert task.task_id == "t-of-the-future"


# What a browser answers to each request, and the field of the RPC's answer in which the caller gets it.
_OUTCOMES = {
    "action": ("action_result", "result"),
    "observe": ("page_state", "page_state"),
    "list_tabs": ("tab_list", "tabs"),
    "ping": ("pong", "hops"),
}


def _sample(request: str) -> Any:
    """A newer browser's answer, with every field set that this contract knows, and more."""
    every = samples.samples(link_pb2.CommandResult.DESCRIPTOR)
    sample: Any = next(s for s in every if s.WhichOneof("outcome") == _OUTCOMES[request][0])
    _at_an_address(sample.page_state if request == "observe" else None)
    return from_future(sample)


def _at_an_address(state: state_pb2.PageState | None) -> None:
    """Gives a sample of a state an address that policies let be looked at."""
    if state is not None:
        state.url = "https://a.test/"
        for frame in state.frames:
            frame.url = "https://a.test/"


async def _ask(api: Api, browser_id: str, request: str) -> Any:
    ask: dict[str, Any] = {
        "action": (
            api.browsers.Act,
            browser_service_pb2.ActRequest(
                browser_id=browser_id, tab_id=9, action=action_pb2.Action(scroll=action_pb2.ScrollAction())
            ),
        ),
        "observe": (
            api.browsers.GetPageState,
            browser_service_pb2.GetPageStateRequest(browser_id=browser_id, tab_id=9),
        ),
        "list_tabs": (api.browsers.ListTabs, browser_service_pb2.ListTabsRequest(browser_id=browser_id)),
        "ping": (api.browsers.Ping, browser_service_pb2.PingRequest(browser_id=browser_id)),
    }
    rpc, message = ask[request]
    return await rpc(message, metadata=api.owner)


_REQUESTS = [field.name for field in link_pb2.Command.DESCRIPTOR.oneofs_by_name["request"].fields]


@pytest.mark.parametrize("request_kind", _REQUESTS)
async def test_answers_of_a_newer_browser_reach_the_caller_as_they_are(
    api: Api, paired: Paired, request_kind: str
) -> None:
    browser = Browser(paired.carrier, lambda _command: _sample(request_kind))
    await browser.open(from_future(hello(capabilities=_CAN)))
    answer = await _ask(api, paired.browser_id, request_kind)
    seen: Any = future(answer.DESCRIPTOR.name).FromString(answer.SerializeToString())
    sent: Any = _sample(request_kind)
    field = _OUTCOMES[request_kind][1]
    told: Any = getattr(seen, field)
    if request_kind == "action":
        assert told.future_field == TEXT
        assert told.status == VALUE
    elif request_kind == "observe":
        assert told == sent.page_state, "with all that this server does not know"
        assert told.actionable_elements[0].type == VALUE
        assert told.actionable_elements[0].future_field == TEXT
    elif request_kind == "list_tabs":
        assert list(told) == list(sent.tab_list.tabs)
    else:
        assert list(told)[1:] == list(sent.pong.hops), "the first hop is the server's own"
    await browser.close()


@pytest.mark.parametrize("request_kind", _REQUESTS)
async def test_an_answer_of_a_kind_that_is_new_is_told_as_such(api: Api, paired: Paired, request_kind: str) -> None:
    unknown = future("CommandResult")(future_outcome=TEXT)
    browser = Browser(paired.carrier, lambda _command: unknown)
    await browser.open(hello(capabilities=_CAN))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await _ask(api, paired.browser_id, request_kind)
    info = error_of(raised.value)
    assert info.error_code == error_pb2.ERROR_CODE_EXTENSION_INTERNAL_ERROR
    assert "Update" in info.remedy
    await browser.close()


@pytest.mark.parametrize("request_kind", _REQUESTS)
async def test_an_error_that_is_new_reaches_the_caller(api: Api, paired: Paired, request_kind: str) -> None:
    failed = link_pb2.CommandResult(
        error_info=error_pb2.ErrorInfo(
            error_code=error_pb2.ERROR_CODE_INVALID_ARGUMENT, message="why", remedy="what to do"
        )
    )
    browser = Browser(paired.carrier, lambda _command: from_future(failed))
    await browser.open(hello(capabilities=_CAN))
    if request_kind == "action":
        result: Any = await _ask(api, paired.browser_id, request_kind)
        info = result.result.error_info
    else:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await _ask(api, paired.browser_id, request_kind)
        assert raised.value.code() not in _BROKEN
        info = error_of(raised.value)
    assert info.error_code == VALUE
    assert (info.message, info.remedy) == ("why", "what to do")
    await browser.close()


async def test_messages_of_unknown_kinds_and_refusals_for_unknown_reasons(api: Api, paired: Paired) -> None:
    """They are acknowledged, and the link goes on."""
    nack = link_pb2.Nack(
        error_info=error_pb2.ErrorInfo(error_code=error_pb2.ERROR_CODE_INVALID_ARGUMENT, message="a new reason")
    )
    browser = Browser(paired.carrier, lambda _command: from_future(nack))
    await browser.open(from_future(hello(capabilities=_CAN)))
    assert await browser.send(future("Uplink")(future_body=TEXT)) == []
    assert paired.carrier.acked == 1
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await _ask(api, paired.browser_id, "ping")
    info = error_of(raised.value)
    assert info.error_code == error_pb2.ERROR_CODE_COMMAND_REFUSED
    assert "a new reason" in info.message
    assert await browser.send(future("Uplink")(future_body=TEXT)) == [], "the link goes on"
    await browser.close()


async def test_a_state_that_comes_unasked_passes_with_all_that_is_new(api: Api, paired: Paired) -> None:
    browser = Browser(paired.carrier, lambda command: _sample(command.WhichOneof("request") or ""))
    await browser.open(hello(capabilities=_CAN))
    request = browser_service_pb2.WatchTabRequest(browser_id=paired.browser_id, tab_id=9)
    async with aclosing(_stream(api.browsers.WatchTab(request, metadata=api.owner))) as updates:
        await anext(updates)
        update: Any = next(samples.samples(link_pb2.StateUpdate.DESCRIPTOR))
        update.tab_id = 9
        update.tab.url = "https://a.test/"
        _at_an_address(update.page_state)
        newer = from_future(update)
        await browser.send(future("Uplink")(state_update=newer))
        told = await asyncio.wait_for(anext(updates), 20)
    assert future("StateUpdate").FromString(told.update.SerializeToString()) == newer
    await browser.close()


async def _stream(call: Any) -> Any:
    async for message in call:
        yield message


def test_an_element_of_a_new_type_is_named_somehow() -> None:
    """The agent's prompt says what an element is; a type without a name here is no reason to fail."""
    element = state_pb2.Element(id=1, name="Slider")
    element.type = VALUE  # type: ignore[assignment]
    assert render.role(element) == str(VALUE)
