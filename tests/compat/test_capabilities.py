"""An absent capability means the old behaviour: each is taken away in turn, and the whole server works on without it.

The browser without it is one of the release: its messages are made with the released contract's classes where those
know nothing of the capability.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from compat.browser_double import Browser
from compat.conftest import Paired, serving
from compat.released import as_older, older
from integration.link.harness import error_of, hello, until
from tabwire.v1 import (
    action_pb2,
    browser_service_pb2,
    error_pb2,
    link_pb2,
    policy_pb2,
    policy_service_pb2,
    policy_service_pb2_grpc,
    state_pb2,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from integration.rpc.harness import Api

_ALL = link_pb2.BrowserCapabilities(
    trusted_input=True,
    state_deltas=True,
    screenshots=True,
    javascript=True,
    dialogs=True,
    actions=["click", "input_text", "screenshot", "run_javascript", "answer_dialog", "drag", "upload_files"],
    policies=True,
    secrets=True,
)
_ACTIONS = {
    "screenshots": action_pb2.Action(screenshot=action_pb2.ScreenshotAction()),
    "javascript": action_pb2.Action(run_javascript=action_pb2.RunJavascriptAction(code="return 1")),
    "dialogs": action_pb2.Action(answer_dialog=action_pb2.AnswerDialogAction(accept=True)),
    "secrets": action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=1, secret="card")),
    "actions": action_pb2.Action(drag=action_pb2.DragAction(element_id=1)),
}
_STATE = state_pb2.PageState(tab_id=9, title="Shop", document_id="d1", revision=5)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    settings = {"max_part_bytes": 16384, "trusted_input": "always", "javascript_origins": "https://a.test"}
    async with serving(**settings) as api:
        # The policy is not what is tested here: everything is allowed.
        every = policy_pb2.PolicyRule(permission=policy_pb2.PERMISSION_ALLOW)
        policy = policy_pb2.Policy(rules=[every], trusted_input=policy_pb2.PERMISSION_ALLOW)
        policies = policy_service_pb2_grpc.PolicyServiceStub(api.channel)
        await policies.SetPolicy(policy_service_pb2.SetPolicyRequest(policy=policy), metadata=api.owner)
        put = policy_service_pb2.PutSecretRequest(name="card", value="4111", origins=["https://a.test"])
        await policies.PutSecret(put, metadata=api.owner)
        yield api


def _without(capability: str) -> link_pb2.BrowserCapabilities:
    can = link_pb2.BrowserCapabilities()
    can.CopyFrom(_ALL)
    can.ClearField(capability)  # type: ignore[arg-type] # a name from the descriptor
    return can


def _knows_deltas(command: link_pb2.Command) -> link_pb2.CommandResult:
    """A browser that answers with a delta wherever a base is given, and whole states elsewhere."""
    if command.WhichOneof("request") == "observe":
        if base := command.observe.base_revision:
            head = state_pb2.PageState(tab_id=9, document_id="d1", revision=6)
            return link_pb2.CommandResult(state_delta=state_pb2.StateDelta(base_revision=base, head=head))
        return link_pb2.CommandResult(page_state=_STATE)
    done = action_pb2.ActionResult(original_action_id=command.action.id, status=action_pb2.ACTION_STATUS_SUCCEEDED)
    return link_pb2.CommandResult(action_result=done)


def _released(command: link_pb2.Command) -> Any:
    """The same as an older browser reads and writes it."""
    read = link_pb2.Command.FromString(as_older(command).SerializeToString())
    return as_older(_knows_deltas(read))


async def _act(api: Api, paired: Paired, action: action_pb2.Action) -> action_pb2.ActionResult:
    request = browser_service_pb2.ActRequest(browser_id=paired.browser_id, tab_id=9, action=action)
    return (await api.browsers.Act(request, metadata=api.owner)).result


async def _look(api: Api, paired: Paired, base: int = 0) -> browser_service_pb2.GetPageStateResponse:
    request = browser_service_pb2.GetPageStateRequest(browser_id=paired.browser_id, tab_id=9)
    request.options.base_revision = base
    return await api.browsers.GetPageState(request, metadata=api.owner)


def test_every_capability_is_taken_away_below() -> None:
    """A new one needs a test here that says what its absence means."""
    tested = {*_ACTIONS, "state_deltas", "trusted_input", "policies"}
    assert {f.name for f in link_pb2.BrowserCapabilities.DESCRIPTOR.fields} == tested
    assert {f.name for f in link_pb2.LinkLimits.DESCRIPTOR.fields} == {
        "max_message_bytes", "max_unacked_messages", "max_unacked_bytes", "max_part_bytes",
    }  # fmt: skip
    assert {f.name for f in link_pb2.ServerCapabilities.DESCRIPTOR.fields} == {"model"}  # link_client.test.ts


@pytest.mark.parametrize("capability", _ACTIONS)
async def test_what_a_browser_cannot_do_it_is_not_asked_for(api: Api, paired: Paired, capability: str) -> None:
    browser = Browser(paired.carrier, _knows_deltas)
    await browser.open(hello(capabilities=_without(capability)))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await _act(api, paired, _ACTIONS[capability])
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "Update the Tabwire extension" in error_of(raised.value).remedy
    assert browser.commands == []
    done = await _act(api, paired, action_pb2.Action(click=action_pb2.ClickAction(element_id=1)))
    assert done.status == action_pb2.ACTION_STATUS_SUCCEEDED, "all else goes on"
    await browser.close()


@pytest.mark.parametrize("capability", _ACTIONS)
async def test_with_it_the_browser_is_asked(api: Api, paired: Paired, capability: str) -> None:
    browser = Browser(paired.carrier, _knows_deltas)
    await browser.open(hello(capabilities=_ALL))
    assert (await _act(api, paired, _ACTIONS[capability])).status == action_pb2.ACTION_STATUS_SUCCEEDED
    assert browser.commands[0].action.WhichOneof("kind") == _ACTIONS[capability].WhichOneof("kind")
    await browser.close()


@pytest.mark.parametrize("can", [True, False])
async def test_trusted_input(api: Api, paired: Paired, can: bool) -> None:
    browser = Browser(paired.carrier, _knows_deltas)
    await browser.open(hello(capabilities=_ALL if can else _without("trusted_input")))
    await _act(api, paired, action_pb2.Action(click=action_pb2.ClickAction(element_id=1)))
    mode = browser.commands[0].action.input_mode
    assert mode == (action_pb2.INPUT_MODE_TRUSTED if can else action_pb2.INPUT_MODE_UNSPECIFIED)
    await browser.close()


@pytest.mark.parametrize("can", [True, False])
async def test_policies(api: Api, paired: Paired, can: bool) -> None:
    """Rules of tasks' tabs are sent only to a browser that keeps them; the server judges what it sends all the same."""
    browser = Browser(paired.carrier, _knows_deltas)
    await browser.open(hello(capabilities=_ALL if can else _without("policies")))
    await _act(api, paired, action_pb2.Action(click=action_pb2.ClickAction(element_id=1)))
    assert ("task_tabs_rule" in browser.bodies) == can
    await browser.close()


@pytest.mark.parametrize("can", [True, False])
async def test_state_deltas(api: Api, paired: Paired, can: bool) -> None:
    browser = Browser(paired.carrier, _knows_deltas)
    await browser.open(hello(capabilities=_ALL if can else _without("state_deltas")))
    assert (await _look(api, paired)).page_state.title == "Shop"
    again = await _look(api, paired, base=5)
    assert again.WhichOneof("state") == ("state_delta" if can else "page_state")
    assert [command.observe.base_revision for command in browser.commands] == [0, 5 if can else 0]
    await browser.close()


@pytest.mark.parametrize("can", [True, False])
async def test_messages_in_parts(api: Api, paired: Paired, can: bool) -> None:
    """What is larger than a part goes down in parts, or whole to a browser that does not know them; up likewise."""
    size = 20_000
    upload = action_pb2.Action(
        upload_files=action_pb2.UploadFilesAction(
            element_id=1, files=[action_pb2.FileUpload(name="a", content=bytes(size))]
        )
    )
    text = "x" * size

    def answer(command: link_pb2.Command) -> link_pb2.CommandResult:
        result = _knows_deltas(command)
        result.action_result.outcome_details.message = text
        return result

    browser = Browser(paired.carrier, answer)
    if can:
        await browser.open(hello(capabilities=_ALL, limits=link_pb2.LinkLimits(max_part_bytes=4096)))
    else:
        released = older("Hello")(min_revision=1, max_revision=1, capabilities=as_older(_ALL))
        assert "max_part_bytes" not in released.limits.DESCRIPTOR.fields_by_name
        await browser.open(released)
    assert (await _act(api, paired, upload)).outcome_details.message == text
    assert browser.bodies.count("part") == (5 if can else 0)
    assert browser.bodies.count("command") == (0 if can else 1)
    assert len(browser.commands[0].action.upload_files.files[0].content) == size
    await browser.close()


async def test_a_browser_that_does_not_name_its_journal(api: Api, paired: Paired) -> None:
    """It is taken for one that remembers nothing; what it was sent before comes again, and reads as it did."""
    answers: list[link_pb2.CommandResult | None] = [None, _knows_deltas(link_pb2.Command(action=action_pb2.Action()))]
    # A browser that does not judge by itself is looked at before it presses anything.
    browser = Browser(paired.carrier, lambda asked: answers.pop(0) if asked.HasField("action") else _released(asked))
    released = older("Hello")(min_revision=1, max_revision=1)
    assert "journal_id" not in released.DESCRIPTOR.fields_by_name

    def sent() -> list[link_pb2.Command]:
        return [command for command in browser.commands if command.HasField("action")]

    await browser.open(released)
    click = action_pb2.Action(id="once", click=action_pb2.ClickAction(element_id=1))
    acting = asyncio.create_task(_act(api, paired, click))
    await until(lambda: len(sent()) == 1)
    await browser.close()
    await browser.open(released)
    assert (await acting).status == action_pb2.ACTION_STATUS_SUCCEEDED
    first, second = (as_older(command) for command in sent())
    assert first.command_id == second.command_id
    assert first.action == second.action
    assert sent()[0].journal_id == ""
    assert sent()[1].journal_id not in {"", "once"}, "what was sent before says so to who can read it"
    await browser.close()


async def test_limits_that_are_not_told_are_the_defaults(api: Api, paired: Paired) -> None:
    browser = Browser(paired.carrier, _released)
    await browser.open(older("Hello")(max_revision=1))
    limits = browser.welcome.limits
    assert (limits.max_unacked_messages, limits.max_unacked_bytes, limits.max_part_bytes) == (256, 2**20, 16384)
    assert (await _look(api, paired)).page_state.title == "Shop"
    refused = await _act_refused(api, paired, _ACTIONS["actions"])
    assert refused.error_code == error_pb2.ERROR_CODE_UNIMPLEMENTED, "it knows the actions of the first release"
    await browser.close()


async def _act_refused(api: Api, paired: Paired, action: action_pb2.Action) -> error_pb2.ErrorInfo:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await _act(api, paired, action)
    return error_of(raised.value)
