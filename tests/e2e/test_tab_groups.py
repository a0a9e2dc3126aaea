"""Several tasks at once in one browser: each has its tabs in a group of its own, and none touches another's.

Which tabs are where is read from Chrome itself; what was done, from the pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from doubles.scripted_model import decide, done
from e2e.stack import PANEL_URL, until
from e2e.tab_numbers import Numbers
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from doubles.scripted_model import Request
    from e2e.agent import Agent
    from e2e.page_server import PageServer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

_GROUPS = """async () => {
  const groups = await chrome.tabGroups.query({});
  const tabs = await chrome.tabs.query({});
  const idsIn = (group) => tabs.filter((tab) => tab.groupId === group).map((tab) => tab.id);
  return groups.map(({ id, title }) => ({ title, tabs: idsIn(id) }));
}"""


async def _groups(agent: Agent) -> dict[str, set[int]]:
    """Chrome's tab groups: the numbers of their tabs by their titles."""
    own = await agent.context.new_page()
    try:
        await own.goto(PANEL_URL)
        found: list[dict[str, Any]] = await own.evaluate(_GROUPS)
        numbers = await Numbers.of(own)
    finally:
        await own.close()
    return {group["title"]: {numbers.told(tab) for tab in group["tabs"]} for group in found}


def _stepper(steps: int, other_tab: dict[str, int], refusals: list[str]) -> Any:
    """A model for several tasks at once: each presses its page's steps in order, tries the other's tab in between, and
    opens a tab of its own."""

    def answer(request: Request) -> Any:
        name = "Ann" if "task of Ann" in request["messages"][1]["content"] else "Bob"
        pressed = sum(1 for one in request["messages"] if one["role"] == "assistant")
        if pressed == 2 and name in other_tab:
            return decide(switch_tab={"tab_id": other_tab[name]})
        if pressed == 3:
            refusals.append(request.last)
        number = pressed + 1 if pressed < 2 else pressed
        if number <= steps:
            return decide(click={"element_id": request.element(f'button "Step {number}"')})
        if number == steps + 1:
            return decide(open_tab={"url": f"{other_tab['second']}?{name}"})
        return done()(request)

    return answer


async def test_two_tasks_work_at_once_in_groups_of_their_own(agent: Agent, pages: PageServer) -> None:
    steps, refusals = 5, list[str]()
    urls = {"Ann": pages.fresh("chain/steps.html"), "Bob": pages.fresh("chain/steps.html")}
    other: dict[str, Any] = {"second": pages.url("chain/second.html")}
    agent.will(then=_stepper(steps, other, refusals))
    agent.model.hold()
    tasks = {name: await agent.client.create_task(f"task of {name}", start_url=url) for name, url in urls.items()}

    async def both_at_work() -> bool:
        return len({request["messages"][1]["content"] for request in agent.model.requests}) == 2

    await until(both_at_work, "both tasks to have asked their model", 60)
    running = {name: await agent.client.get_task(task.task_id) for name, task in tasks.items()}
    assert {task.state for task in running.values()} == {task_pb2.TASK_STATE_RUNNING}, "they work at the same time"
    other |= {"Ann": running["Bob"].tab_id, "Bob": running["Ann"].tab_id}
    groups = await _groups(agent)
    for name, task in running.items():
        assert groups[f"task of {name}"] == set(task.tab_ids), groups
    agent.model.release.set()
    ended = {name: await agent.succeeded(task.task_id) for name, task in tasks.items()}
    assert len(refusals) == 2
    assert all("Another task works in tab" in told for told in refusals), refusals
    groups = await _groups(agent)
    assert not set(ended["Ann"].tab_ids) & set(ended["Bob"].tab_ids)
    for name, task in ended.items():
        assert len(task.tab_ids) == 2, "its own, and the one it opened"
        assert groups[f"task of {name}"] == set(task.tab_ids), groups
    for name, url in urls.items():
        assert await agent.truth(url, "truth.presses") == list(range(1, steps + 1)), (
            f"each step once, in order, by {name}"
        )


async def test_a_follow_up_goes_on_in_the_same_tabs_with_what_was_said(agent: Agent, pages: PageServer) -> None:
    url = pages.fresh("chain/actions.html")
    agent.will(
        lambda request: decide(
            {"click": {"element_id": request.element('button "Add to cart"')}}, memory="the cart holds a stapler"
        ),
        done("Total is $7.00, the cart holds it."),
    )
    first = await agent.client.create_task("buy the first one", start_url=url)
    before = await agent.succeeded(first.task_id)
    agent.will(
        lambda request: decide({"click": {"element_id": request.element('button "Add to cart"')}}),
        done("Total is $10.50 now."),
    )
    second = await agent.client.create_task("one more of it", follows_task_id=first.task_id)
    after = await agent.succeeded(second.task_id)
    assert list(after.tab_ids) == list(before.tab_ids)
    told = agent.model.requests[0].whole
    assert told.index("buy the first one") < told.index("Total is $7.00") < told.index("one more of it")
    assert "the cart holds a stapler" in told
    groups = await _groups(agent)
    holding = [title for title, tabs in groups.items() if set(after.tab_ids) <= tabs]
    assert len(holding) == 1, groups
    assert set(after.tab_ids) == groups[holding[0]]
    assert await agent.truth(url, "truth.clicks") == 2, "the page is the same one, as it was left"
