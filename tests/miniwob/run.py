"""Solves MiniWoB++ tasks through the whole product and prints how many: `make miniwob`.

Starts the product as the end-to-end tests do, with nothing attached to Chromium. The environment's part (opening the
page with a seed, reading the award) is here and in `environment`; solving is in `solvers`, from the page state alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from e2e.stack import ROOT, Stack, unattended
from miniwob.environment import Site, installed_version
from miniwob.page import Page, UnsolvedError
from miniwob.report import Report, Try, markdown
from miniwob.solvers import FURTHER, SOLVERS
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from miniwob.environment import Episode
    from tabwire.client import Client

T = TypeVar("T")

DOCS = ROOT / "docs" / "miniwob.md"
_START_S = 30.0
_SOLVE_S = 60.0
_AWARD_S = 10.0
_LATE_AWARD_S = 0.2


async def _heard(told: Future[T], seconds: float) -> T:
    """Waits for what the page tells the server, without giving up what it may tell later."""
    return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(told)), seconds)


async def _solve(client: Client, tab: int, task: str, episode: Episode) -> tuple[Page, str]:
    """Opens the episode and lets the solver work; what it missed, if it gave up."""
    page = Page(client, tab)
    opened = (await client.act(action_pb2.Action(navigate=action_pb2.NavigateAction(url=episode.url)), tab)).result
    if opened.status != action_pb2.ACTION_STATUS_SUCCEEDED:
        return page, opened.error_info.message
    await _heard(episode.started, _START_S)
    try:
        async with asyncio.timeout(_SOLVE_S):
            await page.look()
            await (SOLVERS | FURTHER)[task](page)
    except (UnsolvedError, TabwireError) as error:
        return page, str(error)
    except TimeoutError:
        return page, f"not solved in {_SOLVE_S:.0f} s"
    except (LookupError, TypeError, ValueError) as error:
        # The solver met what it did not reckon with. Where it stumbled is what is of interest.
        place = traceback.extract_tb(error.__traceback__)[-1]
        return page, f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})"
    return page, ""


async def play(client: Client, tab: int, site: Site, task: str, seed: int) -> Try:
    """One try at one task."""
    episode = site.episode(task, seed)
    begun = time.perf_counter()
    page, missed = await _solve(client, tab, task, episode)
    seconds = time.perf_counter() - begun
    try:
        award = await _heard(episode.award, _AWARD_S if not missed else _LATE_AWARD_S)
    except TimeoutError:
        return Try(seed, 0, page.actions, seconds, in_time=False, missed=missed or "the page awarded nothing")
    if not missed and award.reward < 1:
        missed = f"the page awarded {award.reward:g}"
    return Try(seed, award.reward, page.actions, seconds, in_time=award.elapsed_s <= award.limit_s, missed=missed)


async def _tab(client: Client, *, background: bool) -> int:
    """The tab to play in: the one that is shown, or one behind it, whose timers the browser slows down."""
    if background:
        opened = await client.act(action_pb2.Action(open_tab=action_pb2.OpenTabAction()))
        return opened.result.current_tab_id
    return next(tab.tab_id for tab in (await client.list_tabs()).tabs if tab.is_active)


async def run(
    stack: Stack, tasks: Sequence[str], seeds: int, *, keep_going: bool = True, background: bool = False
) -> Report:
    """Plays all tasks one after the other in one tab."""
    site = Site()
    report = Report(version=installed_version() or "")
    try:
        async with stack.client() as client:
            tab = await _tab(client, background=background)
            for task in tasks:
                row = report.begin(task)
                for seed in range(seeds):
                    row.tries.append(await play(client, tab, site, task, seed))
                print(row.line(), flush=True)
                if not keep_going and not row.solved_all:
                    print("Stopped at the first task that is not solved; --keep-going tries the others as well.")
                    break
            if background:
                await client.act(action_pb2.Action(close_tab=action_pb2.CloseTabAction(tab_id=tab)), tab)
    finally:
        site.close()
    return report


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--tasks", help="only these, with commas between them", default="")
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0 to N-1 of each task (default 5)")
    parser.add_argument("--keep-going", action="store_true", help="go on after a task that is not solved")
    parser.add_argument("--further", action="store_true", help="the tasks that are not on the list")
    parser.add_argument("--background", action="store_true", help="play in a tab that is not shown")
    parser.add_argument("--out", type=Path, help="write every try as JSON")
    parser.add_argument("--write-docs", action="store_true", help=f"write the table to {DOCS.relative_to(ROOT)}")
    given = parser.parse_args()
    given.tasks = given.tasks.split(",") if given.tasks else list(FURTHER if given.further else SOLVERS)
    unknown = [task for task in given.tasks if task not in SOLVERS | FURTHER]
    if unknown:
        parser.error(f"no such task: {', '.join(unknown)}")
    if given.write_docs and (given.tasks != list(SOLVERS) or given.background):
        parser.error("--write-docs is for the whole list in the shown tab")
    return given


async def main() -> int:
    """Runs the benchmark; 0 only if every task was solved with every seed, and all tasks were tried."""
    given = _arguments()
    if installed_version() is None:
        print("The pages are missing: pip install --no-deps miniwob==1.1.0", file=sys.stderr)
        return 2
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), {"TABWIRE_BROWSER_ARGS": ""})
        stack.policy = unattended()  # the pages' "Send" and "Delete" are games
        await stack.start()
        try:
            report = await run(
                stack, given.tasks, given.seeds, keep_going=given.keep_going, background=given.background
            )
        finally:
            await stack.stop()
    report.seconds = time.perf_counter() - begun
    print(report.summary())
    if given.out:
        given.out.write_text(json.dumps(report.as_json(), indent=1) + "\n", encoding="utf-8")
    if given.write_docs:
        DOCS.write_text(markdown(report), encoding="utf-8")
    return 0 if report.solved_all and len(report.rows) == len(given.tasks) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
