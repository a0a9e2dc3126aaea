"""What a run does, drawn from its seed: the workload, and which faults come after how many effects. Pure.

The plan is the same for the same seed, everywhere. What follows from it is not: processes, networks and Chromium take
their own time. So faults are tied to what the page has counted, and not to the clock.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

FAULTS_IN_A_RUN = 3
_LAST_EFFECTS = 10
# No effect takes less than this; with it goes what a task may do while a fault that does not stop it lasts.
_EFFECT_MS = 60


class Fault(StrEnum):
    """What can break."""

    SERVER_KILLED = "server killed"
    ENVOY_KILLED = "Envoy killed"
    BROWSER_KILLED = "browser killed"
    WORKER_STOPPED = "service worker stopped"
    OFFSCREEN_CLOSED = "offscreen document closed"
    EXTENSION_PROCESS_KILLED = "extension's process killed"
    EXTENSION_RELOADED = "extension reloaded"
    CONNECTION_CUT = "connection cut"
    CONNECTION_STALLED = "connection stalled"
    CONNECTION_DELAYED = "connection delayed"
    CONNECTION_THROTTLED = "connection throttled"
    CONNECTION_HALF_OPEN = "connection half open"
    DISK_FULL = "disk full"
    DATABASE_READ_ONLY = "database read-only"
    CLOCK_JUMPED = "clock jumped"
    LAPTOP_SLEPT = "laptop slept"


class Workload(StrEnum):
    """Who decides what the task does."""

    COMMANDS = "plain commands"
    """It cannot look for itself, so it asks a person where an effect is in doubt."""
    MODEL = "model"
    """It looks at the page after every step, and opens the page anew if it is gone."""


class Company(StrEnum):
    """What goes on at the same time, beside the watchers and the caller."""

    ALONE = "one task"
    TWO_TASKS = "two tasks in one browser"
    TWO_BROWSERS = "two browsers with a task in each"


@dataclass(frozen=True)
class Planned:
    """One fault of a plan. `delay_ms` after each task's `after_effects`th effect since the last fault was over."""

    fault: Fault
    after_effects: int
    delay_ms: int
    lasts_ms: int
    amount: int = 0
    """What it is about: milliseconds of delay, bytes per second, or seconds that the clock jumps."""


@dataclass(frozen=True)
class Plan:
    """One run."""

    seed: int
    workload: Workload
    effects: int
    faults: tuple[Planned, ...] = field(default_factory=tuple)
    company: Company = Company.ALONE

    @property
    def pages(self) -> tuple[str, ...]:
        """The tasks' pages, one for each task."""
        return ("task",) if self.company is Company.ALONE else ("task", "other")

    def as_entry(self) -> dict[str, Any]:
        """It, as the history keeps it."""
        return asdict(self)


# Plain commands name a page they are in. If its tab dies with the browser there is nowhere to go on, and the task
# says so; only who can open it again can go on. Chrome does not start an extension again whose process was killed, so
# `tabwire up` starts the browser again.
_ENDS_TABS = frozenset({Fault.BROWSER_KILLED, Fault.EXTENSION_PROCESS_KILLED})


def draw(seed: int, kinds: tuple[Fault, ...] = tuple(Fault)) -> Plan:
    """The plan of a seed, of these kinds of faults."""
    dice = random.Random(f"tabwire chaos {seed}")
    workload = dice.choice(tuple(Workload))
    possible = [kind for kind in kinds if workload is Workload.MODEL or kind not in _ENDS_TABS]
    if not possible:
        workload, possible = Workload.MODEL, list(kinds)
    # Nothing comes twice before everything else has come: the second death of a child in a row is restarted later.
    chosen = dice.sample(possible, min(FAULTS_IN_A_RUN, len(possible)))
    faults = tuple(_planned(dice, kind) for kind in chosen)
    effects = sum(fault.after_effects + 3 + _meanwhile(fault) for fault in faults) + _LAST_EFFECTS
    company = dice.choices(tuple(Company), weights=(3, 2, 1))[0]
    return Plan(seed, workload, effects, faults, company)


def _meanwhile(planned: Planned) -> int:
    """How many effects a task may have while the fault lasts: so many more are needed for those that come after."""
    match planned.fault:
        case Fault.CONNECTION_DELAYED:  # there and back
            return planned.lasts_ms // (_EFFECT_MS + 2 * planned.amount)
        case Fault.CONNECTION_THROTTLED:  # some kilobytes for each
            return planned.lasts_ms * planned.amount // 3_000_000
        case Fault.DISK_FULL | Fault.DATABASE_READ_ONLY:  # what is already decided
            return 2
        case _:
            return 0


def _planned(dice: random.Random, fault: Fault) -> Planned:
    lasts_ms, amount = 0, 0
    match fault:
        case Fault.CONNECTION_STALLED:
            lasts_ms = dice.randint(500, 6_000)
        case Fault.CONNECTION_DELAYED:
            lasts_ms, amount = dice.randint(1_000, 4_000), dice.randint(50, 500)
        case Fault.CONNECTION_THROTTLED:
            lasts_ms, amount = dice.randint(1_000, 4_000), dice.randint(4_000, 40_000)
        case Fault.DISK_FULL | Fault.DATABASE_READ_ONLY:
            lasts_ms = dice.randint(500, 4_000)
        case Fault.CLOCK_JUMPED:
            amount = dice.choice((-600, -60, -5, 5, 60, 600, 3_600))
        case Fault.LAPTOP_SLEPT:
            lasts_ms = dice.randint(1_000, 12_000)
        case Fault.CONNECTION_CUT:
            lasts_ms = dice.choice((0, 0, dice.randint(100, 3_000)))
        case _:
            pass
    return Planned(fault, dice.randint(2, 7), dice.randint(0, 120), lasts_ms, amount)
