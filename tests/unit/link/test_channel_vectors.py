"""The channel does what the shared scenarios say, which the extension's channel runs too (tests/vectors/README.md)."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tabwire.link.channel import Channel
from tabwire.link.effects import ChannelLimits

VECTORS = Path(__file__).parents[2] / "vectors" / "channel"


def scenarios() -> list[Any]:
    return [
        pytest.param(scenario, id=f"{path.stem}: {scenario['name']}")
        for path in sorted(VECTORS.glob("*.json"))
        for scenario in json.loads(path.read_text())["scenarios"]
    ]


def as_vector(effect: Any) -> list[Any]:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(effect).__name__).lower()
    return [name, *(getattr(effect, field.name) for field in dataclasses.fields(effect))]


def perform(channel: Channel[str], step: dict[str, Any]) -> Any:
    match step["do"]:
        case "enqueue":
            return channel.enqueue(step["body"], step["size"])
        case "acked":
            return channel.acked(step["epoch"], step["seq_ack"])
        case "receive":
            message = {name: step[name] for name in ("seq", "ack", "digest", "size")}
            return channel.receive(step["now"], step["epoch"], **message)
        case "record":
            return channel.record(step["now"], step["seq"])
        case "acknowledge":
            return channel.acknowledge(step["now"])
        case "acknowledge_apart":
            return channel.acknowledge_apart()
        case "attach":
            return channel.attach(step["now"], step["epoch"], step["resume_after"])
        case "begin":
            return channel.begin()
        case "on_attached":
            return channel.on_attached(step["now"], step["epoch"], step["recorded"])
        case "detach":
            return channel.detach(step["epoch"])
        case "rotate":
            return channel.rotate(step["reason"], step["retry_after_ms"])
        case "tick":
            return channel.tick(step["now"])
        case unknown:
            raise AssertionError(f"no such event: {unknown}")


@pytest.mark.parametrize("scenario", scenarios())
def test_scenario(scenario: dict[str, Any]) -> None:
    channel: Channel[str] = Channel(ChannelLimits(**scenario.get("limits", {})))
    for index, step in enumerate(scenario["steps"]):
        where = f"step {index}: {step}"
        outcome = perform(channel, step)
        if step["do"] in ("acknowledge", "acknowledge_apart"):
            assert outcome == step["ack"], where
        else:
            assert [as_vector(effect) for effect in outcome or []] == step.get("expect", []), where
        if "due_at" in step:
            assert channel.due_at() == step["due_at"], where
        for name in ("attached", "in_flight"):
            if name in step:
                assert getattr(channel, name) == step[name], where


def test_there_are_scenarios() -> None:
    assert len(scenarios()) > 40
