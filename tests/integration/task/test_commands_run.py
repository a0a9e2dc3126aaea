"""Plain commands as tasks: from the text to what the browser did, through the real manager, journal and database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doubles.browser_double import BrowserDouble, element
from integration.task.harness import house
from tabwire.errors import TabwireError
from tabwire.task.fold import fold
from tabwire.v1 import action_pb2, error_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from pathlib import Path


async def test_commands_run_in_order_and_what_is_read_is_the_result(tmp_path: Path) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        task = await home.create(
            'type "stapler" into "Search" and press Enter\nselect "Blue" in "Colour"\n'
            'check "Gift wrap" then click "Add to cart" then read "Total"'
        )
        done = await home.ended(task.task_id)
        assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
        assert done.result == "Total: $0.00"
        kinds = [kind for kind, _ in browser.executed]
        assert kinds == ["input_text", "select_option", "set_checked", "click", "read_text"]
        assert [step.status for step in done.steps] == [task_pb2.STEP_STATUS_SUCCEEDED] * 5
        assert done.steps[0].description == 'type "stapler" into "Search" and press Enter'
        assert done.steps[0].actions[0].id == f"{task.task_id}/1/0"
        assert done.decider == task_pb2.DECIDER_COMMANDS
        assert fold(await home.events(task.task_id)) == done


async def _run(tmp_path: Path, browser: BrowserDouble, text: str, **fields: object) -> task_pb2.Task:
    async with house(tmp_path, browser) as home:
        return await home.ended((await home.create(text, **fields)).task_id)


async def test_a_box_that_is_checked_is_left_alone(tmp_path: Path) -> None:
    browser = BrowserDouble()
    browser.tabs[1].elements = [element(1, "checkbox", "Gift wrap", checked=True)]
    done = await _run(tmp_path, browser, 'check "Gift wrap" then uncheck "Gift wrap" then uncheck "Gift wrap"')
    assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
    assert [kind for kind, _ in browser.executed] == ["set_checked"]
    assert browser.tabs[1].elements[0].states.checked == state_pb2.TOGGLE_OFF


async def test_an_ambiguous_name_lists_the_candidates_and_is_not_guessed(tmp_path: Path) -> None:
    browser = BrowserDouble()
    browser.tabs[1].elements = [
        element(1, "button", "Add to cart", heading="Red stapler"),
        element(2, "button", "Add to cart", heading="Blue stapler"),
    ]
    failed = await _run(tmp_path, browser, 'click "Add to cart"')
    assert failed.state == task_pb2.TASK_STATE_FAILED
    assert failed.cause.code == error_pb2.ERROR_CODE_AMBIGUOUS_TARGET
    assert 'button "Add to cart" under "Blue stapler"' in failed.cause.message
    assert 'first "Add to cart"' in failed.cause.remedy
    details = failed.steps[0].error_info.details.candidates.candidates
    assert [(one.element_id, one.context) for one in details] == [(1, "Red stapler"), (2, "Blue stapler")]
    assert browser.executed == []


async def test_ordinals_and_places_say_which_one(tmp_path: Path) -> None:
    browser = BrowserDouble()
    browser.tabs[1].elements = [
        element(1, "button", "Add", heading="Red"),
        element(2, "button", "Add", heading="Blue"),
        element(3, "button", "Add", heading="Green", hidden_by_scrolling=True),
    ]
    text = 'click second "Add" then click last "Add" then click "Add" in "Red" then click 3rd "Add"'
    done = await _run(tmp_path, browser, text)
    assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
    assert [step.actions[0].click.element_id for step in done.steps] == [2, 3, 1, 3]


async def test_an_unknown_name_gives_the_nearest_ones(tmp_path: Path) -> None:
    failed = await _run(tmp_path, BrowserDouble(), 'click "Ad to card"')
    assert failed.cause.code == error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND
    assert '"Add to cart"' in failed.cause.message
    assert failed.steps[0].status == task_pb2.STEP_STATUS_FAILED


async def test_a_name_below_the_viewport_is_found(tmp_path: Path) -> None:
    browser = BrowserDouble()
    browser.tabs[1].elements.append(element(9, "button", "Imprint", hidden_by_scrolling=True))
    done = await _run(tmp_path, browser, 'click "Imprint"')
    assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause


async def test_a_name_that_appears_later_is_waited_for(tmp_path: Path) -> None:
    browser = BrowserDouble()
    looks = 0
    observe = browser.observe

    async def slowly(*args: object, **kwargs: object) -> state_pb2.PageState:
        nonlocal looks
        looks += 1
        if looks == 6:
            browser.tabs[1].elements.append(element(9, "button", "Late"))
        return await observe(*args, **kwargs)  # type: ignore[arg-type] # handed on as they came

    browser.observe = slowly  # type: ignore[method-assign] # the page that loads slowly
    done = await _run(tmp_path, browser, 'click "Late"')
    assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause


async def test_a_stale_element_is_looked_up_again(tmp_path: Path) -> None:
    browser = BrowserDouble()
    stale = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_FAILED)
    stale.error_info.error_code = error_pb2.ERROR_CODE_STALE_ELEMENT
    browser.fail["click"] = [stale]
    done = await _run(tmp_path, browser, 'click "Go"')
    assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
    assert done.steps[0].retry_count == 1
    assert browser.executed == [("click", f"{done.task_id}/1/0/r1")]
    assert len(done.steps) == 1


async def test_a_failure_that_may_have_had_effect_is_not_repeated(tmp_path: Path) -> None:
    browser = BrowserDouble()
    failed = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_FAILED)
    failed.error_info.error_code = error_pb2.ERROR_CODE_OPERATION_FAILED_IN_TARGET
    failed.error_info.message = "The page did not react."
    failed.error_info.retryable = True
    browser.fail["click"] = [failed]
    ended = await _run(tmp_path, browser, 'click "Go" then click "Checkout"')
    assert ended.cause.code == error_pb2.ERROR_CODE_OPERATION_FAILED_IN_TARGET
    assert ended.cause.message == "The page did not react."
    assert ended.cause.remedy
    assert len(ended.steps) == 1
    assert len(browser.received) == 1


async def test_retries_end(tmp_path: Path) -> None:
    browser = BrowserDouble()
    stale = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_FAILED)
    stale.error_info.error_code = error_pb2.ERROR_CODE_STALE_ELEMENT
    browser.fail["click"] = [action_pb2.ActionResult.FromString(stale.SerializeToString()) for _ in range(9)]
    ended = await _run(tmp_path, browser, 'click "Go"', max_retries=2)
    assert ended.cause.code == error_pb2.ERROR_CODE_STALE_ELEMENT
    assert len(browser.received) == 3


async def test_a_step_that_fails_for_a_while_goes_on_soon_after(tmp_path: Path) -> None:
    browser = BrowserDouble()
    stale = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_FAILED)
    stale.error_info.error_code = error_pb2.ERROR_CODE_STALE_ELEMENT
    browser.fail["click"] = [action_pb2.ActionResult.FromString(stale.SerializeToString()) for _ in range(12)]
    # Twelve waits that went on doubling would be twenty minutes.
    limits = task_pb2.TaskLimits(max_seconds=90)
    done = await _run(tmp_path, browser, 'click "Go" then click "Go"', max_retries=20, limits=limits)
    assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
    assert done.steps[0].retry_count == 12


async def test_an_answer_can_be_used(tmp_path: Path) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        task = await home.create('ask "What shall I look for?"\ntype answer into "Search"\nread "Search"')
        asked = await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
        assert asked.human_request.prompt == "What shall I look for?"
        await home.answer(task.task_id, "a hole punch")
        done = await home.ended(task.task_id)
        assert done.result == "a hole punch"


async def test_tabs(tmp_path: Path) -> None:
    browser = BrowserDouble(pages={"https://a.test/": lambda: [element(1, "text", "Page A")]})
    text = 'open tab https://a.test/\nread page\nswitch to tab 1\nswitch to tab "a.test"\nclose tab\nread "Total"'
    done = await _run(tmp_path, browser, text)
    assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
    assert done.result == "Page A\nTotal: $0.00"
    assert [step.actions[0].WhichOneof("kind") for step in done.steps][:2] == ["open_tab", "read_text"]
    assert done.tab_id == 1


async def test_a_tab_that_is_not_there(tmp_path: Path) -> None:
    ended = await _run(tmp_path, BrowserDouble(), "switch to tab 5")
    assert ended.cause.code == error_pb2.ERROR_CODE_TAB_NOT_FOUND
    assert "shop.test" in ended.cause.message


async def test_a_restricted_page_is_said_to_be_one_but_can_be_left(tmp_path: Path) -> None:
    browser = BrowserDouble()
    browser.tabs[1].error = error_pb2.ErrorInfo(
        error_code=error_pb2.ERROR_CODE_RESTRICTED_PAGE, message="Chrome keeps this page to itself.", remedy="Leave it."
    )
    ended = await _run(tmp_path, browser, 'click "OK"')
    assert ended.cause.code == error_pb2.ERROR_CODE_RESTRICTED_PAGE
    assert ended.cause.remedy == "Leave it."
    left = await _run(tmp_path / "b", browser, "open https://shop.test/")
    assert left.state == task_pb2.TASK_STATE_SUCCEEDED, left.cause


async def test_done_ends_with_its_text_before_the_rest(tmp_path: Path) -> None:
    browser = BrowserDouble()
    done = await _run(tmp_path, browser, 'done "Enough." then click "Go"')
    assert done.state == task_pb2.TASK_STATE_SUCCEEDED
    assert done.result == "Enough."
    assert browser.executed == []


async def test_a_disabled_button_is_said_to_be_disabled(tmp_path: Path) -> None:
    browser = BrowserDouble()
    browser.tabs[1].elements = [element(1, "button", "Pay", disabled=True)]
    ended = await _run(tmp_path, browser, 'click "Pay"')
    assert ended.cause.code == error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE
    assert "disabled" in ended.cause.message


async def test_an_option_that_is_not_in_the_list(tmp_path: Path) -> None:
    ended = await _run(tmp_path, BrowserDouble(), 'select "Green" in "Colour"')
    assert '"Red", "Blue"' in ended.cause.message


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [('click "Go"\nclick Go', 2, 7), ('click "Go', 1, 10), ("dance", 1, 1), ("# only", 1, 1)],
)
async def test_syntax_is_refused_when_the_task_is_created(tmp_path: Path, text: str, line: int, column: int) -> None:
    async with house(tmp_path, BrowserDouble()) as home:
        with pytest.raises(TabwireError) as raised:
            await home.create(text, decider=task_pb2.DECIDER_COMMANDS)
        assert raised.value.code == error_pb2.ERROR_CODE_COMMAND_SYNTAX
        syntax = raised.value.info.details.syntax
        assert (syntax.line, syntax.column) == (line, column)
        assert syntax.expected


async def test_without_a_model_other_text_is_refused_with_the_settings_to_set(tmp_path: Path) -> None:
    async with house(tmp_path, BrowserDouble()) as home:
        with pytest.raises(TabwireError) as raised:
            await home.create("find the cheapest stapler")
        assert raised.value.code == error_pb2.ERROR_CODE_MODEL_NOT_CONFIGURED
        for setting in ("TABWIRE_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
            assert setting in raised.value.info.remedy
        with pytest.raises(TabwireError) as raised:
            await home.create('click "Go" quickly')
        assert "column 12" in raised.value.info.message, "it looked like commands, so it says where it is none"
