"""Solvers of tasks in a small mail program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwob.page import UnsolvedError, parse

if TYPE_CHECKING:
    from miniwob.page import Page


async def _open(page: Page, sender: str) -> None:
    found = page.all(clickable=True, where=lambda e: e.text_content.split(" ")[0] == sender)
    if not found:
        raise UnsolvedError(f"no mail by {sender} in the list")
    await page.click(found[0])


async def _reply(page: Page, text: str) -> None:
    await page.click(page.one("Reply"))
    await page.type(page.one(tag="textarea"), text)
    await page.click(page.one(word="send-reply"))


async def _forward(page: Page, to: str) -> None:
    await page.click(page.one("Forward"))
    await page.type(page.one(tag="input"), to)
    await page.click(page.one(word="send-forward"))


async def email_inbox(page: Page) -> None:
    """`Find the email by Audrey and …`: reply to it, forward it, delete it, or mark it with a star."""
    query = page.query
    sender, wish = parse(r"^Find the email by (\S+) and (.*)$", query)
    await _open(page, sender)
    if wish.startswith("reply"):
        await _reply(page, *parse(r'with the text "\s*(.*?)\s*"\.$', query))
    elif wish.startswith("forward"):
        await _forward(page, *parse(r"forward that email to (\S+)\.$", query))
    else:
        await page.click(page.one(word="trash" if "trash" in wish else "star"))


async def email_inbox_forward(page: Page) -> None:
    """The same wish, to forward a mail, in thirty ways to say it."""
    name = r"([A-Z][\w-]+)"
    query = page.query
    (sender,) = filter(None, parse(rf"(?:by|from) {name}|{name} sent|{name} wants h", query))
    ways = rf"\bto {name}|(?:Give|Send|Forward) {name} the|^{name} wants the|^{name} is waiting"
    (to,) = filter(None, parse(ways, query))
    await _open(page, sender)
    await _forward(page, to)
