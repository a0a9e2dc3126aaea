"""Effects out of a journal: each once, in order, with what is known of it; looking and reading are none."""

from __future__ import annotations

import pytest

from tabwire.task.effects import effects_of
from tabwire.v1 import action_pb2, error_pb2, policy_pb2, task_pb2

OK, FAILED = action_pb2.ACTION_STATUS_SUCCEEDED, action_pb2.ACTION_STATUS_FAILED
CLICK = action_pb2.Action(id="t/1/0", click=action_pb2.ClickAction(element_id=3))


def _journal(
    action: action_pb2.Action,
    result: action_pb2.ActionResult,
    *before: task_pb2.TaskEvent,
    consequences: tuple[policy_pb2.Consequence.ValueType, ...] = (),
) -> list[task_pb2.TaskEvent]:
    step = task_pb2.Step(number=1, url="https://shop.test/cart")
    started = task_pb2.ActionStarted(step_number=1, action=action, consequences=consequences)
    journal = [
        task_pb2.TaskEvent(step_update=task_pb2.StepUpdate(step=step)),
        *before,
        task_pb2.TaskEvent(action_started=started),
        task_pb2.TaskEvent(action_finished=task_pb2.ActionFinished(step_number=1, result=result)),
    ]
    for seq, event in enumerate(journal, 1):
        event.seq = seq
    return journal


def _result(
    status: action_pb2.ActionStatus.ValueType = OK, code: int = 0, **details: object
) -> action_pb2.ActionResult:
    result = action_pb2.ActionResult(status=status)
    result.outcome_details.CopyFrom(action_pb2.OutcomeDetails(**details))  # type: ignore[arg-type] # as the tests give them
    if code:
        result.error_info.error_code = code  # type: ignore[assignment] # a number of the enum
        result.error_info.message = "nobody knows"
    return result


def _kinds(journal: list[task_pb2.TaskEvent]) -> list[str]:
    return [task_pb2.EffectKind.Name(one.kind).removeprefix("EFFECT_KIND_") for one in effects_of(journal)]


@pytest.mark.parametrize(
    ("action", "result", "kinds"),
    [
        (CLICK, _result(dom_changes=2), ["CLICKED"]),
        (CLICK, _result(no_effect_seen=True), []),
        (CLICK, _result(navigation_occurred=True, new_url="https://x.test/"), ["CLICKED", "NAVIGATED"]),
        (CLICK, _result(download="a.pdf"), ["CLICKED", "DOWNLOADED"]),
        (CLICK, _result(opened_tab_ids=[4]), ["CLICKED", "TAB"]),
        (CLICK, _result(FAILED, error_pb2.ERROR_CODE_STALE_ELEMENT), []),
        (CLICK, _result(FAILED, error_pb2.ERROR_CODE_OUTCOME_UNKNOWN), ["UNKNOWN"]),
        (CLICK, _result(FAILED, error_pb2.ERROR_CODE_CANCELLED), ["UNKNOWN"]),
        (CLICK, _result(action_pb2.ACTION_STATUS_CANCELLED, error_pb2.ERROR_CODE_CANCELLED), []),
        (CLICK, _result(FAILED, error_pb2.ERROR_CODE_OPERATION_FAILED_IN_TARGET, dom_changes=1), ["CLICKED"]),
        (action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=2, text="x")), _result(), ["CHANGED"]),
        (
            action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=2, text="x", submit=True)),
            _result(navigation_occurred=True),
            ["CHANGED", "SUBMITTED", "NAVIGATED"],
        ),
        (action_pb2.Action(navigate=action_pb2.NavigateAction(url="https://x.test/")), _result(), ["NAVIGATED"]),
        (action_pb2.Action(answer_dialog=action_pb2.AnswerDialogAction(accept=True)), _result(), ["DIALOG"]),
        (action_pb2.Action(answer_dialog=action_pb2.AnswerDialogAction(accept=False)), _result(), []),
        (action_pb2.Action(open_tab=action_pb2.OpenTabAction()), _result(), ["TAB"]),
        (action_pb2.Action(run_javascript=action_pb2.RunJavascriptAction(code="1")), _result(), ["JAVASCRIPT"]),
        (action_pb2.Action(read_text=action_pb2.ReadTextAction()), _result(), []),
        (action_pb2.Action(scroll=action_pb2.ScrollAction()), _result(), []),
        (action_pb2.Action(id="a newer kind"), _result(), []),
    ],
)
def test_what_counts_as_which_effect(
    action: action_pb2.Action, result: action_pb2.ActionResult, kinds: list[str]
) -> None:
    assert _kinds(_journal(action, result)) == kinds


def test_an_effect_tells_where_what_and_who_allowed_it() -> None:
    request = task_pb2.HumanRequest(request_id="r", action=CLICK, consequences=[policy_pb2.CONSEQUENCE_BUY])
    asked = task_pb2.TaskEvent(human_input_needed=task_pb2.HumanInputNeeded(request=request))
    given = task_pb2.TaskEvent(human_input=task_pb2.HumanInput(request_id="r", approved=True))
    approved = action_pb2.Action(id="t/1/0/ok-1234", click=CLICK.click)
    journal = _journal(approved, _result(message='Clicked button "Buy".'), asked, given)
    effects = effects_of(journal)
    assert [one.kind for one in effects] == [task_pb2.EFFECT_KIND_CLICKED, task_pb2.EFFECT_KIND_SUBMITTED]
    assert all(one.approved for one in effects)
    assert list(effects[0].consequences) == [policy_pb2.CONSEQUENCE_BUY]
    assert (effects[0].seq, effects[0].step_number) == (5, 1)
    assert effects[0].url == "https://shop.test/cart"
    assert effects[0].description == 'Clicked button "Buy".'
    given.human_input.approved = False
    assert not any(one.approved for one in effects_of(_journal(approved, _result(), asked, given)))


def test_what_the_policy_saw_is_told_without_an_approval_too() -> None:
    journal = _journal(CLICK, _result(), consequences=(policy_pb2.CONSEQUENCE_SEND,))
    effects = effects_of(journal)
    assert [list(one.consequences) for one in effects] == [[policy_pb2.CONSEQUENCE_SEND]] * 2
    assert effects[1].kind == task_pb2.EFFECT_KIND_SUBMITTED


def test_files_are_not_in_the_list() -> None:
    file = action_pb2.FileUpload(name="a.txt", content=b"x" * 1000)
    upload = action_pb2.Action(upload_files=action_pb2.UploadFilesAction(element_id=1, files=[file]))
    (effect,) = effects_of(_journal(upload, _result()))
    assert effect.kind == task_pb2.EFFECT_KIND_UPLOADED
    assert effect.action.upload_files.files[0].name == "a.txt"
    assert len(effect.SerializeToString()) < 200
