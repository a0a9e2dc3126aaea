"""Solvers of tasks with fields: texts, passwords, sliders, spin buttons, completion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwob.page import FailedActionError, UnsolvedError, parse, quoted

if TYPE_CHECKING:
    from miniwob.page import Page
    from tabwire.v1.state_pb2 import Element


async def copy_paste(page: Page) -> None:
    """`Copy the text in the textarea below, paste it into the textbox and press Submit.`"""
    text = await page.value(page.one(tag="textarea"))
    await page.type(page.one(tag="input"), text)
    await page.submit()


async def enter_text(page: Page) -> None:
    """`Enter "Renda" into the text field and press Submit.`"""
    await page.type(page.one(role="textbox"), quoted(page.query)[0])
    await page.submit()


async def enter_password(page: Page) -> None:
    """`Enter the password "yA" into both text fields and press submit.`"""
    password = quoted(page.query)[0]
    for place in range(2):
        await page.type(page.all(tag="input")[place], password)
    await page.submit()


async def focus_text(page: Page) -> None:
    """`Focus into the 3rd input textbox.`"""
    (place,) = parse(r"the (\d)\w\w input", page.query)
    await page.click(page.all(role="textbox")[int(place) - 1])


async def login_user(page: Page) -> None:
    """`Enter the username "karrie" and the password "AU" into the text fields and press login.`"""
    for place, text in enumerate(quoted(page.query)):
        await page.type(page.all(tag="input")[place], text)
    await page.submit("Login")


async def login_user_popup(page: Page) -> None:
    """The same, but a popup may come up that disables the fields and asks whether to leave."""
    for place, text in enumerate(quoted(page.query)):
        try:
            await page.type(page.all(tag="input")[place], text)
        except FailedActionError:
            if not page.all("Cancel", role="button"):
                raise
        if page.all("Cancel", role="button"):
            await page.submit("Cancel")
            await page.type(page.all(tag="input")[place], text)
    await page.submit("OK")


async def _slide(page: Page, value: int) -> None:
    """Moves a slider by its arrow keys, which go one step each; what it stands at is written beside it."""
    handle = page.one(word="ui-slider-handle")
    shown = int(page.one(where=lambda e: e.text_content.lstrip("-").isdigit()).text_content)
    if shown != value:
        await page.press(handle, "ArrowRight" if value > shown else "ArrowLeft", abs(value - shown))


async def use_slider(page: Page) -> None:
    """`Select -99 with the slider and hit Submit.`"""
    (value,) = parse(r"^Select (-?\d+) with the slider", page.query)
    await _slide(page, int(value))
    await page.submit()


async def form_sequence(page: Page) -> None:
    """`Select 1 with the slider, click the 3rd checkbox, then hit Submit.`"""
    value, place = parse(r"^Select (-?\d+) with the slider, click the (\d)\w\w checkbox", page.query)
    await _slide(page, int(value))
    await page.check(page.all(role="checkbox")[int(place) - 1])
    await page.submit()


async def use_spinner(page: Page) -> None:
    """`Select -10 with the spinner and hit Submit.` The field takes no typing, but the arrow keys."""
    (wanted,) = parse(r"^Select (-?\d+) with the spinner", page.query)
    field = page.one(role="spinbutton")
    ahead = int(wanted) - int(field.current_value)
    if ahead:
        await page.press(field, "ArrowUp" if ahead > 0 else "ArrowDown", abs(ahead))
    await page.submit()


async def use_autocomplete(page: Page) -> None:
    """`Enter an item that starts with "An" and ends with "ica".`, the end being optional."""
    start, end = (*quoted(page.query), "")[:2]

    def offers() -> list[Element]:
        return page.all(where=lambda e: e.tag in ("li", "div") and e.text_content.startswith(start))

    await page.type(page.one(role="textbox"), start)
    offered = await page.until(offers, "the completion")
    fitting = [e for e in offered if e.text_content.endswith(end)]
    if not fitting:
        raise UnsolvedError(f"none of {[e.text_content for e in offered]} ends with {end!r}")
    await page.click(fitting[0])
    await page.submit()
