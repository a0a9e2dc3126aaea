"""Folding a delta gives exactly the later state, whatever happened meanwhile; a delta of another state is noticed."""

from __future__ import annotations

import difflib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabwire import client
from tabwire.state_delta import DeltaMismatchError, FoldedState, fold
from tabwire.v1 import state_pb2

_IDS = st.integers(1, 12)


@st.composite
def _elements(draw: st.DrawFn) -> list[state_pb2.Element]:
    ids = draw(st.lists(_IDS, unique=True, max_size=12))
    return [
        state_pb2.Element(
            id=element_id,
            name=draw(st.sampled_from(["", "Add", "Buy"])),
            in_viewport=draw(st.booleans()),
            is_new=draw(st.booleans()),
            bounds=state_pb2.Rect(x=draw(st.integers(0, 2)), y=draw(st.integers(0, 3)) * 10, width=5, height=5),
        )
        for element_id in ids
    ]


@st.composite
def _states(draw: st.DrawFn, revision: int) -> state_pb2.PageState:
    return state_pb2.PageState(
        tab_id=9,
        document_id="d",
        revision=revision,
        title=draw(st.sampled_from(["", "Shop", "Cart"])),
        active_element_id=draw(st.integers(0, 3)),
        actionable_elements=draw(_elements()),
        truncation=draw(st.none() | st.builds(state_pb2.Truncation, elements_omitted=st.integers(1, 3))),
    )


def _after(state: state_pb2.PageState, base: state_pb2.PageState) -> state_pb2.PageState:
    """The state as it is told after the base: new is what the base did not have."""
    known = {element.id for element in base.actionable_elements}
    after = state_pb2.PageState()
    after.CopyFrom(state)
    for element in after.actionable_elements:
        element.is_new = element.id not in known
    return after


def _is_moved(before: state_pb2.Element, after: state_pb2.Element) -> bool:
    """Whether the place is all that has changed."""
    moved = state_pb2.Element()
    moved.CopyFrom(before)
    moved.bounds.x, moved.bounds.y, moved.in_viewport = after.bounds.x, after.bounds.y, after.in_viewport
    moved.is_new = after.is_new
    return moved == after


def _reference(before: state_pb2.PageState, after: state_pb2.PageState) -> state_pb2.StateDelta:
    """A delta made in the plainest way: the longest common order stays, all else is taken out and put in."""
    head = state_pb2.PageState()
    head.CopyFrom(after)
    del head.actionable_elements[:]
    delta = state_pb2.StateDelta(base_revision=before.revision, head=head)
    old, new = list(before.actionable_elements), list(after.actionable_elements)
    matcher = difflib.SequenceMatcher(None, [e.id for e in old], [e.id for e in new], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            delta.removed_ids.extend(element.id for element in old[i1:i2])
            if j2 > j1:
                delta.inserted.add(after_id=new[j1 - 1].id if j1 else 0, elements=new[j1:j2])
            continue
        for was, element in zip(old[i1:i2], new[j1:j2], strict=True):
            is_there = was.bounds == element.bounds and was.in_viewport == element.in_viewport
            if is_there and _is_moved(was, element):
                continue
            if not _is_moved(was, element):
                delta.changed.append(element)
                continue
            dx, dy = element.bounds.x - was.bounds.x, element.bounds.y - was.bounds.y
            last = delta.shifts[-1] if delta.shifts else None
            here = new.index(element)
            if (
                last is not None
                and here
                and last.last_id == new[here - 1].id
                and (last.dx, last.dy, last.in_viewport) == (dx, dy, element.in_viewport)
            ):
                last.last_id = element.id
            else:
                delta.shifts.add(first_id=element.id, last_id=element.id, dx=dx, dy=dy, in_viewport=element.in_viewport)
    return delta


@given(_states(4), _states(7), _states(8))
def test_a_folded_delta_is_the_later_state(
    first: state_pb2.PageState, second: state_pb2.PageState, third: state_pb2.PageState
) -> None:
    second, third = _after(second, first), _after(third, second)
    untouched = first.SerializeToString(deterministic=True)
    assert fold(first, _reference(first, second)) == second
    assert first.SerializeToString(deterministic=True) == untouched
    chain = FoldedState(first)
    chain.fold(_reference(first, second))
    between = chain.state()
    chain.fold(_reference(second, third))
    assert (between, chain.state(), chain.revision, chain.size) == (second, third, 8, len(third.actionable_elements))


@given(_states(4), _states(7))
def test_the_reference_spares_what_has_not_changed(before: state_pb2.PageState, after: state_pb2.PageState) -> None:
    delta = _reference(before, after)
    kept = {element.id for element in before.actionable_elements} - set(delta.removed_ids)
    told = Counter(element.id for run in delta.inserted for element in run.elements)
    assert max(told.values(), default=1) == 1
    assert kept.isdisjoint(told)
    assert kept | told.keys() == {element.id for element in after.actionable_elements}


def test_what_moved_together_is_told_once_and_what_was_put_in_between_is_left_alone() -> None:
    def element(element_id: int, y: float, name: str = "") -> state_pb2.Element:
        bounds = state_pb2.Rect(x=0, y=y, width=5, height=5)
        return state_pb2.Element(id=element_id, name=name, bounds=bounds, in_viewport=True)

    before = state_pb2.PageState(revision=1, actionable_elements=[element(n, n * 10) for n in range(1, 5)])
    delta = state_pb2.StateDelta(
        base_revision=1,
        head=state_pb2.PageState(revision=2),
        inserted=[state_pb2.ElementRun(after_id=2, elements=[element(9, 70)])],
        changed=[element(3, 80, "new")],
        shifts=[state_pb2.BoundsShift(first_id=1, last_id=4, dx=1, dy=50)],
    )
    after = fold(before, delta)
    assert [(e.id, e.name, e.bounds.x, e.bounds.y, e.in_viewport) for e in after.actionable_elements] == [
        (1, "", 1, 60, False),
        (2, "", 1, 70, False),
        (9, "", 0, 70, True),
        (3, "new", 0, 80, True),
        (4, "", 1, 90, False),
    ]


_HEAD = state_pb2.PageState(revision=6)
_MISFITS = {
    "has elements in its head": state_pb2.StateDelta(
        base_revision=5, head=state_pb2.PageState(revision=6, actionable_elements=[state_pb2.Element(id=7)])
    ),
    "another revision": state_pb2.StateDelta(base_revision=4, head=_HEAD),
    "another document": state_pb2.StateDelta(base_revision=5, head=state_pb2.PageState(revision=6, document_id="x")),
    "another tab": state_pb2.StateDelta(base_revision=5, head=state_pb2.PageState(revision=6, tab_id=2)),
    "removes what is not there": state_pb2.StateDelta(base_revision=5, head=_HEAD, removed_ids=[7]),
    "inserts after what is not there": state_pb2.StateDelta(
        base_revision=5, head=_HEAD, inserted=[state_pb2.ElementRun(after_id=7, elements=[state_pb2.Element(id=8)])]
    ),
    "changes what is not there": state_pb2.StateDelta(base_revision=5, head=_HEAD, changed=[state_pb2.Element(id=7)]),
    "moves what is not there": state_pb2.StateDelta(
        base_revision=5, head=_HEAD, shifts=[state_pb2.BoundsShift(first_id=1, last_id=7)]
    ),
    "moves from the end to the start": state_pb2.StateDelta(
        base_revision=5, head=_HEAD, shifts=[state_pb2.BoundsShift(first_id=2, last_id=1)]
    ),
}


@pytest.mark.parametrize("delta", _MISFITS.values(), ids=_MISFITS.keys())
def test_a_delta_that_does_not_fit_is_refused(delta: state_pb2.StateDelta) -> None:
    base = state_pb2.PageState(revision=5, actionable_elements=[state_pb2.Element(id=1), state_pb2.Element(id=2)])
    with pytest.raises(DeltaMismatchError):
        fold(base, delta)


def test_the_sdk_has_it() -> None:
    assert client.fold is fold
    assert client.DeltaMismatchError is DeltaMismatchError
