"""What the evaluation makes of its tries: sums, false successes, and the page in the documentation."""

from __future__ import annotations

import pytest

from eval.endpoint import Used
from eval.figures import Outcome, Try, as_json, from_json, made, of_side
from eval.report import markdown


def _try(side: str, task: str, *, reward: float, claimed: bool, steps: int = 2, prompt: int = 600) -> Try:
    used = Used(calls=3, failed=1, prompt=prompt, completion=40, seconds=4.0)
    return made(side, task, 0, reward, Outcome(steps, claimed, "said so"), 5.0, used)


_TRIES = [
    _try("tabwire", "click-test", reward=1, claimed=True),
    _try("tabwire", "login-user", reward=-1, claimed=False),
    _try("browser_use", "click-test", reward=0, claimed=True, prompt=6000),
]


def test_a_claimed_success_without_the_award_is_a_false_one() -> None:
    ours, rival = of_side(_TRIES, "tabwire"), of_side(_TRIES, "browser_use")
    assert (ours.solved, ours.false_successes) == (1, 0)
    assert (rival.solved, rival.false_successes) == (0, 1)


def test_a_part_of_the_award_is_not_solved() -> None:
    assert not _try("tabwire", "x", reward=0.5, claimed=True).solved


def test_tokens_are_told_by_step_and_by_answered_call() -> None:
    ours = of_side(_TRIES, "tabwire")
    assert ours.a_step("prompt") == pytest.approx(300)
    assert ours.a_call("prompt") == pytest.approx(300)  # of three calls one had no answer
    assert ours.own_seconds_a_step == pytest.approx(0.5)


def test_tries_can_be_stored() -> None:
    assert from_json(as_json(_TRIES)) == _TRIES


_ABOUT = {"miniwob": "1.1.0", "model": "m", "steps": 8, "seconds": "600", "seeds": "0", "note": "A note."}


def test_the_page_tells_every_side_and_task() -> None:
    page = markdown(_TRIES, _ABOUT)
    assert "At most 8 steps and 600 seconds a try." in page
    assert "| click-test | 1/1 | 2.0 | 300 | 5 | 0/1 (1) | 2.0 | 3,000 | 5 |" in page
    assert "| login-user | 0/1 | 2.0 | 300 | 5 |  |  |  |  |" in page
    assert "| browser-use | click-test | 0 | said so |" in page


def test_sides_are_put_beside_each_other_only_where_both_tried() -> None:
    page = markdown(_TRIES, _ABOUT)
    shared, _, alone = page.partition("## All tries of Tabwire")
    assert "## On the tries that both made" in shared
    assert "| solved | 1 (100 %) | 0 (0 %) |" in shared
    assert "| false successes | 0 | 1 |" in shared
    assert "| solved | 1 (50 %) |" in alone
    assert "All tries of browser-use" not in page, "it has none beyond the shared ones"


def test_one_side_alone_has_its_sums_once() -> None:
    page = markdown([t for t in _TRIES if t.side == "tabwire"], _ABOUT)
    assert page.count("| solved |") == 1
    assert "Reported as a success, and none" not in page
