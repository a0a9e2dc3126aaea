"""What is read out of journals: effects, the files of what a task brought, what its agent did. Changes nothing."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import TYPE_CHECKING

from tabwire.agent.history import History, Past
from tabwire.task import paging, tables
from tabwire.task.effects import Effects, effects_of
from tabwire.task.export import export
from tabwire.v1 import task_service_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tabwire.store.task_store import StoredTask, TaskStore
    from tabwire.v1 import task_pb2

_EVENTS_PAGE = 500
_PIECE_BYTES = 64 * 1024
_DEFAULT_EFFECTS = 100
# So many earlier tasks of a conversation are told; what is older has been said again by those.
_MAX_PAST = 20


class Records:
    """The journals of all tasks, to be read."""

    def __init__(self, store: TaskStore) -> None:
        self._store = store

    async def events(self, key: str) -> AsyncGenerator[task_pb2.TaskEvent, None]:
        """A whole journal."""
        after_seq = 0
        while True:
            page = await self._store.events(key, after_seq=after_seq, limit=_EVENTS_PAGE)
            for event in page:
                after_seq = event.seq
                yield event
            if len(page) < _EVENTS_PAGE:
                return

    async def history(self, key: str) -> History:
        """What the agent of a task did."""
        history = History()
        async for event in self.events(key):
            history.apply(event)
        return history

    async def past(self, owner_id: str, task: task_pb2.Task) -> list[Past]:
        """The tasks that a task goes on from, the oldest first. One that was deleted is where it begins."""
        past: list[Past] = []
        while task.follows_task_id and len(past) < _MAX_PAST:
            stored = await self._store.find(owner_id, task_id=task.follows_task_id)
            if stored is None:
                break
            task = stored.task
            past.insert(0, Past(task, await self.history(stored.key)))
        return past

    async def effects(
        self, stored: StoredTask, request: task_service_pb2.ListTaskEffectsRequest
    ) -> task_service_pb2.ListTaskEffectsResponse:
        """A page of the effects of a task. What has happened stays where it is, so a number is a good place."""
        start = _place(request.page_token) if request.page_token else 0
        end = start + (request.page_size or _DEFAULT_EFFECTS)
        effects = Effects()
        async for event in self.events(stored.key):
            effects.apply(event)
            if len(effects.all) > end:
                break
        response = task_service_pb2.ListTaskEffectsResponse(effects=effects.all[start:end])
        if len(effects.all) > end:
            response.next_page_token = base64.urlsafe_b64encode(f"effect {end}".encode()).decode()
        return response

    async def export(
        self, stored: StoredTask, request: task_service_pb2.ExportTaskRequest
    ) -> AsyncGenerator[task_service_pb2.ExportTaskResponse, None]:
        """A file, in pieces; the first bears its name and type, also if it is empty."""
        events = [event async for event in self.events(stored.key)]

        def written() -> task_service_pb2.ExportTaskResponse:
            found = tables.collected(events) or tables.in_result(stored.task.result)
            file = export(stored.task, found, effects_of(events), request)
            return task_service_pb2.ExportTaskResponse(
                file_name=file.file_name, mime_type=file.mime_type, data=file.data
            )

        # A large workbook takes seconds, in which the server has other things to do.
        whole = await asyncio.to_thread(written)
        data = whole.data
        whole.data = data[:_PIECE_BYTES]
        yield whole
        for start in range(_PIECE_BYTES, len(data), _PIECE_BYTES):
            yield task_service_pb2.ExportTaskResponse(data=data[start : start + _PIECE_BYTES])


def _place(page_token: str) -> int:
    """The number a token stands for. Raises `TabwireError` INVALID_ARGUMENT if it is none of ours."""
    try:
        word, _, number = base64.urlsafe_b64decode(page_token.encode()).decode().partition(" ")
        if word != "effect" or not number.isdecimal():
            raise paging.not_ours()
        return int(number)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise paging.not_ours() from error
