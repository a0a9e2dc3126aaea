"""What is remembered of tabs: of many at once, each as it was seen last, and within bounds."""

from __future__ import annotations

from tabwire.browser import memory
from tabwire.browser.memory import KnownStates, TabKey
from tabwire.v1 import error_pb2, state_pb2

OPTIONS = state_pb2.StateRequest(include_text=True)


def key(number: int) -> TabKey:
    return TabKey(f"b{number}", "", 1)


def state(revision: int, elements: int = 1) -> state_pb2.PageState:
    made = state_pb2.PageState(tab_id=1, document_id="d", revision=revision)
    made.actionable_elements.extend(state_pb2.Element(id=number, name="old") for number in range(1, elements + 1))
    return made


def delta(base: int, *changed: int) -> state_pb2.StateDelta:
    return state_pb2.StateDelta(
        base_revision=base,
        head=state_pb2.PageState(tab_id=1, document_id="d", revision=base + 1),
        changed=[state_pb2.Element(id=number, name="new") for number in changed],
    )


def test_a_hundred_callers_do_not_make_each_other_forgotten() -> None:
    states = KnownStates()
    for number in range(100):
        states.keep(key(number), OPTIONS, state(7, elements=40))
    assert {states.revision(key(number), OPTIONS) for number in range(100)} == {7}
    assert all(states.latest(key(number)) is not None for number in range(100))


def test_what_was_used_longest_ago_goes_first() -> None:
    states = KnownStates()
    many = memory._MAX_ELEMENTS // 4
    for number in range(4):
        states.keep(key(number), OPTIONS, state(1, elements=many))
    assert states.latest(key(0)) is not None
    states.keep(key(4), OPTIONS, state(1, elements=many))
    assert [states.revision(key(number), OPTIONS) for number in range(5)] == [1, 0, 1, 1, 1]


def test_one_state_is_kept_however_large_it_is() -> None:
    states = KnownStates()
    states.keep(key(0), OPTIONS, state(1))
    states.keep(key(1), OPTIONS, state(1, elements=memory._MAX_ELEMENTS + 1))
    assert [states.revision(key(number), OPTIONS) for number in range(2)] == [0, 1]


def test_tabs_are_bounded() -> None:
    states = KnownStates()
    for number in range(memory._MAX_TABS + 10):
        states.keep(key(number), OPTIONS, state(1))
    known = [number for number in range(memory._MAX_TABS + 10) if states.revision(key(number), OPTIONS)]
    assert known == list(range(10, memory._MAX_TABS + 10))


def test_ways_of_one_tab_are_bounded_and_told_apart() -> None:
    states = KnownStates()
    ways = [state_pb2.StateRequest(max_elements=number) for number in range(1, 7)]
    for number, way in enumerate(ways, start=1):
        states.keep(key(0), way, state(number))
    assert [states.revision(key(0), way) for way in ways] == [0, 0, 3, 4, 5, 6]


def test_deltas_that_are_passed_on_count_until_they_are_folded() -> None:
    states = KnownStates()
    states.keep(key(0), OPTIONS, state(1, elements=3))
    for base in range(1, 6):
        states.pass_on(key(0), OPTIONS, delta(base, 1, 2))
    assert states.revision(key(0), OPTIONS) == 6
    assert states._elements == 3 + 5 * 2
    seen = states.latest(key(0))
    assert seen is not None
    assert [element.name for element in seen.actionable_elements] == ["new", "new", "old"]
    assert states._elements == 3


def test_what_does_not_fit_is_forgotten_and_not_counted() -> None:
    states = KnownStates()
    for broken in (delta(9, 1), delta(1, 99)):
        states.keep(key(0), OPTIONS, state(1, elements=3))
        states.pass_on(key(0), OPTIONS, broken)
        assert states.latest(key(0)) is None or states.revision(key(0), OPTIONS) == 0
        states.keep(key(0), OPTIONS, state(1, elements=3))
        assert states.fold(key(0), OPTIONS, broken) is None
        assert states._elements == 0


def test_an_error_forgets_the_tab() -> None:
    states = KnownStates()
    states.keep(key(0), OPTIONS, state(1, elements=3))
    states.keep(key(0), OPTIONS, state_pb2.PageState(tab_id=1, error_info=error_pb2.ErrorInfo(message="gone")))
    assert states.latest(key(0)) is None
    assert states._elements == 0
