"""`make fuzz`: so many cases against the real server behind the real Envoy, and between them attacks on connections.

    python -m fuzz.run --cases 100000 --seed 7        all of them, with a report
    python -m fuzz.run --seed 7 --only 4711           one case again, with what came back

Ends with 1 if anything was wrong. What a case is told by its number and the seed, so each can be sent again.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from fuzz.attacks import attack
from fuzz.cases import METHODS, Carrier, Case, case, frame_of
from fuzz.drive import Driver, Tally
from fuzz.house import MOST_DATABASE_HANDLES, UNLIMITED, Census, House
from fuzz.report import summary, write_docs
from integration.rpc.harness import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# What is new in a process that has just started (imports, caches, pools) is no leak: it is let come first.
_WARM_UP = 2_000
_EVERY = 2_500
_ATTACKS_PER_CASES = 250
# What the census may differ by after everything has settled.
_MORE_TASKS, _MORE_HANDLES = 12, 16
_MORE_SERVER_BYTES, _MORE_ENVOY_BYTES = 48 * 2**20, 24 * 2**20


@dataclass
class Run:
    """A run and what came of it."""

    seed: int
    tally: Tally = field(default_factory=Tally)
    before: Census | None = None
    after: Census | None = None
    took_s: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def all_problems(self) -> list[str]:
        """Everything that was wrong."""
        return [*self.tally.problems, *self.problems]


async def fuzz(house: House, seed: int, count: int, *, tells: bool = False) -> Run:
    """Sends the cases 0 … count-1, looks in between whether everybody is served, and at the end for what has leaked."""
    run = Run(seed)
    driver = Driver(house, run.tally)
    pids, started, told = house.pids, time.monotonic(), 0
    warm = min(_WARM_UP, count // 3)
    for first, last in _portions(count, warm):
        attacks = asyncio.create_task(
            _attacks(house, run, Random(f"{seed}:{first}"), (last - first) // _ATTACKS_PER_CASES + 1)
        )
        await driver.run(case(seed, number) for number in range(first, last))
        await attacks
        await _served(house, driver, run)
        run.problems += house.alive()
        if house.pids != pids or house.alive():
            break
        await house.open_link()
        if last == warm:
            run.before = await settled(house)
        if tells:
            print(f"{last} cases, {len(run.all_problems)} problems, {time.monotonic() - started:.0f} s", flush=True)
            for problem in run.all_problems[told:]:
                print(f"  {problem}", flush=True)
            told = len(run.all_problems)
    if not house.alive():
        run.after = await settled(house, run.before)
        assert run.before is not None
        run.problems += leaks(run.before, run.after)
    run.problems += [f"the server's log: {fault}" for fault in house.faults()]
    run.took_s = time.monotonic() - started
    return run


def _portions(count: int, warm: int) -> Iterator[tuple[int, int]]:
    yield 0, warm
    for first in range(warm, count, _EVERY):
        yield first, min(first + _EVERY, count)


async def _attacks(house: House, run: Run, random: Random, count: int) -> None:
    for _ in range(count):
        name, wrong = await attack(house, random)
        run.tally.attacks[name] += 1
        if wrong:
            run.problems.append(f"{name}: {wrong}")


async def _served(house: House, driver: Driver, run: Run) -> None:
    """Whether somebody who behaves is served, over each HTTP."""
    who = next(method for method in METHODS if method.name == "WhoAmI")
    for http, carrier in ((1, Carrier.WEB), (2, Carrier.NATIVE)):
        asked = Case(-1, "is it served", "", who, http, carrier, frame_of(b""), path_of(who))
        own = Tally()
        answer = await Driver(house, own).one(asked)
        if answer.grpc_status != "0":
            run.problems.append(f"somebody who behaves is not served any more: {own.labels}")


async def settled(house: House, like: Census | None = None) -> Census:
    """What is held once nothing is going on: asked until it is no more than it was, or does not fall any further."""
    await house.settle()
    found = await house.census()
    for _ in range(60):
        await asyncio.sleep(0.5)
        now = await house.census()
        is_calm = now.tasks >= found.tasks and now.server_handles >= found.server_handles
        found = now
        if is_calm and (
            like is None or (now.tasks <= like.tasks + 2 and now.server_handles <= like.server_handles + 4)
        ):
            break
    return found


def leaks(before: Census, after: Census) -> list[str]:
    """What there is more of than can be explained."""
    found = []
    if after.tasks > before.tasks + _MORE_TASKS:
        new = Counter(after.by_name) - Counter(before.by_name)
        found.append(f"tasks of asyncio: {before.tasks} before, {after.tasks} after: {dict(new)}")
    for name, more in (("server_handles", _MORE_HANDLES), ("envoy_handles", _MORE_HANDLES),
                       ("server_bytes", _MORE_SERVER_BYTES), ("envoy_bytes", _MORE_ENVOY_BYTES)):  # fmt: skip
        was, now = getattr(before, name), getattr(after, name)
        if now > was + more:
            found.append(f"{name}: {was} before, {now} after")
    if after.database_handles > MOST_DATABASE_HANDLES:
        found.append(f"database_handles: {after.database_handles}, more than the pool can have")
    return found


async def _again(seed: int, number: int) -> int:
    with tempfile.TemporaryDirectory(prefix="tw-fuzz-") as home:
        async with House(Path(home), **UNLIMITED) as house:
            tally = Tally()
            one = case(seed, number)
            answer = await Driver(house, tally).one(one)
            print(one.told())
            print(f"  body: {house.put(one.body)[:400]!r}")
            print(f"  HTTP {answer.status}, {answer.headers} {answer.trailers}")
            print(f"  {answer.plain_body()[:1000]!r}")
            for problem in (*tally.problems, *house.faults()):
                print(f"  WRONG {problem}")
            return 1 if tally.problems else 0


async def _main(arguments: argparse.Namespace) -> int:
    seed = arguments.seed if arguments.seed is not None else secrets.randbelow(10**6)
    if arguments.only is not None:
        return await _again(seed, arguments.only)
    print(f"seed {seed}, {arguments.cases} cases", flush=True)
    with tempfile.TemporaryDirectory(prefix="tw-fuzz-") as home:
        async with House(Path(home), **UNLIMITED) as house:
            run = await fuzz(house, seed, arguments.cases, tells=True)
    print(summary(run))
    if arguments.write_docs:
        write_docs(run)
    return 1 if run.all_problems else 0


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", type=int, help="the number of a case that is to be sent again")
    parser.add_argument("--write-docs", action="store_true", help="put the figures into docs/fuzzing.md")
    sys.exit(asyncio.run(_main(parser.parse_args())))


if __name__ == "__main__":
    main()
