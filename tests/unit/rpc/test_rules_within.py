"""Validating the part of a message that rules are about finds what validating all of it finds, and skips the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import protovalidate
import pytest

from tabwire.rpc.interceptors.rules_within import is_ruled, within_rules
from tabwire.v1 import action_pb2, browser_service_pb2, link_pb2, link_service_pb2, state_pb2, task_service_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message


def _state(elements: int) -> state_pb2.PageState:
    listed = [state_pb2.Element(id=number, name="a name", attributes={"type": "text"}) for number in range(elements)]
    return state_pb2.PageState(tab_id=1, actionable_elements=listed)


def _result(elements: int) -> link_pb2.Uplink:
    return link_pb2.Uplink(command_result=link_pb2.CommandResult(command_id="c", page_state=_state(elements)))


def _act(action: action_pb2.Action) -> browser_service_pb2.ActRequest:
    return browser_service_pb2.ActRequest(action=action)


_LATE_RULE = link_pb2.Uplink(hello=link_pb2.Hello(min_revision=1, max_revision=0, extension_version="9" * 100))

MESSAGES: list[Message] = [
    link_service_pb2.SendRequest(link_id="l", attach_epoch=1, messages=[_result(3)]),
    link_service_pb2.SendRequest(attach_epoch=1, messages=[_result(3)]),
    link_service_pb2.SendRequest(link_id="l", attach_epoch=1),
    link_service_pb2.SendRequest(link_id="l", messages=[link_pb2.Uplink()] * 300),
    link_service_pb2.SendRequest(link_id="l", attach_epoch=1, messages=[_result(1), _LATE_RULE, _result(1)]),
    link_service_pb2.OpenLinkRequest(),
    link_service_pb2.OpenLinkRequest(hello=link_pb2.Hello()),
    link_service_pb2.AttachRequest(resume=link_pb2.Resume(link_id="l")),
    _act(action_pb2.Action()),
    _act(action_pb2.Action(click=action_pb2.ClickAction())),
    _act(action_pb2.Action(click=action_pb2.ClickAction(element_id=1, count=9))),
    _act(action_pb2.Action(click=action_pb2.ClickAction(element_id=1))),
    _act(
        action_pb2.Action(
            upload_files=action_pb2.UploadFilesAction(element_id=1, files=[action_pb2.FileUpload(name="")])
        )
    ),
    browser_service_pb2.GetPageStateRequest(options=state_pb2.StateRequest(max_elements=99_999_999)),
    browser_service_pb2.GetPageStateRequest(
        options=state_pb2.StateRequest(hints=state_pb2.StateHints(texts=["a", "b" * 300]))
    ),
    task_service_pb2.CreateTaskRequest(),
]


def _violations(message: Message) -> list[tuple[str, str]]:
    found = protovalidate.collect_violations(message)
    return sorted((str(violation.proto.field), violation.proto.rule_id) for violation in found)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_the_same_rules_are_broken(message: Message) -> None:
    before = message.SerializeToString(deterministic=True)
    assert _violations(within_rules(message)) == _violations(message)
    assert message.SerializeToString(deterministic=True) == before


def test_some_of_them_break_rules_and_some_do_not() -> None:
    broken = [bool(_violations(message)) for message in MESSAGES]
    assert any(broken)
    assert not all(broken)


def test_what_no_rule_is_about_is_left_out() -> None:
    request = link_service_pb2.SendRequest(link_id="l", attach_epoch=1, messages=[_result(5_000)])
    assert within_rules(request).ByteSize() < 100
    assert within_rules(_state(10)).ByteSize() == 0


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_what_breaks_a_rule_is_never_taken_for_free_of_rules(message: Message) -> None:
    assert is_ruled(message) or not _violations(message)


def test_what_no_rule_reaches_is_free_of_rules() -> None:
    assert not is_ruled(_result(3))
    assert not is_ruled(link_pb2.Uplink(heartbeat=link_pb2.Heartbeat()))
    assert is_ruled(link_pb2.Uplink(hello=link_pb2.Hello(max_revision=1)))
    assert is_ruled(link_service_pb2.SendRequest())
