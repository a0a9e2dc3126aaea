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
_MAX_STATES = 64
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

    @property
    def seen(self) -> state_pb2.PageState:
        """The state as it is, not to be changed. Raises `DeltaMismatchError`."""
        pending, self.pending = self.pending, []
        for delta in pending:
            self.folded.fold(delta)
        return self.folded.held

    @property
    def revision(self) -> int:
        return self.pending[-1].head.revision if self.pending else self.folded.revision

    def fold(self, deltas: Iterable[state_pb2.StateDelta]) -> state_pb2.PageState:
        for delta in (*self.pending, *deltas):
            self.folded.fold(delta)
        self.pending = []
        return self.folded.state()


class KnownStates:
    """The last whole state of each tab for each way of taking it, so that a browser tells only what has changed since.

    Bounded, in all and for each tab.
    """

    def __init__(self) -> None:
        self._states: OrderedDict[tuple[TabKey, bytes], _Known] = OrderedDict()

    def revision(self, key: TabKey, options: state_pb2.StateRequest) -> int:
        """The revision of the state that was taken with these options; 0 if there is none."""
        known = self._states.get((key, _told_apart_by(options)))
        return known.revision if known is not None else 0

    def latest(self, key: TabKey) -> state_pb2.PageState | None:
        """The tab as it was seen last, in whichever way; not to be changed."""
        for way in reversed(self._states):
            if way[0] == key:
                try:
                    return self._states[way].seen
                except DeltaMismatchError:
                    del self._states[way]
                    return None
        return None

    def keep(self, key: TabKey, options: state_pb2.StateRequest, state: state_pb2.PageState) -> None:
        """Remembers a whole state."""
        way = (key, _told_apart_by(options))
        self._states.pop(way, None)
        if state.HasField("error_info"):
            self._forget_oldest(key, 0)  # what was seen before is not what the tab shows now
            return
        if not state.revision:
            return
        self._states[way] = _Known(state)
        self._forget_oldest(key, _MAX_WAYS)
        while len(self._states) > _MAX_STATES or self._too_many_elements():
            self._states.popitem(last=False)

    def fold(
        self, key: TabKey, options: state_pb2.StateRequest, delta: state_pb2.StateDelta
    ) -> state_pb2.PageState | None:
        """The whole state after a delta; None, and nothing is remembered any more, if the delta does not fit."""
        way = (key, _told_apart_by(options))
        known = self._states.pop(way, None)
        if known is None:
            return None
        try:
            state = known.fold([delta])
        except DeltaMismatchError:
            return None
        self._states[way] = known  # the newest now
        return state

    def pass_on(self, key: TabKey, options: state_pb2.StateRequest, delta: state_pb2.StateDelta) -> None:
        """Notes a delta that goes to a caller as it is. It is folded only when somebody needs the whole state."""
        way = (key, _told_apart_by(options))
        known = self._states.get(way)
        if known is None:
            return
        if known.revision != delta.base_revision or len(known.pending) >= _MAX_PENDING:
            del self._states[way]
            return
        known.pending.append(delta)
        self._states.move_to_end(way)

    def _forget_oldest(self, key: TabKey, kept: int) -> None:
        ways = [way for way in self._states if way[0] == key]
        for way in ways[: len(ways) - kept]:
            del self._states[way]

    def _too_many_elements(self) -> bool:
        return len(self._states) > 1 and sum(known.folded.size for known in self._states.values()) > _MAX_ELEMENTS


def _told_apart_by(options: state_pb2.StateRequest) -> bytes:
    """What makes two requests the same."""
    bare = state_pb2.StateRequest()
    bare.CopyFrom(options)
    bare.ClearField("base_revision")
    return bare.SerializeToString(deterministic=True)
