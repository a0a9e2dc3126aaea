"""Folds deltas of page states: an earlier state and what has changed since give the state that would have come whole.

Pure, and the twin of `extension/wire/delta.ts`, which makes the deltas. The rule is told at StateDelta in state.proto.
Who keeps which state, and what is done when a delta does not fit, is for `tabwire.browser` and for the SDK's callers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableSequence

# So many ids are looked up one by one before an index of all of them is made.
_FEW = 16


class DeltaMismatchError(ValueError):
    """The delta is relative to another state than the one it was to be folded into."""


class FoldedState:
    """A state that deltas are folded into, one after another.

    What `fold` left half done after a `DeltaMismatchError` is of no use any more.
    """

    def __init__(self, state: state_pb2.PageState) -> None:
        self._state = state_pb2.PageState()
        self._state.CopyFrom(state)
        self._ids: list[int] | None = None
        self._new: list[int] = []

    @property
    def revision(self) -> int:
        """The revision of the state as it is now."""
        return self._state.revision

    @property
    def size(self) -> int:
        """How many elements it has."""
        return len(self._state.actionable_elements)

    @property
    def held(self) -> state_pb2.PageState:
        """The state as it is now; not to be changed by whoever looks at it."""
        return self._state

    def state(self) -> state_pb2.PageState:
        """A copy of the state as it is now."""
        copy = state_pb2.PageState()
        copy.CopyFrom(self._state)
        return copy

    def fold(self, delta: state_pb2.StateDelta) -> None:
        """Makes it the state after the delta. Raises `DeltaMismatchError`."""
        self._check(delta)
        elements = self._state.actionable_elements
        ids = self._ids
        if ids is None:
            ids = [element.id for element in elements]
            self._new = [element.id for element in elements if element.is_new]
        self._ids = None  # until all of it has succeeded
        removed = set(delta.removed_ids)
        _remove(elements, ids, removed)
        if self._new:
            self._make_known(ids, removed)
        for run in delta.inserted:
            _insert(elements, ids, run)
        placed = {element.id for run in delta.inserted for element in run.elements}
        position = _Positions(ids, len(delta.changed) + 2 * len(delta.shifts))
        for element in delta.changed:
            here = elements[position.of(element.id)]
            here.CopyFrom(element)
            here.is_new = False
            placed.add(element.id)
        for shift in delta.shifts:
            first, last = position.of(shift.first_id), position.of(shift.last_id)
            if last < first:
                raise DeltaMismatchError("a run that was moved ends before it begins")
            _shift((element for element in elements[first : last + 1] if element.id not in placed), shift)
        self._take_head(delta.head)
        self._new = [element.id for run in delta.inserted for element in run.elements if element.is_new]
        self._ids = ids

    def _make_known(self, ids: list[int], removed: set[int]) -> None:
        """What was new in the base and has stayed is new no longer."""
        was_new = [element_id for element_id in self._new if element_id not in removed]
        position = _Positions(ids, len(was_new))
        for element_id in was_new:
            self._state.actionable_elements[position.of(element_id)].is_new = False

    def _check(self, delta: state_pb2.StateDelta) -> None:
        if delta.base_revision != self._state.revision:
            raise DeltaMismatchError(f"relative to revision {delta.base_revision}, not {self._state.revision}")
        if (delta.head.tab_id, delta.head.document_id) != (self._state.tab_id, self._state.document_id):
            raise DeltaMismatchError("of another document")
        if delta.head.actionable_elements:
            raise DeltaMismatchError("with elements in its head")

    def _take_head(self, head: state_pb2.PageState) -> None:
        """Everything but the elements is as the head says, also what it leaves out."""
        state: Any = self._state
        for field, _ in self._state.ListFields():
            if field.name != "actionable_elements":
                state.ClearField(field.name)
        self._state.MergeFrom(head)


def fold(base: state_pb2.PageState, delta: state_pb2.StateDelta) -> state_pb2.PageState:
    """The state after the delta. `base` is not changed. Raises `DeltaMismatchError`."""
    folded = FoldedState(base)
    folded.fold(delta)
    return folded.state()


class _Positions:
    """Finds elements by their ids."""

    def __init__(self, ids: list[int], lookups: int) -> None:
        self._ids = ids
        self._index = {element_id: at for at, element_id in enumerate(ids)} if lookups > _FEW else None

    def of(self, element_id: int) -> int:
        """Where the element stands."""
        try:
            return self._ids.index(element_id) if self._index is None else self._index[element_id]
        except (KeyError, ValueError):
            raise DeltaMismatchError(f"element {element_id} is not in the state") from None


def _remove(elements: MutableSequence[state_pb2.Element], ids: list[int], gone: set[int]) -> None:
    if not gone:
        return
    kept = len(ids) - len(gone)
    end = len(ids)
    # From the end, so that what is still to be looked at keeps its place; neighbours go together.
    for at in range(len(ids) - 1, -2, -1):
        if at >= 0 and ids[at] in gone:
            continue
        if at + 1 < end:
            del elements[at + 1 : end]
            del ids[at + 1 : end]
        end = at
    if len(ids) != kept:
        raise DeltaMismatchError("an element that is gone was not in the state")


def _insert(elements: MutableSequence[state_pb2.Element], ids: list[int], run: state_pb2.ElementRun) -> None:
    try:
        at = ids.index(run.after_id) + 1 if run.after_id else 0
    except ValueError:
        raise DeltaMismatchError(f"element {run.after_id} is not in the state") from None
    for offset, element in enumerate(run.elements):
        elements.insert(at + offset, element)
    ids[at:at] = [element.id for element in run.elements]


def _shift(elements: Iterable[state_pb2.Element], shift: state_pb2.BoundsShift) -> None:
    for element in elements:
        if not element.HasField("bounds"):
            continue
        bounds = element.bounds
        bounds.x += shift.dx
        bounds.y += shift.dy
        element.in_viewport = shift.in_viewport
