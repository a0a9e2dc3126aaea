"""What a weak model said that it would do next, where it then chose something else: a reason to let it choose again.

Such a model reasons better than it picks: it writes "Next: Click Submit" and presses what stands first. What it said is
compared with what it pressed by the names on the page alone. It is told so once in a step, and held to what it said;
or, where there is no such thing on the page, to what can be opened to look for it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tabwire.agent import catalog
from tabwire.agent.choices import ids_of
from tabwire.agent.mentions import MIN_NAME, folded, places, quoted
from tabwire.agent.render import label, quote, role
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.agent.schema import Schema
    from tabwire.v1 import task_pb2

_NEXT = "Next:"
# With more words around it, a name without quotation marks may be only a part of what is next.
_MAX_WORDS = 5


@dataclass(frozen=True)
class Slip:
    """A choice that is not what was said."""

    words: str
    """For the model."""
    only: frozenset[int]
    """The elements that it is to choose from now, by their ids."""


def slip(decision: task_pb2.Decision, state: state_pb2.PageState | None, schema: Schema | None) -> Slip | None:
    """What is wrong with a choice; None if nothing is. `schema`: what could be chosen."""
    action = next(iter(decision.actions), None)
    if state is None or schema is None or action is None or catalog.kind(action) not in catalog.PRESSES:
        return None
    chosen = catalog.element_id(action)
    offered = ids_of(schema)
    elements = [one for one in state.actionable_elements if one.id in offered]
    pressed = next((one for one in elements if one.id == chosen), None)
    said = folded(decision.reasoning.rpartition(_NEXT)[2]) if _NEXT in decision.reasoning else ""
    if pressed is None or not said or _is_meant(pressed, said):
        return None
    meant = _meant(elements, said)
    if meant:
        words = f"You said that {_named(meant[0])} is next, but chose {_named(pressed)}."
        return Slip(words, frozenset(one.id for one in meant))
    missing = next((text for text in quoted(said) if not _stands_on(elements, text)), None)
    closed = frozenset(one.id for one in elements if _is_closed(one))
    if missing is None or not closed or chosen in closed or any(places(kind, said) for kind in _kinds(pressed)):
        return None
    return Slip(f"Nothing that shows is called {quote(missing, 60)}. It may be in what is closed.", closed)


def _is_meant(pressed: state_pb2.Element, said: str) -> bool:
    name = _name(pressed)
    return (
        f"[{pressed.id}]" in said
        or bool(places(name, said, shortest=1))
        or any(text.casefold() in name.casefold() or text in _kinds(pressed) for text in quoted(said))
    )


def _kinds(one: state_pb2.Element) -> set[str]:
    return {role(one), one.tag} - {""}


def _is_closed(one: state_pb2.Element) -> bool:
    return state_pb2.TOGGLE_OFF in (one.states.expanded, one.states.selected if role(one) == "tab" else 0)


def _meant(elements: Sequence[state_pb2.Element], said: str) -> list[state_pb2.Element]:
    """The elements whose name or kind was said in quotation marks, or whose name is most of what was said."""
    in_quotes = {text.casefold() for text in quoted(said)}
    named = [one for one in elements if _name(one).casefold() in in_quotes]
    if not named and (alike := [one for one in elements if _kinds(one) & in_quotes]):
        return alike
    is_quoted = bool(named)
    named = named or [one for one in elements if places(_name(one), said)]
    longest = max((len(_name(one)) for one in named), default=0)
    named = [one for one in named if len(_name(one)) == longest]
    if not named or (not is_quoted and len(said.split()) - len(_name(named[0]).split()) > _MAX_WORDS):
        return []
    # The longest name, in the capitals that were used.
    exact = [one for one in named if places(_name(one), said, exactly=True)]
    named = exact or named
    # Several names of one length are an enumeration.
    return named if len({_name(one) for one in named}) == 1 else []


def _name(one: state_pb2.Element) -> str:
    return folded(label(one))


def _named(one: state_pb2.Element) -> str:
    return f"{role(one)} {quote(_name(one), 60)} [{one.id}]" if _name(one) else f"{role(one)} [{one.id}]"


def _stands_on(elements: Sequence[state_pb2.Element], text: str) -> bool:
    """Whether a text stands in the name of something that can be used, or the other way round."""
    words = text.casefold()
    names = (_name(one).casefold() for one in elements)
    return any(words in name or (len(name) >= MIN_NAME and name in words) for name in names)
