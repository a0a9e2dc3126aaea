"""Measures what a step costs beside the model, and what it tells the model: `make overhead`.

The agent works through the whole product on the benchmark's shop page of 11,000 nodes, decided by a scripted model that
answers at once (tests/doubles). A step's time is from the end of the step before to its own end, less the time in which
the server waited for the model, both as the journal tells them: looking, prompting, recording, acting, settling. Tokens
are counted in o200k from the requests as the model's endpoint got them, the schema with them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import re
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.host import PageHost
from bench.pages import make
from doubles.scripted_model import ScriptedModel, decide, done
from e2e.stack import ROOT, Stack, until
from tabwire.agent import tokens
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubles.scripted_model import Request

_NODES = 11_000
_DOCS = ROOT / "docs" / "agent.md"
_BEGIN, _END = "<!-- make overhead -->", "<!-- end of make overhead -->"
_SHOWN = 12


def _step(number: int) -> Any:
    """Of three steps two press a button that is on screen, and one types."""

    def answer(request: Request) -> dict[str, Any]:
        if number % 3 == 2:
            field = request.element('textbox "Note"')
            return decide(input_text={"element_id": field, "text": f"note {number}"}, goal="write a note")
        buttons = re.findall(r'(\d+) "Add to cart \d+"', request["messages"][1]["content"])
        return decide(click={"element_id": int(buttons[number % len(buttons)])}, goal="put an article into the cart")

    return answer


def step_times(task: task_pb2.Task) -> list[float]:
    """Milliseconds of each step but the first, which has no step before it, without the model."""
    times = []
    for before, step in zip(task.steps, task.steps[1:], strict=False):
        took = step.finished_at.ToNanoseconds() - before.finished_at.ToNanoseconds()
        times.append(took / 1e6 - step.usage.model_ms)
    return times


def told(requests: Sequence[Request]) -> list[tuple[int, int]]:
    """For each call the tokens of its prompt, and those of them that the call before had not."""
    rows = []
    before: list[str] = []
    for request in requests:
        now = [json.dumps(request.get("response_format"))] if "response_format" in request else []
        now += [f"{message['role']}\n{message['content']}" for message in request["messages"]]
        counts = [tokens.count(one) for one in now]
        same = 0
        while same < min(len(now), len(before)) and now[same] == before[same]:
            same += 1
        rows.append((sum(counts), sum(counts[same:])))
        before = now
    return rows


async def _run(steps: int) -> tuple[task_pb2.Task, list[Request]]:
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

                return await until(ended, "the task to end", 10 + 5 * steps), model.requests
        finally:
            await stack.stop()
            host.close()


def _summary(task: task_pb2.Task, requests: Sequence[Request]) -> str:
    times = sorted(step_times(task))
    model = [step.usage.model_ms for step in task.steps]
    rows = told(requests)
    new = [row[1] for row in rows[1:]]
    words = (
        f"{len(task.steps)} steps on the shop page of {_NODES:,} nodes, {platform.system()}: a step without the model "
        f"takes {statistics.median(times):.0f} ms (median), {times[int(len(times) * 0.9)]:.0f} ms (p90). The scripted "
        f"model itself took {statistics.median(model):.0f} ms, which is not counted. After the first call, a call "
        f"brings {statistics.median(new):.0f} new tokens (median); the rest is what the endpoint has in its cache."
    )
    lines = [
        words,
        "",
        "| step | decided | prompt, tokens | new of them |",
        "|---|---|---|---|",
    ]
    shown = list(zip(task.steps, rows, strict=True))
    for step, (whole, fresh) in [*shown[:_SHOWN], *shown[-1:]]:
        lines.append(f"| {step.number} | {step.description.splitlines()[0][:60]} | {whole:,} | {fresh:,} |")
    return "\n".join(lines)


async def main() -> int:
    """Runs it and prints the figures; fails only if the task could not be done."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--write-docs", action="store_true", help=f"write them into {_DOCS.relative_to(ROOT)}")
    given = parser.parse_args()
    task, requests = await _run(given.steps)
    failed = [step.number for step in task.steps if step.status != task_pb2.STEP_STATUS_SUCCEEDED]
    if failed or task.state != task_pb2.TASK_STATE_SUCCEEDED:
        print(f"The task could not be done: steps {failed}, {task.cause.message}")
        return 1
    text = _summary(task, requests)
    print(text)
    if given.write_docs:
        head, _, rest = _DOCS.read_text(encoding="utf-8").partition(_BEGIN)
        _DOCS.write_text(f"{head}{_BEGIN}\n\n{text}\n\n{_END}{rest.partition(_END)[2]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
