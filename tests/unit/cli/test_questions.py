"""Questions at the terminal: what is shown, and what is sent for an answer."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from rich.console import Console

from tabwire.cli import questions, task_files
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2, policy_pb2, task_pb2, task_service_pb2

APPROVAL = task_pb2.HumanRequest(
    request_id="r",
    kind=task_pb2.HUMAN_REQUEST_KIND_APPROVAL,
    prompt="May I click it?",
    action=action_pb2.Action(click=action_pb2.ClickAction(element_id=3)),
    action_digest=b"digest",
    consequences=[policy_pb2.CONSEQUENCE_BUY],
    url="https://shop.test/",
)
CHOICE = task_pb2.HumanRequest(
    request_id="q", kind=task_pb2.HUMAN_REQUEST_KIND_QUESTION, prompt="Which [one]?", options=["Red", "2"]
)


class Caller:
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    async def answer_task(self, *given: Any, **named: Any) -> task_pb2.Task:
        self.sent.append((given, named))
        return task_pb2.Task()


def _shown(request: task_pb2.HumanRequest, task_id: str = "") -> str:
    console = Console(record=True, width=200, quiet=False, file=None, color_system=None)
    with console.capture() as captured:
        questions.show(request, console, task_id)
    return captured.get()


def test_an_approval_shows_what_and_where_and_what_it_leads_to() -> None:
    shown = _shown(APPROVAL, "t1")
    for words in ("May I click it?", "click element_id=3", "https://shop.test/", "buy", "task answer t1 yes|no"):
        assert words in shown
    assert "task answer" not in _shown(APPROVAL)


def test_a_question_shows_its_options() -> None:
    shown = _shown(CHOICE, "t1")
    assert "Which [one]?" in shown
    assert "1. Red" in shown
    assert 'task answer t1 "…"' in shown


@pytest.mark.parametrize(("word", "approve"), [("yes", True), (" Y ", True), ("no", False), ("", False)])
async def test_yes_and_no_bear_the_digest_that_was_shown(word: str, approve: bool) -> None:
    caller: Any = Caller()
    await questions.send(caller, "t1", APPROVAL, word)
    assert caller.sent == [(("t1",), {"request_id": "r", "approve": approve, "action_digest": b"digest"})]


async def test_anything_else_approves_nothing() -> None:
    caller: Any = Caller()
    with pytest.raises(TabwireError) as raised:
        await questions.send(caller, "t1", APPROVAL, "sure")
    assert raised.value.code == error_pb2.ERROR_CODE_INVALID_ARGUMENT
    assert not caller.sent


def test_the_number_of_an_option_stands_for_it_unless_it_is_one() -> None:
    assert [questions.chosen(CHOICE, text) for text in ("1", "2", "3", "red")] == ["Red", "2", "3", "red"]


def test_the_ending_of_a_file_says_the_format() -> None:
    assert task_files.format_of("films.XLSX") == task_service_pb2.EXPORT_FORMAT_XLSX
    with pytest.raises(typer.BadParameter):
        task_files.format_of("films.pdf")
