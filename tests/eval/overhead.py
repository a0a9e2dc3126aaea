"""Measures what a step costs beside the model: looking, prompting, recording, acting, settling. `make overhead`.

The agent works through the whole product on the benchmark's shop page of 11,000 nodes, decided by a scripted model that
answers at once (tests/doubles). A step's time is from the end of the step before to its own end, less the time in which
the server waited for the model, both as the journal tells them.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.host import PageHost
from bench.pages import make
from doubles.scripted_model import ScriptedModel, decide, done
from e2e.stack import Stack, until
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from doubles.scripted_model import Request

_NODES = 11_000


def _step(number: int) -> Any:
    """Of three steps two press a button that is on screen, and one types."""

    def answer(request: Request) -> dict[str, Any]:
        if number % 3 == 2:
            return decide(input_text={"element_id": request.element('textbox "Note"'), "text": f"note {number}"})
        return decide(click={"element_id": request.element(f'button "Add to cart {number % 3}"')})

    return answer


def step_times(task: task_pb2.Task) -> list[float]:
    """Milliseconds of each step but the first, which has no step before it, without the model."""
    times = []
    for before, step in zip(task.steps, task.steps[1:], strict=False):
        took = step.finished_at.ToNanoseconds() - before.finished_at.ToNanoseconds()
        times.append(took / 1e6 - step.usage.model_ms)
    return times


async def _run(steps: int) -> task_pb2.Task:
    page = make("shop", _NODES)
    host = PageHost([page])
    script = [_step(number) for number in range(steps)]
    with tempfile.TemporaryDirectory() as folder, ScriptedModel([*script, done("Marked.")]) as model:
        stack = Stack(
            Path(folder),
            {
                "TABWIRE_BROWSER_ARGS": "",
                "TABWIRE_MODEL": "scripted",
                "OPENAI_BASE_URL": model.base_url,
                "OPENAI_API_KEY": "none",
            },
        )
        await stack.start()
        try:
            async with stack.client() as client:
                task = await client.create_task(
                    "Mark some articles.",
                    start_url=host.url(page),
                    limits=task_pb2.TaskLimits(max_steps=steps + 1),
                )

                async def ended() -> task_pb2.Task | None:
                    now = await client.get_task(task.task_id)
                    return now if now.HasField("finished_at") else None

                return await until(ended, "the task to end", 10 + 5 * steps)
        finally:
            await stack.stop()
            host.close()


async def main() -> int:
    """Runs it and prints the figures; fails only if the task could not be done."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=40)
    given = parser.parse_args()
    task = await _run(given.steps)
    failed = [step.number for step in task.steps if step.status != task_pb2.STEP_STATUS_SUCCEEDED]
    times = sorted(step_times(task))
    model = [step.usage.model_ms for step in task.steps]
    print(f"{len(task.steps)} steps on {_NODES:,} nodes; failed: {failed or 'none'}")
    print(
        f"a step without the model: median {statistics.median(times):.0f} ms, p90 {times[int(len(times) * 0.9)]:.0f} ms"
    )
    print(f"the scripted model itself: median {statistics.median(model):.0f} ms (not counted)")
    return 1 if failed or task.state != task_pb2.TASK_STATE_SUCCEEDED else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
