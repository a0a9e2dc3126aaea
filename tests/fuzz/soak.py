"""`make soak`: the same mixed load for a long time, and whether the memory of server and Envoy stays flat under it.

    python -m fuzz.soak --minutes 30 --seed 7

The load is that of the fuzz, attacks included. Now and then it pauses, everything settles, and what both processes hold
is written down. The first third is for what fills once (caches, pools, the database's pages in memory); over the rest a
line is laid through the samples, as the median of the slopes between any two, which one odd sample cannot bend.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING

from fuzz.attacks import attack
from fuzz.cases import case
from fuzz.drive import Driver, Tally
from fuzz.house import UNLIMITED, House
from fuzz.report import replace_part
from fuzz.run import settled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fuzz.house import Census

_CASES = 1_000
"""How many cases there are between two samples."""
_FEWEST_SAMPLES = 9
_MIB = 2**20


@dataclass(frozen=True)
class Sample:
    """What was held at a moment."""

    at_s: float
    cases: int
    census: Census


@dataclass(frozen=True)
class Measure:
    """One thing that must stay flat: how it is read, and how much it may rise over the samples that count."""

    name: str
    unit: str
    read: Callable[[Census], float]
    may_rise: float
    may_rise_part: float = 0.0


MEASURES = (
    Measure("memory of the server", "MiB", lambda census: census.server_bytes / _MIB, 6, 0.03),
    Measure("memory that Envoy has allocated", "MiB", lambda census: census.envoy_bytes / _MIB, 2, 0.1),
    Measure("objects in the server", "thousand", lambda census: census.objects / 1000, 6),
    Measure("tasks of asyncio in the server", "", lambda census: census.tasks, 6),
    Measure("handles of the server", "", lambda census: census.server_handles, 8),
    Measure("handles of the database", "", lambda census: census.database_handles, 8),
    Measure("handles of Envoy", "", lambda census: census.envoy_handles, 8),
)


@dataclass
class Line:
    """What became of one measure."""

    measure: Measure
    first: float
    last: float
    rise: float
    """By the line through the samples, from the first that counts to the last."""

    @property
    def is_flat(self) -> bool:
        """Whether it rose by no more than it may."""
        return self.rise <= max(self.measure.may_rise, self.measure.may_rise_part * self.first)


@dataclass
class Soak:
    """A soak and what came of it."""

    seed: int
    tally: Tally = field(default_factory=Tally)
    samples: list[Sample] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[Line]:
        """All measures, over the last two thirds of the samples."""
        counted = self.samples[len(self.samples) // 3 :]
        return [_line(measure, counted) for measure in MEASURES]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between any two points."""
    return median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1)


def _line(measure: Measure, samples: Sequence[Sample]) -> Line:
    points = [(sample.at_s, float(measure.read(sample.census))) for sample in samples]
    return Line(measure, points[0][1], points[-1][1], slope(points) * (points[-1][0] - points[0][0]))


async def soak(house: House, seed: int, minutes: float) -> Soak:
    """Loads the house for so long, and samples it."""
    found = Soak(seed)
    driver, pids = Driver(house, found.tally), house.pids
    started, number = time.monotonic(), 0
    while time.monotonic() - started < 60 * minutes or len(found.samples) < _FEWEST_SAMPLES:
        disturbing = asyncio.create_task(_attack(house, found, Random(f"{seed}:{number}")))
        await driver.run(case(seed, at) for at in range(number, number + _CASES))
        await disturbing
        number += _CASES
        if house.pids != pids or house.alive():
            found.problems += house.alive()
            break
        census = await settled(house, found.samples[-1].census if found.samples else None)
        found.samples.append(Sample(time.monotonic() - started, number, census))
        await house.open_link()
        print(_told(found.samples[-1]), flush=True)
    found.problems += found.tally.problems
    found.problems += [f"the server's log: {fault}" for fault in house.faults()]
    found.problems += [
        f"{line.measure.name} rose by {line.rise:.1f} {line.measure.unit}" for line in found.lines() if not line.is_flat
    ]
    return found


async def _attack(house: House, found: Soak, random: Random) -> None:
    name, wrong = await attack(house, random)
    found.tally.attacks[name] += 1
    if wrong:
        found.problems.append(f"{name}: {wrong}")


def _told(sample: Sample) -> str:
    held = ", ".join(f"{one.name} {one.read(sample.census):.1f} {one.unit}".strip() for one in MEASURES)
    return f"{sample.at_s:.0f} s, {sample.cases} cases: {held}"


def table(found: Soak) -> str:
    """The figures for the page."""
    last = found.samples[-1]
    sent = f"{last.cases:,} cases and {found.tally.attacks.total()} attacks in {last.at_s / 60:.0f} minutes"
    lines = [
        f"Seed {found.seed}: {sent}, {len(found.samples)} samples; {len(found.problems)} problems.",
        "",
        "| held when nothing was going on | first sample | a third in | at the end | rise of the line from there |",
        "|---|---|---|---|---|",
    ]
    for line in found.lines():
        unit = line.measure.unit
        first = line.measure.read(found.samples[0].census)
        lines.append(
            f"| {line.measure.name} | {first:.1f} {unit} | {line.first:.1f} {unit} | {line.last:.1f} {unit} "
            f"| {line.rise:+.1f} {unit} |"
        )
    return "\n".join(lines)


async def _main(arguments: argparse.Namespace) -> int:
    seed = arguments.seed if arguments.seed is not None else secrets.randbelow(10**6)
    with tempfile.TemporaryDirectory(prefix="tw-soak-") as home:
        async with House(Path(home), **UNLIMITED) as house:
            found = await soak(house, seed, arguments.minutes)
    print(table(found))
    for problem in found.problems[:40]:
        print(f"  {problem}")
    if arguments.write_docs:
        replace_part("soak", table(found))
    return 1 if found.problems else 0


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--write-docs", action="store_true", help="put the figures into docs/fuzzing.md")
    sys.exit(asyncio.run(_main(parser.parse_args())))


if __name__ == "__main__":
    main()
