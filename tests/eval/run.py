"""Lets agents solve MiniWoB++ tasks with a real model and tells what it took: `make eval`.

The model is any OpenAI-compatible endpoint (TABWIRE_MODEL, OPENAI_BASE_URL, OPENAI_API_KEY). Tries that were made are
stored as they end, so that a long run can be broken off and gone on with (`--out`, `--resume`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from e2e.stack import ROOT
from eval.endpoint import Endpoint
from eval.figures import Outcome, Try, as_json, from_json, made, of_side
from eval.ours import Ours
from eval.report import LABELS, markdown
from eval.rival import Rival
from miniwob.environment import Site, installed_version
from miniwob.solvers import SOLVERS
from tabwire.errors import TabwireError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from miniwob.environment import Episode

DOCS = ROOT / "docs" / "evaluation.md"
_START_S = 30.0
_AWARD_S = 1.0


class Side(Protocol):
    """An agent with a browser."""

    name: str

    async def start(self) -> None:
        """Starts everything."""

    async def stop(self) -> None:
        """Ends everything."""

    async def open(self, url: str) -> None:
        """Brings its tab to an address."""

    async def solve(
        self, episode: Episode, instruction: str, steps: int, seconds: float, is_over: Callable[[], bool]
    ) -> Outcome:
        """Lets it work until it is done, has used up its steps or its time, or `is_over`."""


async def play(side: Side, site: Site, endpoint: Endpoint, task: str, seed: int, given: argparse.Namespace) -> Try:
    """One try."""
    episode = site.episode(task, seed)
    await side.open(episode.url)
    instruction = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(episode.started)), _START_S)

    def is_over() -> bool:
        return episode.award.done() and episode.award.result().reward >= 1

    endpoint.take()
    begun = time.perf_counter()
    outcome = await side.solve(episode, instruction, given.steps, given.seconds, is_over)
    seconds = time.perf_counter() - begun
    try:
        award = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(episode.award)), _AWARD_S)
    except TimeoutError:
        return made(side.name, task, seed, 0.0, outcome, seconds, endpoint.take())
    return made(side.name, task, seed, award.reward, outcome, seconds, endpoint.take())


async def _play_all(side: Side, endpoint: Endpoint, given: argparse.Namespace, tries: list[Try]) -> None:
    made_before = {(t.side, t.task, t.seed) for t in tries}
    wanted = [
        (task, seed) for task in given.tasks for seed in given.seeds if (side.name, task, seed) not in made_before
    ]
    if not wanted:
        return
    site = Site()
    await side.start()
    try:
        for task, seed in wanted:
            if given.transcripts:
                given.transcripts.mkdir(parents=True, exist_ok=True)
                transcript = given.transcripts / f"{side.name}-{task}-{seed}.jsonl"
                transcript.unlink(missing_ok=True)  # of a run that was broken off
                endpoint.keep_in(transcript)
            tries.append(await _play_again(side, site, endpoint, task, seed, given))
            print(tries[-1].line(), flush=True)
            if given.out:
                _store(given.out, tries)
    finally:
        await side.stop()
        site.close()


async def _play_again(
    side: Side, site: Site, endpoint: Endpoint, task: str, seed: int, given: argparse.Namespace
) -> Try:
    """One try; once more from the start if it could not be made, which is no result of anyone's."""
    try:
        return await play(side, site, endpoint, task, seed, given)
    except (TabwireError, RuntimeError, TimeoutError) as error:
        print(f"{side.name:12} {task:24} seed {seed}: could not be tried ({error}); starting anew", flush=True)
    await side.stop()
    await side.start()
    return await play(side, site, endpoint, task, seed, given)


def _store(path: Path, tries: Sequence[Try]) -> None:
    """Whole or not at all: a run may be broken off at any time."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(as_json(tries), indent=1) + "\n", encoding="utf-8")
    new.replace(path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", help="only these, with commas between them", default="")
    parser.add_argument("--seeds", help="with commas between them (default 0)", default="0")
    parser.add_argument("--steps", type=int, default=8, help="steps a try may take (default 8)")
    parser.add_argument("--seconds", type=float, default=600, help="seconds a try may take (default 600)")
    parser.add_argument("--sides", help="with commas between them (default tabwire)", default="tabwire")
    parser.add_argument("--translate", action="store_true", help="the model takes json_object with a schema only")
    parser.add_argument("--out", type=Path, help="store every try as JSON")
    parser.add_argument("--transcripts", type=Path, help="keep there what the model was asked and answered")
    parser.add_argument("--resume", action="store_true", help="leave out the tries that --out has already")
    parser.add_argument("--note", default="", help="a sentence for the report")
    parser.add_argument("--write-docs", action="store_true", help=f"write {DOCS.relative_to(ROOT)}")
    given = parser.parse_args()
    given.tasks = given.tasks.split(",") if given.tasks else list(SOLVERS)
    given.seeds = [int(seed) for seed in given.seeds.split(",")]
    given.sides = given.sides.split(",")
    if unknown := [task for task in given.tasks if task not in SOLVERS]:
        parser.error(f"no such task: {', '.join(unknown)}")
    if unknown := [side for side in given.sides if side not in LABELS]:
        parser.error(f"no such side: {', '.join(unknown)}")
    return given


async def main() -> int:
    """Runs the evaluation. It measures; no result makes it fail."""
    # A run that is broken off ends what it has started, also where the shell lets it ignore Ctrl-C.
    running = asyncio.current_task()
    if running is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    given = _arguments()
    model, upstream = os.environ.get("TABWIRE_MODEL", ""), os.environ.get("OPENAI_BASE_URL", "")
    if not model or not upstream:
        print("Say which model: TABWIRE_MODEL=… OPENAI_BASE_URL=http://… make eval", file=sys.stderr)
        return 2
    tries: list[Try] = []
    if given.resume and given.out and given.out.exists():
        tries = from_json(json.loads(given.out.read_text(encoding="utf-8")))
    endpoint = Endpoint(upstream, translate=given.translate)
    try:
        for name in given.sides:
            side: Side = Ours(endpoint.base_url, model) if name == "tabwire" else Rival(endpoint.base_url, model)
            await _play_all(side, endpoint, given, tries)
    finally:
        endpoint.close()
    for name in given.sides:
        tried = of_side(tries, name)
        print(f"{LABELS[name]}: {tried.solved} of {len(tried.tries)} solved, {tried.false_successes} false successes")
    if given.write_docs:
        about = {
            "miniwob": installed_version(),
            "model": model,
            "steps": given.steps,
            "seconds": f"{given.seconds:.0f}",
            "seeds": ", ".join(map(str, given.seeds)),
            "note": given.note,
        }
        DOCS.write_text(markdown(tries, about), encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except asyncio.CancelledError:
        sys.exit("Broken off; --resume goes on.")
