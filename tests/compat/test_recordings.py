"""Golden recordings of what released versions wrote (tests/vectors/released): read as they were meant, and replayed.

A recorded browser is a real one of that version: its Hello and its answers go to the present server byte for byte.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.unknown_fields import UnknownFieldSet

from compat import released
from compat.browser_double import Browser
from integration.link.harness import error_of
from tabwire.rpc.interceptors.messages import validate
from tabwire.v1 import browser_service_pb2, link_pb2, state_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.message import Message

    from compat.conftest import Paired
    from integration.rpc.harness import Api

_RELEASES = sorted(released.RECORDINGS.iterdir())


def _release(folder: Path) -> str:
    return folder.name


class Recorded(NamedTuple):
    """One message of a recorded session."""

    sender: str
    raw: bytes
    message: Any


def _session(folder: Path) -> list[Recorded]:
    found = []
    for line in (folder / "link.jsonl").read_text(encoding="ascii").splitlines():
        entry = json.loads(line)
        raw = base64.b64decode(entry["base64"])
        found.append(Recorded(entry["from"], raw, released.newer(entry["type"]).FromString(raw)))
    return found


def _unknown(message: Message) -> list[str]:
    """The messages within that have fields this contract does not know."""
    found = [message.DESCRIPTOR.full_name] if len(UnknownFieldSet(message)) else []
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for one in value if field.is_repeated else [value]:
                found += _unknown(one)
    return found


@pytest.mark.parametrize("folder", _RELEASES, ids=_release)
def test_samples_of_every_message_mean_what_they_did(folder: Path) -> None:
    golden = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
    assert len(golden) > 200
    for name, entries in golden.items():
        for entry in entries:
            message = released.newer(name).FromString(bytes.fromhex(entry["hex"]))
            assert json_format.MessageToDict(message) == entry["json"], name
            assert message.SerializeToString(deterministic=True).hex() == entry["hex"], name


def test_the_baseline_is_a_release_that_is_kept() -> None:
    """The image that changes are held against and the newest samples are of one contract."""
    golden = json.loads((_RELEASES[-1] / "samples.json").read_text(encoding="utf-8"))
    assert sorted(golden) == [descriptor.full_name for descriptor in released.message_types()]
    for name, entries in golden.items():
        for entry in entries:
            assert (
                json_format.MessageToDict(released.older(name).FromString(bytes.fromhex(entry["hex"]))) == entry["json"]
            )


@pytest.mark.parametrize("folder", _RELEASES, ids=_release)
def test_a_session_is_read_and_written_as_it_was(folder: Path) -> None:
    session = _session(folder)
    assert {entry.sender for entry in session} == {"browser", "server"}
    for _, raw, message in session:
        assert _unknown(message) == []
        assert message.SerializeToString(deterministic=True) == raw
        validate(message)  # what was allowed still is


class Exchange(NamedTuple):
    """A command and its answer."""

    command: link_pb2.Command
    result: link_pb2.CommandResult


def _exchanges(session: list[Recorded]) -> list[Exchange]:
    commands = [m.command for _, _, m in session if isinstance(m, link_pb2.Downlink) and m.HasField("command")]
    uplinks = [m for _, _, m in session if isinstance(m, link_pb2.Uplink)]
    results = {m.command_result.command_id: m.command_result for m in uplinks if m.HasField("command_result")}
    return [Exchange(command, results[command.command_id]) for command in commands]


@pytest.mark.parametrize("folder", _RELEASES, ids=_release)
async def test_a_released_browser_works_with_this_server(api: Api, paired: Paired, folder: Path) -> None:
    """What its answers meant to the server of its time, they mean to this one: states are folded, errors are errors."""
    session = _session(folder)
    exchanges = _exchanges(session)
    assert len(exchanges) > 15
    waiting = [exchange.result for exchange in exchanges]
    browser = Browser(paired.carrier, lambda _command: waiting.pop(0))
    await browser.open(next(m for _, _, m in session if isinstance(m, link_pb2.Hello)))
    for command, result in exchanges:
        kind = result.WhichOneof("outcome")
        if kind == "error_info":
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await _repeat(api, paired, command, result)
            assert error_of(raised.value).error_code == result.error_info.error_code
            continue
        told: Any = await _repeat(api, paired, command, result)
        if kind == "action_result":
            _same_result(told.result, result.action_result)
        elif kind == "pong":
            assert list(told.hops)[1:] == list(result.pong.hops)
        elif kind == "tab_list":
            assert list(told.tabs) == list(result.tab_list.tabs)
        else:
            assert getattr(told, str(kind)) == getattr(result, str(kind))
    assert waiting == []
    assert [c.WhichOneof("request") for c in browser.commands] == [e.command.WhichOneof("request") for e in exchanges]
    await browser.close()


async def _repeat(api: Api, paired: Paired, command: link_pb2.Command, result: link_pb2.CommandResult) -> Message:
    """Asks what was asked then, as a caller asks it."""
    where: dict[str, Any] = {"browser_id": paired.browser_id, "tab_id": command.tab_id}
    match command.WhichOneof("request"):
        case "action":
            act = browser_service_pb2.ActRequest(**where, action=command.action)
            act.action.ClearField("id")
            act.action.ClearField("document_id")
            if command.HasField("state_after"):
                act.state_after.CopyFrom(_bare(command.state_after))
            return await api.browsers.Act(act, metadata=api.owner)
        case "observe":
            look = browser_service_pb2.GetPageStateRequest(**where, options=_bare(command.observe))
            if result.HasField("state_delta"):
                look.options.base_revision = command.observe.base_revision
            return await api.browsers.GetPageState(look, metadata=api.owner)
        case "list_tabs":
            tabs = browser_service_pb2.ListTabsRequest(browser_id=paired.browser_id)
            return await api.browsers.ListTabs(tabs, metadata=api.owner)
        case _:
            ping = browser_service_pb2.PingRequest(**where, into_page=command.ping.into_page)
            return await api.browsers.Ping(ping, metadata=api.owner)


def _bare(options: state_pb2.StateRequest) -> state_pb2.StateRequest:
    """As a caller asks who leaves it to the server what the state may be relative to."""
    bare = state_pb2.StateRequest()
    bare.CopyFrom(options)
    bare.ClearField("base_revision")
    return bare


def _same_result(told: Any, recorded: Any) -> None:
    """The same result; a state that came as a delta is whole now, and is the one that the delta led to."""
    if recorded.HasField("state_delta"):
        head = recorded.state_delta.head
        assert told.WhichOneof("state_after") == "new_state"
        assert (told.new_state.revision, told.new_state.url) == (head.revision, head.url)
        assert len(told.new_state.actionable_elements) > 5
    for field in recorded.DESCRIPTOR.fields:
        if field.name not in {"state_delta", "new_state", "timing"} or recorded.HasField("new_state"):
            assert getattr(told, field.name) == getattr(recorded, field.name) or field.name == "timing", field.name
