"""States told by what has changed, through the whole product: folded, they are exactly the states that come whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.stack import tab_id
from tabwire.client import DeltaMismatchError, fold
from tabwire.v1 import action_pb2 as pb
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import BrowserContext

    from e2e.page_server import PageServer
    from tabwire.client import Client

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

_BUTTONS = ("Insert", "Rename", "Remove", "Reverse", "Hide", "Push down", "Nothing")


def _options(scope: state_pb2.StateScope.ValueType, base: int = 0) -> state_pb2.StateRequest:
    return state_pb2.StateRequest(scope=scope, include_text=True, base_revision=base)


def _told(state: state_pb2.PageState) -> state_pb2.PageState:
    """The state without what depends on when it was taken: what is new, and the number, depend on what came before."""
    bare: Any = state_pb2.PageState()
    bare.CopyFrom(state)
    for field in ("captured_at", "timing", "revision"):
        bare.ClearField(field)
    for element in bare.actionable_elements:
        element.is_new = False
    told: state_pb2.PageState = bare
    return told


def _differences(one: state_pb2.PageState, other: state_pb2.PageState) -> list[str]:
    """What the two states tell differently, by the fields' names, with the values."""
    one, other = _told(one), _told(other)
    found = []
    ours, theirs = ({e.id: e for e in state.actionable_elements} for state in (one, other))
    if [*ours] != [*theirs]:
        found.append(f"order: {[*ours]} != {[*theirs]}")
    found += [f"{ours[n]} != {theirs[n]}" for n in ours.keys() & theirs.keys() if ours[n] != theirs[n]]
    for field in state_pb2.PageState.DESCRIPTOR.fields:
        mine, its = getattr(one, field.name), getattr(other, field.name)
        if field.name != "actionable_elements" and mine != its:
            found.append(f"{field.name}: {mine} != {its}")
    return found


def _buttons(state: state_pb2.PageState, name: str) -> Sequence[state_pb2.Element]:
    return [e for e in state.actionable_elements if e.name == name and e.role == "button"]


async def _agree(client: Client, tab: int, scope: state_pb2.StateScope.ValueType, documents: int) -> list[str]:
    """Presses every button in every document; the folded delta must be the state. The forms of the answers."""
    state = (await client.get_page_state(tab, options=_options(scope))).page_state
    assert len(_buttons(state, "Insert")) == documents
    forms = []
    for name in _BUTTONS:
        for slot in range(documents):
            button = next(e for e in _buttons(state, name) if e.frame_slot == slot)
            answer = await client.act(
                pb.Action(click=pb.ClickAction(element_id=button.id)), tab, state_after=_options(scope, state.revision)
            )
            assert answer.result.status == pb.ACTION_STATUS_SUCCEEDED, answer.result
            form = answer.result.WhichOneof("state_after")
            forms.append(str(form))
            state = fold(state, answer.result.state_delta) if form == "state_delta" else answer.result.new_state
            whole = (await client.get_page_state(tab, options=_options(scope))).page_state
            assert _differences(state, whole) == [], f"after {name} in document {slot}"
            # The whole state was another look, so what follows is relative to that.
            state = whole
    return forms


@pytest.mark.parametrize("scope", [state_pb2.STATE_SCOPE_PAGE, state_pb2.STATE_SCOPE_VIEWPORT])
async def test_a_page_of_one_document(
    client: Client, context: BrowserContext, pages: PageServer, scope: state_pb2.StateScope.ValueType
) -> None:
    page = await context.new_page()
    await page.goto(pages.fresh("chain/deltas.html"))
    forms = await _agree(client, await tab_id(client, page), scope, 1)
    assert forms.count("state_delta") >= len(_BUTTONS) - 1
    await page.close()


async def test_a_page_with_documents_of_two_sites(client: Client, context: BrowserContext, pages: PageServer) -> None:
    page = await context.new_page()
    await page.goto(pages.fresh("chain/deltas.html") + "&frames=1&n=12")
    forms = await _agree(client, await tab_id(client, page), state_pb2.STATE_SCOPE_PAGE, 3)
    assert forms.count("state_delta") >= 3 * len(_BUTTONS) - 3
    await page.close()


async def test_a_delta_is_small_and_says_what_is_new(
    client: Client, context: BrowserContext, pages: PageServer
) -> None:
    page = await context.new_page()
    await page.goto(pages.fresh("chain/deltas.html") + "&n=200")
    tab = await tab_id(client, page)
    state = (await client.get_page_state(tab, options=_options(state_pb2.STATE_SCOPE_PAGE))).page_state
    (insert,) = _buttons(state, "Insert")
    after = _options(state_pb2.STATE_SCOPE_PAGE, state.revision)
    delta = (
        await client.act(pb.Action(click=pb.ClickAction(element_id=insert.id)), tab, state_after=after)
    ).result.state_delta
    new = [element.name for run in delta.inserted for element in run.elements if element.is_new]
    assert {"Item 201", "Buy 201"} <= set(new)
    assert delta.ByteSize() < state.ByteSize() / 20
    folded = fold(state, delta)
    assert [e.name for e in folded.actionable_elements if e.is_new] == new
    # Nothing has happened since: nothing is told.
    idle = await client.get_page_state(tab, options=_options(state_pb2.STATE_SCOPE_PAGE, folded.revision))
    assert idle.WhichOneof("state") == "state_delta"
    told = idle.state_delta
    assert (list(told.inserted), list(told.changed), list(told.removed_ids), list(told.shifts)) == ([], [], [], [])
    await page.close()


async def test_what_is_not_known_any_more_comes_whole(
    client: Client, context: BrowserContext, pages: PageServer
) -> None:
    page = await context.new_page()
    await page.goto(pages.fresh("chain/deltas.html"))
    tab = await tab_id(client, page)
    scope = state_pb2.STATE_SCOPE_PAGE
    first = (await client.get_page_state(tab, options=_options(scope))).page_state
    assert (await client.get_page_state(tab, options=_options(scope, first.revision - 1))).HasField("page_state")
    second = (await client.get_page_state(tab, options=_options(scope))).page_state
    await page.goto(pages.fresh("chain/deltas.html"))
    elsewhere = await client.get_page_state(tab, options=_options(scope, second.revision))
    assert elsewhere.HasField("page_state")
    assert elsewhere.page_state.revision > second.revision
    with pytest.raises(DeltaMismatchError):
        fold(first, state_pb2.StateDelta(base_revision=second.revision + 1))
    await page.close()


async def test_an_agents_states_are_whole_and_true(client: Client, context: BrowserContext, pages: PageServer) -> None:
    """A task sees whole states; that they travelled as deltas shows in nothing but the time."""
    page = await context.new_page()
    await page.goto(pages.fresh("chain/deltas.html"))
    tab = await tab_id(client, page)
    for name in _BUTTONS:
        state = (await client.get_page_state(tab)).page_state
        (button,) = _buttons(state, name)
        click = pb.Action(click=pb.ClickAction(element_id=button.id))
        result = (await client.act(click, tab, state_after=state_pb2.StateRequest())).result
        assert result.WhichOneof("state_after") == "new_state"
        assert _differences(result.new_state, (await client.get_page_state(tab)).page_state) == [], name
    await page.close()
