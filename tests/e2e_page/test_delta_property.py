"""Deltas and whole states agree: a page changes itself at random, and at every look the deltas, folded by a fold of the
test's own, are compared with a state that another engine takes, which knows nothing from before.

Half of the looks come after one change, the others after two or three, which have to be told together.
`TABWIRE_DELTA_SEEDS` is how many pages are tried (by default two for each way of asking; more after a change of the
engine), `TABWIRE_DELTA_STEPS` how many changes each makes.
"""

from __future__ import annotations

import base64
import os
from itertools import cycle, zip_longest
from typing import TYPE_CHECKING, Any

import pytest

from tabwire.v1 import extension_pb2, state_pb2
from tabwire.v1 import state_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")

SEEDS = int(os.environ.get("TABWIRE_DELTA_SEEDS", "12"))
STEPS = int(os.environ.get("TABWIRE_DELTA_STEPS", "50"))
CHANGES_PER_LOOK = (1, 2, 1, 3)

OPTIONS: list[dict[str, Any]] = [
    {"include_text": True},
    {"include_text": True, "max_elements": 15},
    {"include_text": False},
    {"include_text": True, "scope": pb.STATE_SCOPE_PAGE, "max_elements": 60},
    {"include_text": True, "scope": pb.STATE_SCOPE_PAGE, "max_elements": 20_000, "max_text_bytes": 4 << 20},
    {"include_text": True, "scope": pb.STATE_SCOPE_PAGE, "max_elements": 20_000, "max_text_bytes": 9_000},
]


async def both(
    engine: EnginePage, base: int, options: dict[str, Any]
) -> tuple[extension_pb2.FrameReply, extension_pb2.FrameState]:
    """The answer to one who holds `base`, and the state as an engine without a memory takes it at that moment."""
    request = extension_pb2.FrameRequest(
        perceive=extension_pb2.PerceiveFrame(options=state_pb2.StateRequest(**options), base_revision=base)
    )
    body = base64.b64encode(request.SerializeToString()).decode()
    answers: Sequence[str] = await engine.worker.evaluate(
        "([tab, request]) => ask(tab, 0, { request, fresh: true })", [engine.tab_id, body]
    )
    told, fresh = [extension_pb2.FrameReply.FromString(base64.b64decode(answer)) for answer in answers]
    assert fresh.WhichOneof("kind") == "state", fresh
    assert told.WhichOneof("kind") in ("state", "delta"), told
    return told, fresh.state


def fold(base: extension_pb2.FrameState, delta: extension_pb2.FrameDelta) -> extension_pb2.FrameState:
    """The state that a delta makes of its base, by the words of StateDelta in state.proto."""
    assert delta.base_revision == base.revision
    assert not delta.head.elements
    known = {element.id for element in base.elements}
    removed = set(delta.removed_ids)
    assert removed <= known
    order = [element.id for element in base.elements if element.id not in removed]
    elements = {element.id: pb.Element.FromString(element.SerializeToString()) for element in base.elements}
    for element in elements.values():
        element.is_new = False
    placed: set[int] = set()
    for run in delta.inserted:
        at = order.index(run.after_id) + 1 if run.after_id else 0
        order[at:at] = [element.id for element in run.elements]
        for element in run.elements:
            elements[element.id] = element
            placed.add(element.id)
            assert element.is_new == (element.id not in known), element
    for element in delta.changed:
        assert element.id in order
        elements[element.id] = element
        element.is_new = False
        placed.add(element.id)
    for shift in delta.shifts:
        for element_id in order[order.index(shift.first_id) : order.index(shift.last_id) + 1]:
            if element_id in placed:
                continue
            bounds = elements[element_id].bounds
            bounds.x += shift.dx
            bounds.y += shift.dy
            elements[element_id].in_viewport = shift.in_viewport
    folded = extension_pb2.FrameState.FromString(delta.head.SerializeToString())
    folded.elements.extend(elements[element_id] for element_id in order)
    return folded


def comparable(state: extension_pb2.FrameState) -> extension_pb2.FrameState:
    """A state without what may differ between two engines: how often they looked, and what was new to them."""
    copy = extension_pb2.FrameState.FromString(state.SerializeToString())
    copy.revision = 0
    copy.in_page_us = 0
    for element in copy.elements:
        element.is_new = False
    return copy


def difference(folded: extension_pb2.FrameState, fresh: extension_pb2.FrameState) -> str:
    """Where two states differ, for the message of a failure; empty if they do not."""
    a, b = comparable(folded), comparable(fresh)
    if a == b:
        return ""
    lines = []
    told, true = {e.id: e for e in a.elements}, {e.id: e for e in b.elements}
    lines += [f"only told: {told[i]}" for i in told if i not in true]
    lines += [f"only there: {true[i]}" for i in true if i not in told]
    lines += [f"told: {told[i]}\nthere: {true[i]}" for i in told if i in true and told[i] != true[i]]
    if [e.id for e in a.elements] != [e.id for e in b.elements]:
        lines.append("the order differs")
    del a.elements[:], b.elements[:]
    rest = zip_longest(str(a).splitlines(), str(b).splitlines())
    lines += [f"told: {ours} there: {theirs}" for ours, theirs in rest if ours != theirs]
    return "\n".join(lines)


def looks() -> Iterator[int]:
    """How many changes the page makes before each look, until it has made all of them."""
    left = STEPS
    for changes in cycle(CHANGES_PER_LOOK):
        if left <= 0:
            return
        yield min(changes, left)
        left -= changes


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
async def test_folded_deltas_are_the_whole_state(engine: EnginePage, seed: int) -> None:
    options = OPTIONS[seed % len(OPTIONS)]
    await engine.page.goto(f"{engine.origins[0]}/engine/mutate.html?seed={seed}")
    told, fresh = await both(engine, 0, options)
    state = told.state
    assert not difference(state, fresh)
    deltas = 0
    done: list[str] = []
    for changes in looks():
        done += await engine.page.evaluate("(n) => Array.from({ length: n }, () => step())", changes)
        told, fresh = await both(engine, state.revision, options)
        before = {element.id for element in state.elements}
        if told.WhichOneof("kind") == "delta":
            deltas += 1
            now = fold(state, told.delta)
        else:
            now = told.state
        wrong = difference(now, fresh)
        assert not wrong, f"seed {seed} {options} after {done}:\n{wrong}"
        assert {e.id for e in now.elements if e.is_new} == {e.id for e in now.elements} - before
        assert now.revision > state.revision or comparable(now) == comparable(state), done
        state = now
    assert deltas > 0


@pytest.mark.parametrize("seed", range(1, SEEDS // 2 + 1))
async def test_two_ways_of_asking_by_turns(engine: EnginePage, seed: int) -> None:
    """What is remembered for one way of asking takes part in what changes while another one is asked for."""
    ways = [OPTIONS[seed % len(OPTIONS)], OPTIONS[(seed + 2 + seed % 3) % len(OPTIONS)]]
    await engine.page.goto(f"{engine.origins[0]}/engine/mutate.html?seed={seed + 1000}")
    states = [(await both(engine, 0, options))[0].state for options in ways]
    done: list[str] = []
    for look, changes in enumerate(looks()):
        done += await engine.page.evaluate("(n) => Array.from({ length: n }, () => step())", changes)
        turn = (look // 2 if seed % 2 else look * look // 3) % 2
        told, fresh = await both(engine, states[turn].revision, ways[turn])
        now = fold(states[turn], told.delta) if told.WhichOneof("kind") == "delta" else told.state
        wrong = difference(now, fresh)
        assert not wrong, f"seed {seed} {ways[turn]} at {turn} after {done}:\n{wrong}"
        states[turn] = now
