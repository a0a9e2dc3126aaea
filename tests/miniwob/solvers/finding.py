"""Solvers of tasks in which the right thing has to be found and clicked, or read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwob.page import centre_of, parse, quoted

if TYPE_CHECKING:
    from miniwob.page import Page


async def click_button(page: Page) -> None:
    """`Click on the "Ok" button.`"""
    await page.submit(quoted(page.query)[0])


async def click_button_sequence(page: Page) -> None:
    """`Click button ONE, then click button TWO.`"""
    for label in ("ONE", "TWO"):
        await page.submit(label)


async def click_test(page: Page) -> None:
    """`Click button ONE.`"""
    await page.submit("ONE")


async def click_dialog(page: Page) -> None:
    """`Click the button in the dialog box labeled "x".` The button that shows a cross is called Close."""
    label = quoted(page.query)[0]
    await page.submit("Close" if label == "x" else label)


async def click_link(page: Page) -> None:
    """`Click on the link "Eget".`"""
    await page.click(page.one(quoted(page.query)[0], clickable=True))


_WIDGETS = {
    "radio": {"role": "radio"},
    "checkbox": {"role": "checkbox"},
    "text": {"role": "textbox", "tag": "input"},
    "textarea": {"role": "textbox", "tag": "textarea"},
    "button": {"role": "button"},
}


async def click_widget(page: Page) -> None:
    """`Click on a "textarea" widget.`"""
    await page.click(page.one(**_WIDGETS[quoted(page.query)[0]]))


async def read_table(page: Page) -> None:
    """`Enter the value of Last name into the text field and press Submit.`"""
    (key,) = parse(r"^Enter the value of (.*?) into the text field", page.query)
    cells = page.all(role="cell")
    labels = [cell.text_content for cell in cells]
    await page.type(page.one(role="textbox"), labels[labels.index(key) + 1])
    await page.submit()


_RESULTS_ON_A_PAGE = 3


async def search_engine(page: Page) -> None:
    """`Use the textbox to enter "Renda" and press "Search", then find and click the 7th search result.`"""
    (number,) = parse(r"click the (\d+)\w+ search result", page.query)
    place = int(number) - 1
    await page.type(page.one(role="textbox"), quoted(page.query)[0])
    await page.submit("Search")
    if place >= _RESULTS_ON_A_PAGE:
        await page.click(page.one(str(place // _RESULTS_ON_A_PAGE + 1), role="link"))
    links = page.all(role="link", where=lambda e: e.name[0].isalpha())
    await page.click(links[place % _RESULTS_ON_A_PAGE])


async def social_media(page: Page) -> None:
    """`For the user @consectetur, click on the "Block" button.` Some buttons are icons, the others are in a menu."""
    (user,) = parse(r"^For the user (@\S+),", page.query)
    label = quoted(page.query)[0]
    line = page.one(where=lambda e: user in e.text_content.split()).bounds
    icon = label.lower() if label in ("Reply", "Retweet", "Like") else "more"
    await page.click(page.one(word=icon, where=lambda e: centre_of(e)[1] > line.y + line.height))
    if icon == "more":
        wanted = f"{label} {user}" if label in ("Mute", "Block") else label
        await page.click(page.one(wanted))
