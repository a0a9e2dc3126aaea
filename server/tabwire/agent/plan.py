"""Plans: the lines in which a model writes its sub-goals, as the contract's `Plan` and back. Pure."""

from __future__ import annotations

import re
from types import MappingProxyType

from tabwire.v1 import task_pb2

_MAX_ITEMS = 50
_MAX_TEXT = 1000
_MARKS = MappingProxyType(
    {
        " ": task_pb2.PLAN_STATUS_UNSPECIFIED,
        ">": task_pb2.PLAN_STATUS_ACTIVE,
        "x": task_pb2.PLAN_STATUS_DONE,
        "-": task_pb2.PLAN_STATUS_DROPPED,
    }
)
_LINE = re.compile(r"^\s*(?:(?:[-*]|\d+[.)])\s+)?(?:\[(?P<mark>[ >xX-]?)\]\s*)?(?P<text>.*\S)\s*$")


def read(text: str) -> task_pb2.Plan | None:
    """The plan in a decision's words; None if it says nothing of one."""
    plan = task_pb2.Plan()
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None or len(plan.items) == _MAX_ITEMS:
            continue
        mark = (found["mark"] or " ").lower()
        plan.items.add(text=found["text"][:_MAX_TEXT], status=_MARKS[mark])
    return plan if plan.items else None


def write(plan: task_pb2.Plan) -> str:
    """A plan in the words in which a model writes it."""
    marks = {status: mark for mark, status in _MARKS.items()}
    return "\n".join(f"[{marks.get(item.status, ' ')}] {' '.join(item.text.split())}" for item in plan.items)


def open_items(plan: task_pb2.Plan) -> list[task_pb2.PlanItem]:
    """What is still to be reached."""
    over = (task_pb2.PLAN_STATUS_DONE, task_pb2.PLAN_STATUS_DROPPED)
    return [item for item in plan.items if item.status not in over]
