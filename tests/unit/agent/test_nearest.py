"""What may have been meant when an element is gone."""

from __future__ import annotations

from doubles.browser_double import element
from tabwire.agent import nearest
from tabwire.v1 import error_pb2
from unit.agent.talk import click, page


def _stale() -> error_pb2.ErrorInfo:
    return error_pb2.ErrorInfo(error_code=error_pb2.ERROR_CODE_STALE_ELEMENT)


def test_the_likest_come_first_and_the_unlike_not_at_all() -> None:
    now = page(element(60, "button", "Add to basket"), element(61, "button", "Add to cart"), element(62, "text", "Ca"))
    del now.actionable_elements[3]
    error = _stale()
    nearest.add(error, click(4), page(), now)
    assert [one.element_id for one in error.details.candidates.candidates] == [61, 60]
    assert error.details.candidates.candidates[0].role == "button"


def test_nothing_is_guessed_about_what_was_never_seen_or_what_is_told_already() -> None:
    error = _stale()
    nearest.add(error, click(999), page(), page())
    nearest.add(error, click(4), None, page())
    assert not error.HasField("details")
    told = _stale()
    told.details.candidates.candidates.add(element_id=1)
    nearest.add(told, click(4), page(), page(element(61, "button", "Add to cart")))
    assert [one.element_id for one in told.details.candidates.candidates] == [1]
    covered = error_pb2.ErrorInfo(error_code=error_pb2.ERROR_CODE_ELEMENT_COVERED)
    nearest.add(covered, click(4), page(), page(element(61, "button", "Add to cart")))
    assert not covered.HasField("details")
