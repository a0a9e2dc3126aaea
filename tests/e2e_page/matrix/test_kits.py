"""Widgets of interface kits and date pickers, as they come from npm. What has happened is read from the kit's or the
page's own state. Drag libraries and drop zones are in test_drag_kits.py.
"""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

import pytest

from e2e_page.matrix.kit_hands import check, choose, click, drag, drag_by, hover, locate, press, truth, write
from tabwire.v1 import action_pb2 as pb
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")


# Radix


@pytest.mark.cell("Radix", "open a menu and choose")
async def test_radix_menu(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await click(engine, "Actions")
    await click(engine, "Copy")
    assert (await truth(engine))["chosen"] == ["copy"]


@pytest.mark.cell("Radix", "open a submenu by hovering and choose")
async def test_radix_submenu(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await click(engine, "Actions")
    await hover(engine, "More")
    await engine.page.wait_for_selector("text=Archive")  # it opens a moment later
    await click(engine, "Archive")
    assert (await truth(engine))["chosen"] == ["archive"]


@pytest.mark.cell("Radix", "check an item of a menu")
async def test_radix_checked_item(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await click(engine, "Actions")
    await check(engine, "Starred")
    assert (await truth(engine))["starred"] is True


@pytest.mark.cell("Radix", "menu bar")
async def test_radix_menubar(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await click(engine, "File")
    await click(engine, "New file")
    assert (await truth(engine))["chosen"] == ["new file"]


@pytest.mark.cell("Radix", "context menu by the right button")
async def test_radix_context_menu(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await click(engine, "Right click here", button=pb.MOUSE_BUTTON_RIGHT)
    await click(engine, "Inspect")
    assert (await truth(engine))["chosen"] == ["inspect"]


@pytest.mark.cell("Radix", "dialog: open, write, close")
async def test_radix_dialog(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await click(engine, "Edit profile")
    assert (await truth(engine))["dialog"] is True
    await write(engine, "Display name", "Ada")
    await click(engine, "Close profile")
    after = await truth(engine)
    assert (after["dialog"], after["displayName"]) == (False, "Ada")


@pytest.mark.cell("Radix", "dialog: close with Escape")
async def test_radix_dialog_escape(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await click(engine, "Edit profile")
    await engine.do(press_keys=pb.PressKeysAction(keys=["Escape"]))
    assert (await truth(engine))["dialog"] is False


@pytest.mark.cell("Radix", "alert dialog: confirm")
async def test_radix_alert(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await click(engine, "Delete account")
    await click(engine, "Delete it")
    after = await truth(engine)
    assert (after["alert"], after["chosen"]) == (False, ["deleted"])


@pytest.mark.cell("Radix", "popover")
async def test_radix_popover(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await click(engine, "Filters")
    await click(engine, "Only open ones")
    assert (await truth(engine))["chosen"] == ["filter"]


@pytest.mark.cell("Radix", "tooltip by hovering")
async def test_radix_tooltip(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await hover(engine, "Help")
    assert (await truth(engine))["tooltip"] is True


@pytest.mark.cell("Radix", "card by hovering")
async def test_radix_hover_card(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await hover(engine, "Ada")
    assert (await truth(engine))["card"] is True
    await locate(engine, "Wrote the first program")


@pytest.mark.cell("Radix", "select: open and click an option")
async def test_radix_select_by_clicks(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await click(engine, "Fruit")
    await click(engine, "Cherry", "option")
    assert (await truth(engine))["fruit"] == "cherry"


@pytest.mark.cell("Radix", "select: select_option")
async def test_radix_select(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await choose(engine, "Fruit", "Banana")
    assert (await truth(engine))["fruit"] == "banana"


@pytest.mark.cell("Radix", "check box, switch, toggle, radio buttons")
async def test_radix_choices(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await check(engine, "Terms")
    await check(engine, "Dark mode")
    await check(engine, "Large")
    await click(engine, "Pin")
    after = await truth(engine)
    assert (after["terms"], after["dark"], after["size"], after["pinned"]) == (True, True, "large", True)
    await check(engine, "Dark mode", checked=False)
    assert (await truth(engine))["dark"] is False


@pytest.mark.cell("Radix", "slider by keys")
async def test_radix_slider_by_keys(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await press(engine, "Volume", "ArrowRight", "ArrowRight")
    assert (await truth(engine))["volume"] == 30


@pytest.mark.cell("Radix", "slider by dragging")
async def test_radix_slider_by_drag(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await drag_by(engine, "Volume", 92, 0)
    assert (await truth(engine))["volume"] == 70


@pytest.mark.cell("Radix", "tabs and accordion")
async def test_radix_parts(engine: EnginePage) -> None:
    await engine.open_kit("radix")
    await click(engine, "Second tab")
    await click(engine, "Shipping")
    after = await truth(engine)
    assert (after["tab"], after["open"]) == ("second", "shipping")


# TanStack Virtual


@pytest.mark.cell("TanStack Virtual, 10,000 rows", "scroll to row 500 and choose it")
async def test_virtual_list(engine: EnginePage) -> None:
    await engine.open_kit("virtual")
    for _ in range(20):
        state = await engine.state()
        row = next((e for e in state.elements if e.role == "option" and e.name == "Person 500"), None)
        if row is not None:
            break
        shown = [int(e.name.split()[1]) for e in state.elements if e.role == "option"]
        people = await locate(engine, "People")
        far = (500 - shown[len(shown) // 2]) * 32 / 300
        down = pb.SCROLL_DIRECTION_DOWN if far > 0 else pb.SCROLL_DIRECTION_UP
        await engine.do(scroll=pb.ScrollAction(element_id=people.id, direction=down, pages=min(100, abs(far))))
    assert row is not None
    await engine.do(click=pb.ClickAction(element_id=row.id))
    assert (await truth(engine))["chosen"] == [500]


# Shoelace


@pytest.mark.cell("Shoelace", "button")
async def test_shoelace_button(engine: EnginePage) -> None:
    await engine.open_kit("shoelace")
    await click(engine, "Save")
    assert (await truth(engine))["saved"] == 1


@pytest.mark.cell("Shoelace", "input and text area")
async def test_shoelace_text(engine: EnginePage) -> None:
    await engine.open_kit("shoelace")
    await write(engine, "Name", "Ada")
    await write(engine, "Notes", "one\ntwo")
    after = await truth(engine)
    assert (after["name"], after["notes"]) == ("Ada", "one\ntwo")
    assert after["events"].count("name sl-input") == 1


@pytest.mark.cell("Shoelace", "select: open and click an option")
async def test_shoelace_select_by_clicks(engine: EnginePage) -> None:
    await engine.open_kit("shoelace")
    await click(engine, "City", "combobox")
    await click(engine, "Graz", "option")
    assert (await truth(engine))["city"] == "graz"


@pytest.mark.cell("Shoelace", "select: select_option")
async def test_shoelace_select(engine: EnginePage) -> None:
    await engine.open_kit("shoelace")
    element = await locate(engine, "City", "combobox")
    await engine.do(select_option=pb.SelectOptionAction(element_id=element.id, options=["Ulm"]))
    assert (await truth(engine))["city"] == "ulm"


@pytest.mark.cell("Shoelace", "check box, switch, radio buttons")
async def test_shoelace_choices(engine: EnginePage) -> None:
    await engine.open_kit("shoelace")
    await check(engine, "Newsletter")
    await check(engine, "Wi-Fi")
    await click(engine, "Cash", "radio")
    after = await truth(engine)
    assert (after["news"], after["wifi"], after["pay"]) == (True, True, "cash")


@pytest.mark.cell("Shoelace", "range")
async def test_shoelace_range(engine: EnginePage) -> None:
    await engine.open_kit("shoelace")
    await write(engine, "Level", "70")
    assert (await truth(engine))["level"] == 70


@pytest.mark.cell("Shoelace", "open a menu and choose")
async def test_shoelace_menu(engine: EnginePage) -> None:
    await engine.open_kit("shoelace")
    await click(engine, "Options")
    await click(engine, "Move")
    after = await truth(engine)
    assert (after["menu"], after["dropdown"]) == (["move"], False)


@pytest.mark.cell("Shoelace", "dialog: open and answer")
async def test_shoelace_dialog(engine: EnginePage) -> None:
    await engine.open_kit("shoelace")
    await click(engine, "Open dialog")
    assert (await truth(engine))["dialog"] is True
    await click(engine, "Yes")
    after = await truth(engine)
    assert (after["dialog"], after["yes"]) == (False, 1)


@pytest.mark.cell("Shoelace", "tooltip by hovering")
async def test_shoelace_tooltip(engine: EnginePage) -> None:
    await engine.open_kit("shoelace")
    await hover(engine, "About")
    await engine.page.wait_for_function("truth().tip")  # it opens a moment later


@pytest.mark.cell("Shoelace", "tabs")
async def test_shoelace_tabs(engine: EnginePage) -> None:
    await engine.open_kit("shoelace")
    await click(engine, "Two", "tab")
    assert (await truth(engine))["tab"] == "two"


# jQuery UI


@pytest.mark.cell("jQuery UI", "date picker: write the date")
async def test_jquery_date_written(engine: EnginePage) -> None:
    await engine.open_kit("jqueryui")
    await write(engine, "Arrival", "2026-11-21")
    assert (await truth(engine))["date"] == "2026-11-21"


@pytest.mark.cell("jQuery UI", "date picker: choose in the calendar")
async def test_jquery_date_chosen(engine: EnginePage) -> None:
    await engine.open_kit("jqueryui")
    await click(engine, "Arrival")
    await click(engine, "Next")
    await click(engine, "15")
    today = datetime.date.fromisoformat(await engine.truth("$.datepicker.formatDate('yy-mm-dd', new Date())"))
    month = today.replace(day=1) + datetime.timedelta(days=32)
    assert (await truth(engine))["date"] == month.replace(day=15).isoformat()


@pytest.mark.cell("jQuery UI", "spinner: write, and by keys")
async def test_jquery_spinner(engine: EnginePage) -> None:
    await engine.open_kit("jqueryui")
    await write(engine, "Amount", "7")
    assert (await truth(engine))["spinner"] == 7
    await press(engine, "Amount", "ArrowUp", "ArrowUp")
    assert (await truth(engine))["spinner"] == 9


@pytest.mark.cell("jQuery UI", "autocomplete: write and choose")
async def test_jquery_autocomplete(engine: EnginePage) -> None:
    await engine.open_kit("jqueryui")
    await write(engine, "Language", "sc")
    await engine.page.wait_for_selector("text=Scheme")
    await click(engine, "Scheme")
    assert (await truth(engine))["chosen"] == "Scheme"


@pytest.mark.cell("jQuery UI", "select menu: choose")
async def test_jquery_select(engine: EnginePage) -> None:
    await engine.open_kit("jqueryui")
    state = await engine.state(scope=state_pb2.STATE_SCOPE_PAGE)
    box = next(e for e in state.elements if e.role == "combobox" and "Red" in (e.name + e.current_value))
    await engine.do(click=pb.ClickAction(element_id=box.id))
    await click(engine, "Blue")
    assert (await truth(engine))["colour"] == "Blue"


@pytest.mark.cell("jQuery UI", "slider by keys")
async def test_jquery_slider_by_keys(engine: EnginePage) -> None:
    await engine.open_kit("jqueryui")
    await press(engine, "Brightness", "ArrowRight", "ArrowRight")
    assert (await truth(engine))["slider"] == 22


@pytest.mark.cell("jQuery UI", "slider by dragging")
async def test_jquery_slider_by_drag(engine: EnginePage) -> None:
    await engine.open_kit("jqueryui")
    await drag_by(engine, "Brightness", 150, 0)
    assert (await truth(engine))["slider"] == 70


@pytest.mark.cell("jQuery UI", "tabs and accordion")
async def test_jquery_parts(engine: EnginePage) -> None:
    await engine.open_kit("jqueryui")
    await click(engine, "Beta")
    await click(engine, "Part two")
    after = await truth(engine)
    assert (after["tab"], after["part"]) == (1, 1)


@pytest.mark.cell("jQuery UI", "sort by dragging")
async def test_jquery_sortable(engine: EnginePage) -> None:
    await engine.open_kit("jqueryui")
    await drag(engine, "Item 1", "Item 3")
    order = (await truth(engine))["order"]
    assert order.index("Item 1") > order.index("Item 2")


@pytest.mark.cell("jQuery UI", "drag and drop")
async def test_jquery_droppable(engine: EnginePage) -> None:
    await engine.open_kit("jqueryui")
    await drag(engine, "Drag me", "Drop here")
    assert (await truth(engine))["dropped"] == 1


@pytest.mark.cell("jQuery UI", "dialog: open and answer")
async def test_jquery_dialog(engine: EnginePage) -> None:
    await engine.open_kit("jqueryui")
    await click(engine, "Open window")
    assert (await truth(engine))["dialog"] is True
    await click(engine, "OK")
    after = await truth(engine)
    assert (after["dialog"], after["ok"]) == (False, 1)


@pytest.mark.cell("jQuery UI", "tooltip by hovering")
async def test_jquery_tooltip(engine: EnginePage) -> None:
    await engine.open_kit("jqueryui")
    await hover(engine, "Hint")
    assert (await truth(engine))["hint"] is True


# flatpickr


@pytest.mark.cell("flatpickr", "choose a day in the calendar")
async def test_flatpickr_day(engine: EnginePage) -> None:
    await engine.open_kit("flatpickr")
    await click(engine, "Day")
    await click(engine, "March 17, 2026")
    assert (await truth(engine))["day"] == ["2026-03-17"]


@pytest.mark.cell("flatpickr", "write the date")
async def test_flatpickr_typed(engine: EnginePage) -> None:
    await engine.open_kit("flatpickr")
    await write(engine, "Typed day", "2026-04-20", submit=True)
    assert (await truth(engine))["typed"] == ["2026-04-20"]


@pytest.mark.cell("flatpickr", "choose a range")
async def test_flatpickr_range(engine: EnginePage) -> None:
    await engine.open_kit("flatpickr")
    await click(engine, "Stay")
    await click(engine, "March 9, 2026")
    await click(engine, "March 12, 2026")
    assert (await truth(engine))["range"] == ["2026-03-09", "2026-03-12"]


@pytest.mark.cell("flatpickr", "write the time")
async def test_flatpickr_time(engine: EnginePage) -> None:
    await engine.open_kit("flatpickr")
    await write(engine, "Hour", "14:30", submit=True)
    told = (await truth(engine))["time"]
    assert [re.sub(r":00$", "", one) for one in told] == ["14:30"]
