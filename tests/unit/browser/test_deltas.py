"""The browser port asks for what has changed, where the browser can tell it, and its callers get whole states."""

from __future__ import annotations

import pytest

from tabwire.errors import TabwireError
from tabwire.state_delta import fold
from tabwire.v1 import action_pb2, error_pb2, link_pb2, state_pb2
from unit.browser.test_linked import CLICK, ScriptedHub, port

OPTIONS = state_pb2.StateRequest(max_elements=50)


def element(element_id: int, name: str) -> state_pb2.Element:
    return state_pb2.Element(id=element_id, name=name)


def whole(revision: int, *names: str, tab_id: int = 9) -> state_pb2.PageState:
    elements = [element(at, name) for at, name in enumerate(names, 1)]
    return state_pb2.PageState(tab_id=tab_id, document_id="d1", revision=revision, actionable_elements=elements)


def renamed(base: int, revision: int, element_id: int, name: str, tab_id: int = 9) -> state_pb2.StateDelta:
    head = state_pb2.PageState(tab_id=tab_id, document_id="d1", revision=revision)
    return state_pb2.StateDelta(base_revision=base, head=head, changed=[element(element_id, name)])


def looked(answer: state_pb2.PageState | state_pb2.StateDelta) -> link_pb2.CommandResult:
    if isinstance(answer, state_pb2.StateDelta):
        return link_pb2.CommandResult(state_delta=answer)
    return link_pb2.CommandResult(page_state=answer)


def clicked(answer: state_pb2.PageState | state_pb2.StateDelta, **more: int) -> link_pb2.CommandResult:
    result = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_SUCCEEDED, **more)  # type: ignore[arg-type]
    if isinstance(answer, state_pb2.StateDelta):
        result.state_delta.CopyFrom(answer)
    else:
        result.new_state.CopyFrom(answer)
    return link_pb2.CommandResult(action_result=result)


def hub(*results: link_pb2.CommandResult) -> ScriptedHub:
    made = ScriptedHub(*results)
    made.can.state_deltas = True
    return made


def bases(made: ScriptedHub) -> list[int]:
    return [
        (command.observe if command.WhichOneof("request") == "observe" else command.state_after).base_revision
        for command in made.commands
    ]


async def test_looks_and_actions_are_told_by_what_has_changed() -> None:
    made = hub(looked(whole(1, "Add", "Buy")), clicked(renamed(1, 4, 2, "Bought")), looked(renamed(4, 5, 1, "Added")))
    browser = port(made)
    first = await browser.observe(9, OPTIONS, timeout_s=5)
    acted = await browser.act(9, CLICK, state_after=OPTIONS, timeout_s=5)
    last = await browser.observe(9, OPTIONS, timeout_s=5)
    assert first == whole(1, "Add", "Buy")
    assert (acted.new_state, acted.WhichOneof("state_after")) == (whole(4, "Add", "Bought"), "new_state")
    assert last == whole(5, "Added", "Bought")
    assert bases(made) == [0, 1, 4]


async def test_a_browser_that_knows_no_deltas_is_asked_for_whole_states() -> None:
    made = ScriptedHub(looked(whole(1, "Add")), looked(whole(2, "Add")), looked(whole(3, "Add")))
    browser = port(made)
    await browser.observe(9, OPTIONS, timeout_s=5)
    await browser.observe(9, OPTIONS, timeout_s=5)
    await browser.look(9, state_pb2.StateRequest(base_revision=2), timeout_s=5)
    assert bases(made) == [0, 0, 0]


async def test_other_options_another_tab_and_another_task_have_states_of_their_own() -> None:
    made = hub(*(looked(whole(n, "Add")) for n in range(1, 5)))
    browser = port(made)
    await browser.observe(9, OPTIONS, timeout_s=5)
    await browser.observe(9, state_pb2.StateRequest(max_elements=51), timeout_s=5)
    await browser.observe(8, OPTIONS, timeout_s=5)
    memory = browser._memory
    await port(made, memory, task_id="t1").observe(9, state_pb2.StateRequest(max_elements=51), timeout_s=5)
    assert bases(made) == [0, 0, 0, 0]


async def test_a_delta_that_does_not_fit_is_mended_by_one_whole_state() -> None:
    made = hub(
        looked(whole(1, "Add")), looked(renamed(3, 4, 1, "x")), looked(whole(4, "y")), looked(renamed(4, 5, 1, "z"))
    )
    browser = port(made)
    await browser.observe(9, OPTIONS, timeout_s=5)
    assert await browser.observe(9, OPTIONS, timeout_s=5) == whole(4, "y")
    assert await browser.observe(9, OPTIONS, timeout_s=5) == whole(5, "z")
    assert bases(made) == [0, 1, 0, 4]


async def test_an_action_whose_delta_does_not_fit_is_not_repeated_but_looked_after() -> None:
    made = hub(looked(whole(1, "Add")), clicked(renamed(1, 4, 7, "x")), looked(whole(4, "y")))
    browser = port(made)
    await browser.observe(9, OPTIONS, timeout_s=5)
    acted = await browser.act(9, CLICK, state_after=OPTIONS, timeout_s=5)
    assert acted.new_state == whole(4, "y")
    assert [command.WhichOneof("request") for command in made.commands] == ["observe", "action", "observe"]


async def test_a_delta_that_nobody_asked_for_is_the_extensions_fault() -> None:
    with pytest.raises(TabwireError) as caught:
        await port(hub(looked(renamed(1, 2, 1, "x")))).observe(9, OPTIONS, timeout_s=5)
    assert caught.value.code == error_pb2.ERROR_CODE_EXTENSION_INTERNAL_ERROR


async def test_a_caller_that_names_its_own_base_gets_the_delta_and_the_memory_keeps_pace() -> None:
    made = hub(
        looked(whole(1, "Add", "Buy")),
        looked(renamed(1, 2, 1, "Added")),
        clicked(renamed(2, 3, 2, "Bought")),
        looked(renamed(3, 4, 2, "Sold")),
    )
    browser = port(made)
    first = await browser.look(9, OPTIONS, timeout_s=5)
    second = await browser.look(9, state_pb2.StateRequest(max_elements=50, base_revision=1), timeout_s=5)
    asked = state_pb2.StateRequest(max_elements=50, base_revision=2)
    third = (await browser.act(9, CLICK, state_after=asked, timeout_s=5)).state_delta
    assert isinstance(first, state_pb2.PageState)
    assert isinstance(second, state_pb2.StateDelta)
    assert fold(fold(first, second), third) == whole(3, "Added", "Bought")
    assert await browser.observe(9, OPTIONS, timeout_s=5) == whole(4, "Added", "Sold")
    assert bases(made) == [0, 1, 2, 3]


async def test_an_action_that_leads_to_another_tab_is_folded_there() -> None:
    made = hub(looked(whole(1, "Add")), looked(whole(2, "Other", tab_id=8)))
    browser = port(made)
    await browser.observe(9, OPTIONS, timeout_s=5)
    await browser.observe(8, OPTIONS, timeout_s=5)
    made.results.append(clicked(renamed(2, 3, 1, "There", tab_id=8), current_tab_id=8))
    acted = await browser.act(9, CLICK, state_after=OPTIONS, timeout_s=5)
    assert acted.new_state == whole(3, "There", tab_id=8)


async def test_a_state_of_a_page_that_cannot_be_perceived_is_no_base() -> None:
    refused = whole(3)
    refused.error_info.message = "no"
    made = hub(looked(whole(1, "Add")), looked(refused), looked(whole(4, "Add")))
    browser = port(made)
    for _ in range(3):
        await browser.observe(9, OPTIONS, timeout_s=5)
    assert bases(made) == [0, 1, 0]
