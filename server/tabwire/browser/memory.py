"""What the server remembers of the tabs it was told about: which documents were seen, and the last states.

Apart for every task, because a task acts on what it saw itself; the callers of the API share one memory. Nothing here
asks a browser anything: that is `linked.py`.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from tabwire.state_delta import DeltaMismatchError, FoldedState
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

# The part of an element's id that tells its frame's slot (state.proto, Element.id).
_SLOT_SIZE = 100_000
_MAX_DOCUMENTS = 512
# As many tabs as a busy server has callers and tasks at once; what they hold together is bounded by the elements.
_MAX_TABS = 512
# So many ways of looking at one tab; the browser remembers as many.
_MAX_WAYS = 4
_MAX_ELEMENTS = 100_000
# So many deltas that were only passed on are kept to be folded later.
_MAX_PENDING = 64


class TabKey(NamedTuple):
    """A tab as one task sees it."""

    browser_id: str
    task_id: str
    tab_id: int


class SeenDocuments:
    """Which document stood in each frame of a tab when it was last seen.

    That somebody else looked at the tab after a navigation does not make old element ids good.
    """

    def __init__(self) -> None:
        self._documents: OrderedDict[TabKey, dict[int, str]] = OrderedDict()

    def saw(self, browser_id: str, task_id: str, tab_id: int, state: state_pb2.PageState) -> None:
        """Notes a state that was answered for a tab; for tab 0 also under the tab that it turned out to be."""
        documents = {frame.slot: frame.document_id for frame in state.frames if frame.document_id}
        if state.document_id:
            documents[0] = state.document_id
        if not documents:
            return
        for tab in {tab_id, state.tab_id}:
            key = TabKey(browser_id, task_id, tab)
            self._documents[key] = documents
            self._documents.move_to_end(key)
        while len(self._documents) > _MAX_DOCUMENTS:
            self._documents.popitem(last=False)

    def document_of(self, browser_id: str, task_id: str, tab_id: int, element_id: int) -> str:
        """The document an element was seen in; empty if the tab was not seen, or not that frame."""
        documents = self._documents.get(TabKey(browser_id, task_id, tab_id), {})
        return documents.get(element_id // _SLOT_SIZE, "")


class _Known:
    """One remembered state, and the deltas that are still to be folded into it."""

    def __init__(self, state: state_pb2.PageState) -> None:
        self.folded = FoldedState(state)
        self.pending: list[state_pb2.StateDelta] = []
        self.size = self.folded.size
        """How many elements are held for it, those of the deltas too."""

    @property
    def seen(self) -> state_pb2.PageState:
        """The state as it is, not to be changed. Raises `DeltaMismatchError`."""
        self._fold(())
        return self.folded.held

    @property
    def revision(self) -> int:
        return self.pending[-1].head.revision if self.pending else self.folded.revision

    def add(self, delta: state_pb2.StateDelta) -> None:
        self.pending.append(delta)
        self.size += len(delta.changed) + sum(len(run.elements) for run in delta.inserted)

    def fold(self, delta: state_pb2.StateDelta) -> state_pb2.PageState:
        self._fold((delta,))
        return self.folded.state()

    def _fold(self, deltas: Iterable[state_pb2.StateDelta]) -> None:
        pending, self.pending = self.pending, []
        for delta in (*pending, *deltas):
            self.folded.fold(delta)
        self.size = self.folded.size


class KnownStates:
    """The last whole state of each tab for each way of taking it, so that a browser tells only what has changed since.

    Bounded, in all and for each tab. Nothing here takes longer because more tabs are known.
    """

    def __init__(self) -> None:
        # Tabs, and the ways of each, are in the order in which they were last used.
        self._tabs: OrderedDict[TabKey, OrderedDict[bytes, _Known]] = OrderedDict()
        self._elements = 0

    def revision(self, key: TabKey, options: state_pb2.StateRequest) -> int:
        """The revision of the state that was taken with these options; 0 if there is none."""
        ways = self._tabs.get(key)
        known = ways.get(_told_apart_by(options)) if ways is not None else None
        return known.revision if known is not None else 0

    def latest(self, key: TabKey) -> state_pb2.PageState | None:
        """The tab as it was seen last, in whichever way; not to be changed."""
        ways = self._tabs.get(key)
        if ways is None:
            return None
        way = next(reversed(ways))
        known = self._take(key, way)
        try:
            state = known.seen
        except DeltaMismatchError:
            return None
        self._put(key, way, known)
        return state

    def keep(self, key: TabKey, options: state_pb2.StateRequest, state: state_pb2.PageState) -> None:
        """Remembers a whole state."""
        if state.HasField("error_info"):
            self._forget(key)  # what was seen before is not what the tab shows now
            return
        way = _told_apart_by(options)
        if way in self._tabs.get(key, ()):
            self._take(key, way)
        if state.revision:
            self._put(key, way, _Known(state))

    def fold(
        self, key: TabKey, options: state_pb2.StateRequest, delta: state_pb2.StateDelta
    ) -> state_pb2.PageState | None:
        """The whole state after a delta; None, and nothing is remembered any more, if the delta does not fit."""
        way = _told_apart_by(options)
        if way not in self._tabs.get(key, ()):
            return None
        known = self._take(key, way)
        try:
            state = known.fold(delta)
        except DeltaMismatchError:
            return None
        self._put(key, way, known)
        return state

    def pass_on(self, key: TabKey, options: state_pb2.StateRequest, delta: state_pb2.StateDelta) -> None:
        """Notes a delta that goes to a caller as it is. It is folded only when somebody needs the whole state."""
        way = _told_apart_by(options)
        if way not in self._tabs.get(key, ()):
            return
        known = self._take(key, way)
        if known.revision != delta.base_revision or len(known.pending) >= _MAX_PENDING:
            return
        known.add(delta)
        self._put(key, way, known)

    def _take(self, key: TabKey, way: bytes) -> _Known:
        """Takes a state out, of which there is one. Without `_put` it is forgotten."""
        ways = self._tabs[key]
        known = ways.pop(way)
        self._elements -= known.size
        if not ways:
            del self._tabs[key]
        return known

    def _put(self, key: TabKey, way: bytes, known: _Known) -> None:
        """Puts a state in as the one used last, in place of those used longest ago where there is no room."""
        ways = self._tabs.setdefault(key, OrderedDict())
        ways[way] = known
        self._elements += known.size
        self._tabs.move_to_end(key)
        while len(ways) > _MAX_WAYS:
            self._take(key, next(iter(ways)))
        while len(self._tabs) > _MAX_TABS or (self._elements > _MAX_ELEMENTS and self._count_is_above_one()):
            oldest = next(iter(self._tabs))
            self._take(oldest, next(iter(self._tabs[oldest])))

    def _count_is_above_one(self) -> bool:
        return len(self._tabs) > 1 or len(next(iter(self._tabs.values()))) > 1

    def _forget(self, key: TabKey) -> None:
        for known in self._tabs.pop(key, {}).values():
            self._elements -= known.size


def _told_apart_by(options: state_pb2.StateRequest) -> bytes:
    """What makes two requests the same."""
    bare = state_pb2.StateRequest()
    bare.CopyFrom(options)
    bare.ClearField("base_revision")
    return bare.SerializeToString(deterministic=True)
