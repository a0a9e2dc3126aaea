"""What came of a step, in words for a model: status, what the tab did, what was read, what went wrong.

Names, messages and values in it come from pages: everything is quoted, so that it cannot end its line; whoever shows it
puts the marks for page text around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.agent import catalog
from tabwire.agent.extracted import extracted_text
from tabwire.agent.render import quote
from tabwire.v1 import action_pb2, error_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.agent.history import StepRecord

_MAX_READ = 6_000
_MAX_READ_BEFORE = 300
_PERSON_SAYS = ("ask_human", "hand_over")


def outcome_lines(record: StepRecord, read_characters: int = _MAX_READ) -> list[str]:
    """One line for each action of a step, but for what a person said."""
    lines = [
        f"{number}. {catalog.kind(action)}: {result_text(result, read_characters)}"
        for number, (action, result) in enumerate(record.done(), start=1)
        if not (catalog.kind(action) in _PERSON_SAYS and result is not None and result.text)
    ]
    if record.step.HasField("error_info"):
        lines.append(f"error: {error_text(record.step.error_info)}")
    return lines


def person_said(record: StepRecord) -> list[str]:
    """What a person answered in a step."""
    return [
        result.text
        for action, result in record.done()
        if result is not None and catalog.kind(action) in _PERSON_SAYS and result.text
    ]


def result_text(result: action_pb2.ActionResult | None, read_characters: int = _MAX_READ) -> str:
    """What came of one action; None for one that was dropped."""
    if result is None:
        return "dropped, because the page changed before it"
    if result.status == action_pb2.ACTION_STATUS_SUCCEEDED:
        words = ["done"]
    elif result.status == action_pb2.ACTION_STATUS_CANCELLED:
        words = ["cancelled"]
    else:
        words = ["failed"]
    if result.HasField("error_info"):
        words.append(error_text(result.error_info))
    elif result.outcome_details.message:
        words.append(quote(result.outcome_details.message, 500))
    return "; ".join([*words, *_seen(result, read_characters)])


def deed_lines(records: Sequence[StepRecord], document_id: str) -> list[str]:
    """Steps in short, a line each, for who keeps no conversation: what was really done, not what was thought of it.

    `document_id` is the page's now: numbers of elements on earlier pages mean nothing any more.
    """
    lines = []
    for position, record in enumerate(records, start=1):
        is_here = bool(record.asked) and any(one.document_id == document_id for one in record.asked[0].documents)
        most = _MAX_READ if position == len(records) else _MAX_READ_BEFORE
        done = [_deed(action, result, most, is_here=is_here) for action, result in record.done()]
        if record.step.HasField("error_info"):
            done.append(f"FAILED: {error_text(record.step.error_info)}")
        lines.append(f"{record.number}. {'; '.join(done) or 'nothing done'}")
    return lines


def _deed(
    action: action_pb2.Action, result: action_pb2.ActionResult | None, read_characters: int, *, is_here: bool
) -> str:
    number = catalog.element_id(action)
    what = catalog.kind(action) + (f" [{number}]" if number and is_here else "")
    if result is None:
        return f"{what}: dropped, because the page changed before it"
    if result.status != action_pb2.ACTION_STATUS_SUCCEEDED:
        said = "FAILED" + (f": {error_text(result.error_info)}" if result.HasField("error_info") else "")
    else:
        # Quotes in quotes are hard to read, and cost more.
        message = result.outcome_details.message.replace('"', "'")
        said = quote(message, 300) if message else "done"
    return f"{what}: {'; '.join([said, *_seen(result, read_characters)])}"


def _seen(result: action_pb2.ActionResult, read_characters: int) -> list[str]:
    """What the tab did and what was read."""
    details = result.outcome_details
    words = []
    if details.navigation_occurred:
        words.append(f"the tab went to {quote(details.new_url)}" if details.new_url else "the tab went to another page")
    if details.opened_tab_ids:
        words.append("it opened tab " + ", ".join(str(tab_id) for tab_id in details.opened_tab_ids))
    if details.HasField("value_now"):
        words.append(f"the value is now {quote(details.value_now)}")
    if details.dialogs:
        words.append(f"a dialog opened: {quote(details.dialogs[-1].message)}")
    if details.download:
        words.append(f"it downloads {quote(details.download)}")
    if details.no_effect_seen:
        words.append("nothing was seen to happen")
    if details.still_changing:
        words.append("the page was still changing")
    return [*words, *_extracted(result, read_characters)]


def _extracted(result: action_pb2.ActionResult, most: int) -> list[str]:
    if result.HasField("text"):
        if "\n" not in result.text:
            return [f"text {quote(result.text, most)}"]
        lines = [quote(line, most) for line in result.text.splitlines() if line.strip()]
    else:
        lines = extracted_text(result, quote).splitlines()
    told: list[str] = []
    for line in lines:
        if sum(map(len, told)) + len(line) > most:
            told.append(f"({len(lines) - len(told)} more lines were read)")
            break
        told.append(line)
    return ["read:\n" + "\n".join(told)] if told else []


def error_text(error: error_pb2.ErrorInfo) -> str:
    """An error: its code, what it says, what may have been meant, and what can be done next."""
    code = error_pb2.ErrorCode.Name(error.error_code) if error.error_code in error_pb2.ErrorCode.values() else "ERROR"
    text = f"{code.removeprefix('ERROR_CODE_')} {quote(error.message, 500)}"
    candidates = error.details.candidates.candidates
    if candidates:
        names = ", ".join(f"[{one.element_id}] {quote(one.name, 60)}" for one in candidates[:8])
        text += f"; perhaps {names}"
    return text
