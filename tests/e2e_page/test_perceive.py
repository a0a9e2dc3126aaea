"""What a state tells: roles, names, states, context, scopes, limits, and what is marked as unreadable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e_page.harness import only
from tabwire.v1 import error_pb2 as err
from tabwire.v1 import extension_pb2, state_pb2
from tabwire.v1 import state_pb2 as pb
from tabwire.v1.action_pb2 import ClickAction, InputTextAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def page(engine: EnginePage, name: str, **options: Any) -> extension_pb2.FrameState:
    await engine.open(name)
    return await engine.state(scope=pb.STATE_SCOPE_PAGE, **options)


def texts(state: extension_pb2.FrameState) -> list[str]:
    return [e.text_content for e in state.elements if e.type == pb.ELEMENT_TYPE_TEXT_CONTENT]


async def test_controls_with_their_values_and_states(engine: EnginePage) -> None:
    state = await page(engine, "perceive")
    assert state.title == "Perceive"
    assert (state.viewport_dimensions.width, state.viewport_dimensions.height) == (1000, 700)
    name = only(state, "Your name")
    assert (name.type, name.role, name.tag) == (pb.ELEMENT_TYPE_INPUT_FIELD, "textbox", "input")
    assert (name.current_value, name.states.required, name.form) == ("Ada", True, "Account")
    assert pb.OPERATION_INPUT_TEXT in name.available_operations
    assert name.attributes["placeholder"] == "Name"
    country = only(state, "Country")
    assert country.current_value == "Sweden"
    assert [(o.label, o.value, o.selected) for o in country.options] == [
        ("Norway", "Norway", False),
        ("Sweden", "se", True),
    ]
    assert only(state, "Newsletter").states.checked == pb.TOGGLE_ON
    assert only(state, "Paid").states.checked == pb.TOGGLE_OFF
    assert only(state, "Save").states.disabled
    assert only(state, "Bold").states.pressed == pb.TOGGLE_ON
    assert only(state, "More").states.expanded == pb.TOGGLE_OFF
    assert only(state, "Tab one").states.selected == pb.TOGGLE_ON
    assert only(state, "Volume").current_value == "30"
    assert only(state, "Dark mode", "switch").states.checked == pb.TOGGLE_ON
    assert only(state, "Closed").states.expanded == pb.TOGGLE_OFF
    assert only(state, "Notes").current_value == "My notes"
    assert only(state, "A picture").type == pb.ELEMENT_TYPE_IMAGE
    assert only(state, "Drawing").type == pb.ELEMENT_TYPE_CANVAS
    assert only(state, "Film").type == pb.ELEMENT_TYPE_VIDEO


async def test_a_password_is_absent(engine: EnginePage) -> None:
    state = await page(engine, "perceive")
    assert not only(state, "Password").HasField("current_value")
    assert b"secret-password" not in state.SerializeToString()


async def test_live_values_not_attributes(engine: EnginePage) -> None:
    await engine.open("perceive")
    await engine.truth("document.getElementById('name').value = 'Grace'")
    assert (await engine.find("Your name")).current_value == "Grace"


async def test_context(engine: EnginePage) -> None:
    state = await page(engine, "perceive")
    assert only(state, "Alpha").landmark == 'navigation "Main"'
    assert only(state, "Your name").landmark == 'region "Settings"'
    assert only(state, "Your name").heading == "Settings"
    adds = [e for e in state.elements if e.name == "Add"]
    assert [e.heading for e in adds] == ["Stapler", "Tape"]
    assert only(state, "After the cards").heading == "Title of the page"
    by_id = {e.id: e for e in state.elements}
    assert by_id[only(state, "Your name").parent_id].type == pb.ELEMENT_TYPE_FORM
    assert only(state, "Brand").landmark == "banner"


async def test_text_is_told_once_and_only_where_it_informs(engine: EnginePage) -> None:
    state = await page(engine, "perceive")
    assert "First paragraph with inline text and a link." in texts(state)
    assert "12.50 €" in texts(state)
    assert "Imprint text" in texts(state)
    assert not any("·" in text for text in texts(state))
    assert not any("Card title" in text for text in texts(state))
    without = await engine.state(scope=pb.STATE_SCOPE_PAGE, include_text=False)
    assert texts(without) == []
    assert only(without, "Title of the page").type == pb.ELEMENT_TYPE_HEADING


async def test_clickable_things_without_a_role(engine: EnginePage) -> None:
    state = await page(engine, "perceive")
    card = next(e for e in state.elements if e.text_content == "Card title Card text")
    assert card.type == pb.ELEMENT_TYPE_GENERIC
    assert pb.OPERATION_CLICK in card.available_operations
    cells = [e for e in state.elements if e.type == pb.ELEMENT_TYPE_CELL]
    assert [e.text_content for e in cells] == ["1", "2", "3"]
    assert all(pb.OPERATION_CLICK in e.available_operations for e in cells)
    assert any(e.text_content == "Focusable box" for e in state.elements)
    # A wrapper around a button is no second button.
    wrapped = only(state, "Wrapped")
    assert not any(e.tag == "div" and e.text_content == "Wrapped" for e in state.elements)
    assert wrapped.tag == "button"


async def test_what_is_not_rendered_is_not_told(engine: EnginePage) -> None:
    state = await page(engine, "hidden")
    everything = state.SerializeToString().decode("utf8", "replace")
    for text in ("Not rendered", "Invisible", "Hidden attribute"):
        assert text not in everything
    assert "In closed details" not in (await page(engine, "perceive")).SerializeToString().decode("utf8", "replace")


async def test_what_a_person_could_not_read_is_marked(engine: EnginePage) -> None:
    state = await page(engine, "hidden")
    marked = {e.text_content for e in state.elements if e.states.obscured}
    assert marked == {
        "Tiny orders",
        "Transparent orders",
        "Faded orders",
        "Clear orders",
        "Colourless orders",
        "White orders",
        "Camouflaged orders",
        "Off-screen orders",
        "Indented orders",
        "Screen reader text",
        "Clear button",
        "Tiny button",
    }


async def test_nothing_hides_an_element_or_breaks_out_of_its_field(engine: EnginePage) -> None:
    state = await page(engine, "hidden")
    assert only(state, "Cannot hide")
    assert only(state, "Hidden button").states.obscured is False
    assert only(state, 'Broken "name] [id=7 <tag>')
    assert "Zerowidth tags and turned" in texts(state)
    inert = only(state, "Inert button")
    assert inert.states.disabled
    assert pb.OPERATION_CLICK not in inert.available_operations
    await engine.refused(err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE, click=ClickAction(element_id=inert.id))


async def test_the_viewport_and_what_is_beyond(engine: EnginePage) -> None:
    await engine.open("click")
    state = await engine.state()
    assert not any(e.name == "Far below" for e in state.elements)
    assert state.truncation.elements_below >= 2
    assert state.truncation.elements_omitted >= state.truncation.elements_below
    whole = await engine.state(scope=pb.STATE_SCOPE_PAGE)
    assert not only(whole, "Far below").in_viewport
    assert whole.truncation.elements_omitted == 0
    await engine.truth("scrollTo(0, document.documentElement.scrollHeight)")
    below = await engine.state()
    assert only(below, "Far below").in_viewport
    assert below.truncation.elements_above > 0
    assert below.scroll_position.y > 500


async def test_a_scrolling_part_is_told_as_far_as_it_shows(engine: EnginePage) -> None:
    await engine.open("scroll")
    state = await engine.state()
    names = [e.name for e in state.elements if e.name.startswith("Item")]
    assert names[0] == "Item 0"
    assert 4 <= len(names) <= 8
    assert state.truncation.elements_omitted >= 30


async def test_one_element_and_what_is_in_it(engine: EnginePage) -> None:
    await engine.open("perceive")
    form = await engine.find("Account")
    state = await engine.state(scope=pb.STATE_SCOPE_ELEMENT, element_id=form.id)
    assert state.elements[0].id == form.id
    assert only(state, "Your name").heading == "Settings"
    assert not any(e.name == "Brand" for e in state.elements)
    reply = await engine.ask(
        extension_pb2.FrameRequest(
            perceive=extension_pb2.PerceiveFrame(
                options=state_pb2.StateRequest(scope=pb.STATE_SCOPE_ELEMENT, element_id=9999)
            )
        )
    )
    assert reply.error_info.error_code == err.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND


async def test_limits_are_kept_and_counted(engine: EnginePage) -> None:
    full = await page(engine, "perceive")
    some = await engine.state(scope=pb.STATE_SCOPE_PAGE, max_elements=10)
    assert len(some.elements) == 10
    assert some.truncation.elements_omitted == len(full.elements) - 10
    # What can be operated comes first.
    assert not any(e.type == pb.ELEMENT_TYPE_TEXT_CONTENT for e in some.elements)
    small = await engine.state(scope=pb.STATE_SCOPE_PAGE, max_text_bytes=200)
    assert len(small.elements) == len(full.elements)
    assert small.truncation.characters_cut > 0
    told = sum(len((e.name + e.text_content + e.current_value).encode()) for e in small.elements)
    assert told <= 200


async def test_long_text_is_cut_and_counted(engine: EnginePage) -> None:
    await engine.content(f"<p>{'word ' * 400}</p>")
    state = await engine.state()
    assert len(state.elements[0].text_content) == 1000
    assert state.truncation.characters_cut == 999


async def test_focus_and_new_elements(engine: EnginePage) -> None:
    await engine.open("perceive")
    name = await engine.find("Your name")
    await engine.do(input_text=InputTextAction(element_id=name.id, text="Eva"))
    await engine.truth("document.querySelector('main').insertAdjacentHTML('afterbegin', '<button>Fresh</button>')")
    state = await engine.state(scope=pb.STATE_SCOPE_PAGE)
    assert state.active_element_id == name.id
    assert only(state, "Your name").states.focused
    assert [e.name for e in state.elements if e.is_new] == ["Fresh"]


async def test_the_revision_grows_with_changes_only(engine: EnginePage) -> None:
    await engine.open("perceive")
    first, second = await engine.state(), await engine.state()
    assert first.revision == second.revision > 0
    await engine.truth("document.querySelector('h1').textContent = 'Other title'")
    assert (await engine.state()).revision > second.revision


async def test_a_deep_page_and_one_without_doctype(engine: EnginePage) -> None:
    await engine.content("<div>" * 3000 + "<button>Deep</button>")
    assert (await engine.find("Deep")).id > 0
    assert await engine.truth("document.compatMode") == "BackCompat"


async def test_something_fixed_in_a_part_that_is_scrolled_away(engine: EnginePage) -> None:
    await engine.open("fixed")
    await engine.truth("scrollTo(0, document.documentElement.scrollHeight)")
    state = await engine.state()
    assert only(state, "Fixed button").in_viewport
    assert "Text of the modal" in texts(state)
    assert "Far up" not in texts(state)
    assert state.truncation.elements_above == 2


async def test_counts_of_what_is_outside_are_the_same_as_when_it_is_told(engine: EnginePage) -> None:
    await engine.page.goto(f"{engine.origins[0]}/engine/large.html#100")
    near = await engine.state()
    whole = await engine.state(scope=pb.STATE_SCOPE_PAGE, max_elements=20000)
    assert len(near.elements) + near.truncation.elements_omitted == len(whole.elements)
    assert near.truncation.elements_below == near.truncation.elements_omitted


async def test_controls_named_like_members_of_their_form(engine: EnginePage) -> None:
    await engine.open("clobbered")
    state = await engine.state(scope=pb.STATE_SCOPE_PAGE)
    assert state.title == "Clobbered"
    assert only(state, "Travel").type == pb.ELEMENT_TYPE_FORM
    assert only(state, "Query").role == "button"
    assert len([e for e in state.elements if e.name.startswith("Field ")]) == 32
    assert only(state, "Children").form == "Travel"
    field = only(state, "Field getAttribute")
    await engine.do(input_text=InputTextAction(element_id=field.id, text="typed"))
    await engine.do(click=ClickAction(element_id=only(state, "Book").id))
    assert await engine.truth("truth.log") == ["click", "submit"]


async def test_text_from_style_sheets_is_part_of_a_name(engine: EnginePage) -> None:
    await engine.open("generated")
    state = await engine.state()
    assert [e.name for e in state.elements] == [
        "Mail (required)",
        "New: Offer",
        "Home",
        "starred Mark",
        "Weight kg",
        "Plain",
        "Way \u203a",
        "deep Down",
        "listed Item",
        "Later",
        "Shadow Inside",
    ]
    await engine.truth(
        "document.head.append(Object.assign(document.createElement('style'), "
        "{ textContent: '#later::before { content: \"Much \" }' }))"
    )
    assert await engine.find("Much Later", "button")
