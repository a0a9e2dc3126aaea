"""The text of a task that lists are searched for: one place, so that what is stored and what is asked agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tabwire.v1 import task_pb2


def searchable(task: task_pb2.Task) -> str:
    """What a task is found by: what was asked for, and what it is to do now if that was changed."""
    parts = [task.user_prompt]
    if task.description != task.user_prompt:
        parts.append(task.description)
    return folded("\n".join(parts))


def folded(text: str) -> str:
    """A text as it is compared: without case, in every script. PostgreSQL takes no NUL."""
    return text.casefold().replace("\0", "")
