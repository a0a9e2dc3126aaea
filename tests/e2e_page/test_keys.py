"""PressKeysAction: the handlers hear the keys, and what the browser would do is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tabwire.v1 import error_pb2 as err
from tabwire.v1.action_pb2 import PressKeysAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage
    from tabwire.v1 import action_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def press(engine: EnginePage, name: str | None, *keys: str) -> action_pb2.ActionResult:
    """Presses keys in the element of a name, or in the focused one."""
    element_id = 0 if name is None else (await engine.find(name)).id
    return await engine.do(press_keys=PressKeysAction(keys=keys, element_id=element_id))


async def test_characters_are_typed(engine: EnginePage) -> None:
    await engine.open("keys")
    result = await press(engine, "First", "H", "i", "Space", "+", "ü")
    assert await engine.truth("first.value") == "Hi +ü"
    assert result.outcome_details.value_now == "Hi +ü"


async def test_an_editor_that_draws_at_its_next_frame_gets_each_key_after_it(engine: EnginePage) -> None:
    await engine.open("late_editor")
    await press(engine, "Editor", *"drawn")
    assert await engine.truth("text") == "drawn"


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["End", "Backspace"], "ab"),
        (["Home", "Delete"], "bc"),
        (["Control+a", "z"], "z"),
        (["Home", "ArrowRight", "-"], "a-bc"),
        (["Home", "Shift+End", "q"], "q"),
        (["End", "x"], "abc"),  # the page prevents the x
        (["End", "Control+Backspace"], ""),
        (["End", "d", "Control+z"], "abc"),
    ],
)
async def test_editing_keys(engine: EnginePage, keys: list[str], value: str) -> None:
    await engine.open("keys")
    await press(engine, "Second", *keys)
    assert await engine.truth("second.value") == value


async def test_enter(engine: EnginePage) -> None:
    await engine.open("keys")
    await press(engine, "First", "Enter")
    assert await engine.truth("truth.log") == ["submit"]
    await press(engine, "Notes", "Control+End", "Enter", "x")
    assert await engine.truth("notes.value") == "one\nx"
    await press(engine, "Other", "Enter")
    await press(engine, "Other", "Space")
    assert await engine.truth("truth.log") == ["submit", "other", "other"]
    await press(engine, "Link", "Enter")
    assert await engine.truth("location.hash") == "#there"
    await press(engine, "Editor", "Control+End", "Enter", "m")
    assert await engine.truth("editor.innerText.replace(/\\n+/g, '|')") == "line|m"


async def test_tab_goes_from_stop_to_stop(engine: EnginePage) -> None:
    await engine.open("keys")
    order = []
    await press(engine, "First", "Tab")
    for _ in range(9):
        order.append(await engine.truth("document.activeElement.id"))
        await press(engine, None, "Tab")
    assert order == ["second", "notes", "agree", "ra", "pick", "level", "count", "go", "other"]
    await press(engine, None, "Shift+Tab")
    assert await engine.truth("document.activeElement.id") == "other"


async def test_tab_goes_where_chromes_own_goes(engine: EnginePage) -> None:
    engine.may_be_kept = False
    await engine.open("tab_order")
    real = []
    for _ in range(60):
        await engine.page.keyboard.press("Tab")
        real.append(await engine.truth("where()"))
        if real[-1] == "last":
            break
    await engine.open("tab_order")
    ours = []
    for _ in real:
        await press(engine, None, "Tab")
        ours.append(await engine.truth("where()"))
    assert ours == real, f"{ours} is not {real}"
    await press(engine, None, *["Shift+Tab"] * 3)
    assert await engine.truth("where()") == real[-4]


async def test_choices(engine: EnginePage) -> None:
    await engine.open("keys")
    await press(engine, "Agree", "Space")
    assert await engine.truth("agree.checked") is True
    await press(engine, "A", "ArrowDown")
    assert await engine.truth("rb.checked && document.activeElement.id") == "rb"
    await press(engine, None, "ArrowUp", "ArrowUp")
    assert await engine.truth("rc.checked") is True
    await press(engine, "Pick", "ArrowDown")
    await press(engine, "Pick", "g")
    await press(engine, "Pick", "Home")
    await press(engine, "Level", "ArrowRight", "End")
    await press(engine, "Count", "ArrowUp")
    assert await engine.truth("[pick.value, level.value, count.value]") == ["Alpha", "10", "6"]
    picks = ["pick Beta", "pick Gamma", "pick Alpha"]
    assert await engine.truth("truth.log") == ["agree true", "radio rb", "radio ra", "radio rc", *picks]


async def test_handlers_hear_chords(engine: EnginePage) -> None:
    await engine.open("keys")
    await press(engine, "Shortcuts", "Control+s", "Shift+ArrowDown", "Escape", "F2")
    assert await engine.truth("truth.log") == [
        "down Control ControlLeft 17 truefalse",
        "down s KeyS 83 truefalse",
        "up s",
        "up Control",
        "down Shift ShiftLeft 16 falsetrue",
        "down ArrowDown ArrowDown 40 falsetrue",
        "up ArrowDown",
        "up Shift",
        "down Escape Escape 27 falsefalse",
        "up Escape",
        "down F2 F2 113 falsefalse",
        "up F2",
    ]


async def test_escape_closes_a_dialog(engine: EnginePage) -> None:
    await engine.open("keys")
    await press(engine, "Open dialog", "Enter")
    assert await engine.truth("dialog.open") is True
    await press(engine, None, "Tab", "Tab")
    assert await engine.truth("document.activeElement.id") == "inside"
    await press(engine, None, "Escape")
    assert await engine.truth("dialog.open") is False
    assert await engine.truth("truth.log") == ["closed"]


async def test_keys_scroll_the_page(engine: EnginePage) -> None:
    await engine.open("keys")
    result = await press(engine, None, "PageDown")
    assert await engine.truth("scrollY") > 300
    assert not result.outcome_details.no_effect_seen
    await press(engine, None, "Home")
    assert await engine.truth("scrollY") == 0


async def test_keys_scroll_the_part_that_has_the_focus(engine: EnginePage) -> None:
    await engine.open("keys")
    await press(engine, "Pane", "PageDown")
    inside = await engine.truth("pane.scrollTop")
    assert 80 < inside < 100
    top = await engine.truth("scrollY")
    await press(engine, None, "End", "End")
    # When there is no room left in it, the page goes on.
    assert await engine.truth(
        "[pane.scrollTop + pane.clientHeight >= pane.scrollHeight - 1, scrollY > " + f"{top}]"
    ) == [
        True,
        True,
    ]


async def test_copying_and_pasting_in_one_page(engine: EnginePage) -> None:
    await engine.open("keys")
    await press(engine, "Source", "Control+a", "Control+c")
    await press(engine, "First", "Control+v", "!")
    assert await engine.truth("[first.value, source.value]") == ["copied text!", "copied text"]
    await press(engine, "Source", "Control+a", "Control+x")
    await press(engine, "Notes", "Control+End", "Control+v")
    assert await engine.truth("[notes.value, source.value]") == ["onecopied text", ""]
    # What a page copies itself is what it says; a password is not copied.
    await press(engine, "Copier", "Control+c")
    await press(engine, "Secret", "Control+a", "Control+c")
    await press(engine, "Source", "Control+v")
    assert await engine.truth("source.value") == "from the page"


async def test_space_clicks_when_it_is_let_go(engine: EnginePage) -> None:
    await engine.open("keys")
    await press(engine, "Release", "Space")
    assert await engine.truth("truth.log") == ["down  ", "up  ", "click"]


async def test_enter_tells_the_change_first(engine: EnginePage) -> None:
    await engine.open("keys")
    await press(engine, "Todo", "m", "i", "Enter")
    assert await engine.truth("truth.log") == ["enter", "change mi"]


async def test_escape_empties_a_search(engine: EnginePage) -> None:
    await engine.open("keys")
    await press(engine, "Search", "Escape")
    assert await engine.truth("search.value") == ""


async def test_refusals(engine: EnginePage) -> None:
    await engine.open("keys")
    first = (await engine.find("First")).id
    await engine.refused(err.ERROR_CODE_INVALID_ARGUMENT, press_keys=PressKeysAction(keys=["Hyper+q"]))
    await engine.refused(err.ERROR_CODE_INVALID_ARGUMENT, press_keys=PressKeysAction(keys=["Entre"]))
    await engine.refused(
        err.ERROR_CODE_NEEDS_TRUSTED_INPUT, press_keys=PressKeysAction(keys=["Control+v"], element_id=first)
    )
    off = (await engine.find("Off")).id
    await engine.refused(
        err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE, press_keys=PressKeysAction(keys=["a"], element_id=off)
    )
