"""The decider that follows plain commands: one command is one step, and no model is asked.

Parsing is `command_parser`, finding the element a command names is `names`; here the two meet a page that may still be
loading. What commands read becomes the task's result.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tabwire.agent import catalog, names
from tabwire.agent.command_parser import Command, Purpose, TabChoice, Target, parse
from tabwire.agent.extracted import extracted_text
from tabwire.agent.render import label, role
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tabwire.agent.history import History
    from tabwire.agent.ports import StepContext

# So long a name may take to appear: the page may still be loading, or drawing what the last command led to.
_PATIENCE_S = 5.0
_LOOK_AGAIN_S = 0.3
# What another look may mend.
_MAY_APPEAR = frozenset(
    {
        error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND,
        error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE,
        error_pb2.ERROR_CODE_COMMUNICATION_ERROR_WITH_TARGET,
    }
)


class CommandDecider:
    """Decides by the commands of one task, which must parse: see `command_parser.parse`."""

    def __init__(
        self,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._text: str | None = None
        self._commands: list[Command] = []

    @property
    def sees_outcomes(self) -> bool:
        """A command that fails ends the task: nobody is there to find another way."""
        return False

    def result(self, task: task_pb2.Task, history: History) -> str | None:
        """What was read, once the last command is done; else that it is done."""
        if len(history.closed_steps) < len(self._follow(task)):
            return None
        return "\n".join(_read_texts(history)) or "Done."

    def unmet(
        self, task: task_pb2.Task, number: int, action: action_pb2.Action, result: action_pb2.ActionResult
    ) -> error_pb2.ErrorInfo | None:
        """A toggle button that was to be pressed or released and stayed as it was."""
        purpose = self._follow(task)[number - 1].purpose
        if purpose not in (Purpose.CHECK, Purpose.UNCHECK) or catalog.kind(action) != "click":
            return None
        for element in result.new_state.actionable_elements:
            if element.id == action.click.element_id and not _is_as_wanted(element, purpose):
                return error_pb2.ErrorInfo(
                    error_code=error_pb2.ERROR_CODE_OPERATION_FAILED_IN_TARGET,
                    message=f'The {role(element)} "{label(element)[:200]}" was clicked, but stayed as it was.',
                    component_origin=error_pb2.COMPONENT_ORIGIN_PAGE,
                    remedy="Do first what the page asks for, or set it by hand.",
                )
        return None

    async def decide(self, context: StepContext) -> task_pb2.Decision:
        """See `Decider`."""
        command = self._follow(context.task)[context.record.number - 1]
        decision = task_pb2.Decision(next_goal=command.source)
        action = action_pb2.Action()
        action.CopyFrom(command.action)
        if command.uses_answer:
            _fill_in_answer(action, context.history, command)
        if command.tab is not None:
            action.switch_tab.tab_id = _choose_tab(await context.tabs(), command.tab)
        elif command.target is not None and command.purpose is not None:
            if command.onto is not None:
                target, _ = await self._locate(context, command.onto, Purpose.DROP)
                action.drag.to_element_id = target.id
            element, state = await self._locate(context, command.target, command.purpose)
            decision.reasoning = f'The page calls it {role(element)} "{label(element)[:200]}".'
            if command.purpose in (Purpose.CHECK, Purpose.UNCHECK) and _is_as_wanted(element, command.purpose):
                decision.reasoning += " It is so already."
                return decision
            _aim(action, element, state, command)
        decision.actions.append(action)
        return decision

    def _follow(self, task: task_pb2.Task) -> list[Command]:
        """The task's commands, also after the person changed them. Those already done stay counted."""
        if task.description != self._text:
            self._commands = parse(task.description)
            self._text = task.description
        return self._commands

    async def _locate(
        self, context: StepContext, target: Target, purpose: Purpose
    ) -> tuple[state_pb2.Element, state_pb2.PageState]:
        """The element that is meant: in the viewport, else on the whole page, else when it has appeared."""
        until = self._clock() + _PATIENCE_S
        state = context.state
        while True:
            try:
                return await self._look_for(context, state, target, purpose)
            except TabwireError as error:
                if error.code not in _MAY_APPEAR or self._clock() >= until:
                    raise
            await self._sleep(_LOOK_AGAIN_S)
            state = None

    async def _look_for(
        self, context: StepContext, state: state_pb2.PageState | None, target: Target, purpose: Purpose
    ) -> tuple[state_pb2.Element, state_pb2.PageState]:
        # Counting needs the whole page, and so does the place "in" something.
        if not target.ordinal and not target.context:
            view = state if state is not None else await context.look(state_pb2.STATE_SCOPE_VIEWPORT)
            _check(view)
            try:
                found = names.find(view, target, purpose)
            except TabwireError as error:
                if error.code != error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND:
                    raise
            else:
                if found.tier <= names.Tier.CASE:
                    return found.element, view
        page = await context.look(state_pb2.STATE_SCOPE_PAGE)
        _check(page)
        return names.find(page, target, purpose).element, page


def _check(state: state_pb2.PageState) -> None:
    if state.HasField("error_info"):
        raise TabwireError.of(state.error_info)


def _aim(action: action_pb2.Action, element: state_pb2.Element, state: state_pb2.PageState, command: Command) -> None:
    """Puts the element into the action, and what follows from what it is."""
    if command.purpose is Purpose.READ and command.target is not None:
        element = names.text_beside(state, element, command.target.name)
        if state_pb2.OPERATION_READ_VALUE in element.available_operations:
            action.read_value.element_id = element.id
            return
    if command.purpose is Purpose.SELECT:
        _check_options(action.select_option.options, element)
    # A toggle button is pressed, not checked.
    if catalog.kind(action) == "set_checked" and element.states.checked == state_pb2.TOGGLE_UNSPECIFIED:
        action.click.SetInParent()
    getattr(action, catalog.kind(action)).element_id = element.id


def _check_options(wanted: Sequence[str], element: state_pb2.Element) -> None:
    """Says which options there are, before the browser only says that one is missing."""
    if not element.options or element.options_omitted:
        return
    known = {_plain(text) for option in element.options for text in (option.label, option.value)}
    for option in wanted:
        if _plain(option) not in known:
            labels = ", ".join(f'"{one.label or one.value}"' for one in list(element.options)[:20])
            raise TabwireError(
                error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND,
                f'The list "{label(element)[:100]}" has no option "{option}". It has: {labels}.',
                remedy="Use one of these options.",
            )


def _is_as_wanted(element: state_pb2.Element, purpose: Purpose) -> bool:
    states = element.states
    toggle = states.checked if states.checked != state_pb2.TOGGLE_UNSPECIFIED else states.pressed
    wanted = state_pb2.TOGGLE_ON if purpose is Purpose.CHECK else state_pb2.TOGGLE_OFF
    return bool(toggle == wanted)


def _choose_tab(tabs: Sequence[state_pb2.Tab], choice: TabChoice) -> int:
    if choice.number:
        if choice.number <= len(tabs):
            return tabs[choice.number - 1].tab_id
        raise _no_tab(f"There is no tab {choice.number}: the browser has {len(tabs)}.", tabs)
    wanted = _plain(choice.title)
    exact = [tab for tab in tabs if _plain(tab.title) == wanted]
    found = exact or [tab for tab in tabs if wanted in _plain(tab.title) or wanted in _plain(tab.url)]
    if len(found) == 1:
        return found[0].tab_id
    if found:
        raise TabwireError(
            error_pb2.ERROR_CODE_AMBIGUOUS_TARGET,
            f'{len(found)} tabs are called "{choice.title}".',
            remedy=f"Use the tab's number, as: switch to tab {list(tabs).index(found[0]) + 1}.",
        )
    raise _no_tab(f'No tab is called "{choice.title}".', tabs)


def _no_tab(message: str, tabs: Sequence[state_pb2.Tab]) -> TabwireError:
    listed = "; ".join(f'{index}. "{tab.title[:60]}"' for index, tab in enumerate(tabs[:20], start=1))
    return TabwireError(
        error_pb2.ERROR_CODE_TAB_NOT_FOUND,
        f"{message} The tabs are: {listed}.",
        remedy="Use the number or the title of one of these tabs.",
    )


def _fill_in_answer(action: action_pb2.Action, history: History, command: Command) -> None:
    answers = list(history.answers.values())
    if not answers:
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            f"Line {command.line} uses an answer, but nothing was asked before it.",
            remedy='Put a line such as ask "Which size?" before it.',
        )
    if catalog.kind(action) == "select_option":
        action.select_option.options[:] = [answers[-1].text]
    else:
        action.input_text.text = answers[-1].text


def _read_texts(history: History) -> list[str]:
    texts = []
    for record in history.closed_steps:
        actions = record.decision.actions if record.decision is not None else []
        for index, action in enumerate(actions):
            result = record.results.get(index)
            if result is not None and catalog.kind(action) != "ask_human" and result.WhichOneof("extracted"):
                texts.append(extracted_text(result).strip())
    return texts


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
