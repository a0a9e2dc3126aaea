"""Who is there beside the tasks of a run: watchers of their journals, a caller who acts through the API in a tab of its
own, and a person who lets a task in doubt go on. Each notes in the history what it is told.
"""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chaos.history import History, Kind
from tabwire.client.client import ENDED
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from chaos.house import ChaosStack
    from tabwire.client import Client

CALL_S = 15.0
"""So long an answer is waited for."""
CALLER_PAGE = "caller"
"""The page that the caller acts on."""
_MOMENT_S = 0.02


class Told:
    """Notes the errors that one client is told: each when it is another than the one before."""

    def __init__(self, history: History, who: str) -> None:
        self._history = history
        self._who = who
        self._last: int | None = None

    def __call__(self, error: TabwireError) -> None:
        """The client was told this."""
        if error.code != self._last:
            self._last = error.code
            self._history.add(Kind.TOLD, who=self._who, code=code_name(error.code))


async def watch(stack: ChaosStack, history: History, task_id: str, ended: asyncio.Event) -> None:
    """Follows a journal through the bad connection, until the end of the task."""
    told = Told(history, "watcher")
    async with stack.proxied_client() as client:
        seen = 0
        while True:
            try:
                async for event in client.watch_task(task_id, after_seq=seen):
                    seen = event.seq
                    history.add(
                        Kind.SEEN, watcher=f"watcher of {task_id}", task_id=task_id, seq=seen, digest=digest(event)
                    )
                    if event.state_changed.to in ENDED:
                        ended.set()
            except TabwireError as error:
                told(error)
                await asyncio.sleep(_MOMENT_S)
            else:
                return


async def look_after(stack: ChaosStack, history: History, tasks: Sequence[tuple[str, asyncio.Event]]) -> None:
    """Lets tasks in doubt go on: it takes the effect for done, as a person does who only wants to get on."""
    told = Told(history, "person")
    while not all(ended.is_set() for _, ended in tasks):
        try:
            async with stack.client() as client, asyncio.timeout(CALL_S):
                while not all(ended.is_set() for _, ended in tasks):
                    for task_id, ended in tasks:
                        await _look(client, history, task_id, ended)
                    await asyncio.sleep(0.2)
        except TabwireError as error:
            told(error)
        except (TimeoutError, OSError):
            pass  # the server is away just now
        await asyncio.sleep(0.2)


async def _look(client: Client, history: History, task_id: str, ended: asyncio.Event) -> None:
    task = await client.get_task(task_id)
    if task.state in ENDED:
        ended.set()
    elif task.state == task_pb2.TASK_STATE_NEEDS_ATTENTION:
        history.add(Kind.PERSON, task_id=task_id, code=code_name(task.cause.code))
        await client.resume_task(task_id)


class Caller:
    """Acts in a tab of its own, one effect after the other, each tried once; notes what it is told."""

    def __init__(self, stack: ChaosStack, history: History, url: str, browser_id: str) -> None:
        self._stack = stack
        self._history = history
        self._url = url
        self._browser_id = browser_id
        self._told = Told(history, "caller")

    async def call(self, effects: int) -> None:
        """Does so many."""
        tab_id, number = 0, 1
        async with self._stack.proxied_client() as client:
            while number <= effects:
                if not tab_id:
                    tab_id = await self._quietly(self._open(client)) or 0
                    continue
                element_id = await self._quietly(self._find(client, tab_id, f"Step {number}"))
                if element_id is None:
                    tab_id = 0
                    continue
                if not element_id:
                    continue
                outcome, code = await self._press(client, tab_id, element_id)
                self._history.add(Kind.CALL, page=CALLER_PAGE, number=number, outcome=outcome, code=code)
                number += 1
                await asyncio.sleep(0.1)

    async def _open(self, client: Client) -> int:
        action = action_pb2.Action(open_tab=action_pb2.OpenTabAction(url=self._url))
        return (await client.act(action, browser_id=self._browser_id)).result.current_tab_id

    async def _press(self, client: Client, tab_id: int, element_id: int) -> tuple[str, str]:
        action = action_pb2.Action(click=action_pb2.ClickAction(element_id=element_id))
        try:
            async with asyncio.timeout(CALL_S):
                result = (await client.act(action, tab_id, browser_id=self._browser_id)).result
        except TimeoutError:
            return "unanswered", ""
        except TabwireError as error:
            return "error", code_name(error.code)
        return outcome_of(result), code_name(result.error_info.error_code)

    async def _find(self, client: Client, tab_id: int, name: str) -> int:
        """The element of that name; 0 if the page does not show it now. LookupError if there is no such tab."""
        options = state_pb2.StateRequest(max_elements=300, include_text=True)
        state = (await client.get_page_state(tab_id, browser_id=self._browser_id, options=options)).page_state
        if state.error_info.error_code == error_pb2.ERROR_CODE_TAB_NOT_FOUND:
            raise LookupError
        return next((one.id for one in state.actionable_elements if one.name == name), 0)

    async def _quietly(self, work: Coroutine[Any, Any, int]) -> int | None:
        """What it gives; 0 if it could not just now, None if there is no such tab."""
        try:
            async with asyncio.timeout(CALL_S):
                return await work
        except LookupError:
            return None
        except TabwireError as error:
            if error.code == error_pb2.ERROR_CODE_TAB_NOT_FOUND:
                return None
            self._told(error)
        except TimeoutError:
            pass
        await asyncio.sleep(0.2)
        return 0


def outcome_of(result: action_pb2.ActionResult) -> str:
    """In the words of the history."""
    if result.status == action_pb2.ACTION_STATUS_SUCCEEDED:
        return "done"
    return "cancelled" if result.status == action_pb2.ACTION_STATUS_CANCELLED else "failed"


def code_name(code: error_pb2.ErrorCode.ValueType) -> str:
    """A code's name; empty if there is none."""
    return error_pb2.ErrorCode.Name(code).removeprefix("ERROR_CODE_") if code else ""


def digest(event: task_pb2.TaskEvent) -> str:
    """What tells an event from another."""
    return sha256(event.SerializeToString(deterministic=True)).hexdigest()[:16]
