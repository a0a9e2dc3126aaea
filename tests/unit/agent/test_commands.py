"""What the decider of plain commands makes of an outcome."""

from __future__ import annotations

import pytest

from doubles.browser_double import element
from tabwire.agent.commands import CommandDecider
from tabwire.v1 import action_pb2, error_pb2, task_pb2


@pytest.mark.parametrize(("command", "checked", "is_met"), [
    ('check "Never"', False, False),
    ('check "Never"', True, True),
    ('uncheck "Never"', True, False),
    ('uncheck "Never"', False, True),
    ('click "Never"', False, True),
])  # fmt: skip
def test_a_box_that_stays_as_it_was_is_no_success(command: str, *, checked: bool, is_met: bool) -> None:
    action = action_pb2.Action(click=action_pb2.ClickAction(element_id=1))
    result = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_SUCCEEDED)
    result.new_state.actionable_elements.append(element(1, "checkbox", "Never", checked=checked))
    error = CommandDecider().unmet(task_pb2.Task(description=command), 1, action, result)
    assert (error is None) == is_met
    if error is not None:
        assert error.error_code == error_pb2.ERROR_CODE_OPERATION_FAILED_IN_TARGET
        assert error.remedy
