"""One run: starts the product, gives it its tasks, breaks what the plan says while they work, and records the history.

Who is there beside the tasks is in `beside.py`. What the history means is left to `checker.py`.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from chaos.beside import CALL_S, CALLER_PAGE, Caller, code_name, digest, look_after, outcome_of, watch
from chaos.effects import EffectServer
from chaos.faults import carry_out
from chaos.history import History, Kind
from chaos.house import HEARTBEAT_MS, ChaosStack
from chaos.plan import Company, Fault, Workload
from doubles.scripted_model import ScriptedModel, decide, done
from tabwire.client.client import ENDED
from tabwire.errors import TabwireError
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chaos.plan import Plan
    from doubles.scripted_model import Request
    from tabwire.client import Client

_RUN_S = 360.0
_MOMENT_S = 0.02
_NUMBER = re.compile(r"Step (\d+)")
_ORDER = "press every button of page"


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

    def answer(request: Request) -> Any:
        page = str(re.findall(rf"{_ORDER} (\w+)", request.whole)[0])
        if "cannot be seen" in request.last or f"Effects of {page}" not in request.whole:
            return decide(open_tab={"url": pages.url(page)}, goal="open the page")
        number = int(re.findall(r"Done so far (\d+)", request.whole)[-1])
        if number >= plan.effects:
            return done(f"The page says: Done so far {number}")
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
        self._tasks: dict[str, str] = {}
        """The tasks' ids, by page."""
        self._ended: dict[str, asyncio.Event] = {}

    async def drive(self) -> None:
        """To the end of the tasks, or of the patience."""
        browsers = [await self._stack.connected()]
        if self._plan.company is Company.TWO_BROWSERS:
            browsers.append(await self._stack.start_second_browser())
        for index, page in enumerate(self._plan.pages):
            await self._create(page, browsers[min(index, len(browsers) - 1)])
        watchers = [
            asyncio.create_task(watch(self._stack, self._history, task_id, self._ended[page]))
            for page, task_id in self._tasks.items()
        ]
        tasks = [(task_id, self._ended[page]) for page, task_id in self._tasks.items()]
        caller = Caller(self._stack, self._history, self._pages.url(CALLER_PAGE), browsers[0])
        beside = [
            *watchers,
            asyncio.create_task(caller.call(self._plan.effects)),
            asyncio.create_task(look_after(self._stack, self._history, tasks)),
        ]
        try:
            async with asyncio.timeout(_RUN_S):
                for index in range(len(self._plan.faults)):
                    await self._break(index)
                # The watchers may still be on their way to the last events.
                await asyncio.gather(*(ended.wait() for ended in self._ended.values()), *watchers)
        except TimeoutError:
            late = [task_id for page, task_id in self._tasks.items() if not self._ended[page].is_set()]
            self._history.add(Kind.GAVE_UP, what=f"not over after {_RUN_S:.0f} s; tasks that had not ended: {late}")
        finally:
            for part in beside:
                part.cancel()
            for error in await asyncio.gather(*beside, return_exceptions=True):
                if isinstance(error, Exception):
                    self._history.add(Kind.GAVE_UP, what=f"the run itself failed: {error!r}")
        await self._conclude()

    async def _create(self, page: str, browser_id: str) -> None:
        """Gives a task, twice with the same key: the second time as one who never got the first answer."""
        key = self._key(page)
        by_model = self._plan.workload is Workload.MODEL
        prompt = "\n".join(f'click "Step {number}"' for number in range(1, self._plan.effects + 1))
        fields: dict[str, Any] = {
            "start_url": self._pages.url(page),
            "browser_id": browser_id,
            "decider": task_pb2.DECIDER_MODEL if by_model else task_pb2.DECIDER_COMMANDS,
            "limits": task_pb2.TaskLimits(max_steps=1_000, max_seconds=3_000),
            "max_retries": 20,
            "idempotency_key": key,
        }
        for _ in range(2):
            async with self._stack.client() as client:
                task = await client.create_task(f"{_ORDER} {page}" if by_model else prompt, **fields)
                self._tasks[page] = task.task_id
                self._ended[page] = asyncio.Event()
                self._history.add(Kind.ACCEPTED, key=key, task_id=task.task_id)

    def _key(self, page: str) -> str:
        return f"chaos-{self._plan.seed}-{page}"

    def _is_over(self) -> bool:
        return all(ended.is_set() for ended in self._ended.values())

    async def _break(self, index: int) -> None:
        planned = self._plan.faults[index]
        goals = {page: self._history.effects[page] + planned.after_effects for page in self._tasks}
        await until_true(lambda: all(self._ended[p].is_set() or self._history.effects[p] >= goals[p] for p in goals))
        await asyncio.sleep(planned.delay_ms / 1000)
        if self._is_over():
            return
        self._history.add(Kind.FAULT, index=index, name=planned.fault, phase="began")
        await carry_out(self._stack, planned)
        self._history.add(Kind.FAULT, index=index, name=planned.fault, phase="over")

    async def _conclude(self) -> None:
        """Reads what is there when all is over, straight and not through the proxy."""
        for _ in range(20):
            try:
                async with self._stack.client() as client, asyncio.timeout(CALL_S):
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
            page = task.start_url.rsplit("/", 1)[-1]
            found.append(
                {
                    "task_id": task.task_id,
                    "key": self._key(page),
                    "page": page,
                    "state": task_pb2.TaskState.Name(task.state).removeprefix("TASK_STATE_"),
                    "code": code_name(task.cause.code),
                    "message": task.cause.message,
                    "last_seq": task.last_event_seq,
                }
            )
            names = {step.number: step.description for step in task.steps}
            try:
                async with asyncio.timeout(2 if task.state not in ENDED else CALL_S):
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


async def _read_journal(client: Client, task_id: str, names: dict[int, str], entries: list[dict[str, Any]]) -> None:
    """Adds to the entries as they come: the journal of a task that has not ended has no end."""
    async for event in client.watch_task(task_id):
        entries.append(_journal_entry(event, names))  # noqa: PERF401 - what was read before a time-out counts


def _journal_entry(event: task_pb2.TaskEvent, names: dict[int, str]) -> dict[str, Any]:
    kind = event.WhichOneof("kind") or ""
    fields: dict[str, Any] = {
        "task_id": event.task_id,
        "seq": event.seq,
        "digest": digest(event),
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
            "outcome": outcome_of(result),
            "code": code_name(result.error_info.error_code),
        }
    return fields
