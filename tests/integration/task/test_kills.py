"""A server is killed after any event of a task, again and again; the next one goes on with the same talk to the model.

Each kind of task runs once in peace. Then servers die, without a last word, after every single event of it, and in a
hundred random chains of deaths. The browser double and the model double are what survives: both count what was asked of
them.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from doubles.browser_double import BrowserDouble, element
from doubles.scripted_model import Request, ScriptedModel, decide, done, on
from integration.task.harness import OWNER, House, house
from tabwire.store.task_store import TaskStore
from tabwire.task.fold import fold
from tabwire.task.lifecycle import ENDED
from tabwire.v1 import task_pb2, task_service_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from tabwire.store.database import Database

DEATHS = 100
_MARK = re.compile(r"page ([0-9a-f]{8})")
_PAGE = re.compile(r"(?:The page now|What changed on the page):\n<page (\w+)>\n.*?\n</page \1>", re.DOTALL)
WAITING = task_pb2.TASK_STATE_WAITING_HUMAN
SUCCEEDED = task_pb2.TASK_STATE_SUCCEEDED


class Mortal(TaskStore):
    """A store whose server dies just after it has written its n-th transaction."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.left = 10**9
        self.written = 0
        self.dead = asyncio.Event()
        self.buried = asyncio.Event()

    async def append(
        self, key: str, task: task_pb2.Task, events: Sequence[task_pb2.TaskEvent], *, epoch: int, now: datetime
    ) -> None:
        if self.dead.is_set():
            raise RuntimeError("a dead server writes nothing")
        await super().append(key, task, events, epoch=epoch, now=now)
        self.written += 1
        self.left -= 1
        if self.left <= 0:
            self.dead.set()
            await self.buried.wait()
            raise RuntimeError("a dead server writes nothing")


@dataclass
class Kind:
    """A kind of task: what it is to do, what the model says, what a person does while it runs."""

    name: str
    text: str
    script: Callable[[], list[Any]] | None = None
    asks_about: frozenset[str] = frozenset()
    fields: dict[str, Any] = field(default_factory=dict)
    ends: task_pb2.TaskState.ValueType = SUCCEEDED


def _buys() -> list[Any]:
    def both(request: Request) -> dict[str, Any]:
        search, go = request.element('textbox "Search"'), request.element('button "Go"')
        return decide({"input_text": {"element_id": search, "text": "x"}}, {"click": {"element_id": go}}, memory="a")

    return [both, "no decision", on('button "Add to cart"'), done("It is bought.")]


def _asks() -> list[Any]:
    return [
        decide(ask_human={"prompt": "Which one?", "options": ["Red", "Blue"]}),
        on('button "Add to cart"'),
        done("It is bought."),
    ]


def _hands_over() -> list[Any]:
    return [decide(hand_over={"prompt": "Log in, please."}), on('button "Go"'), done("It is bought.")]


KINDS = [
    Kind("plain", 'type "stapler" into "Search"\nclick "Go"\nopen tab https://a.test/ then read page'),
    Kind("plain-asks", 'ask "Which one?" then click "Go"'),
    Kind("plain-approved", 'click "Go" then click "Add to cart"', asks_about=frozenset({"click"})),
    Kind("own-tab", "read page", fields={"start_url": "https://a.test/"}),
    Kind("model", "buy it", _buys),
    Kind("model-asks", "buy it", _asks),
    Kind("model-hands-over", "buy it", _hands_over),
    Kind("model-approved", "buy it", _buys, asks_about=frozenset({"click"})),
]


def _browser(kind: Kind) -> BrowserDouble:
    browser = BrowserDouble(pages={"https://a.test/": lambda: [element(1, "text", "Page A")]})
    browser.asks_about = set(kind.asks_about)
    return browser


async def _person(home: House) -> None:
    """Somebody who answers whatever the task asks, until it has ended."""
    request = task_service_pb2.WatchTaskRequest(task_id="t")
    async with contextlib.aclosing(home.manager.watch(OWNER, request)) as responses:
        async for response in responses:
            if not response.event.HasField("human_input_needed"):
                continue
            asked = response.event.human_input_needed.request
            if (await home.get("t")).human_request.request_id != asked.request_id:
                continue
            digest = asked.action_digest
            answer = asked.options[0] if asked.options else "yes"
            await home.answer(
                "t", "" if digest else answer, asked.request_id, approve=bool(digest), action_digest=digest
            )


async def _live(home: Path, browser: BrowserDouble, kind: Kind, endpoint: dict[str, Any], deaths: list[int]) -> House:
    """One server after the other, each of which dies after so many transactions; the last one lives to the end."""
    first = True
    for left in [*deaths, 10**9]:
        async with house(home, browser, store=Mortal, **endpoint) as server:
            store = server.store
            assert isinstance(store, Mortal)
            store.left = left
            if first and await _find(server) is None:
                await server.create(kind.text, task_id="t", **kind.fields)
            first = False
            person = asyncio.ensure_future(_person(server))
            dead = asyncio.ensure_future(store.dead.wait())
            await asyncio.wait([person, dead], return_when=asyncio.FIRST_COMPLETED)
            dead.cancel()
            if not store.dead.is_set():
                await person
                await asyncio.wait([dead])
                return server
            browser.crashed = True
            jobs = [*server.manager.supervisor.jobs, person, dead]
            for job in jobs:
                job.cancel()
            store.buried.set()
            await asyncio.wait(jobs)
        browser.crashed = False
    return server


async def _find(server: House) -> object | None:
    return await server.store.find(OWNER, task_id="t")


@dataclass
class Life:
    """What a task did and what its model was told."""

    task: task_pb2.Task
    events: list[task_pb2.TaskEvent]
    executed: list[tuple[str, str]]
    told: list[list[Any]]
    transactions: int

    @property
    def marks(self) -> set[str]:
        """The marks around what pages say: each task has one of its own, whichever server tells it."""
        return {mark for messages in self.told for mark in _MARK.findall(str(messages))}

    @property
    def paid(self) -> list[list[str]]:
        """What the model was told for each answer, in order, but for the views of the page.

        A server that takes a task up has not seen the page yet, and shows it whole instead of what has changed.
        """
        return [[_bare(str(message["content"])) for message in messages] for messages in self.told]

    @property
    def only_grows(self) -> bool:
        """Whether each talk begins with the one before it, word for word, also over deaths."""
        return all(
            later[: len(earlier)] == earlier for earlier, later in itertools.pairwise(self.told) if later != earlier
        )


def _bare(text: str) -> str:
    return _MARK.sub("page", _PAGE.sub("(page)", text))


async def _run(home: Path, kind: Kind, deaths: list[int]) -> Life:
    browser = _browser(kind)
    script = kind.script() if kind.script is not None else []
    with ScriptedModel(script) as model:
        endpoint = {"model": "scripted", "openai_base_url": model.base_url, "openai_api_key": "key"}
        last = await _live(home, browser, kind, endpoint if script else {}, deaths)
        assert isinstance(last.store, Mortal)
        told = [request["messages"] for request in model.requests]
        written = last.store.written
    async with house(home, browser) as reader:
        task, events = await reader.get("t"), await reader.events("t")
    assert [event.seq for event in events] == list(range(1, len(events) + 1)), "no gap"
    assert fold(events) == task, "the snapshot is the fold of the journal"
    return Life(task, events, list(browser.executed), told, written)


def _compare(life: Life, calm: Life, where: str) -> None:
    assert life.task.state in ENDED, where
    assert life.task.state == calm.task.state, f"{where}: {life.task.cause}"
    assert life.task.result == calm.task.result, where
    assert life.executed == calm.executed, f"{where}: an effect was lost or repeated"
    assert len(life.marks) <= 1, f"{where}: another server told it with another mark"
    assert life.only_grows, f"{where}: what was said was changed"
    assert life.paid == calm.paid, f"{where}: another talk with the model, or an answer paid for twice"
    asked = [
        event.human_input_needed.request.request_id for event in life.events if event.HasField("human_input_needed")
    ]
    assert len(asked) == len(set(asked)), f"{where}: asked twice"
    assert len(life.task.steps) == len(calm.task.steps), where


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_a_death_after_every_event(tmp_path: Path, kind: Kind) -> None:
    calm = await _run(tmp_path / "calm", kind, [])
    assert calm.task.state == kind.ends, calm.task.cause
    for number in range(1, calm.transactions):
        life = await _run(tmp_path / str(number), kind, [number])
        _compare(life, calm, f"{kind.name}, death after transaction {number}")


@pytest.mark.timeout(600)
async def test_a_hundred_deaths_at_random(tmp_path: Path) -> None:
    """The seed is fixed: a failure can be run again. Servers die one after the other, also while they take up."""
    dice = random.Random(20261121)
    deaths, run = 0, 0
    calm = {kind.name: await _run(tmp_path / kind.name, kind, []) for kind in KINDS}
    assert all(calm[kind.name].task.state == kind.ends for kind in KINDS)
    while deaths < DEATHS:
        kind = dice.choice(KINDS)
        chain = [dice.randint(1, 6) for _ in range(dice.randint(2, 6))]
        life = await _run(tmp_path / f"run-{run}", kind, chain)
        _compare(life, calm[kind.name], f"run {run}, {kind.name}, deaths after {chain}")
        deaths, run = deaths + len(chain), run + 1
