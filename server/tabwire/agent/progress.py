"""Whether an agent gets anywhere: loops and standstill, told from what it saw and did; and what is to be done about it.

First it is given a hint, then told to take another way, then the person is asked, and at last the task ends. Pure: it
all follows from the journal, so that a server that comes back finds the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from tabwire.agent import history as past
from tabwire.agent.render import label, role
from tabwire.agent.summary import action_text
from tabwire.v1 import action_pb2, error_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.agent.history import History, StepRecord
    from tabwire.v1 import state_pb2

# So often the same may have been done where the page showed the same, or nothing have happened, before …
HINT_AT = 2
STRATEGY_AT = 4
ASK_AT = 6
# Steps that lie further back are another matter.
WINDOW = 20
# Different tries without effect are better than the same one again.
_DIFFERENT = 1
# The same again on a page that changes is ordinary (a button for more, a counter), but not for ever.
_ON_A_CHANGING_PAGE = 3
_SHOWN = 8

_HINT = (
    "You have done the same {times} times, and the page shows the same. If the task is fulfilled, use done now. If it "
    "is not, do something else."
)
_SAME = "You have decided the same {times} times in a row. If the task is fulfilled, use done now."
_NOTHING = "Nothing was seen to happen in the last {times} steps. Look at the page again and do something else."
_REPEATED = (
    "You have just done the same {times} times. Unless the task asks for more of it, go on with what is still to do; "
    "if nothing is, use done."
)
_STRATEGY = (
    "This leads nowhere. Tried without effect:\n{tried}\nDo none of these again. Take another way: another element, "
    "scroll to see more, find_text for what you look for, go_back to where it can be chosen differently, or done with "
    "success false and the reason."
)
_ASK = "I do not get any further. I tried: {tried}. How shall I go on?"


class Stage(IntEnum):
    """What is to be done."""

    FINE = 0
    HINT = 1
    STRATEGY = 2
    ASK = 3
    GIVE_UP = 4


@dataclass(frozen=True)
class Progress:
    """Where an agent stands."""

    stage: Stage
    again: int = 0
    """How often the last step's doing was done where the page showed the same."""
    idle: int = 0
    """In how many of the last steps in a row nothing happened."""
    in_a_row: int = 0
    """How often in a row the same was decided, whatever the page showed."""
    tried: tuple[str, ...] = ()
    """What was tried meanwhile, each once."""

    @property
    def hint(self) -> str:
        """What the model is to be told; empty if all is well."""
        if self.stage == Stage.FINE:
            return ""
        if self.stage == Stage.HINT:
            if self.again >= HINT_AT:
                return _HINT.format(times=self.again)
            if self.idle - _DIFFERENT >= HINT_AT:
                return _NOTHING.format(times=self.idle)
            return _SAME.format(times=self.in_a_row)
        return _STRATEGY.format(tried="\n".join(f"- {one}" for one in self.tried))

    @property
    def early_hint(self) -> str:
        """The same for a model that falls into repetition easily: also told where it may still be right."""
        return self.hint or (_REPEATED.format(times=self.in_a_row) if self.in_a_row >= HINT_AT else "")

    def question(self) -> task_pb2.Decision:
        """The step with which the person is asked, taken without a model."""
        prompt = _ASK.format(tried="; ".join(self.tried))[:4000]
        return task_pb2.Decision(
            reasoning="The last steps led nowhere.",
            next_goal="Ask the person how to go on",
            actions=[action_pb2.Action(ask_human=action_pb2.AskHumanAction(prompt=prompt))],
        )

    def error(self) -> error_pb2.ErrorInfo:
        """Why the task ends."""
        return error_pb2.ErrorInfo(
            error_code=error_pb2.ERROR_CODE_NO_PROGRESS,
            message=f"The agent got no further, also after it was told so and the person was asked. It tried: "
            f"{'; '.join(self.tried)}",
            component_origin=error_pb2.COMPONENT_ORIGIN_SERVER,
            retryable=True,
            remedy="Look at the page, say more about how it can be done, or set TABWIRE_MODEL to a stronger model.",
        )


def look(history: History, page_digest: int = 0) -> Progress:
    """Where the agent stands after its last step. `page_digest` is that of the page now; 0 if it was not looked at."""
    steps = history.closed_steps
    asked = max((index for index, record in enumerate(steps) if _is_question(record)), default=-1)
    recent = steps[asked + 1 :][-WINDOW:]
    if not recent or recent[-1].decision is None:
        return Progress(Stage.FINE)
    again = _again(recent)
    idle = _idle(recent, page_digest)
    in_a_row = _in_a_row(recent)
    measure = max(again, idle - _DIFFERENT, in_a_row // _ON_A_CHANGING_PAGE)
    if measure < HINT_AT:
        return Progress(Stage.FINE, again, idle, in_a_row)
    stage = Stage.HINT
    if measure >= ASK_AT:
        stage = Stage.GIVE_UP if asked >= 0 else Stage.ASK
    elif measure >= STRATEGY_AT:
        stage = Stage.STRATEGY
    return Progress(stage, again, idle, in_a_row, _tried(recent, max(again, idle)))


def _is_question(record: StepRecord) -> bool:
    """Whether the person was asked because there was no progress: such a step is decided without a model."""
    return not record.asked and any(
        action.HasField("ask_human") and result is not None for action, result in record.done()
    )


def _again(recent: Sequence[StepRecord]) -> int:
    """How often the last step's doing was decided where the page showed the same: in a row, or in a circle."""
    last = _situation(recent[-1])
    return sum(_situation(record) == last for record in recent)


def _situation(record: StepRecord) -> tuple[int, bytes]:
    return record.page_digest, past.what(record)


def _idle(recent: Sequence[StepRecord], now: int) -> int:
    """In how many of the last steps, all of which were to change something, nothing happened."""
    count = 0
    after = now
    for record in reversed(recent):
        same_page = bool(after) and record.page_digest == after
        after = record.page_digest
        if past.only_looked(record) or not _is_without_effect(record, same_page=same_page):
            break
        count += 1
    return count


def _is_without_effect(record: StepRecord, *, same_page: bool) -> bool:
    results = [result for _, result in record.done() if result is not None]
    if not results:
        return True
    failed = all(result.status != action_pb2.ACTION_STATUS_SUCCEEDED for result in results)
    unseen = all(result.outcome_details.no_effect_seen for result in results)
    return failed or unseen or (same_page and not any(_reached_out(result) for result in results))


def _reached_out(result: action_pb2.ActionResult) -> bool:
    """Whether it had an effect that the page need not show."""
    details = result.outcome_details
    return bool(details.download or details.opened_tab_ids or details.navigation_occurred or result.current_tab_id)


def _in_a_row(recent: Sequence[StepRecord]) -> int:
    if past.only_looked(recent[-1]):
        return 0  # going through a long page
    last = past.what(recent[-1])
    count = 0
    for record in reversed(recent):
        if past.what(record) != last:
            break
        count += 1
    return count


def _tried(recent: Sequence[StepRecord], count: int) -> tuple[str, ...]:
    tried: dict[str, None] = {}
    for record in recent[-max(count, _SHOWN) :]:
        for action, _ in record.done():
            tried.setdefault(action_text(action))
    return tuple(list(tried)[-_SHOWN:])


def digest(state: state_pb2.PageState) -> int:
    """What a page shows, as a number that is the same where the same is shown. Never 0; 0 is for a page not seen."""
    told = hashlib.blake2b(f"{state.tab_id} {state.url}".encode(), digest_size=8)
    for element in state.actionable_elements:
        states = element.states
        toggles = (states.checked, states.selected, states.pressed, states.expanded, states.disabled, states.invalid)
        value = element.current_value if element.HasField("current_value") else ""
        chosen = [option.index for option in element.options if option.selected]
        told.update(repr((element.id, role(element), label(element), value, toggles, chosen)).encode())
    return int.from_bytes(told.digest(), "big") or 1
