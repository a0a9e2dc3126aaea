"""Many runs, each in a product of its own. `make chaos RUNS=200` calls it.

python -m chaos.run --runs 200                  seeds 1 to 200
python -m chaos.run --seed 17                   one of them again
python -m chaos.run --faults "server killed"    of these faults only (changes what a seed draws)
python -m chaos.run --again .chaos              judges the histories of former runs anew
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from chaos import faults, history, report
from chaos.drive import run as run_plan
from chaos.history import Kind
from chaos.house import HEARTBEAT_MS
from chaos.plan import Fault, Plan, draw
from chaos.report import Judged, judge
from e2e.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAGE = ROOT / "docs" / "chaos.md"
_LONGEST_S = 600.0


def main(argv: Sequence[str] | None = None) -> int:
    """Runs them; 0 if no guarantee was broken."""
    options = _options(argv)
    began = time.monotonic()
    if options.again is not None:
        judged = [judge(history.read(path)) for path in sorted(options.again.glob("*.jsonl"))]
    else:
        options.out.mkdir(parents=True, exist_ok=True)
        judged = asyncio.run(_all(options))
    if not judged:
        print("There was nothing to run.")
        return 1
    minutes = (time.monotonic() - began) / 60
    text = report.render(
        sorted(judged, key=lambda run: run.seed), minutes, f"{os.cpu_count()} cores, {platform.system()}"
    )
    print(text)
    if options.write_docs:
        _PAGE.write_text(report.into(_PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 1 if any(run.violations or run.failed for run in judged) else 0


async def _all(options: argparse.Namespace) -> list[Judged]:
    seeds = iter([options.seed] if options.seed is not None else range(options.first, options.first + options.runs))
    kinds = tuple(Fault(name) for name in options.faults) or faults.possible()
    missing = sorted(set(Fault) - set(faults.possible()))
    if missing:
        print(f"Left out, because this computer cannot have it: {', '.join(missing)} (see docs/chaos.md).")
    stop_at = time.monotonic() + options.minutes * 60
    judged: list[Judged] = []

    async def work() -> None:
        for seed in seeds:
            if time.monotonic() > stop_at:
                return
            run = await one(draw(seed, kinds), options.out, heartbeat_ms=options.heartbeat_ms)
            judged.append(run)
            words = run.failed or "; ".join(f"{v.guarantee}: {v.message}" for v in run.violations) or "all kept"
            what = f"{run.workload}; {run.company}; {', '.join(run.faults)}"
            print(f"{len(judged):4d}  {_clock()}  seed {seed}: {what}: {words[:400]}", flush=True)

    await asyncio.gather(*(work() for _ in range(options.at_once)))
    return judged


def _clock() -> str:
    return time.strftime("%H:%M:%S")


async def one(plan: Plan, out: Path, *, heartbeat_ms: int = HEARTBEAT_MS) -> Judged:
    """One run, judged; its history is kept, and what the product left behind if a guarantee was broken.

    The same of a run in which a task took longer than the goal to go on.
    """
    with tempfile.TemporaryDirectory(prefix=f"tabwire-chaos-{plan.seed}-", ignore_cleanup_errors=True) as home:
        return await _in(Path(home), plan, out, heartbeat_ms)


async def _in(home: Path, plan: Plan, out: Path, heartbeat_ms: int) -> Judged:
    failed = ""
    try:
        async with asyncio.timeout(_LONGEST_S):
            recorded = (await run_plan(plan, home, heartbeat_ms=heartbeat_ms)).entries
    except Exception as error:  # noqa: BLE001 - it is told with the run, and the others go on
        failed = f"{type(error).__name__}: {error}"[:500]
        recorded = [{"at": 0.0, "kind": str(Kind.PLAN), **plan.as_entry()}]
    run = judge(recorded, failed)
    kept = history.History()
    kept.entries = list(recorded)
    kept.write(out / f"{plan.seed}.jsonl")
    if run.violations or run.failed or run.is_slow:
        logs = out / f"{plan.seed}.logs"
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir()
        for log in (home / "up.log", *(home / "tabwire" / "logs").glob("*")):
            if log.is_file():
                shutil.copy(log, logs)
    return run


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Breaks the product in the middle of tasks, and checks its guarantees."
    )
    parser.add_argument("--runs", type=int, default=20, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one only")
    parser.add_argument("--faults", nargs="*", default=[], choices=[str(kind) for kind in Fault], metavar="FAULT")
    parser.add_argument("--at-once", type=int, default=1, help="products that run at the same time")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no run after so long")
    parser.add_argument("--heartbeat-ms", type=int, default=HEARTBEAT_MS, help="signs of life; more on a busy computer")
    parser.add_argument("--out", type=Path, default=ROOT / ".chaos", help="where the histories go")
    parser.add_argument("--again", type=Path, help="judge the histories there anew, and run nothing")
    parser.add_argument("--write-docs", action="store_true", help="write the summary into docs/chaos.md")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
