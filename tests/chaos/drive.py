"""One run: starts the product, gives it a task, breaks what the plan says while it works, and records the history.

Beside the task: a watcher, a caller that acts in a tab of its own, and a person who lets a task in doubt go on. What
the history means is left to `checker.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chaos.effects import EffectServer
from chaos.faults import carry_out
from chaos.history import History, Kind
from chaos.house import HEARTBEAT_MS, ChaosStack
from chaos.plan import Fault, Workload
from doubles.scripted_model import Reply, ScriptedModel, decide, done
from tabwire.client.client import ENDED
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from chaos.plan import Plan
    from doubles.scripted_model import Request
    from tabwire.client import Client

_RUN_S = 360.0
_CALL_S = 15.0
_MOMENT_S = 0.02
_TASK_PAGE = "task"
_CALLER_PAGE = "caller"
_NUMBER = re.compile(r"Step (\d+)")


async def run(plan: Plan, home: Path, *, heartbeat_ms: int = HEARTBEAT_MS) -> History:
    """Carries a plan out in a product of its own."""
    history = History()
    history.add(Kind.PLAN, **plan.as_entry(), heartbeat_ms=heartbeat_ms)
    loop = asyncio.get_running_loop()

    def counted(page: str, number: int, press: str) -> None:
        loop.call_soon_threadsafe(lambda: history.add(Kind.EFFECT, page=page, number=number, press=press))

    with EffectServer(counted, total=plan.effects) as pages, ScriptedModel(then=_model(plan, pages)) as model:
        env = {"TABWIRE_MODEL": "scripted", "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "no secret"}
        stack = ChaosStack(home, {**env, "TABWIRE_HEARTBEAT_MS": str(heartbeat_ms)})
        try:
            await stack.prepare(moves_clock=any(one.fault is Fault.CLOCK_JUMPED for one in plan.faults))
            await stack.start()
            await _Run(plan, stack, pages, history).drive()
        finally:
            await stack.dismantle()
    return history


def _model(plan: Plan, pages: EffectServer) -> Callable[[Request], Any]:
    """A double that knows only what it is shown: it presses the button after the last that the page says is done."""

    def answer(request: Request) -> Reply | dict[str, Any]:
        last = request.last
        if "cannot be seen" in last or "Effects of task" not in request.whole:
            return decide(open_tab={"url": pages.url(_TASK_PAGE)}, goal="open the page")
        number = int(re.findall(r"Done so far (\d+)", request.whole)[-1])
        if number >= plan.effects:
            return done(f"{number} done")
        wanted = f"Step {number + 1}"
        # Alone it is `[7] button "Step 3"`, in a table of alike ones `7 "Step 3"`.
        element_id = int(re.findall(rf'(\d+)\]? (?:button )?"{wanted}"', request.whole)[-1])
        return decide(click={"element_id": element_id}, goal=f"press {wanted}")

    return answer


class _Run:
    """What goes on at the same time in one run."""

    def __init__(self, plan: Plan, stack: ChaosStack, pages: EffectServer, history: History) -> None:
        self._plan = plan
        self._stack = stack
        self._pages = pages
        self._history = history
        self._ended = asyncio.Event()
        self._task_id = ""

    async def drive(self) -> None:
        """To the end of the task, or of the patience."""
        await self._create()
        beside = [asyncio.create_task(part) for part in (self._watch(), self._call(), self._person())]
        try:
            async with asyncio.timeout(_RUN_S):
                for index in range(len(self._plan.faults)):
                    await self._break(index)
                await self._ended.wait()
                # The watcher may still be on its way to the last events.
                await beside[0]
        except TimeoutError:
            self._history.add(Kind.GAVE_UP, what=f"task {self._task_id} had not ended after {_RUN_S:.0f} s")
        finally:
            for part in beside:
                part.cancel()
            for error in await asyncio.gather(*beside, return_exceptions=True):
                if isinstance(error, Exception):
                    self._history.add(Kind.GAVE_UP, what=f"the run itself failed: {error!r}")
        await self._conclude()

    async def _create(self) -> None:
        """Gives the task, twice with the same key: the second time as one who never got the first answer."""
        key = f"chaos-{self._plan.seed}"
        by_model = self._plan.workload is Workload.MODEL
        prompt = "\n".join(f'click "Step {number}"' for number in range(1, self._plan.effects + 1))
        fields: dict[str, Any] = {
            "start_url": self._pages.url(_TASK_PAGE),
            "decider": task_pb2.DECIDER_MODEL if by_model else task_pb2.DECIDER_COMMANDS,
            "limits": task_pb2.TaskLimits(max_steps=1_000, max_seconds=3_000),
            "max_retries": 20,
            "idempotency_key": key,
        }
        for _ in range(2):
            async with self._stack.client() as client:
                task = await client.create_task("press every button, in order" if by_model else prompt, **fields)
                self._task_id = task.task_id
                self._history.add(Kind.ACCEPTED, key=key, task_id=task.task_id)

    def _count(self) -> int:
        return self._history.effects[_TASK_PAGE]

    async def _break(self, index: int) -> None:
        planned = self._plan.faults[index]
        goal = self._count() + planned.after_effects
        await until_true(lambda: self._count() >= goal or self._ended.is_set())
        await asyncio.sleep(planned.delay_ms / 1000)
        if self._ended.is_set():
            return
        self._history.add(Kind.FAULT, index=index, name=planned.fault, phase="began")
        await carry_out(self._stack, planned)
        self._history.add(Kind.FAULT, index=index, name=planned.fault, phase="over")

    async def _watch(self) -> None:
        """Follows the journal through the bad connection, until the end of the task."""
        async with self._stack.proxied_client() as client:
            seen = 0
            while True:
                try:
                    async for event in client.watch_task(self._task_id, after_seq=seen):
                        seen = event.seq
                        self._history.add(
                            Kind.SEEN, watcher="watcher", task_id=self._task_id, seq=seen, digest=_digest(event)
                        )
                        if event.state_changed.to in ENDED:
                            self._ended.set()
                except TabwireError:
                    await asyncio.sleep(_MOMENT_S)
                else:
                    return

    async def _person(self) -> None:
        """Lets a task in doubt go on: it takes the effect for done, as a person does who only wants to get on."""
        while True:
            with contextlib.suppress(TabwireError, TimeoutError, OSError):
                async with self._stack.client() as client, asyncio.timeout(_CALL_S):
                    while True:
                        task = await client.get_task(self._task_id)
                        if task.state in ENDED:
                            self._ended.set()
                            return
                        if task.state == task_pb2.TASK_STATE_NEEDS_ATTENTION:
                            self._history.add(Kind.PERSON, task_id=self._task_id, code=_code(task.cause.code))
                            await client.resume_task(self._task_id)
                        await asyncio.sleep(0.2)
            await asyncio.sleep(0.2)

    async def _call(self) -> None:
        """Acts in a tab of its own, one effect after the other, each tried once; the caller notes what it is told."""
        tab_id, number = 0, 1
        async with self._stack.proxied_client() as client:
            while number <= self._plan.effects:
                if not tab_id:
                    tab_id = await _quietly(self._open(client)) or 0
                    continue
                element_id = await _quietly(_find(client, tab_id, f"Step {number}"))
                if element_id is None:
                    tab_id = 0
                    continue
                if not element_id:
                    continue
                outcome, code = await self._press(client, tab_id, element_id)
                self._history.add(Kind.CALL, page=_CALLER_PAGE, number=number, outcome=outcome, code=code)
                number += 1
                await asyncio.sleep(0.1)

    async def _open(self, client: Client) -> int:
        action = action_pb2.Action(open_tab=action_pb2.OpenTabAction(url=self._pages.url(_CALLER_PAGE)))
        return (await client.act(action)).result.current_tab_id

    async def _press(self, client: Client, tab_id: int, element_id: int) -> tuple[str, str]:
        action = action_pb2.Action(click=action_pb2.ClickAction(element_id=element_id))
        try:
            async with asyncio.timeout(_CALL_S):
                result = (await client.act(action, tab_id)).result
        except TimeoutError:
            return "unanswered", ""
        except TabwireError as error:
            return "error", _code(error.code)
        return _outcome(result), _code(result.error_info.error_code)

    async def _conclude(self) -> None:
        """Reads what is there when all is over, straight and not through the proxy."""
        for _ in range(20):
            try:
                async with self._stack.client() as client, asyncio.timeout(_CALL_S):
                    await self._read(client)
            except (TabwireError, TimeoutError):
                await asyncio.sleep(1)
            else:
                return
        self._history.add(Kind.GAVE_UP, what="the server did not answer at the end")

    async def _read(self, client: Client) -> None:
        found: list[dict[str, Any]] = []
        entries: list[dict[str, Any]] = []
        for listed in (await client.list_tasks()).tasks:
            task = await client.get_task(listed.task_id)
            found.append(
                {
                    "task_id": task.task_id,
                    "key": f"chaos-{self._plan.seed}",
                    "page": _TASK_PAGE,
                    "state": task_pb2.TaskState.Name(task.state).removeprefix("TASK_STATE_"),
                    "code": _code(task.cause.code),
                    "message": task.cause.message,
                    "last_seq": task.last_event_seq,
                }
            )
            names = {step.number: step.description for step in task.steps}
            try:
                async with asyncio.timeout(2 if task.state not in ENDED else _CALL_S):
                    await _read_journal(client, task.task_id, names, entries)
            except TimeoutError:
                if task.state in ENDED:
                    raise
        for fields in entries:
            self._history.add(Kind.JOURNAL, **fields)
        for fields in found:
            self._history.add(Kind.TASK, **fields)


async def until_true(check: Callable[[], bool]) -> None:
    """Returns soon after the check holds."""
    while not check():  # noqa: ASYNC110 - what happens is noted by threads and callbacks that know of no event
        await asyncio.sleep(_MOMENT_S / 4)


async def _find(client: Client, tab_id: int, name: str) -> int:
    """The element of that name; 0 if the page does not show it now. Raises TAB_NOT_FOUND if there is no such tab."""
    try:
        options = state_pb2.StateRequest(max_elements=300, include_text=True)
        state = (await client.get_page_state(tab_id, options=options)).page_state
    except TabwireError as error:
        if error.code == error_pb2.ERROR_CODE_TAB_NOT_FOUND:
            raise LookupError from error
        await asyncio.sleep(_MOMENT_S)
        return 0
    if state.error_info.error_code == error_pb2.ERROR_CODE_TAB_NOT_FOUND:
        raise LookupError
    return next((one.id for one in state.actionable_elements if one.name == name), 0)


async def _quietly(work: Coroutine[Any, Any, int]) -> int | None:
    """What it gives; 0 if it could not just now, None if there is no such tab."""
    try:
        async with asyncio.timeout(_CALL_S):
            return await work
    except LookupError:
        return None
    except (TabwireError, TimeoutError):
        await asyncio.sleep(0.2)
        return 0


async def _read_journal(client: Client, task_id: str, names: dict[int, str], entries: list[dict[str, Any]]) -> None:
    """Adds to the entries as they come: the journal of a task that has not ended has no end."""
    async for event in client.watch_task(task_id):
        entries.append(_journal_entry(event, names))  # noqa: PERF401 - what was read before a time-out counts


def _journal_entry(event: task_pb2.TaskEvent, names: dict[int, str]) -> dict[str, Any]:
    kind = event.WhichOneof("kind") or ""
    fields: dict[str, Any] = {
        "task_id": event.task_id,
        "seq": event.seq,
        "digest": _digest(event),
        "event": kind,
    }
    if kind == "action_started":
        fields["action_id"] = event.action_started.action.id
    elif kind == "action_finished":
        result = event.action_finished.result
        named = _NUMBER.search(names.get(event.action_finished.step_number, ""))
        fields |= {
            "action_id": result.original_action_id,
            "number": int(named.group(1)) if named else 0,
            "outcome": _outcome(result),
            "code": _code(result.error_info.error_code),
        }
    return fields


def _outcome(result: action_pb2.ActionResult) -> str:
    if result.status == action_pb2.ACTION_STATUS_SUCCEEDED:
        return "done"
    return "cancelled" if result.status == action_pb2.ACTION_STATUS_CANCELLED else "failed"


def _code(code: error_pb2.ErrorCode.ValueType) -> str:
    return error_pb2.ErrorCode.Name(code).removeprefix("ERROR_CODE_") if code else ""


def _digest(event: task_pb2.TaskEvent) -> str:
    return sha256(event.SerializeToString(deterministic=True)).hexdigest()[:16]
