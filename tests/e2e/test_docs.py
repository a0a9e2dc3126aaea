"""Every command line that README.md and the pages for users show is run. A new line that no rule here knows fails.

docs/debugging.md is run by tests/integration/edge, docs/commands.md is parsed by tests/unit/agent.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from e2e.stack import ROOT, tab_id, until
from tabwire.v1 import policy_pb2, task_pb2

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

    from e2e.page_server import PageServer
    from e2e.stack import Stack
    from tabwire.client import Client

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]  # dozens of programs in turn

# Lines that start the whole product or change a person's own trust, with the test or the step that runs them.
_ELSEWHERE = {
    "make run": "test_demo",
    "make test": "CI",
    "tabwire up": "test_troubles",
    "tabwire certs install": "tests/unit/cli",
    "tabwire demo": "tests/unit/cli",
}


_PAGES = ("README.md", *(f"docs/{name}.md" for name in ("agent", "cli", "policy", "tasks")))
# Tasks in free words.
_NEED_MODEL = ("the cheapest stapler", "ten best films")
# Files that the lines name.
_FILES = {
    "instructions.txt": 'read "Total"\n',
    "films.json": '{"type": "array", "items": {"type": "string"}}',
    "shop.json": '{"allowed_origins": ["https://shop.example"]}',
    "only-the-shop.json": '{"allowed_origins": ["https://shop.example"]}',
    "notes.md": "- red\n",
    "seed.txt": "JBSWY3DPEHPK3PXP\n",
    "policy.json": '{"denied_origins": ["https://evil.example"]}',
}


def _lines() -> list[str]:
    found = []
    for page in _PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if language in ("", "sh"):
                found += [line.strip() for line in block.splitlines() if line.strip()]
        if page == "README.md":
            found += re.findall(r"`((?:[A-Z_]+=\w+ )?(?:\.venv/bin/)?tabwire [a-z][^`]*)`", text)
    return list(dict.fromkeys(found))


def _commands(line: str) -> list[list[str]]:
    """The commands that a line stands for: alternatives are written as a|b, what may be left out in brackets."""
    bare = re.sub(r"\[(.*?)\]", r"\1", line)
    words = shlex.split(bare, comments=True)
    while words and re.match(r"^[A-Z_]+=", words[0]):
        words.pop(0)
    words = [w.removeprefix(".venv/bin/") for w in words]
    for place, word in enumerate(words):
        if re.fullmatch(r"[a-z-]+(\|[a-z-]+)+", word):
            # `watch` goes on until the task has ended, so it is the last to be run.
            alternatives = sorted(word.split("|"), key=lambda one: one == "watch")
            return [[*words[:place], one, *words[place + 1 :]] for one in alternatives]
    return [words]


async def test_every_line_runs(stack: Stack, client: Client, context: BrowserContext, pages: PageServer) -> None:
    page = await context.new_page()
    url = pages.fresh("chain/actions.html")
    await page.goto(url)
    await page.bring_to_front()
    await tab_id(client, page)
    for name, text in _FILES.items():
        (stack.home / name).write_text(text)
    task = await client.create_task('ask "Which?" then ask "And?" then read "Total"', start_url=url)

    async def asked() -> bool:
        return (await client.get_task(task.task_id)).state == task_pb2.TASK_STATE_WAITING_HUMAN

    await until(asked, "the task to ask")
    token = (await stack.cli_json("token", "create", "to be revoked", "--scope", "read"))["api_token"]["token_id"]

    ran = 0
    for line in _lines():
        for words in _commands(line):
            if not words or words[0] == "export" or any(" ".join(words).startswith(known) for known in _ELSEWHERE):
                continue
            assert words[0] in ("tabwire", "make"), f"no rule for: {line}"
            if words[0] == "make":
                target = f"{words[1]}:"
                assert any(row.startswith(target) for row in (ROOT / "Makefile").read_text().splitlines()), line
                continue
            await _runs(stack, words[1:], {"TASK": task.task_id, "ID": token}, url, line)
            ran += 1
    await stack.set_policy(policy_pb2.Policy())  # one of the lines has replaced it
    assert ran > 15
    await page.close()


async def _runs(stack: Stack, words: list[str], names: dict[str, str], url: str, line: str) -> None:
    filled = [names.get(word, word) for word in words]
    # Where something may be done is a pattern and no address.
    before = ["", *filled]
    filled = [
        word if option == "--origin" else re.sub(r"https?://[\w.:-]+/?", url, word)
        for option, word in zip(before, filled, strict=False)
    ]
    # What is asked for at a terminal is read from standard input where there is none.
    stdin = "JBSWY3DPEHPK3PXP\n" if filled[:2] == ["secret", "put"] else None
    if "<" in filled:
        stdin = (stack.home / filled[filled.index("<") + 1]).read_text()
        filled = filled[: filled.index("<")]
    code, out, err = await stack.cli(*filled, stdin=stdin)
    assert "Usage:" not in out + err or "--help" in filled, f"{line}\n{out}{err}"
    if any(words in " ".join(filled) for words in _NEED_MODEL):
        assert code == 2, f"without a model this is refused, and says what is missing: {line}\n{out}{err}"
        assert "TABWIRE_MODEL" in out + err, f"{line}\n{out}{err}"
    else:
        assert code in (0, 1), f"{line} ended with {code}\n{out}{err}"
