"""What the overhead of a step is taken from."""

from __future__ import annotations

import pytest

from eval.overhead import step_times
from tabwire.v1 import task_pb2


def _step(number: int, finished_ms: int, model_ms: int) -> task_pb2.Step:
    step = task_pb2.Step(number=number, usage=task_pb2.Usage(model_ms=model_ms))
    step.finished_at.FromMilliseconds(finished_ms)
    return step


def test_a_step_lasts_from_the_end_of_the_one_before_less_the_model() -> None:
    task = task_pb2.Task(steps=[_step(1, 1000, 500), _step(2, 1150, 30), _step(3, 1400, 100)])
    assert step_times(task) == pytest.approx([120, 150])
