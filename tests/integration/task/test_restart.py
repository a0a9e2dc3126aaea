"""The server dies at every event of a task's journal, just before and just after it is written; another one goes on.

Nothing may be done twice or under another id, no recorded answer of the model may be asked for again, and the journal
stays without gaps. The browser double plays the part that survives: it keeps what it has done.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from doubles.browser_double import BrowserDouble, element
from doubles.scripted_model import Request, ScriptedModel, decide, done, on
from integration.task.harness import OWNER, House, house
from tabwire.errors import TabwireError
from tabwire.store.task_store import TaskStore
from tabwire.task.fold import fold
from tabwire.v1 import error_pb2, task_pb2, task_service_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from tabwire.store.database import Database

COMMANDS = 'type "stapler" into "Search"\nask "Which one?"\nclick "Go"\nopen tab https://a.test/ then read page'


def _browser() -> BrowserDouble:
    return BrowserDouble(pages={"https://a.test/": lambda: [element(1, "text", "Page A")]})


def _script() -> list[Any]:
    def both(request: Request) -> dict[str, Any]:
        search, go = request.element('textbox "Search"'), request.element('button "Go"')
        return decide({"input_text": {"element_id": search, "text": "x"}}, {"click": {"element_id": go}}, memory="a")

    return [
        both,
        "no decision",
        decide(ask_human={"prompt": "Which one?"}),
        on('button "Add to cart"'),
        done("Bought."),
    ]


class Mortal(TaskStore):
    """A store whose server dies when it writes a certain event."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.dies_at = 0
        self.before = False
        self.dead = asyncio.Event()
        self.buried = asyncio.Event()
        self.written: list[task_pb2.TaskEvent] = []

    async def append(
        self, key: str, task: task_pb2.Task, events: Sequence[task_pb2.TaskEvent], *, epoch: int, now: datetime
    ) -> None:
        if self.dead.is_set():
            raise RuntimeError("a dead server writes nothing")
        dying = any(event.seq == self.dies_at for event in events)
        if not (dying and self.before):
            await super().append(key, task, events, epoch=epoch, now=now)
            self.written.append(events[-1])
        if dying:
            self.dead.set()
            await self.buried.wait()
            raise RuntimeError("a dead server writes nothing")


@contextlib.asynccontextmanager
async def _doomed(home: Path, browser: BrowserDouble, at: int, *, before: bool, **fields: Any) -> AsyncIterator[House]:
    """A house whose server dies at an event, without any of the last words of an orderly stop."""
    async with house(home, browser, store=Mortal, **fields) as doomed:
        assert isinstance(doomed.store, Mortal)
        doomed.store.dies_at, doomed.store.before = at, before
        yield doomed
        browser.crashed = True
        doomed.store.dead.set()
        jobs = list(doomed.manager.supervisor.jobs)
        for job in jobs:
            job.cancel()
        doomed.store.buried.set()
        if jobs:
            await asyncio.wait(jobs)
    browser.crashed = False


async def _answering(home: House, task_id: str) -> None:
    """The person answers whenever the task asks, until it has ended."""
    request = task_service_pb2.WatchTaskRequest(task_id=task_id)
    async with contextlib.aclosing(home.manager.watch(OWNER, request)) as responses:
        async for response in responses:
            event = response.event
            if event.HasField("human_input_needed"):
                asked = (await home.get(task_id)).human_request.request_id
                if asked == event.human_input_needed.request.request_id:
                    await home.answer(task_id, "The red one")


async def _whole(home: Path, browser: BrowserDouble, text: str, **fields: Any) -> list[task_pb2.TaskEvent]:
    """Runs a task in peace. Returns the last event of each transaction: a server can only die between these."""
    async with house(home, browser, store=Mortal, **fields) as calm:
        assert isinstance(calm.store, Mortal)
        await calm.create(text, task_id="t")
        await _answering(calm, "t")
        assert (await calm.get("t")).state == task_pb2.TASK_STATE_SUCCEEDED, (await calm.get("t")).cause
        return calm.store.written


async def _with_death(
    home: Path, browser: BrowserDouble, text: str, at: int, *, before: bool, **fields: Any
) -> task_pb2.Task:
    async with _doomed(home, browser, at, before=before, **fields) as doomed:
        assert isinstance(doomed.store, Mortal)
        await doomed.create(text, task_id="t")
        answering = asyncio.ensure_future(_answering(doomed, "t"))
        await doomed.store.dead.wait()
        answering.cancel()
    await asyncio.wait([answering])
    async with house(home, browser, **fields) as heir:
        await _answering(heir, "t")
        ended = await heir.get("t")
        events = await heir.events("t")
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert fold(events) == ended
        return ended


@pytest.mark.timeout(300)
async def test_a_task_of_plain_commands_survives_a_death_at_every_event(tmp_path: Path) -> None:
    calm = _browser()
    for event in await _whole(tmp_path / "calm", calm, COMMANDS):
        for before in (True, False):
            browser = _browser()
            ended = await _with_death(tmp_path / f"{event.seq}-{before}", browser, COMMANDS, event.seq, before=before)
            where = f"death {'before' if before else 'after'} event {event.seq}, {event.WhichOneof('kind')}"
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, f"{where}: {ended.cause}"
            assert ended.result == "Page A", where
            assert browser.executed == calm.executed, where
            assert set(browser.received) == set(calm.received), f"{where}: no action under another id"
            assert len(ended.steps) == 5, where


@pytest.mark.timeout(300)
async def test_a_task_of_a_model_survives_a_death_at_every_event(tmp_path: Path) -> None:
    calm = _browser()
    with ScriptedModel(_script()) as model:
        endpoint = {"model": "scripted", "openai_base_url": model.base_url}
        events = await _whole(tmp_path / "calm", calm, "buy it", **endpoint)
        paid = model.calls
    answered = 0
    for event in events:
        kind = event.WhichOneof("kind")
        for before in (True, False):
            browser = _browser()
            where = f"death {'before' if before else 'after'} event {event.seq}, {kind}"
            script = _script()
            # What was never written was never known: this one answer has to be asked for again.
            lost = before and kind == "model_reply"
            if lost:
                script.insert(answered, script[answered])
            with ScriptedModel(script) as model:
                endpoint = {"model": "scripted", "openai_base_url": model.base_url}
                home = tmp_path / f"{event.seq}-{before}"
                ended = await _with_death(home, browser, "buy it", event.seq, before=before, **endpoint)
                assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, f"{where}: {ended.cause}"
                assert ended.result == "Bought.", where
                assert browser.executed == calm.executed, where
                assert set(browser.received) == set(calm.received), f"{where}: no action under another id"
                assert model.calls == paid + lost, where
        answered += kind == "model_reply"


async def test_an_orderly_stop_in_the_middle_of_an_action(tmp_path: Path) -> None:
    browser = _browser()
    reached, _ = browser.holding("click")
    async with house(tmp_path, browser) as first:
        task = await first.create('click "Go" then read "Total"')
        await reached.wait()
    # The server that stopped has cancelled the click, so it had no effect; the next one does it anew.
    assert browser.cancelled == [f"{task.task_id}/1/0"]
    browser.hold.clear()
    async with house(tmp_path, browser) as second:
        ended = await second.ended(task.task_id)
        assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
        assert browser.executed == [("click", f"{task.task_id}/1/0/x"), ("read_text", f"{task.task_id}/2/0")]


@pytest.mark.parametrize("state", ["paused", "asking", "waiting", "stopping"])
async def test_a_waiting_task_waits_on_after_a_restart(tmp_path: Path, state: str) -> None:
    browser = _browser()
    async with house(tmp_path, browser) as first:
        if state == "waiting":
            browser.disconnect()
        task = await first.create('ask "Really?" then click "Go"')
        task_id = task.task_id
        if state == "waiting":
            await first.in_state(task_id, task_pb2.TASK_STATE_WAITING_BROWSER)
        else:
            await first.in_state(task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
        if state == "paused":
            await first.pause(task_id)
        if state == "stopping":
            await first.stop(task_id)
    browser.disconnect()
    async with house(tmp_path, browser) as second:
        if state == "stopping":
            assert (await second.ended(task_id)).state == task_pb2.TASK_STATE_STOPPED
            return
        if state == "paused":
            assert (await second.get(task_id)).state == task_pb2.TASK_STATE_PAUSED
            await second.resume(task_id)
        if state == "waiting":
            await second.in_state(task_id, task_pb2.TASK_STATE_WAITING_BROWSER)
            browser.connect()
            await second.in_state(task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
        await second.answer(task_id, "yes")
        browser.connect()
        ended = await second.ended(task_id)
        assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
        asked = [one.human_input_needed for one in await second.events(task_id) if one.HasField("human_input_needed")]
        assert len({needed.request.request_id for needed in asked}) == 1, "the question is asked once"
        assert len(asked) == (2 if state == "paused" else 1), "a pause gives the person the whole time again"


async def test_each_server_takes_a_task_up_with_a_higher_epoch(tmp_path: Path) -> None:
    browser = _browser()
    browser.disconnect()
    async with house(tmp_path, browser) as first:
        task = await first.create('click "Go"')
    for expected in (2, 3):
        async with house(tmp_path, browser) as next_one:
            stored = await next_one.store.find("local", task_id=task.task_id)
            assert stored is not None
            assert stored.epoch == expected


async def test_a_server_that_lost_a_task_can_write_no_more(tmp_path: Path) -> None:
    browser = _browser()
    reached, go_on = browser.holding("click")
    async with house(tmp_path, browser) as old:
        task = await old.create('click "Go" then click "Go"')
        await reached.wait()
        async with house(tmp_path, browser) as new:
            go_on.set()
            ended = await new.ended(task.task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
            events = await new.events(task.task_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [action_id for _, action_id in browser.executed] == [f"{task.task_id}/1/0", f"{task.task_id}/2/0"]


async def test_what_a_reloaded_extension_has_forgotten_is_not_done_again(tmp_path: Path) -> None:
    """The server dies with a click under way, and the extension is loaded anew: the tab is there, the record is not."""
    browser = _browser()
    reached, _ = browser.holding("click")
    async with house(tmp_path, browser) as first:
        task = await first.create('click "Go"')
        await reached.wait()
        browser.crashed = True
    browser.crashed = False
    browser.hold.clear()
    browser.forget()
    async with house(tmp_path, browser) as second:
        doubt = await second.in_state(task.task_id, task_pb2.TASK_STATE_NEEDS_ATTENTION)
        assert doubt.cause.code == error_pb2.ERROR_CODE_OUTCOME_UNKNOWN
        assert browser.executed == []


@pytest.mark.parametrize("restart", [True, False])
async def test_what_was_never_sent_is_done_by_whichever_browser_comes_back(tmp_path: Path, restart: bool) -> None:
    """The browser goes when its journal is noted and the click not yet sent; the extension is loaded anew meanwhile."""
    browser = _browser()
    browser.disconnect_before = "click"
    async with house(tmp_path, browser) as first:
        task = await first.create('read page\nclick "Go"')
        await first.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_BROWSER)
        noted = [
            event.action_started.journal_id for event in await first.events(task.task_id) if _starts(event, "click")
        ]
        assert noted == ["journal-1", ""], "it was to go to that journal, and did not"
        browser.disconnect_before = ""
        browser.forget()
        if restart:
            browser.crashed = True
        else:
            browser.connect()
            await first.ended(task.task_id)
    browser.crashed = False
    browser.connect()
    async with house(tmp_path, browser) as second:
        done = await second.ended(task.task_id)
        assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
        assert [kind for kind, _ in browser.executed] == ["read_text", "click"]
        events = await second.events(task.task_id)
        noted = [event.action_started.journal_id for event in events if _starts(event, "click")]
        assert noted == ["journal-1", "", "journal-2"]


def _starts(event: task_pb2.TaskEvent, kind: str) -> bool:
    return event.HasField("action_started") and event.action_started.action.WhichOneof("kind") == kind


@pytest.mark.parametrize("whereabouts", ["stays", "away"])
async def test_an_answer_that_did_not_come_in_time_is_asked_for(tmp_path: Path, whereabouts: str) -> None:
    """The click is done, and its answer is lost: in time, because the browser is away, or because the link is slow."""
    browser = _browser()
    browser.lose_answers["click"] = whereabouts
    async with house(tmp_path, browser) as home:
        task = await home.create('click "Go" then read "Total"')
        if whereabouts == "away":
            await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_BROWSER)
            browser.connect()
        done = await home.ended(task.task_id)
        assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
    assert browser.received == [f"{task.task_id}/1/0", f"{task.task_id}/1/0", f"{task.task_id}/2/0"]
    assert browser.executed == [("click", f"{task.task_id}/1/0"), ("read_text", f"{task.task_id}/2/0")]


async def test_an_answer_that_never_comes_is_left_to_the_person(tmp_path: Path) -> None:
    browser = _browser()
    unanswered = TabwireError(error_pb2.ERROR_CODE_DEADLINE_EXCEEDED, "The browser did not answer within 30 seconds.")
    browser.fail["click"] = [unanswered, unanswered]
    async with house(tmp_path, browser) as home:
        task = await home.create('click "Go"')
        doubt = await home.in_state(task.task_id, task_pb2.TASK_STATE_NEEDS_ATTENTION)
        assert doubt.cause.code == error_pb2.ERROR_CODE_OUTCOME_UNKNOWN
    assert len(browser.received) == 2


async def test_what_a_browser_has_forgotten_while_it_was_away_is_not_done_again(tmp_path: Path) -> None:
    browser = _browser()
    browser.lose_answers["click"] = "away"
    async with house(tmp_path, browser) as home:
        task = await home.create('click "Go"')
        await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_BROWSER)
        browser.forget()
        browser.connect()
        doubt = await home.in_state(task.task_id, task_pb2.TASK_STATE_NEEDS_ATTENTION)
        assert doubt.cause.code == error_pb2.ERROR_CODE_OUTCOME_UNKNOWN
    assert len(browser.executed) == 1
